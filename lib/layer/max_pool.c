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
	return (!(x <= y) & (y == y)) ? x : y;
}

/* Is x what has won? */
static inline bool is_winner(float x, float y)
{
	return (x == y) | (x != x);
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

/* Of a window's rows first, then of its columns: along rows there is more to do at once. */
NN_CLONES static void plane_forward(const struct nn_window *window, float *restrict y,
	float *restrict scratch, const float *restrict x)
{
	size_t width = window->in.width;
	struct nn_span columns = nn_pool_kernel(window);

	for (size_t row = 0; row < window->out.height; row++, y += window->out.width) {
		struct nn_span rows = nn_pool_rows(window, row);

		for (size_t i = 0; i < width; i++)
			scratch[i] = -INFINITY;
		for (size_t j = rows.first; j < rows.end; j++)
			take(scratch, x + nn_pool_row(window, row, j) * width, width, 1);
		for (size_t i = 0; i < window->out.width; i++)
			y[i] = -INFINITY;
		for (size_t k = columns.first; k < columns.end; k++) {
			struct nn_span span = nn_pool_columns(window, k);
			const float *from = scratch + nn_pool_column(window, span.first, k);

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
	struct nn_span columns = nn_pool_kernel(window);

	for (size_t row = 0; row < window->out.height; row++, y += width, dy += width) {
		struct nn_span rows = nn_pool_rows(window, row);

		for (size_t i = 0; i < width; i++)
			open[i] = 1;
		for (size_t j = rows.first; j < rows.end; j++)
			for (size_t k = columns.first; k < columns.end; k++) {
				struct nn_span span = nn_pool_columns(window, k);
				size_t place = nn_pool_row(window, row, j) * window->in.width +
					nn_pool_column(window, span.first, k);
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

/* Rows are short, so they are walked in pieces: 8 numbers of each of two rows, which make 4 outputs.
 * Two numbers side by side are swapped, and one of them dropped, as an integer of 64 bits. */
typedef float floats __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t masks __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint64_t pairs __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t halves __attribute__((vector_size(16), aligned(4), may_alias));
#define OUTPUTS 4

static inline void take_piece(float *y, const float *a, const float *b)
{
	floats m = *(const floats *)a;
	floats x = *(const floats *)b;
	masks more = ~(x <= m) & (m == m);
	pairs both;

	m = (floats)((more & (masks)x) | (~more & (masks)m));
	both = (pairs)m;
	x = (floats)(both << 32 | both >> 32);
	more = ~(x <= m) & (m == m);
	m = (floats)((more & (masks)x) | (~more & (masks)m));
	*(halves *)y = __builtin_convertvector((pairs)m, halves);
}

/* best, d: y and dy with each number twice. */
static inline void give_piece(float *da, float *db, const float *d, const float *best,
	const float *a, const float *b)
{
	const pairs none = { 0 };
	const masks second = (masks)((none - 1) << 32);
	floats won = *(const floats *)best;
	floats upper = *(const floats *)a;
	floats lower = *(const floats *)b;
	masks up = (upper == won) | (upper != upper);
	masks down = (lower == won) | (lower != lower);
	masks up_too = (masks)((pairs)up << 32 | (pairs)up >> 32);
	masks down_too = (masks)((pairs)down << 32 | (pairs)down >> 32);

	*(masks *)da = *(const masks *)d & up & ~(up_too & second);
	*(masks *)db = *(const masks *)d & down & ~(down_too & second) & ~(up | up_too);
}

static inline void double_up(float *restrict to, const float *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = from[i];
		to[2 * i + 1] = from[i];
	}
}

NN_CLONES static void squares_forward(const struct nn_window *window, float *restrict y,
	const float *restrict x)
{
	size_t width = window->in.width;
	size_t n = window->out.width;

	for (size_t row = 0; row < window->out.height; row++, y += n, x += 2 * width) {
		size_t i = 0;

		for (; i + OUTPUTS <= n; i += OUTPUTS)
			take_piece(y + i, x + 2 * i, x + width + 2 * i);
		for (; i < n; i++)
			y[i] = greater(greater(x[2 * i], x[2 * i + 1]),
				greater(x[width + 2 * i], x[width + 2 * i + 1]));
	}
}

NN_CLONES static void squares_backward(const struct nn_window *window, float *restrict dx,
	float *restrict scratch, const float *restrict dy, const float *restrict y,
	const float *restrict x)
{
	size_t width = window->in.width;
	size_t n = window->out.width;
	size_t outputs = window->out.height * n;
	const float *best = scratch;
	const float *d = scratch + 2 * outputs;

	double_up(scratch, y, outputs);
	double_up(scratch + 2 * outputs, dy, outputs);
	for (size_t row = 0; row < window->out.height; row++) {
		const float *b = x + width;
		float *db = dx + width;
		size_t i = 0;

		for (; i + OUTPUTS <= n; i += OUTPUTS)
			give_piece(dx + 2 * i, db + 2 * i, d + 2 * i, best + 2 * i, x + 2 * i,
				b + 2 * i);
		for (; i < n; i++) {
			bool won0 = is_winner(x[2 * i], best[2 * i]);
			bool won1 = is_winner(x[2 * i + 1], best[2 * i]) && !won0;
			bool won2 = is_winner(b[2 * i], best[2 * i]) && !won0 && !won1;

			dx[2 * i] = won0 ? d[2 * i] : 0.0f;
			dx[2 * i + 1] = won1 ? d[2 * i] : 0.0f;
			db[2 * i] = won2 ? d[2 * i] : 0.0f;
			db[2 * i + 1] = won0 || won1 || won2 ? 0.0f : d[2 * i];
		}
		if (width % 2)
			dx[width - 1] = db[width - 1] = 0;
		best += 2 * n;
		d += 2 * n;
		x += 2 * width;
		dx += 2 * width;
	}
	if (window->in.height % 2)
		memset(dx, 0, width * sizeof *dx);
}

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	int status = nn_pool_shape(layer, err);
	struct nn_window window;

	if (status)
		return status;
	window = nn_window_of(layer, NN_POOL_KERNEL);
	layer->scratch = window.in.width > window.out.width ? window.in.width : window.out.width;
	if (is_square(&window))
		layer->scratch = 4 * window.out.width * window.out.height;
	return NN_OK;
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
			plane_forward(&window, run->y + i * out, run->scratch, run->x + i * in);
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
			squares_backward(&window, run->dx + i * in, run->scratch, run->dy + i * out,
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
