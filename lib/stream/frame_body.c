/* From a frame's preamble to its digest: header, data, filler. */
#include <stdlib.h>
#include <string.h>

#include "stream/reader-private.h"
#include "stream/safetensors.h"
#include "stream/wire.h"

/* So much is taken on trust of a body that comes by a pipe. */
#define FIRST_BLOCK ((size_t)1 << 20)

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

int nn_reader_enter_body(struct nn_reader *reader, struct nn_error *err)
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
