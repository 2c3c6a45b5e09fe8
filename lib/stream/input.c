#include "stream/input.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

int nn_input_open(struct nn_input *input, int fd, const char *name, struct nn_error *err)
{
	struct stat st;

	*input = (struct nn_input){ .fd = fd, .name = name };
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		off_t offset = lseek(fd, 0, SEEK_CUR);

		input->regular = true;
		input->lasting = st.st_nlink > 0;
		input->size = (uint64_t)st.st_size;
		input->start = offset > 0 ? (uint64_t)offset : 0;
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	input->buffer = nn_alloc_aligned(NN_INPUT_BUFFER, err);
	input->hasher = nn_hasher_new(err);
	if (!input->buffer || !input->hasher) {
		nn_input_close(input);
		return NN_FAILED;
	}
	return NN_OK;
}

void nn_input_close(struct nn_input *input)
{
	free(input->buffer);
	nn_hasher_free(input->hasher);
	input->buffer = NULL;
	input->hasher = NULL;
}

int nn_input_peek(struct nn_input *input, size_t count, size_t *have, struct nn_error *err)
{
	while (input->have - input->at < count) {
		size_t got;
		int status;

		if (input->at) {
			memmove(input->buffer, input->buffer + input->at, input->have - input->at);
			input->have -= input->at;
			input->at = 0;
		}
		status = nn_read_some(input->fd, input->buffer + input->have,
			NN_INPUT_BUFFER - input->have, &got, input->name, err);
		if (status)
			return status;
		if (!got)
			break;
		input->have += got;
	}
	*have = input->have - input->at;
	return NN_OK;
}

static void passed(struct nn_input *input, const void *bytes, size_t count)
{
	if (input->hashing)
		nn_hasher_add(input->hasher, bytes, count);
	input->position += count;
}

void nn_input_used(struct nn_input *input, size_t count)
{
	passed(input, input->buffer + input->at, count);
	input->at += count;
}

/* Straight into its place and hashed while in the cache, once the buffer is empty. The end of a large
 * piece that began in the buffer goes this way too: refilled, the buffer would be in the way of the
 * pieces that follow. */
static int take_direct(struct nn_input *input, unsigned char *to, size_t count, size_t *got,
	struct nn_error *err)
{
	size_t piece = count < NN_INPUT_BUFFER ? count : NN_INPUT_BUFFER;
	int status = nn_read_some(input->fd, to, piece, got, input->name, err);

	if (!status)
		passed(input, to, *got);
	return status;
}

int nn_input_take(struct nn_input *input, void *to, size_t count, size_t *got, struct nn_error *err)
{
	size_t done = 0;

	while (done < count) {
		size_t have = input->have - input->at;
		size_t left = count - done;
		size_t piece = have < left ? have : left;
		int status;

		if (!have && to && count >= NN_INPUT_BUFFER / 4) {
			status = take_direct(input, (unsigned char *)to + done, left, &piece, err);
			if (status)
				return status;
			if (!piece)
				break;
			done += piece;
			continue;
		}
		if (!have) {
			status = nn_input_peek(input, 1, &have, err);
			if (status)
				return status;
			if (!have)
				break;
			continue;
		}
		if (to)
			memcpy((unsigned char *)to + done, input->buffer + input->at, piece);
		nn_input_used(input, piece);
		done += piece;
	}
	*got = done;
	return NN_OK;
}

int nn_input_damaged(const struct nn_input *input, uint64_t position, struct nn_error *err,
	const char *format, ...)
{
	char why[400];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	return nn_fail(err, input->lasting ? NN_BAD : NN_FAILED, "%s: frame %llu, byte %llu: %s",
		input->name, (unsigned long long)input->frame, (unsigned long long)position, why);
}

int nn_input_cut(const struct nn_input *input, struct nn_error *err)
{
	return nn_input_damaged(input, input->position, err, "cut off here");
}

int nn_input_need(struct nn_input *input, void *to, size_t count, struct nn_error *err)
{
	size_t got;
	int status = nn_input_take(input, to, count, &got, err);

	if (!status && got < count)
		status = nn_input_cut(input, err);
	return status;
}

uint64_t nn_input_left(const struct nn_input *input)
{
	uint64_t position = input->start + input->position;

	if (!input->regular)
		return UINT64_MAX;
	return input->size > position ? input->size - position : 0;
}
