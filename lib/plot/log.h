/* The log of a training, or another table: lines of columns with tabs between, whose names are the
 * first line. */
#ifndef NN_PLOT_LOG_H
#define NN_PLOT_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "plot/series.h"

struct nn_log_column {
	const char *name;
	bool optional; /* the table need not have it */
};

/* A table's columns that were asked for. Zero-initialized it is empty. */
struct nn_log {
	const char *name; /* in messages; the caller's */
	size_t width;     /* cells of a line that are kept */
	size_t rows;
	size_t capacity;
	double *cells; /* [rows, width]; NAN: empty, INFINITY: no finite number */
	size_t step;   /* which one of them is named so; or NN_LOG_NONE */
	size_t time;
	size_t *fields; /* [width]: where it stands in a line; or NN_LOG_NONE */
	size_t field_count;
};
#define NN_LOG_NONE ((size_t)-1)

/* Reads `columns` [count] of what is left of `fd`, and the column "step", if there is one. A last line
 * without its newline is still being written, and is left out.
 *
 * A line whose step is not above that of the line before is of a run that was resumed: the lines from
 * that step on are forgotten, as that run did them anew. Where "time" is less than before it began anew
 * too, and goes on from the last line that is kept. A cell of "worker_seconds" is the sum of its list.
 *
 * NN_BAD says which line is wrong, or that there is none. */
int nn_log_read(struct nn_log *log, int fd, const char *name, const struct nn_log_column *columns,
	size_t count, struct nn_error *err);
/* Appends the points of columns x and y, by their numbers in `columns`, to the series. Lines in which
 * either is empty have none. Where x stays the same from line to line, as an epoch does, the mean of y
 * is one point. A column that the table does not have gives no points. */
int nn_log_series(const struct nn_log *log, size_t x, size_t y, struct nn_series *series,
	struct nn_error *err);
void nn_log_free(struct nn_log *log);

#endif
