#include "stream/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream/body.h"
#include "stream/input.h"
#include "stream/plain.h"
#include "stream/safetensors.h"
#include "stream/wire.h"

/* Deflate cannot make more of a byte than this (RFC 1951: 258 bytes from 2 bits). */
#define DEFLATE_RATIO 1032
#define FIRST_BLOCK ((size_t)1 << 20)

/* BETWEEN -> IN_FRAME (next) -> BETWEEN (verify, load); BETWEEN -> AFTER_END (next, of END) ->
 * IN_FRAME or end of file. */
enum state { AT_START, BETWEEN, IN_FRAME, AFTER_END };

struct nn_reader {
	struct nn_input input;
	unsigned plain_kind;
	bool plain; /* the input is a safetensors file */
	enum state state;
	struct nn_frame frame;
	struct nn_hasher *digests; /* of the stream's digests */
	struct nn_body body;
	size_t data_left;             /* bytes of the data section not taken */
	struct nn_buffer header;      /* JSON of this frame */
	struct nn_buffer last_header; /* ... and the one that `layout` was parsed from */
	struct nn_bundle layout;
	bool changed;   /* a frame of another header came since the caller saw one */
	size_t *places; /* where the tensors lie, if not in canonical order */
	size_t trusted; /* data bytes that once came whole: as many may be allocated at once */
};

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

/* The JSON, which grows as it comes. Its length is checked first. */
static int take_header(struct nn_reader *reader, uint64_t raw, struct nn_error *err)
{
	unsigned char prefix[8];
	uint64_t at = reader->input.position;
	uint64_t length;
	int status = nn_body_take(&reader->body, prefix, sizeof prefix, err);

	if (status)
		return status;
	length = nn_get_u64(prefix);
	if (length > NN_HEADER_LIMIT || length > raw - 8 || length < 2)
		return nn_input_damaged(&reader->input, at, err,
			"a header of %llu bytes, in a body of %llu (at most %zu are read)",
			(unsigned long long)length, (unsigned long long)raw, NN_HEADER_LIMIT);
	if (!reader->plain && (length + 8) % NN_ALIGN)
		return nn_input_damaged(&reader->input, at, err,
			"a header of %llu bytes: its data do not start on %d",
			(unsigned long long)length, NN_ALIGN);
	if (reader->body.inflating && !nn_header_may_inflate(length, reader->frame.preamble.stored))
		return nn_input_damaged(&reader->input, at, err,
			"a header of %llu bytes, deflated to at most %llu",
			(unsigned long long)length,
			(unsigned long long)reader->frame.preamble.stored);
	nn_buffer_clear(&reader->header);
	while (reader->header.length < length) {
		size_t left = (size_t)length - reader->header.length;
		size_t piece = left < 65536 ? left : 65536;

		status = nn_buffer_reserve(&reader->header, piece, err);
		if (!status)
			status = nn_body_take(&reader->body,
				reader->header.data + reader->header.length, piece, err);
		if (status)
			return status;
		reader->header.length += piece;
		reader->header.data[reader->header.length] = '\0';
	}
	return NN_OK;
}

/* From step to step the header is the same, byte for byte: it is parsed once. */
static int parse_header(struct nn_reader *reader, uint64_t at, struct nn_error *err)
{
	struct nn_buffer swap;
	struct nn_error why;

	reader->frame.same_layout = reader->last_header.length &&
		reader->header.length == reader->last_header.length &&
		!memcmp(reader->header.data, reader->last_header.data, reader->header.length);
	if (reader->frame.same_layout)
		return NN_OK;
	nn_bundle_free(&reader->layout);
	free(reader->places);
	reader->places = NULL;
	nn_buffer_clear(&reader->last_header);
	if (nn_header_parse(reader->header.data, reader->header.length, &reader->layout,
		    reader->plain ? &reader->places : NULL, &why))
		return why.status == NN_FAILED ?
			nn_fail(err, NN_FAILED, "%s: %s", reader->input.name, why.text) :
			nn_input_damaged(&reader->input, at, err, "%s", why.text);
	swap = reader->last_header;
	reader->last_header = reader->header;
	reader->header = swap;
	return NN_OK;
}

