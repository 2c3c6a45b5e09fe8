/* The first rows of a table, kept as text, and what they say about its columns. */
#ifndef NN_DATA_SAMPLE_H
#define NN_DATA_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/columns.h"
#include "data/decimal.h"
#include "data/table.h"

/* So many rows are looked at, or fewer if they have more bytes than that. */
#define NN_SAMPLE_ROWS 1000
#define NN_SAMPLE_BYTES ((size_t)8 << 20)

struct nn_sample {
	struct nn_buffer text;
	struct nn_cell *cells; /* [rows, columns] */
	size_t cell_count;
	size_t cell_room;
	size_t columns;
	size_t rows;
	uint64_t lines[NN_SAMPLE_ROWS];
};

enum nn_cell_kind { NN_CELL_NUMBER, NN_CELL_TEXT, NN_CELL_MISSING };
/* "", NA, NaN, nan, null, NULL, ? and N/A are missing. */
enum nn_cell_kind nn_cell_kind(struct nn_cell cell);
/* What a cell that is no number looks like: "a decimal comma; ...". NULL: a text like any other.
 * `alone`: it is the only cell of its row. */
const char *nn_cell_trouble(struct nn_cell cell, bool alone);

/* A table without rows and rows of unlike length are NN_BAD. */
int nn_sample_read(struct nn_sample *sample, struct nn_table *table, const char *name,
	struct nn_error *err);
void nn_sample_free(struct nn_sample *sample);
/* "NAME: line N: 5 cells, ..." if the row has not `columns` cells. */
int nn_check_row(const struct nn_row *row, size_t columns, const char *name, struct nn_error *err);
struct nn_cell nn_sample_cell(const struct nn_sample *sample, size_t row, size_t column);

/* Is the first row a header? It is if a column is text there and numbers below; and, in a table of
 * texts, if none of its cells comes again in its column. */
bool nn_sample_header(const struct nn_sample *sample);
/* The first row, from `first` on, that has a text in the column; sample->rows if there is none. */
size_t nn_sample_text(const struct nn_sample *sample, size_t first, size_t column);

#endif
