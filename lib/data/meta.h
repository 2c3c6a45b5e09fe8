/* What a data frame says beside its numbers: checks and metadata that readers share. */
#ifndef NN_DATA_META_H
#define NN_DATA_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/frame.h"
#include "tensor/tensor.h"

/* A data frame's tensors: x, perhaps y, nothing else, of *rows rows each, as many as the preamble
 * says (a preamble of 0 rows in a frame with some: a plain safetensors file). Needs no data. */
int nn_data_check_frame(const struct nn_bundle *layout, const struct nn_preamble *preamble,
	uint64_t *rows, struct nn_error *err);
/* Do both frames hold rows of one set: tensors that differ in the number of rows at most, the same
 * metadata? NN_BAD says what differs. */
int nn_data_same_rows(const struct nn_bundle *first, const struct nn_bundle *other,
	struct nn_error *err);

/* Into *out, which is empty: the same tensors of `rows` rows, laid out, and the metadata; no data. */
int nn_data_lay_out(const struct nn_bundle *like, uint64_t rows, struct nn_bundle *out,
	struct nn_error *err);

/* `rows`: N of the whole set; *said is false if it is missing. */
int nn_data_total(const struct nn_bundle *metas, uint64_t *rows, bool *said, struct nn_error *err);
/* `x_scale`: 1 if it is missing. */
int nn_data_scale(const struct nn_bundle *metas, float *scale, struct nn_error *err);
/* `classes`: *names is NULL if it is missing; else the caller's to nn_data_free_names. */
int nn_data_classes(const struct nn_bundle *metas, char ***names, size_t *count,
	struct nn_error *err);
void nn_data_free_names(char **names, size_t count); /* NULL is fine */
/* The JSON array of those names, appended. */
int nn_data_put_names(struct nn_buffer *out, char *const *names, size_t count,
	struct nn_error *err);

#endif
