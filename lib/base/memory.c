#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

bool nn_mul(size_t a, size_t b, size_t *out)
{
	size_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*out = product;
	return true;
}

bool nn_add(size_t a, size_t b, size_t *out)
{
	size_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

bool nn_round_up(size_t n, size_t unit, size_t *out)
{
	size_t padded;

	if (!nn_add(n, unit - 1, &padded))
		return false;
	*out = padded & ~(unit - 1);
	return true;
}

/* PTRDIFF_MAX is where allocators and pointer differences end; above it nothing can be meant. */
static bool sane(size_t count, size_t size, size_t *bytes, struct nn_error *err)
{
	if (!nn_mul(count, size, bytes) || *bytes > PTRDIFF_MAX) {
		nn_fail(err, NN_FAILED, "%zu times %zu bytes do not fit in memory", count, size);
		return false;
	}
	return true;
}

void *nn_alloc(size_t count, size_t size, struct nn_error *err)
{
	size_t bytes;
	void *block;

	if (!sane(count, size, &bytes, err))
		return NULL;
	block = calloc(1, bytes ? bytes : 1);
	if (!block)
		nn_fail(err, NN_FAILED, "no memory for %zu bytes", bytes);
	return block;
}

void *nn_realloc(void *block, size_t count, size_t size, struct nn_error *err)
{
	size_t bytes;
	void *grown;

	if (!sane(count, size, &bytes, err))
		return NULL;
	grown = realloc(block, bytes ? bytes : 1);
	if (!grown)
		nn_fail(err, NN_FAILED, "no memory for %zu bytes", bytes);
	return grown;
}

/* Large blocks lie on large pages where the system has some to give: rows drawn from all over them then
 * miss the cache alone, and not the page tables too. */
#define LARGE ((size_t)4 << 20)
#define LARGE_PAGE ((size_t)2 << 20)

void *nn_alloc_aligned(size_t bytes, struct nn_error *err)
{
	size_t rounded;
	void *block = NULL;

	if (nn_round_up(bytes ? bytes : 1, bytes < LARGE ? NN_ALIGN : LARGE_PAGE, &rounded) &&
		rounded <= PTRDIFF_MAX)
		block = aligned_alloc(bytes < LARGE ? NN_ALIGN : LARGE_PAGE, rounded);
#ifdef MADV_HUGEPAGE
	if (block && bytes >= LARGE)
		madvise(block, rounded, MADV_HUGEPAGE);
#endif
	if (!block)
		nn_fail(err, NN_FAILED, "no memory for %zu bytes", bytes);
	return block;
}

char *nn_strdup(const char *text, struct nn_error *err)
{
	size_t size = strlen(text) + 1;
	char *copy = nn_alloc(size, 1, err);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

int nn_buffer_reserve(struct nn_buffer *buffer, size_t count, struct nn_error *err)
{
	size_t need;
	size_t capacity = buffer->capacity ? buffer->capacity : 64;
	char *data;

	if (!nn_add(buffer->length, count, &need) || !nn_add(need, 1, &need) || need > PTRDIFF_MAX)
		return nn_fail(err, NN_FAILED, "no memory for %zu more bytes", count);
	if (need <= buffer->capacity)
		return NN_OK;
	while (capacity < need)
		capacity *= 2;
	data = nn_realloc(buffer->data, capacity, 1, err);
	if (!data)
		return NN_FAILED;
	buffer->data = data;
	buffer->capacity = capacity;
	return NN_OK;
}

int nn_buffer_append(struct nn_buffer *buffer, const void *bytes, size_t count,
	struct nn_error *err)
{
	int status = nn_buffer_reserve(buffer, count, err);

	if (status)
		return status;
	if (count)
		memcpy(buffer->data + buffer->length, bytes, count);
	buffer->length += count;
	buffer->data[buffer->length] = '\0';
	return NN_OK;
}

int nn_buffer_puts(struct nn_buffer *buffer, const char *text, struct nn_error *err)
{
	return nn_buffer_append(buffer, text, strlen(text), err);
}

int nn_buffer_printf(struct nn_buffer *buffer, struct nn_error *err, const char *format, ...)
{
	va_list args;
	int length;
	int status;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return nn_fail(err, NN_FAILED, "a text could not be formatted");
	status = nn_buffer_reserve(buffer, (size_t)length, err);
	if (status)
		return status;
	va_start(args, format);
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, args);
	va_end(args);
	buffer->length += (size_t)length;
	return NN_OK;
}

void nn_buffer_clear(struct nn_buffer *buffer)
{
	buffer->length = 0;
	if (buffer->data)
		buffer->data[0] = '\0';
}

void nn_buffer_free(struct nn_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct nn_buffer){ 0 };
}
