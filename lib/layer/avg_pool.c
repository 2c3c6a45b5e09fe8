/* y = the mean over a window of the planes padded with zeros, which count */
#include <string.h>

#include "layer/layer.h"
#include "layer/pool.h"
#include "layer/types.h"
#include "tensor/vector.h"

/* Along a row, every stride-th number. */
static inline void add(float *y, const float *x, size_t n, size_t stride)
{
	for (size_t i = 0; i < n; i++)
		y[i] += x[i * stride];
}

static inline void spread(float *dx, const float *dy, size_t n, size_t stride)
{
	for (size_t i = 0; i < n; i++)
		dx[i * stride] += dy[i];
}

/* A window's rows are added up before its columns: along rows there is more to do at once. */

NN_CLONES static void plane_forward(const struct nn_window *window, float *restrict y,
	const float *restrict x, float *restrict sums)
{
	float size = (float)window->kernel.height * (float)window->kernel.width;
	size_t width = window->in.width;
	struct nn_span columns = nn_pool_kernel(window);

	for (size_t row = 0; row < window->out.height; row++, y += window->out.width) {
		struct nn_span rows = nn_pool_rows(window, row);

		for (size_t i = 0; i < width; i++)
			sums[i] = 0;
		for (size_t j = rows.first; j < rows.end; j++)
			add(sums, x + nn_pool_row(window, row, j) * width, width, 1);
		for (size_t i = 0; i < window->out.width; i++)
			y[i] = 0;
		for (size_t k = columns.first; k < columns.end; k++) {
			struct nn_span span = nn_pool_columns(window, k);
			const float *from = sums + nn_pool_column(window, span.first, k);

			if (window->stride.width == 1)
				add(y + span.first, from, span.end - span.first, 1);
			else if (window->stride.width == 2)
				add(y + span.first, from, span.end - span.first, 2);
			else
				add(y + span.first, from, span.end - span.first,
					window->stride.width);
		}
		for (size_t i = 0; i < window->out.width; i++)
			y[i] /= size;
	}
}

NN_CLONES static void plane_backward(const struct nn_window *window, float *restrict dx,
	const float *restrict dy, float *restrict sums)
{
	float size = (float)window->kernel.height * (float)window->kernel.width;
	size_t width = window->in.width;
	struct nn_span columns = nn_pool_kernel(window);

	for (size_t row = 0; row < window->out.height; row++, dy += window->out.width) {
		struct nn_span rows = nn_pool_rows(window, row);

		for (size_t i = 0; i < width; i++)
			sums[i] = 0;
		for (size_t k = columns.first; k < columns.end; k++) {
			struct nn_span span = nn_pool_columns(window, k);
			float *to = sums + nn_pool_column(window, span.first, k);

			if (window->stride.width == 1)
				spread(to, dy + span.first, span.end - span.first, 1);
			else
				spread(to, dy + span.first, span.end - span.first,
					window->stride.width);
		}
		for (size_t i = 0; i < width; i++)
			sums[i] /= size;
		for (size_t j = rows.first; j < rows.end; j++)
			add(dx + nn_pool_row(window, row, j) * width, sums, width, 1);
	}
}

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	int status = nn_pool_shape(layer, err);

	if (!status)
		layer->scratch = (size_t)layer->in.dims[layer->in.ndim - 1];
	return status;
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_window window = nn_window_of(layer, NN_POOL_KERNEL);
	size_t in = window.in.height * window.in.width;
	size_t out = window.out.height * window.out.width;

	for (size_t i = 0; i < run->rows * window.planes; i++)
		plane_forward(&window, run->y + i * out, run->x + i * in, run->scratch);
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_window window = nn_window_of(layer, NN_POOL_KERNEL);
	size_t in = window.in.height * window.in.width;
	size_t out = window.out.height * window.out.width;

	if (!run->dx)
		return;
	memset(run->dx, 0, run->rows * layer->in.count * sizeof *run->dx);
	for (size_t i = 0; i < run->rows * window.planes; i++)
		plane_backward(&window, run->dx + i * in, run->dy + i * out, run->scratch);
}

const struct nn_layer_type nn_layer_avg_pool = {
	.name = "avg_pool",
	.keys = nn_pool_keys,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.flops = nn_pool_flops,
};
