/* Rows of cells from a CSV or TSV file (RFC 4180). The only file that sees libcsv is table.c. */
#ifndef NN_DATA_TABLE_H
#define NN_DATA_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/decimal.h"
#include "stream/source.h"

/* Longest line or cell that is taken. */
#define NN_LINE_LIMIT ((size_t)64 << 20)

struct nn_table;

struct nn_row {
	const struct nn_cell *cells; /* until the next row is asked for */
	size_t count;                /* 0: the end of the file */
	uint64_t line;               /* of the file, from 1, where the row begins */
};

/* `head` are bytes of the source that were read already; they are copied. The source stays the
 * caller's and must outlive the table. */
int nn_table_open(struct nn_table **table, struct nn_source *source, const void *head,
	size_t head_length, char delimiter, struct nn_error *err);
void nn_table_close(struct nn_table *table); /* NULL is fine */
/* The next row that is not blank, spaces around unquoted cells removed. Errors are NN_BAD "NAME: line
 * N: ..." (a NUL, an unclosed or stray quote, an endless line) or those of the source. */
int nn_table_next(struct nn_table *table, struct nn_row *row, struct nn_error *err);

#endif
