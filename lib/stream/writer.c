#include "stream/writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <zlib.h>

#include "base/hash.h"
#include "base/io.h"
#include "stream/safetensors.h"
#include "stream/wire.h"

/* Hashed and written in pieces of this size, so that the second pass finds it in the cache. */
#define PIECE ((size_t)256 << 10)

struct nn_writer {
	int fd;
	const char *name;
	uint64_t sequence;
	bool quick;
	uint64_t position;         /* bytes written so far */
	struct nn_hasher *frame;   /* digest of the current frame */
	struct nn_hasher *digests; /* of the digests of the stream */
	struct nn_buffer start;    /* preamble and header of the current frame, until written */
	uint64_t stored;           /* of the current frame */
	bool end;                  /* the current frame is an END */
};

int nn_writer_open(struct nn_writer **writer, int fd, const char *name, struct nn_error *err)
{
	struct nn_writer *new = nn_alloc(1, sizeof *new, err);

	if (!new)
		return NN_FAILED;
	new->fd = fd;
	new->name = name;
	new->frame = nn_hasher_new(err);
	new->digests = nn_hasher_new(err);
	if (!new->frame || !new->digests) {
		nn_writer_close(new);
		return NN_FAILED;
	}
	*writer = new;
	return NN_OK;
}

void nn_writer_close(struct nn_writer *writer)
{
	if (!writer)
		return;
	nn_hasher_free(writer->frame);
	nn_hasher_free(writer->digests);
	nn_buffer_free(&writer->start);
	free(writer);
}

void nn_writer_be_quick(struct nn_writer *writer)
{
	writer->quick = true;
}

uint64_t nn_writer_position(const struct nn_writer *writer)
{
	return writer->position;
}

/* Fills in what the writer knows and keeps the preamble for the first write. */
static int start_frame(struct nn_writer *writer, const struct nn_preamble *preamble,
	uint64_t stored, uint64_t raw, struct nn_error *err)
{
	struct nn_preamble filled = *preamble;
	unsigned char bytes[NN_PREAMBLE_BYTES];

	filled.sequence = writer->sequence;
	filled.stored = stored;
	filled.raw = raw;
	nn_preamble_encode(&filled, bytes);
	nn_hasher_reset(writer->frame);
	nn_hasher_add(writer->frame, bytes, sizeof bytes);
	nn_buffer_clear(&writer->start);
	writer->stored = stored;
	writer->end = preamble->kind == NN_KIND_END;
	return nn_buffer_append(&writer->start, bytes, sizeof bytes, err);
}

/* What was kept, then `bytes`, then as much of `tail`: in one write where they are small. */
static int flush(struct nn_writer *writer, const void *bytes, size_t count, const void *tail,
	size_t tail_count, struct nn_error *err)
{
	size_t bytes_all = writer->start.length + count + tail_count;
	struct iovec pieces[3] = {
		{ writer->start.data, writer->start.length },
		{ (void *)(size_t)bytes, count },
		{ (void *)(size_t)tail, tail_count },
	};
	int status = nn_writev(writer->fd, pieces, 3, writer->name, err);

	writer->position += status ? 0 : bytes_all;
	nn_buffer_clear(&writer->start);
	return status;
}

/* All of `bytes` but the last piece, which *last and *last_count become. */
static int put_pieces(struct nn_writer *writer, const unsigned char *bytes, size_t count,
	const unsigned char **last, size_t *last_count, struct nn_error *err)
{
	while (count > PIECE) {
		int status;

		nn_hasher_add(writer->frame, bytes, PIECE);
		status = flush(writer, bytes, PIECE, NULL, 0, err);
		if (status)
			return status;
		bytes += PIECE;
		count -= PIECE;
	}
	nn_hasher_add(writer->frame, bytes, count);
	*last = bytes;
	*last_count = count;
	return NN_OK;
}

/* Filler and digest behind `bytes`. */
static int end_frame(struct nn_writer *writer, const void *bytes, size_t count,
	struct nn_error *err)
{
	unsigned char tail[NN_ALIGN + NN_DIGEST_BYTES] = { 0 };
	size_t padding = nn_frame_padding(writer->stored);
	int status;

	nn_hasher_add(writer->frame, tail, padding);
	nn_put_u64(tail + padding, nn_hasher_value(writer->frame));
	nn_hasher_add(writer->digests, tail + padding, NN_DIGEST_BYTES);
	status = flush(writer, bytes, count, tail, padding + NN_DIGEST_BYTES, err);
	writer->sequence++;
	if (writer->end) {
		writer->sequence = 0;
		nn_hasher_reset(writer->digests);
	}
	return status;
}

