#include "stream/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream/plain.h"
#include "stream/reader-private.h"
#include "stream/safetensors.h"
#include "stream/wire.h"

/* Deflate cannot make more of a byte than this (RFC 1951: 258 bytes from 2 bits). */
#define DEFLATE_RATIO 1032

int nn_reader_open(struct nn_reader **reader, int fd, const char *name, unsigned plain_kind,
	struct nn_error *err)
{
	struct nn_reader *new;

	if (isatty(fd))
		return nn_fail(err, NN_USAGE,
			"%s: is a terminal; a stream comes by a pipe or from a file", name);
	new = nn_alloc(1, sizeof *new, err);
	if (!new)
		return NN_FAILED;
	if (nn_input_open(&new->input, fd, name, err) || !(new->digests = nn_hasher_new(err))) {
		nn_input_close(&new->input);
		free(new);
		return NN_FAILED;
	}
	new->plain_kind = plain_kind;
	*reader = new;
	return NN_OK;
}

void nn_reader_close(struct nn_reader *reader)
{
	if (!reader)
		return;
	nn_body_abandon(&reader->body);
	nn_input_close(&reader->input);
	nn_hasher_free(reader->digests);
	nn_buffer_free(&reader->header);
	nn_buffer_free(&reader->last_header);
	nn_bundle_free(&reader->layout);
	free(reader->places);
	free(reader);
}

void nn_reader_take_references(struct nn_reader *reader)
{
	reader->references = true;
}

uint64_t nn_reader_position(const struct nn_reader *reader)
{
	return reader->input.position;
}

const char *nn_reader_name(const struct nn_reader *reader)
{
	return reader->input.name;
}

int nn_reader_blame(const struct nn_reader *reader, struct nn_error *err)
{
	if (reader->plain)
		return nn_fail_in(err, "%s", reader->input.name);
	return nn_fail_in(err, "%s: frame %llu", reader->input.name,
		(unsigned long long)reader->frame.preamble.sequence);
}

/* What a regular file cannot hold need not be waited for. */
static int check_size(const struct nn_reader *reader, struct nn_error *err)
{
	const struct nn_preamble *preamble = &reader->frame.preamble;
	uint64_t need = preamble->stored + NN_DIGEST_BYTES;

	if (need > nn_input_left(&reader->input))
		return nn_input_damaged(&reader->input, reader->input.position, err,
			"cut off: a body of %llu bytes, of which the file has %llu",
			(unsigned long long)preamble->stored,
			(unsigned long long)nn_input_left(&reader->input));
	if (preamble->raw / DEFLATE_RATIO > preamble->stored)
		return nn_input_damaged(&reader->input, reader->input.position, err,
			"%llu bytes cannot inflate to %llu", (unsigned long long)preamble->stored,
			(unsigned long long)preamble->raw);
	return NN_OK;
}

/* Eight bytes tell: whoever printed a banner and then waits for us would wait for ever if we waited
 * for a whole preamble. */
static int check_magic(struct nn_reader *reader, struct nn_error *err)
{
	struct nn_error why;
	size_t have;
	int status = nn_input_peek(&reader->input, NN_MAGIC_BYTES, &have, err);
	const unsigned char *bytes = reader->input.buffer + reader->input.at;
	const char *guess = "";

	if (status || (have < NN_MAGIC_BYTES ? !memcmp(bytes, NN_MAGIC, have) : nn_is_magic(bytes)))
		return status;
	nn_no_magic(bytes, have, &why);
	if (nn_is_text(bytes, have))
		guess = reader->input.regular ?
			" (a text? nn-import makes data of tables and texts)" :
			" (a text? nn-import makes data of tables and texts; or a login script prints into the pipe)";
	else if (have >= 4 && !memcmp(bytes, NN_MAGIC, 4))
		guess = " (was it sent as text, and its line ends changed?)";
	return nn_input_damaged(&reader->input, reader->frame.position, err, "%s%s", why.text,
		guess);
}

