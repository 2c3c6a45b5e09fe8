#include "plot/series.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

int nn_series_add(struct nn_series *series, double x, double y, struct nn_error *err)
{
	if (series->count == series->capacity) {
		size_t capacity = series->capacity ? 2 * series->capacity : 64;
		struct nn_point *grown = nn_realloc(series->points, capacity, sizeof *grown, err);

		if (!grown)
			return NN_FAILED;
		series->points = grown;
		series->capacity = capacity;
	}
	series->points[series->count++] = (struct nn_point){ x, y };
	return NN_OK;
}

/* The values are cut in blocks of n. The last n are the end of one block and the beginning of the
 * next, so a sum from each value to the end of its block and one from the block's beginning give each
 * mean. Nothing is ever subtracted, so a value that is very large leaves no trace behind. */
int nn_series_smooth(struct nn_series *series, size_t n, struct nn_error *err)
{
	size_t size = n < series->count ? n : series->count;
	double *block = nn_alloc(size, sizeof *block, err); /* values, then sums to its end */
	double head = 0;
	size_t used = 0;
	size_t seen = 0;

	if (!block)
		return NN_FAILED;
	for (size_t i = 0; i < series->count; i++) {
		double *y = &series->points[i].y;
		double tail;

		if (!isfinite(*y))
			continue;
		if (used == n) {
			for (size_t j = n - 1; j-- > 0;)
				block[j] += block[j + 1];
			used = 0;
			head = 0;
		}
		/* Of the block before, what the last n still reach. */
		tail = seen >= n && used + 1 < n ? block[used + 1] : 0;
		head += *y;
		block[used++] = *y;
		seen++;
		*y = (head + tail) / (double)(seen < n ? seen : n);
	}
	free(block);
	return NN_OK;
}

void nn_series_cut(struct nn_series *series, double from, double to)
{
	size_t kept = 0;

	for (size_t i = 0; i < series->count; i++)
		if (series->points[i].x >= from && series->points[i].x <= to)
			series->points[kept++] = series->points[i];
	series->count = kept;
}

/* Keeps, of points[first..end), which lie in one column, four at most; they go to points[kept...]. */
static size_t thin_run(struct nn_point *points, size_t first, size_t end, size_t kept)
{
	size_t lowest = first;
	size_t highest = first;

	for (size_t i = first; i < end; i++) {
		if (points[i].y < points[lowest].y)
			lowest = i;
		if (points[i].y > points[highest].y)
			highest = i;
	}
	/* In their order, each once: kept <= first, and what is read is not yet overwritten. */
	for (size_t i = first; i < end; i++)
		if (i == first || i == lowest || i == highest || i == end - 1)
			points[kept++] = points[i];
	return kept;
}

void nn_series_thin(struct nn_series *series, double low, double high, size_t columns)
{
	struct nn_point *points = series->points;
	double width = high / (double)columns - low / (double)columns;
	size_t kept = 0;
	size_t first = 0;

	while (first < series->count) {
		double column = floor((points[first].x - low) / width);
		size_t end = first + 1;

		while (isfinite(points[first].y) && end < series->count &&
			isfinite(points[end].y) && floor((points[end].x - low) / width) == column)
			end++;
		kept = thin_run(points, first, end, kept);
		first = end;
	}
	series->count = kept;
}

void nn_series_free(struct nn_series *series)
{
	free(series->points);
	*series = (struct nn_series){ 0 };
}
