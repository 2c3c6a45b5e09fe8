/* A data set in memory: the rows of the data frames of one file or stream.
 *
 * A data frame holds tensors
 *   x  [rows, ...]   F32, or an integer type whose values are to be multiplied by `x_scale`
 *   y  [rows]        I32 or U8 class numbers, with metadata `classes`
 *   or [rows, positions] the same, a class at each position of a row
 *   or [rows, outputs] F32 targets
 * (y may be missing: unlabelled rows). Its metadata are the same in every frame of a set:
 *   rows     decimal: N of the whole set, before any sharding
 *   classes  JSON array of class names, in order of their numbers
 *   x_scale  decimal number, default 1
 *   columns  JSON, how nn-import encoded and scaled each column (see lib/data/columns.h)
 *   tokens   "bytes": x, U8 or I32, are numbers of classes too, and each class is the name of a byte
 *            (see data/text_tokens.h)
 *   origin   text */
#ifndef NN_DATA_DATASET_H
#define NN_DATA_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "tensor/tensor.h"

/* Writers describe a frame in its preamble: rows, and for a shard V and its number. They put at most this many rows in a frame, and fewer if they would exceed
 * NN_DATA_FRAME_BYTES; at least one. */
#define NN_DATA_FRAME_ROWS 8192
#define NN_DATA_FRAME_BYTES ((size_t)4 << 20)
/* How many that is, for rows of so many bytes. */
size_t nn_data_frame_rows(size_t row_bytes);

struct nn_dataset {
	struct nn_bundle *frames; /* each with its data */
	uint64_t *starts;         /* starts[i]: first row of frame i; starts[frame_count] = rows */
	size_t frame_count;
	uint64_t rows;       /* present here */
	uint64_t total_rows; /* N of the whole set; what is here if the metadata do not say */
	unsigned x_ndim;     /* without the rows: 1 for [features] */
	uint64_t x_shape[NN_MAX_DIMS];
	size_t features; /* product of x_shape; >= 1 */
	enum nn_dtype x_dtype;
	float x_scale;
	size_t outputs;   /* columns of a float y; 0 if y is classes or missing */
	bool has_classes; /* y is class numbers */
	size_t positions; /* class numbers a row: 1 for y [rows]; 0 if y is not classes */
	char **classes;   /* names; class_count of them, also of unlabelled rows if known */
	size_t class_count;
	uint64_t shards; /* V and the shard's number, from the preambles; 0 and 0: not sharded */
	uint64_t shard;
	uint64_t id; /* of the numbers: a hash; equal if two sets have the same rows in the same frames */
	struct nn_bundle metas; /* the metadata of the frames; no tensors */
};

/* All data frames of the stream up to end of file, checked: they must agree (tensors but for the
 * rows, metadata, shard), class numbers (and tokens in x) must be below the count of classes, and the rows of
 * a set that is not a shard must add up to N. A plain safetensors file with tensors x and y is one frame. A
 * stream without data frames is NN_BAD. */
int nn_dataset_load(struct nn_dataset *dataset, int fd, const char *name, struct nn_error *err);
/* The same in pieces: a zeroed dataset, nn_dataset_take for each data frame that the reader is at, then
 * nn_dataset_finish. After an error all that is left to do is nn_dataset_free. */
int nn_dataset_take(struct nn_dataset *dataset, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err);
int nn_dataset_finish(struct nn_dataset *dataset, const char *name, struct nn_error *err);
void nn_dataset_free(struct nn_dataset *dataset);

/* Writes rows by number [count], in their order, or all (NULL), as frames that a set of shard `shard`
 * of `shards` would have; at least one frame. `written` is called behind each, if it is not NULL. */
int nn_dataset_write(const struct nn_dataset *dataset, const uint64_t *rows, uint64_t count,
	uint64_t shard, uint64_t shards, struct nn_writer *writer, void (*written)(void *context),
	void *context, struct nn_error *err);

/* Copies rows, given by number, in their order: x [count, features] decoded and scaled to F32; y
 * [count, outputs] (float targets) or labels [count, positions] (class numbers): NULL for what is not
 * wanted.
 * All row numbers must be below dataset->rows. */
void nn_dataset_gather(const struct nn_dataset *dataset, const uint64_t *rows, size_t count,
	float *x, float *y, int32_t *labels);

#endif
