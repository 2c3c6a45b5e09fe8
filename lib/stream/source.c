#include "stream/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/memory.h"
#include "stream/input.h"

struct nn_source {
	struct nn_input input;
	bool known; /* whether it is gzip */
	bool gzip;
	bool ended; /* a member has ended: another may begin */
	z_stream zlib;
};

int nn_source_open(struct nn_source **source, int fd, const char *name, struct nn_error *err)
{
	struct nn_source *new = nn_alloc(1, sizeof *new, err);

	if (!new)
		return NN_FAILED;
	if (nn_input_open(&new->input, fd, name, err)) {
		free(new);
		return NN_FAILED;
	}
	*source = new;
	return NN_OK;
}

void nn_source_close(struct nn_source *source)
{
	if (!source)
		return;
	if (source->gzip)
		inflateEnd(&source->zlib);
	nn_input_close(&source->input);
	free(source);
}

bool nn_source_is_gzip(const struct nn_source *source)
{
	return source->gzip;
}

uint64_t nn_source_left(const struct nn_source *source)
{
	return source->known && !source->gzip ? nn_input_left(&source->input) : UINT64_MAX;
}

const char *nn_source_name(const struct nn_source *source)
{
	return source->input.name;
}

void nn_source_library(char out[static 32])
{
	snprintf(out, 32, "zlib %.20s", zlibVersion());
}

static int damaged(const struct nn_source *source, const char *why, struct nn_error *err)
{
	return nn_fail(err, source->input.lasting ? NN_BAD : NN_FAILED, "%s: byte %llu: %s",
		source->input.name, (unsigned long long)source->input.position, why);
}

static int look(struct nn_source *source, struct nn_error *err)
{
	const unsigned char *bytes;
	size_t have;
	int status = nn_input_peek(&source->input, 2, &have, err);

	if (status)
		return status;
	bytes = source->input.buffer + source->input.at;
	if (have >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
		/* 15 bits of window, 16 for the gzip header. */
		if (inflateInit2(&source->zlib, 15 + 16) != Z_OK)
			return nn_fail(err, NN_FAILED, "%s: no memory to inflate",
				source->input.name);
		source->gzip = true;
	}
	source->known = true;
	return NN_OK;
}

/* One call of inflate into `room` bytes at `to`; *made is 0 at the end of the last member. */
static int inflate_some(struct nn_source *source, unsigned char *to, uInt room, size_t *made,
	struct nn_error *err)
{
	*made = 0;
	while (!*made) {
		size_t have;
		size_t before;
		int result;
		int status = nn_input_peek(&source->input, 1, &have, err);

		if (status)
			return status;
		if (!have && source->ended)
			return NN_OK;
		if (!have)
			return damaged(source, "the gzip file is cut off", err);
		if (source->ended && inflateReset(&source->zlib) != Z_OK)
			return damaged(source, "cannot inflate", err);
		source->ended = false;
		before = have;
		source->zlib.next_in = source->input.buffer + source->input.at;
		source->zlib.avail_in = (uInt)have;
		source->zlib.next_out = to;
		source->zlib.avail_out = room;
		result = inflate(&source->zlib, Z_NO_FLUSH);
		nn_input_used(&source->input, before - source->zlib.avail_in);
		*made = room - source->zlib.avail_out;
		source->ended = result == Z_STREAM_END;
		if (result != Z_OK && result != Z_STREAM_END)
			return damaged(source, "the gzip file is damaged", err);
	}
	return NN_OK;
}

int nn_source_read(struct nn_source *source, void *bytes, size_t count, size_t *got,
	struct nn_error *err)
{
	size_t done = 0;
	int status = source->known ? NN_OK : look(source, err);

	if (!status && !source->gzip)
		return nn_input_take(&source->input, bytes, count, got, err);
	while (!status && done < count) {
		size_t left = count - done;
		size_t made = 0;

		status = inflate_some(source, (unsigned char *)bytes + done,
			(uInt)(left < (1u << 30) ? left : 1u << 30), &made, err);
		if (!made)
			break;
		done += made;
	}
	*got = done;
	return status;
}