/* The start of a body, up to the data section. */
static int enter_body(struct nn_reader *reader, struct nn_error *err)
{
	const struct nn_preamble *preamble = &reader->frame.preamble;
	int status = nn_body_start(&reader->body, &reader->input, preamble->stored,
		preamble->flags & NN_FLAG_DEFLATE, err);
	uint64_t at = reader->input.position;

	reader->state = IN_FRAME;
	if (!status)
		status = take_header(reader, preamble->raw, err);
	if (!status)
		status = parse_header(reader, at, err);
	if (status)
		return status;
	reader->frame.layout = &reader->layout;
	reader->frame.ordered = !reader->places;
	reader->data_left = reader->layout.bytes;
	if (!reader->plain &&
		reader->last_header.length + 8 + reader->layout.bytes != preamble->raw)
		return nn_input_damaged(&reader->input, reader->frame.position, err,
			"its tensors take %zu bytes, its body has room for %llu",
			reader->layout.bytes,
			(unsigned long long)(preamble->raw - reader->last_header.length - 8));
	return NN_OK;
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
			" (a text? nn-import reads tables)" :
			" (a text? nn-import reads tables; or a login script prints into the pipe)";
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
	status = enter_body(reader, err);
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

static int at_end_of_input(struct nn_reader *reader, const struct nn_frame **frame,
	struct nn_error *err)
{
	*frame = NULL;
	if (reader->state == AT_START)
		return nn_fail(err, reader->input.regular ? NN_BAD : NN_FAILED,
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
	return reader->frame.preamble.kind == NN_KIND_END ? check_end(reader, err) :
							    enter_body(reader, err);
}

int nn_reader_next(struct nn_reader *reader, const struct nn_frame **frame, struct nn_error *err)
{
	int status;

	for (;;) {
		status = next_frame(reader, frame, err);
		if (status || !*frame || (*frame)->preamble.kind == NN_KIND_END)
			return status;
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

int nn_reader_take(struct nn_reader *reader, void *bytes, size_t count, struct nn_error *err)
{
	int status;

	if (count > reader->data_left)
		return nn_fail(err, NN_BAD, "%s: frame %llu: %zu bytes wanted of %zu that are left",
			reader->input.name, (unsigned long long)reader->input.frame, count,
			reader->data_left);
	status = nn_body_take(&reader->body, bytes, count, err);
	if (!status)
		reader->data_left -= count;
	return status;
}

/* What was not taken, for the digest's sake. */
static int drop_data(struct nn_reader *reader, struct nn_error *err)
{
	unsigned char scrap[4096];
	int status = NN_OK;

	if (!reader->body.inflating)
		return nn_body_take(&reader->body, NULL, reader->data_left, err);
	while (reader->data_left && !status) {
		size_t piece = reader->data_left < sizeof scrap ? reader->data_left : sizeof scrap;

		status = nn_reader_take(reader, scrap, piece, err);
	}
	return status;
}

int nn_reader_verify(struct nn_reader *reader, struct nn_error *err)
{
	unsigned char tail[NN_ALIGN + NN_DIGEST_BYTES];
	uint64_t at;
	size_t padding = nn_frame_padding(reader->frame.preamble.stored);
	int status;

	if (reader->state != IN_FRAME)
		return NN_OK;
	status = drop_data(reader, err);
	if (!status)
		status = nn_body_finish(&reader->body, err);
	if (status)
		return status;
	reader->state = BETWEEN;
	if (reader->plain)
		return NN_OK;
	at = reader->input.position;
	status = nn_input_need(&reader->input, tail, padding, err);
	reader->frame.digest = nn_hasher_value(reader->input.hasher);
	reader->input.hashing = false;
	if (!status)
		status = nn_input_need(&reader->input, tail + padding, NN_DIGEST_BYTES, err);
	if (status)
		return status;
	if (nn_get_u64(tail + padding) != reader->frame.digest)
		return nn_input_damaged(&reader->input, reader->frame.position, err,
			"damaged: digest %016llx, computed %016llx",
			(unsigned long long)nn_get_u64(tail + padding),
			(unsigned long long)reader->frame.digest);
	for (size_t i = 0; i < padding; i++)
		if (tail[i])
			return nn_input_damaged(&reader->input, at + i, err,
				"filler byte is 0x%02x, not zero", tail[i]);
	nn_hasher_add(reader->digests, tail + padding, NN_DIGEST_BYTES);
	reader->input.frame++;
	if (reader->frame.preamble.kind == NN_KIND_END)
		reader->state = AFTER_END;
	return NN_OK;
}

/* Doubles as the bytes come; a size that came before, or that the file has, is taken at its word. */
static int take_growing(struct nn_reader *reader, unsigned char **data, struct nn_error *err)
{
	size_t bytes = reader->layout.bytes;
	size_t first = reader->trusted > FIRST_BLOCK ? reader->trusted : FIRST_BLOCK;
	bool there = reader->input.regular && !reader->body.inflating;
	size_t room = bytes < first || there ? bytes : first;
	size_t have = 0;
	int status;

	*data = nn_alloc_aligned(room, err);
	if (!*data)
		return NN_FAILED;
	for (;;) {
		unsigned char *larger;

		status = nn_reader_take(reader, *data + have, room - have, err);
		have = room;
		if (status || have == bytes)
			return status;
		room = bytes - have < have ? bytes : 2 * have;
		larger = nn_alloc_aligned(room, err);
		if (!larger)
			return NN_FAILED;
		memcpy(larger, *data, have);
		free(*data);
		*data = larger;
	}
}

/* A plain file may have its tensors in any order. */
static int put_in_order(const struct nn_reader *reader, unsigned char **data, struct nn_error *err)
{
	unsigned char *ordered = nn_alloc_aligned(reader->layout.bytes, err);

	if (!ordered)
		return NN_FAILED;
	for (size_t i = 0; i < reader->layout.count; i++)
		memcpy(ordered + reader->layout.tensors[i].offset, *data + reader->places[i],
			reader->layout.tensors[i].bytes);
	free(*data);
	*data = ordered;
	return NN_OK;
}

int nn_reader_load(struct nn_reader *reader, struct nn_bundle *bundle, struct nn_error *err)
{
	unsigned char *data = NULL;
	int status;

	*bundle = (struct nn_bundle){ 0 };
	status = take_growing(reader, &data, err);
	if (!status)
		status = nn_reader_verify(reader, err);
	if (!status && reader->places)
		status = put_in_order(reader, &data, err);
	if (!status)
		status = nn_bundle_copy_layout(&reader->layout, bundle, err);
	if (!status)
		status = nn_bundle_copy_metas(&reader->layout, bundle, err);
	if (status) {
		free(data);
		nn_bundle_free(bundle);
		return status;
	}
	if (reader->layout.bytes > reader->trusted)
		reader->trusted = reader->layout.bytes;
	bundle->data = data;
	return NN_OK;
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