static int read_preamble(struct nn_reader *reader, struct nn_error *err)
{
	unsigned char bytes[NN_PREAMBLE_BYTES];
	struct nn_error why;
	unsigned at;
	int status;

	reader->frame.position = reader->input.position;
	nn_hasher_reset(reader->input.hasher);
	reader->input.hashing = true;
	status = check_magic(reader, err);
	if (!status)
		status = nn_input_need(&reader->input, bytes, sizeof bytes, err);
	if (status)
		return status;
	if (nn_preamble_decode(bytes, &reader->frame.preamble, &at, &why))
		return nn_input_damaged(&reader->input, reader->frame.position + at, err, "%s",
			why.text);
	if (reader->frame.preamble.flags & NN_FLAG_REFERENCE && !reader->references)
		return nn_input_damaged(&reader->input, reader->frame.position, err,
			"a reference to shared memory that nobody passed");
	if (reader->frame.preamble.sequence != reader->input.frame)
		return nn_input_damaged(&reader->input, reader->frame.position, err,
			"frame %llu stands where frame %llu is due",
			(unsigned long long)reader->frame.preamble.sequence,
			(unsigned long long)reader->input.frame);
	return check_size(reader, err);
}

/* A safetensors file has no magic: a length, then a JSON object. */
int nn_reader_plain(struct nn_reader *reader, bool *plain, struct nn_error *err)
{
	size_t have;
	int status = nn_input_peek(&reader->input, 9, &have, err);
	const unsigned char *bytes = reader->input.buffer + reader->input.at;

	*plain = !status && have >= 9 && !nn_is_magic(bytes) && bytes[8] == '{' &&
		nn_get_u64(bytes) <= NN_HEADER_LIMIT;
	return status;
}

static int enter_plain(struct nn_reader *reader, const struct nn_frame **frame,
	struct nn_error *err)
{
	struct nn_error why;
	int status;

	reader->plain = true;
	reader->frame =
		(struct nn_frame){ .preamble = { .kind = reader->plain_kind }, .plain = true };
	reader->frame.preamble.raw =
		reader->input.regular ? nn_input_left(&reader->input) : (uint64_t)INT64_MAX;
	reader->frame.preamble.stored = reader->frame.preamble.raw;
	status = nn_reader_enter_body(reader, err);
	reader->frame.preamble.raw = 8 + reader->last_header.length + reader->layout.bytes;
	reader->frame.preamble.stored = reader->frame.preamble.raw;
	if (!status && nn_plain_restore(&reader->layout, &reader->frame.preamble, &why))
		status = nn_input_damaged(&reader->input, 0, err, "%s", why.text);
	if (!status && reader->layout.bytes > nn_input_left(&reader->input))
		status = nn_input_damaged(&reader->input, reader->input.position, err,
			"cut off: %zu bytes of tensors, of which the file has %llu",
			reader->layout.bytes, (unsigned long long)nn_input_left(&reader->input));
	*frame = &reader->frame;
	return status;
}

/* END says how many frames came and hashes their digests. */
static int check_end(struct nn_reader *reader, struct nn_error *err)
{
	uint64_t digest = nn_hasher_value(reader->digests);

	if (reader->frame.preamble.id != digest)
		return nn_input_damaged(&reader->input, reader->frame.position, err,
			"END has digest %016llx for the frames before, computed %016llx",
			(unsigned long long)reader->frame.preamble.id, (unsigned long long)digest);
	reader->state = IN_FRAME;
	reader->data_left = 0;
	reader->frame.layout = NULL;
	return nn_reader_verify(reader, err);
}

/* All of it has come: there is nothing to look at before it is verified. */
static int enter_reference(struct nn_reader *reader, struct nn_error *err)
{
	reader->state = IN_FRAME;
	reader->data_left = 0;
	reader->frame.layout = NULL;
	reader->frame.same_layout = true;
	return nn_reader_verify(reader, err);
}

