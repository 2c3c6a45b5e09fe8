/* The keys of pools, and the walk over their windows. */
#ifndef NN_LAYER_POOL_H
#define NN_LAYER_POOL_H

#include "layer/window.h"

enum { NN_POOL_KERNEL, NN_POOL_STRIDE, NN_POOL_PADDING };
extern const struct nn_layer_key nn_pool_keys[];
/* Any input of two dimensions or more: the last two are pooled. */
int nn_pool_shape(struct nn_layer *layer, struct nn_error *err);
/* Additions or comparisons. */
double nn_pool_flops(const struct nn_layer *layer);

/* The kernel rows [first, end) that are inside of the input for the row of outputs `row`. */
static inline struct nn_span nn_pool_rows(const struct nn_window *window, size_t row)
{
	size_t top = row * window->stride.height;
	struct nn_span rows = { 0, window->kernel.height };

	if (top < window->padding.height)
		rows.first = window->padding.height - top;
	if (rows.end > window->in.height + window->padding.height - top)
		rows.end = window->in.height + window->padding.height - top;
	return rows;
}

/* The kernel columns [first, end) that are inside of the input for any output. */
static inline struct nn_span nn_pool_kernel(const struct nn_window *window)
{
	size_t last = (window->out.width - 1) * window->stride.width;
	struct nn_span columns = { 0, window->kernel.width };

	if (last < window->padding.width)
		columns.first = window->padding.width - last;
	if (columns.end > window->in.width + window->padding.width)
		columns.end = window->in.width + window->padding.width;
	return columns;
}

/* The same for element number `k` of a kernel row: outputs. */
static inline struct nn_span nn_pool_columns(const struct nn_window *window, size_t k)
{
	return nn_window_span(k, window->stride.width, window->padding.width, window->in.width,
		window->out.width);
}

/* Where the window of output (row, column) has its element (j, k), in the plane. */
static inline size_t nn_pool_row(const struct nn_window *window, size_t row, size_t j)
{
	return row * window->stride.height + j - window->padding.height;
}

static inline size_t nn_pool_column(const struct nn_window *window, size_t column, size_t k)
{
	return column * window->stride.width + k - window->padding.width;
}

#endif
