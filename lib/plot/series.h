/* Points of a curve, in the order in which they are joined. */
#ifndef NN_PLOT_SERIES_H
#define NN_PLOT_SERIES_H

#include <stddef.h>

#include "base/error.h"

struct nn_point {
	double x; /* finite */
	double y; /* not finite: a gap, where the curve is interrupted */
};
/* Zero-initialized it is empty. */
struct nn_series {
	struct nn_point *points; /* [count] */
	size_t count;
	size_t capacity;
};

int nn_series_add(struct nn_series *series, double x, double y, struct nn_error *err);
/* Each value becomes the mean of the last n, itself among them; of fewer where there are not so many
 * yet. Gaps stay, and do not count. n > 0. */
int nn_series_smooth(struct nn_series *series, size_t n, struct nn_error *err);
/* Leaves the points with from <= x <= to. */
void nn_series_cut(struct nn_series *series, double from, double to);
/* For a picture that is `columns` wide, with x from low to high: of the points that follow each other
 * in one column only the first, the lowest, the highest and the last stay. Drawn as lines they look
 * the same. low < high. */
void nn_series_thin(struct nn_series *series, double low, double high, size_t columns);
void nn_series_free(struct nn_series *series);

#endif