static int at_end_of_input(struct nn_reader *reader, const struct nn_frame **frame,
	struct nn_error *err)
{
	*frame = NULL;
	if (reader->state == AT_START)
		return nn_fail(err, reader->input.lasting ? NN_BAD : NN_FAILED,
			"%s: empty: not even an END frame came", reader->input.name);
	if (reader->state == AFTER_END)
		return NN_OK;
	return nn_input_damaged(&reader->input, reader->input.position, err,
		"the stream ends without an END frame: something before it stopped early");
}

/* A plain file is its one frame and then an END of our making. */
static int next_plain(struct nn_reader *reader, const struct nn_frame **frame, struct nn_error *err)
{
	size_t have;
	int status;

	*frame = NULL;
	if (reader->state == AFTER_END)
		return NN_OK;
	status = nn_input_peek(&reader->input, 1, &have, err);
	if (!status && have)
		status = nn_input_damaged(&reader->input, reader->input.position, err,
			"bytes behind the last tensor");
	reader->frame.preamble = (struct nn_preamble){ .kind = NN_KIND_END, .sequence = 1 };
	reader->frame.layout = NULL;
	reader->state = AFTER_END;
	*frame = &reader->frame;
	return status;
}

static int next_frame(struct nn_reader *reader, const struct nn_frame **frame, struct nn_error *err)
{
	size_t have;
	bool plain = false;
	int status = NN_OK;

	if (reader->state == IN_FRAME)
		status = nn_reader_verify(reader, err);
	if (!status && reader->plain)
		return next_plain(reader, frame, err);
	if (!status && reader->state == AT_START && reader->plain_kind)
		status = nn_reader_plain(reader, &plain, err);
	if (!status && plain)
		return enter_plain(reader, frame, err);
	if (!status)
		status = nn_input_peek(&reader->input, 1, &have, err);
	if (status)
		return status;
	if (!have)
		return at_end_of_input(reader, frame, err);
	if (reader->state == AFTER_END || reader->state == AT_START) {
		reader->input.frame = 0;
		nn_hasher_reset(reader->digests);
	}
	status = read_preamble(reader, err);
	if (status)
		return status;
	*frame = &reader->frame;
	if (reader->frame.preamble.kind == NN_KIND_END)
		return check_end(reader, err);
	return reader->frame.preamble.flags & NN_FLAG_REFERENCE ? enter_reference(reader, err) :
								  nn_reader_enter_body(reader, err);
}

int nn_reader_next(struct nn_reader *reader, const struct nn_frame **frame, struct nn_error *err)
{
	int status;

	for (;;) {
		status = next_frame(reader, frame, err);
		if (status || !*frame || (*frame)->preamble.kind == NN_KIND_END)
			return status;
		if ((*frame)->preamble.flags & NN_FLAG_REFERENCE)
			return NN_OK;
		reader->changed |= !reader->frame.same_layout;
		if ((*frame)->preamble.kind & NN_KIND_SKIPPABLE)
			continue;
		reader->frame.same_layout = !reader->changed;
		reader->changed = false;
		return NN_OK;
	}
}

int nn_reader_find(struct nn_reader *reader, unsigned kind, const struct nn_frame **frame,
	struct nn_error *err)
{
	int status;

	while (!(status = nn_reader_next(reader, frame, err)) && *frame &&
		(*frame)->preamble.kind != kind)
		if ((*frame)->preamble.kind != NN_KIND_END)
			reader->changed |= !reader->frame.same_layout;
	return status;
}

bool nn_reader_ready(const struct nn_reader *reader, int milliseconds)
{
	struct pollfd input = { .fd = reader->input.fd, .events = POLLIN };
	int count;

	if (reader->input.have > reader->input.at)
		return true;
	do
		count = poll(&input, 1, milliseconds);
	while (count < 0 && errno == EINTR);
	return count != 0;
}
