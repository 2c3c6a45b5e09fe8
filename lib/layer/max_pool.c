/* y = the greatest number in a window; its gradient goes to the first of equal ones, row by row. NaN
 * counts as greatest: it must not vanish. Padding never wins. */
#include <math.h>
#include <string.h>

#include "layer/layer.h"
#include "layer/pool.h"
#include "layer/types.h"
#include "tensor/vector.h"

/* x behind y, which is the greatest so far. */
static inline float greater(float y, float x)
{
	return !(x <= y) && y == y ? x : y;
}

/* Is x what has won? */
static inline bool is_winner(float x, float y)
{
	return x == y || x != x;
}

static inline void take(float *y, const float *x, size_t n, size_t stride)
{
	for (size_t i = 0; i < n; i++)
		y[i] = greater(y[i], x[i * stride]);
}

/* open[i]: 1 until output i's winner is found, then 0. */
static inline void give(float *dx, const float *dy, float *open, const float *y, const float *x,
	size_t n, size_t stride)
{
	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float won = is_winner(x[i * stride], y[i]) ? open[i] : 0.0f;

		dx[i * stride] += won != 0.0f ? dy[i] : 0.0f;
		open[i] -= won;
	}
}

NN_CLONES static void plane_forward(const struct nn_window *window, float *restrict y,
	const float *restrict x)
{
	for (size_t row = 0; row < window->out.height; row++, y += window->out.width) {
		struct nn_span rows = nn_pool_rows(window, row);

		for (size_t i = 0; i < window->out.width; i++)
			y[i] = -INFINITY;
		for (size_t j = rows.first; j < rows.end; j++)
			for (size_t k = 0; k < window->kernel.width; k++) {
				struct nn_span span = nn_pool_columns(window, k);
				const float *from =
					x + nn_pool_place(window, row, span.first, j, k);

				if (window->stride.width == 1)
					take(y + span.first, from, span.end - span.first, 1);
				else if (window->stride.width == 2)
					take(y + span.first, from, span.end - span.first, 2);
				else
					take(y + span.first, from, span.end - span.first,
						window->stride.width);
			}
	}
}

/* The winner is found again instead of being kept: looking is cheaper than memory. */
NN_CLONES static void plane_backward(const struct nn_window *window, float *restrict dx,
	float *restrict open, const float *restrict dy, const float *restrict y,
	const float *restrict x)
{
	size_t width = window->out.width;

	for (size_t row = 0; row < window->out.height; row++, y += width, dy += width) {
		struct nn_span rows = nn_pool_rows(window, row);

		for (size_t i = 0; i < width; i++)
			open[i] = 1;
		for (size_t j = rows.first; j < rows.end; j++)
			for (size_t k = 0; k < window->kernel.width; k++) {
				struct nn_span span = nn_pool_columns(window, k);
				size_t place = nn_pool_place(window, row, span.first, j, k);
				size_t n = span.end - span.first;

				if (window->stride.width == 1)
					give(dx + place, dy + span.first, open + span.first,
						y + span.first, x + place, n, 1);
				else
					give(dx + place, dy + span.first, open + span.first,
						y + span.first, x + place, n, window->stride.width);
			}
	}
}

/* Windows of two by two that do not overlap: the usual. */

static bool is_square(const struct nn_window *window)
{
	return window->kernel.height == 2 && window->kernel.width == 2 &&
		window->stride.height == 2 && window->stride.width == 2 &&
		!window->padding.height && !window->padding.width;
}

NN_CLONES static void squares_forward(const struct nn_window *window, float *restrict y,
	const float *restrict x)
{
	size_t width = window->in.width;

	for (size_t row = 0; row < window->out.height; row++, y += window->out.width) {
		const float *a = x + 2 * row * width;
		const float *b = a + width;

		for (size_t i = 0; i < window->out.width; i++) {
			float upper = greater(a[2 * i], a[2 * i + 1]);
			float lower = greater(b[2 * i], b[2 * i + 1]);

			y[i] = greater(upper, lower);
		}
	}
}

NN_CLONES static void squares_backward(const struct nn_window *window, float *restrict dx,
	const float *restrict dy, const float *restrict y, const float *restrict x)
{
	size_t width = window->in.width;
	size_t out = window->out.width;

	for (size_t row = 0; row < window->out.height; row++, y += out, dy += out) {
		const float *a = x + 2 * row * width;
		const float *b = a + width;
		float *da = dx + 2 * row * width;
		float *db = da + width;

		NN_INDEPENDENT
		for (size_t i = 0; i < out; i++) {
			float d = dy[i];
			float won0 = is_winner(a[2 * i], y[i]) ? d : 0.0f;
			float left1 = is_winner(a[2 * i], y[i]) ? 0.0f : d;
			float won1 = is_winner(a[2 * i + 1], y[i]) ? left1 : 0.0f;
			float left2 = is_winner(a[2 * i + 1], y[i]) ? 0.0f : left1;
			float won2 = is_winner(b[2 * i], y[i]) ? left2 : 0.0f;

			da[2 * i] = won0;
			da[2 * i + 1] = won1;
			db[2 * i] = won2;
			db[2 * i + 1] = is_winner(b[2 * i], y[i]) ? 0.0f : left2;
		}
		if (width % 2)
			da[width - 1] = db[width - 1] = 0;
	}
	if (window->in.height % 2)
		memset(dx + (window->in.height - 1) * width, 0, width * sizeof *dx);
}

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	int status = nn_pool_shape(layer, err);

	if (!status)
		layer->scratch = (size_t)layer->out.dims[layer->out.ndim - 1];
	return status;
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_window window = nn_window_of(layer, NN_POOL_KERNEL);
	size_t in = window.in.height * window.in.width;
	size_t out = window.out.height * window.out.width;

	for (size_t i = 0; i < run->rows * window.planes; i++)
		if (is_square(&window))
			squares_forward(&window, run->y + i * out, run->x + i * in);
		else
			plane_forward(&window, run->y + i * out, run->x + i * in);
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_window window = nn_window_of(layer, NN_POOL_KERNEL);
	size_t in = window.in.height * window.in.width;
	size_t out = window.out.height * window.out.width;

	if (!run->dx)
		return;
	if (!is_square(&window))
		memset(run->dx, 0, run->rows * layer->in.count * sizeof *run->dx);
	for (size_t i = 0; i < run->rows * window.planes; i++)
		if (is_square(&window))
			squares_backward(&window, run->dx + i * in, run->dy + i * out,
				run->y + i * out, run->x + i * in);
		else
			plane_backward(&window, run->dx + i * in, run->scratch, run->dy + i * out,
				run->y + i * out, run->x + i * in);
}

const struct nn_layer_type nn_layer_max_pool = {
	.name = "max_pool",
	.keys = nn_pool_keys,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.flops = nn_pool_flops,
};
