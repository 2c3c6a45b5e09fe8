#include <string.h>

#include "layer/unfold.h"

/* Rows are short, a call of memcpy for each would take longer than the copy: pieces of a fixed
 * size, the last of which overlaps the one before. */
static inline void copy_near(float *restrict to, const float *restrict from, size_t n)
{
	if (n >= 8) {
		size_t i = 0;

		for (; i + 16 <= n; i += 16)
			memcpy(to + i, from + i, 16 * sizeof *to);
		if (i + 8 <= n)
			memcpy(to + i, from + i, 8 * sizeof *to);
		memcpy(to + n - 8, from + n - 8, 8 * sizeof *to);
	} else if (n >= 4) {
		memcpy(to, from, 4 * sizeof *to);
		memcpy(to + n - 4, from + n - 4, 4 * sizeof *to);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = from[i];
	}
}

static inline void copy_row(float *restrict to, const float *restrict from, size_t n, size_t stride)
{
	if (stride == 1)
		copy_near(to, from, n);
	else if (stride == 2)
		for (size_t i = 0; i < n; i++)
			to[i] = from[2 * i];
	else
		for (size_t i = 0; i < n; i++)
			to[i] = from[stride * i];
}

static inline void add_row(float *restrict to, const float *restrict from, size_t n, size_t stride)
{
	size_t i = 0;

	if (stride == 1)
		for (; i + 8 <= n; i += 8)
			for (size_t lane = 0; lane < 8; lane++)
				to[i + lane] += from[i + lane];
	for (; i < n; i++)
		to[stride * i] += from[i];
}

static inline void clear(float *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = 0;
}

/* Goes over all rows of the columns; `adding` is a constant where this is inlined. */
static inline void walk(const struct nn_unfold *what, float *columns, const float *from, float *to,
	bool adding)
{
	const struct nn_window *window = what->window;
	size_t plane = window->in.height * window->in.width;
	size_t width = window->out.width;

	for (size_t c = 0; c < what->channels; c++)
		for (size_t j = 0; j < what->taps; j++)
			for (size_t k = 0; k < window->kernel.width; k++) {
				struct nn_span span = nn_window_span(k, window->stride.width,
					window->padding.width, window->in.width, width);
				size_t row = what->first * window->stride.height + j;
				size_t column = span.first * window->stride.width + k -
					window->padding.width;
				size_t inside = span.end - span.first;

				for (size_t line = 0; line < what->lines;
					line++, row += window->stride.height) {
					bool there = inside && row >= window->padding.height &&
						row - window->padding.height < window->in.height;
					size_t at = c * plane + column +
						(row - window->padding.height) * window->in.width;

					for (size_t g = 0; g < what->images;
						g++, columns += width) {
						size_t place = g * what->image_floats + at;

						if (adding) {
							if (there)
								add_row(to + place,
									columns + span.first,
									inside,
									window->stride.width);
							continue;
						}
						if (!there) {
							clear(columns, width);
							continue;
						}
						clear(columns, span.first);
						copy_row(columns + span.first, from + place, inside,
							window->stride.width);
						clear(columns + span.end, width - span.end);
					}
				}
			}
}

NN_CLONES void nn_unfold(const struct nn_unfold *what, float *restrict columns,
	const float *restrict x)
{
	walk(what, columns, x, NULL, false);
}

NN_CLONES void nn_fold_add(const struct nn_unfold *what, float *restrict x,
	const float *restrict columns)
{
	walk(what, (float *)columns, NULL, x, true);
}
