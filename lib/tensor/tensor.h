/* Tensors and bundles of named tensors, laid out as a safetensors file lays them out. */
#ifndef NN_TENSOR_TENSOR_H
#define NN_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

enum nn_dtype {
	NN_F64,
	NN_I64,
	NN_U64,
	NN_F32,
	NN_I32,
	NN_U32,
	NN_F16,
	NN_BF16,
	NN_I16,
	NN_U16,
	NN_I8,
	NN_U8,
	NN_BOOL,
};
size_t nn_dtype_size(enum nn_dtype dtype);
/* The safetensors name: "F32", "BF16", ... */
const char *nn_dtype_name(enum nn_dtype dtype);
bool nn_dtype_parse(const char *name, enum nn_dtype *dtype);

#define NN_MAX_DIMS 8

struct nn_tensor {
	char *name;
	enum nn_dtype dtype;
	unsigned ndim; /* 0: a scalar, one element */
	uint64_t shape[NN_MAX_DIMS];
	size_t count; /* elements: the product of the shape */
	size_t bytes;
	size_t offset; /* in the bundle's data */
};

/* A key and a text that stand in the header beside the tensors: what is constant. */
struct nn_meta {
	char *key;
	char *value;
};

/* Named tensors in one block of data, without holes, in canonical order: element size descending,
 * then name (byte order). Zero-initialized it is empty. The bundle owns all its pointers.
 *
 * Built in this order: nn_bundle_add for each tensor, nn_bundle_layout, then nn_bundle_alloc or
 * `data` set by whoever read it. A bundle without `data` is a mere layout. */
struct nn_bundle {
	struct nn_tensor *tensors;
	size_t count;
	bool sorted;           /* the tensors are in canonical order */
	struct nn_meta *metas; /* by key, byte order */
	size_t meta_count;
	size_t bytes;        /* of the whole data section */
	unsigned char *data; /* `bytes` bytes on NN_ALIGN, from nn_alloc_aligned; or NULL */
};

/* Shape products and byte counts are checked (NN_BAD, "tensor NAME: ..."). The name is copied.
 * `data` must be NULL: a laid-out bundle that has data cannot grow. */
int nn_bundle_add(struct nn_bundle *bundle, const char *name, enum nn_dtype dtype, unsigned ndim,
	const uint64_t *shape, struct nn_error *err);
/* Sorts into canonical order and nothing else. Two tensors of one name are an error (NN_BAD). */
int nn_bundle_sort(struct nn_bundle *bundle, struct nn_error *err);
/* Sorts, sets offsets and `bytes`. Two tensors of one name are an error (NN_BAD). */
int nn_bundle_layout(struct nn_bundle *bundle, struct nn_error *err);
/* Zeroed data for the layout. */
int nn_bundle_alloc(struct nn_bundle *bundle, struct nn_error *err);
/* *copy becomes a bundle of the same tensors, without metadata and without data. */
int nn_bundle_copy_layout(const struct nn_bundle *bundle, struct nn_bundle *copy,
	struct nn_error *err);
/* The same tensors (name, dtype, shape)? NN_BAD says which one differs and how. */
int nn_bundle_same_layout(const struct nn_bundle *a, const struct nn_bundle *b,
	struct nn_error *err);
void nn_bundle_free(struct nn_bundle *bundle); /* leaves it empty */

/* NULL if there is none. The pointer is into the bundle. */
struct nn_tensor *nn_bundle_find(const struct nn_bundle *bundle, const char *name);
/* The tensor's first byte; the bundle must have data. Aligned to the element, not more. */
void *nn_bundle_data(const struct nn_bundle *bundle, const struct nn_tensor *tensor);
/* True if every tensor is F32: then data is one vector of bytes/4 floats. */
bool nn_bundle_is_f32(const struct nn_bundle *bundle);
/* to[i] = from[i] of `count` elements: F64 and integers are rounded to nearest even. */
void nn_tensor_to_f32(float *to, const void *from, enum nn_dtype dtype, size_t count);
/* Replaces `data` by an F32 bundle of the same names and shapes (F64, F16, BF16 and the integers
 * become F32, rounded to nearest even); the order of tensors may change. */
int nn_bundle_to_f32(struct nn_bundle *bundle, struct nn_error *err);

/* Metadata: key and value are copied; setting a key again replaces its value. */
int nn_bundle_set_meta(struct nn_bundle *bundle, const char *key, const char *value,
	struct nn_error *err);
const char *nn_bundle_meta(const struct nn_bundle *bundle, const char *key); /* NULL: none */
int nn_bundle_copy_metas(const struct nn_bundle *from, struct nn_bundle *to, struct nn_error *err);

/* Row `row` of the first dimension as a line of text, with commas: each number in the fewest digits that
 * give it back. A scalar is one row. `data` is the tensor's; row < shape[0]. */
int nn_tensor_put_row(struct nn_buffer *out, const struct nn_tensor *tensor, const void *data,
	uint64_t row, struct nn_error *err);

/* "[64, 10]" into `out` (NN_SHAPE_TEXT bytes), for messages. */
#define NN_SHAPE_TEXT 192
void nn_shape_text(unsigned ndim, const uint64_t *shape, char *out);

/* XXH3 of the raw F32 parameters in canonical order: the same for every frame, file and host that
 * hold these numbers. Never 0 (0 means unknown in a preamble). The bundle must be F32. */
uint64_t nn_bundle_id(const struct nn_bundle *bundle);

#endif