static int whole_body(struct nn_writer *writer, const unsigned char *body, size_t count,
	struct nn_error *err)
{
	const unsigned char *last;
	size_t last_count;
	int status = put_pieces(writer, body, count, &last, &last_count, err);

	return status ? status : end_frame(writer, last, last_count, err);
}

static int write_header(const struct nn_writer *writer, struct nn_buffer *out,
	const struct nn_bundle *bundle, struct nn_error *err)
{
	return nn_header_write(out, bundle, err) ? nn_fail_in(err, "%s", writer->name) : NN_OK;
}

static int deflate_frame(struct nn_writer *writer, const struct nn_preamble *preamble,
	const struct nn_bundle *bundle, struct nn_error *err)
{
	struct nn_buffer body = { 0 };
	struct nn_preamble filled = *preamble;
	unsigned char *stored = NULL;
	uLongf length = 0;
	size_t header;
	int status = write_header(writer, &body, bundle, err);

	header = body.length - 8;
	if (!status)
		status = nn_buffer_append(&body, bundle->data, bundle->bytes, err);
	if (!status) {
		length = compressBound(body.length);
		stored = nn_alloc(length, 1, err);
		status = stored ? NN_OK : NN_FAILED;
	}
	if (!status &&
		compress2(stored, &length, (const Bytef *)body.data, body.length,
			writer->quick ? 1 : 6) != Z_OK)
		status = nn_fail(err, NN_FAILED, "%s: cannot deflate", writer->name);
	/* Readers would take such a one for an attack. */
	if (!status && !nn_header_may_inflate(header, length)) {
		filled.flags &= ~(uint32_t)NN_FLAG_DEFLATE;
		free(stored);
		stored = NULL;
		length = body.length;
	}
	if (!status)
		status = start_frame(writer, &filled, length, body.length, err);
	if (!status)
		status = whole_body(writer, stored ? stored : (unsigned char *)body.data, length,
			err);
	free(stored);
	nn_buffer_free(&body);
	return status;
}

int nn_writer_frame(struct nn_writer *writer, const struct nn_preamble *preamble,
	const struct nn_bundle *bundle, struct nn_error *err)
{
	int status;

	if (preamble->flags & NN_FLAG_DEFLATE)
		return deflate_frame(writer, preamble, bundle, err);
	status = nn_writer_begin(writer, preamble, bundle, err);
	return status ? status : whole_body(writer, bundle->data, bundle->bytes, err);
}

int nn_writer_begin(struct nn_writer *writer, const struct nn_preamble *preamble,
	const struct nn_bundle *layout, struct nn_error *err)
{
	struct nn_buffer header = { 0 };
	struct nn_preamble raw = *preamble;
	int status = write_header(writer, &header, layout, err);

	/* Set, say, by a frame that this one's preamble was copied from. */
	raw.flags &= ~(uint32_t)NN_FLAG_DEFLATE;
	if (!status)
		status = start_frame(writer, &raw, header.length + layout->bytes,
			header.length + layout->bytes, err);
	if (!status) {
		nn_hasher_add(writer->frame, header.data, header.length);
		status = nn_buffer_append(&writer->start, header.data, header.length, err);
	}
	nn_buffer_free(&header);
	return status;
}

int nn_writer_put(struct nn_writer *writer, const void *bytes, size_t count, struct nn_error *err)
{
	const unsigned char *last;
	size_t last_count;
	int status = put_pieces(writer, bytes, count, &last, &last_count, err);

	return status ? status : flush(writer, last, last_count, NULL, 0, err);
}

int nn_writer_finish(struct nn_writer *writer, struct nn_error *err)
{
	return end_frame(writer, NULL, 0, err);
}

int nn_writer_reference(struct nn_writer *writer, const struct nn_preamble *preamble,
	struct nn_error *err)
{
	struct nn_preamble reference = *preamble;
	int status;

	reference.flags = NN_FLAG_REFERENCE;
	status = start_frame(writer, &reference, 0, 0, err);
	return status ? status : end_frame(writer, NULL, 0, err);
}

int nn_writer_end(struct nn_writer *writer, struct nn_error *err)
{
	struct nn_preamble end = { .kind = NN_KIND_END, .id = nn_hasher_value(writer->digests) };
	int status = start_frame(writer, &end, 0, 0, err);

	return status ? status : end_frame(writer, NULL, 0, err);
}
