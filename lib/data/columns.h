/* How each column of a table became numbers: metadata `columns` of data frames, and of models that
 * were made for them, so that later rows can be encoded alike.
 *
 * A JSON array of runs, in the order of the table's columns. A run is an object for one column or for
 * neighbours that are treated alike:
 *   as      "number": one input each, "one-hot": as many inputs as values, "class": class numbers,
 *           "target": numbers to predict, "none": left out
 *   names   array of names, from the table's header; or else
 *   count   how many columns they are
 *   values  one-hot: array of texts, in order of their inputs
 *   mean    number: array of means, one for each column, if they are needed
 *   sd      number: array of standard deviations (divisor n): the input is (cell - mean) / sd, or 0
 *           where sd is 0
 *   na      number: "mean": a missing cell is taken to be the mean */
#ifndef NN_DATA_COLUMNS_H
#define NN_DATA_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/names.h"

enum nn_column_kind {
	NN_COLUMN_NUMBER,
	NN_COLUMN_ONE_HOT,
	NN_COLUMN_CLASS,
	NN_COLUMN_TARGET,
	NN_COLUMN_NONE,
};

struct nn_column {
	char *name; /* NULL: the table has no header */
	enum nn_column_kind kind;
	bool standardized; /* mean and sd hold */
	bool filled;       /* mean holds, and stands for a missing cell */
	double mean;
	double sd;
	struct nn_names values; /* one-hot */
};
/* Zero-initialized it is empty. */
struct nn_columns {
	struct nn_column *items; /* in the order of the table's columns */
	size_t count;
	bool named;
};

/* `count` columns of kind NUMBER without names. */
int nn_columns_alloc(struct nn_columns *columns, size_t count, struct nn_error *err);
void nn_columns_free(struct nn_columns *columns); /* leaves it empty */
/* The JSON text, appended. */
int nn_columns_put(struct nn_buffer *out, const struct nn_columns *columns, struct nn_error *err);
/* NN_BAD "metadata `columns`: ...". */
int nn_columns_parse(struct nn_columns *columns, const char *text, struct nn_error *err);

/* Inputs that come of them all. */
size_t nn_columns_inputs(const struct nn_columns *columns);
size_t nn_columns_of_kind(const struct nn_columns *columns, enum nn_column_kind kind);
/* "column 3" or "column 3 (age)" for messages, `index` from 0. */
#define NN_COLUMN_TEXT 96
void nn_column_text(size_t index, const char *name, char *out);

#endif
