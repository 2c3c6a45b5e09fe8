/* Checked size arithmetic and allocation. */
#ifndef NN_BASE_MEMORY_H
#define NN_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The start of every tensor block, of a frame's body and of its data section. */
#define NN_ALIGN 64

/* *out = a * b, a + b; false and *out untouched on overflow. */
bool nn_mul(size_t a, size_t b, size_t *out);
bool nn_add(size_t a, size_t b, size_t *out);
/* *out = n rounded up to a multiple of `unit` (a power of two); false on overflow. */
bool nn_round_up(size_t n, size_t unit, size_t *out);

/* count * size zeroed bytes, to be released with free(3); NULL with `err` filled (NN_FAILED) on
 * overflow or without memory. A count of 0 still gives a pointer. */
void *nn_alloc(size_t count, size_t size, struct nn_error *err);
/* As realloc(3), checked; new bytes are not zeroed; on failure the old block stays valid. */
void *nn_realloc(void *block, size_t count, size_t size, struct nn_error *err);
/* `bytes` bytes on NN_ALIGN, not zeroed, to be released with free(3). */
void *nn_alloc_aligned(size_t bytes, struct nn_error *err);
char *nn_strdup(const char *text, struct nn_error *err);

/* A string or byte buffer that grows. Zero-initialized it is empty. `data` is NUL-terminated
 * behind `length` once anything was appended. Release with nn_buffer_free. */
struct nn_buffer {
	char *data;
	size_t length;
	size_t capacity;
};
int nn_buffer_append(struct nn_buffer *buffer, const void *bytes, size_t count,
	struct nn_error *err);
int nn_buffer_puts(struct nn_buffer *buffer, const char *text, struct nn_error *err);
int nn_buffer_printf(struct nn_buffer *buffer, struct nn_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Makes room for `count` more bytes behind `length` (and the NUL). */
int nn_buffer_reserve(struct nn_buffer *buffer, size_t count, struct nn_error *err);
void nn_buffer_clear(struct nn_buffer *buffer); /* keeps the memory */
void nn_buffer_free(struct nn_buffer *buffer);

#endif
