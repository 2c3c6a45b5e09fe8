#include "layer/conv_plan.h"
#include "tensor/vector.h"

/* Floats of a tile's columns, if one row of outputs does not take more; and columns that a tile should
 * have for products to be fast. */
#define TILE_FLOATS 65536
#define TILE_COLUMNS 128
/* With fewer numbers than these in a column of one kernel row, columns hold all kernel rows. */
#define SHORT_COLUMN 24
/* Up to so many numbers in a whole column, gradients of weights are made without transposing. */
#define FEW_WEIGHTS 32
/* Columns that a call should have: it also takes weights apart and puts their gradients together. */
#define PART_COLUMNS 512

struct nn_conv_plan nn_conv_plan_of(const struct nn_window *window, size_t groups, size_t filters)
{
	struct nn_conv_plan plan = { .window = *window, .groups = groups };
	size_t line, most, tiles;

	plan.channels = window->planes / plan.groups;
	plan.filters = filters / groups;
	plan.places = window->out.height * window->out.width;
	plan.taps = window->kernel.height;
	if (window->stride.height == 1 && plan.channels * window->kernel.width >= SHORT_COLUMN)
		plan.taps = 1;
	plan.passes = window->kernel.height / plan.taps;
	plan.depth = plan.channels * plan.taps * window->kernel.width;
	plan.transposes = plan.depth * plan.passes > FEW_WEIGHTS;
	plan.images = plan.places < TILE_COLUMNS ? TILE_COLUMNS / plan.places : 1;
	plan.height = window->out.height;
	line = plan.depth * window->out.width;
	most = TILE_FLOATS / line;
	most = most > plan.passes ? most - (plan.passes - 1) : 1;
	if (plan.images == 1 && plan.height > most) {
		tiles = (plan.height + most - 1) / most;
		plan.height = (plan.height + tiles - 1) / tiles;
	}
	plan.rows = (PART_COLUMNS + plan.places - 1) / plan.places;
	plan.columns = line * (plan.height + plan.passes - 1) * plan.images;
	plan.outputs = plan.filters * plan.height * window->out.width * plan.images;
	plan.weights = plan.groups * plan.filters * plan.depth * plan.passes;
	return plan;
}

struct nn_conv_tile nn_conv_tile_of(const struct nn_conv_plan *plan, size_t rows, size_t image,
	size_t top)
{
	size_t left = plan->window.out.height - top;
	struct nn_conv_tile tile = { .image = image,
		.images = rows - image < plan->images ? rows - image : plan->images,
		.top = top,
		.height = left < plan->height ? left : plan->height };

	tile.shift = tile.images * plan->window.out.width;
	tile.columns = tile.height * tile.shift;
	tile.stored = (tile.height + plan->passes - 1) * tile.shift;
	return tile;
}

const float *nn_conv_weights(const struct nn_conv_plan *plan, const float *weights, float *apart)
{
	const float *from = weights;
	size_t width = plan->window.kernel.width;
	size_t filters = plan->filters;

	if (plan->passes == 1)
		return weights;
	for (size_t group = 0; group < plan->groups; group++)
		for (size_t f = 0; f < filters; f++)
			for (size_t c = 0; c < plan->channels; c++)
				for (size_t pass = 0; pass < plan->passes; pass++, from += width) {
					float *to = apart +
						((group * plan->passes + pass) * filters + f) *
							plan->depth +
						c * width;

					for (size_t k = 0; k < width; k++)
						to[k] = from[k];
				}
	return apart;
}

/* Filters that are handled at a time where gradients are transposed: a cache line of them. */
#define LINE 16

void nn_conv_add_gradients(const struct nn_conv_plan *plan, const float *apart, float *grad)
{
	size_t width = plan->window.kernel.width;
	size_t column = plan->depth * plan->passes;
	size_t filters = plan->groups * plan->filters;

	if (!plan->transposes) {
		nn_vector_add(grad, grad, apart, plan->weights);
		return;
	}
	for (size_t f = 0, n; f < filters; f += n) {
		size_t inside = f % plan->filters; /* of its group */
		const float *from = apart + (f - inside) * column + inside;

		n = plan->filters - inside < LINE ? plan->filters - inside : LINE;
		for (size_t pass = 0; pass < plan->passes; pass++)
			for (size_t r = 0; r < plan->depth; r++, from += plan->filters) {
				float *to = grad + f * column + r;

				if (plan->passes > 1)
					to += r / width * (plan->passes - 1) * width + pass * width;
				for (size_t i = 0; i < n; i++)
					to[i * column] += from[i];
			}
	}
}
