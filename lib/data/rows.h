/* Rows of a table in memory, as they were read, until all are there and can be encoded. */
#ifndef NN_DATA_ROWS_H
#define NN_DATA_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/columns.h"
#include "stream/writer.h"
#include "tensor/tensor.h"

/* A row is one number for each input column: NUMBER columns as read, NAN for a missing cell;
 * ONE_HOT columns the number of the value, NAN for none. Rows lie in blocks as large as a frame, so
 * that rows that need no encoding are written from where they are. */
struct nn_rows {
	size_t width; /* numbers of a row */
	bool wide;    /* held as double, where float would lose what scaling needs; else float */
	size_t block_rows;
	void **blocks;
	size_t block_count;
	uint64_t count;
	void *next; /* where the next row goes; NULL: in the next block */
};

/* `y_bytes`: of a row's targets, which go in the same frames. */
void nn_rows_init(struct nn_rows *rows, size_t width, size_t y_bytes, bool wide);
void nn_rows_free(struct nn_rows *rows);
/* *place: room for the next row, float or double [width]; it counts once nn_rows_keep is called. */
int nn_rows_place(struct nn_rows *rows, void **place, struct nn_error *err);
void nn_rows_keep(struct nn_rows *rows);

/* Number v of the i-th input becomes ranks[v]. */
void nn_rows_renumber(struct nn_rows *rows, size_t i, const size_t *ranks);
/* Sets mean and sd of the NUMBER columns: over the cells that are there, in two passes, in order of
 * the rows. inputs [width] are the columns. A column without a number is NN_BAD, "column C: ...". */
int nn_rows_measure(const struct nn_rows *rows, struct nn_columns *columns, const size_t *inputs,
	struct nn_error *err);

/* What goes with the rows of x: one of them or none. */
struct nn_rows_targets {
	const int32_t *labels; /* [rows] */
	const float *numbers;  /* [rows, outputs] */
	size_t outputs;
};
/* Writes data frames of all rows, encoded; a frame without rows if there are none. */
int nn_rows_write(const struct nn_rows *rows, const struct nn_columns *columns,
	const size_t *inputs, const struct nn_rows_targets *targets, const struct nn_bundle *metas,
	struct nn_writer *writer, struct nn_error *err);

#endif
