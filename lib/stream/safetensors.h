/* The header of a safetensors file (https://huggingface.co/docs/safetensors, format of v0.4). */
#ifndef NN_STREAM_SAFETENSORS_H
#define NN_STREAM_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "tensor/tensor.h"

/* Longest JSON text that is read. */
#define NN_HEADER_LIMIT ((size_t)16 << 20)

/* Appends the 8 bytes of length and the canonical JSON of the bundle's tensors and metadata,
 * padded with spaces to a multiple of NN_ALIGN. */
int nn_header_write(struct nn_buffer *out, const struct nn_bundle *bundle, struct nn_error *err);

/* Parses the JSON behind the length. *bundle gets tensors in canonical order and metadata, no data.
 * *places, unless NULL, becomes NULL if the file's order is the canonical one; else an array, for
 * the caller to free, of each tensor's offset in the file. With places NULL another order is NN_BAD.
 * Holes, overlaps, unknown dtypes and sizes that do not match are NN_BAD. */
int nn_header_parse(const char *json, size_t length, struct nn_bundle *bundle, size_t **places,
	struct nn_error *err);

#endif
