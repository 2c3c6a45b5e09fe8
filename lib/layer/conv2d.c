/* y[f] = b[f] + sum over channels c of the cross-correlation of x[c] with W[f][c], in planes that
 * are padded with zeros. Filters in `groups` groups, each of which sees its share of the channels.
 *
 * Computed as matrix products over columns (unfold.h), a tile at a time: some rows of the outputs
 * of one image, or several whole images where they are small. A tile's columns stay in the cache, and
 * its products are cut to blocks for which BLAS takes the matrices as they lie (products.h). */
#include <string.h>

#include "layer/layer.h"
#include "layer/products.h"
#include "layer/types.h"
#include "layer/unfold.h"
#include "tensor/blas.h"
#include "tensor/vector.h"

enum { FILTERS, KERNEL, STRIDE, PADDING, GROUPS, INIT, BIAS }; /* keys */
enum { WEIGHT, OFFSET };                                       /* parameters */

static const struct nn_layer_key keys[] = {
	[FILTERS] = { .name = "filters", .type = NN_KEY_SIZE, .required = true, .least = 1 },
	[KERNEL] = { .name = "kernel", .type = NN_KEY_PAIR, .required = true, .least = 1 },
	[STRIDE] = { .name = "stride", .type = NN_KEY_PAIR, .otherwise = 1, .least = 1 },
	[PADDING] = { .name = "padding", .type = NN_KEY_PAIR },
	[GROUPS] = { .name = "groups", .type = NN_KEY_SIZE, .otherwise = 1, .least = 1 },
	[INIT] = { .name = "init", .type = NN_KEY_CHOICE, .choices = nn_init_names },
	[BIAS] = { .name = "bias", .type = NN_KEY_FLAG, .otherwise = true },
	{ .name = NULL },
};

/* Floats of a tile's columns, if one row of outputs does not take more; and columns that a tile should
 * have for products to be fast. */
#define TILE_FLOATS 65536
#define TILE_COLUMNS 64
/* With fewer numbers than these in a column of one kernel row, columns hold all kernel rows. */
#define SHORT_COLUMN 24
/* Up to so many numbers in a whole column, gradients of weights are made without transposing. */
#define FEW_WEIGHTS 32
/* Images whose gradients of weights are summed in one go in float. */
#define BLOCK 32

/* Columns that a call should have: it also takes weights apart and puts their gradients together. */
#define PART_COLUMNS 512

/* How the layer is computed: a function of its shape. */
struct plan {
	struct nn_window window;
	size_t groups;
	size_t channels; /* of a group */
	size_t filters;  /* of a group */
	size_t taps;     /* kernel rows in a column: one or all */
	size_t passes;   /* kernel rows / taps: products that are added up */
	size_t depth;    /* numbers of a column */
	size_t places;   /* outputs of an image and a filter */
	size_t images;   /* of a tile */
	size_t height;   /* rows of outputs of a tile */
	bool transposes;
	/* scratch: floats of its parts */
	size_t columns;
	size_t outputs;
	size_t weights;
};

static struct plan plan_of(const struct nn_layer *layer)
{
	struct plan plan = { .window = nn_window_of(layer, KERNEL),
		.groups = (size_t)layer->values[GROUPS] };
	const struct nn_window *window = &plan.window;
	size_t line, most, tiles;

	plan.channels = window->planes / plan.groups;
	plan.filters = (size_t)layer->values[FILTERS] / plan.groups;
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
	plan.columns = line * (plan.height + plan.passes - 1) * plan.images;
	plan.outputs = plan.filters * plan.height * window->out.width * plan.images;
	plan.weights = plan.groups * plan.filters * plan.depth * plan.passes;
	return plan;
}

/* plan_of must not overflow. */
static int set_scratch(struct nn_layer *layer, struct nn_error *err)
{
	struct plan plan;
	struct nn_window window = nn_window_of(layer, KERNEL);
	size_t depth = window.planes / (size_t)layer->values[GROUPS];
	size_t line, floats;
	bool fits = nn_mul(depth, window.kernel.width, &depth) &&
		nn_mul(depth, window.kernel.height, &depth) && depth <= NN_LAYER_LIMIT &&
		nn_mul(depth, window.out.width, &line) &&
		nn_mul(line, window.kernel.height, &floats) && floats <= NN_LAYER_LIMIT &&
		nn_mul(depth, (size_t)layer->values[FILTERS], &floats) && floats <= NN_LAYER_LIMIT;

	if (!fits)
		return nn_fail(err, NN_BAD, "weights [%llu, %zu, %zu, %zu] are too large",
			(unsigned long long)layer->values[FILTERS],
			window.planes / (size_t)layer->values[GROUPS], window.kernel.height,
			window.kernel.width);
	plan = plan_of(layer);
	layer->rows = (PART_COLUMNS + plan.places - 1) / plan.places;
	/* Each part on a cache line of its own. */
	layer->scratch = plan.columns + 2 * plan.outputs + 2 * plan.weights +
		(size_t)layer->values[FILTERS] + 6 * 16;
	return NN_OK;
}

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	uint64_t filters = layer->values[FILTERS];
	uint64_t groups = layer->values[GROUPS];
	struct nn_window window;
	char text[NN_SHAPE_TEXT];
	uint64_t channels;
	uint64_t inputs, outputs;
	int status;

	nn_shape_text(layer->in.ndim, layer->in.dims, text);
	if (layer->in.ndim != 2 && layer->in.ndim != 3)
		return nn_fail(err, NN_BAD,
			"rows of shape %s where [channels, height, width] is wanted", text);
	status = nn_window_set(&window, layer, KERNEL, err);
	if (status)
		return status;
	channels = window.planes;
	if (channels % groups || filters % groups)
		return nn_fail(err, NN_BAD,
			"%llu channels and %llu filters are not whole numbers of %llu groups",
			(unsigned long long)channels, (unsigned long long)filters,
			(unsigned long long)groups);
	status = nn_shape_set(&layer->out, 3,
		(uint64_t[]){ filters, window.out.height, window.out.width }, err);
	if (!status)
		status = set_scratch(layer, err);
	if (status)
		return status;
	inputs = channels / groups * window.kernel.height * window.kernel.width;
	outputs = filters / groups * window.kernel.height * window.kernel.width;
	layer->params[WEIGHT] = (struct nn_layer_param){ .name = "weight",
		.ndim = 4,
		.shape = { filters, channels / groups, window.kernel.height, window.kernel.width },
		.init = nn_init_of[layer->values[INIT]],
		.fan_in = inputs,
		.fan_out = outputs };
	layer->params[OFFSET] = (struct nn_layer_param){ .name = "bias",
		.ndim = 1,
		.shape = { filters },
		.init = NN_INIT_ZEROS };
	layer->param_count = layer->values[BIAS] ? 2 : 1;
	return NN_OK;
}

static double flops(const struct nn_layer *layer)
{
	const struct nn_layer_param *weight = &layer->params[WEIGHT];

	return 2.0 * (double)layer->out.count *
		(double)(weight->shape[1] * weight->shape[2] * weight->shape[3]);
}

/* The parts of run->scratch. */
struct rooms {
	float *columns; /* [depth][lines, images, out.width] of one group */
	float *outputs; /* y or dy of a tile and a group: [filters][height, images, out.width] */
	float *turned;  /* the same, transposed */
	float *weights; /* [groups][passes][filters][depth] */
	float *grads;   /* of weights: the same or, transposed, [groups][passes][depth][filters] */
	float *offsets; /* gradients of offsets: [groups * filters] */
};

static float *part(float **place, size_t floats)
{
	float *start = (float *)(((uintptr_t)*place + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN);

	*place = start + floats;
	return start;
}

static struct rooms rooms_of(const struct plan *plan, float *scratch)
{
	struct rooms rooms;

	rooms.columns = part(&scratch, plan->columns);
	rooms.outputs = part(&scratch, plan->outputs);
	rooms.turned = part(&scratch, plan->outputs);
	rooms.weights = part(&scratch, plan->weights);
	rooms.grads = part(&scratch, plan->weights);
	rooms.offsets = part(&scratch, plan->groups * plan->filters);
	return rooms;
}

/* A tile: images from `image` on, rows of outputs from `top` on. */
struct tile {
	size_t image;
	size_t images;
	size_t top;
	size_t height;
	size_t columns; /* height * images * out.width */
	size_t stored;  /* as many with the lines that passes shift to */
	size_t shift;   /* from one pass to the next */
};

static struct tile tile_of(const struct plan *plan, size_t rows, size_t image, size_t top)
{
	size_t left = plan->window.out.height - top;
	struct tile tile = { .image = image,
		.images = rows - image < plan->images ? rows - image : plan->images,
		.top = top,
		.height = left < plan->height ? left : plan->height };

	tile.shift = tile.images * plan->window.out.width;
	tile.columns = tile.height * tile.shift;
	tile.stored = (tile.height + plan->passes - 1) * tile.shift;
	return tile;
}

static struct nn_unfold unfold_of(const struct plan *plan, const struct nn_layer *layer,
	const struct tile *tile)
{
	return (struct nn_unfold){ .window = &plan->window,
		.channels = plan->channels,
		.taps = plan->taps,
		.images = tile->images,
		.image_floats = layer->in.count,
		.first = tile->top,
		.lines = tile->height + plan->passes - 1 };
}

static size_t input_place(const struct plan *plan, const struct nn_layer *layer,
	const struct tile *tile, size_t group)
{
	return tile->image * layer->in.count +
		group * plan->channels * plan->window.in.height * plan->window.in.width;
}

/* In y, of a tile's first image. */
static size_t output_place(const struct plan *plan, const struct nn_layer *layer,
	const struct tile *tile, size_t group)
{
	return tile->image * layer->out.count + group * plan->filters * plan->places +
		tile->top * plan->window.out.width;
}

/* [rows][columns] of floats, transposed. */
NN_CLONES static void transpose(float *restrict to, const float *restrict from, size_t rows,
	size_t columns, size_t from_stride)
{
	for (size_t j = 0; j < columns; j++)
		for (size_t i = 0; i < rows; i++)
			to[j * rows + i] = from[i * from_stride + j];
}

/* Weights as the passes want them: kernel rows apart. */
static const float *weights_of(const struct plan *plan, const struct nn_layer_run *run,
	float *weights)
{
	const float *from = run->params[WEIGHT];
	size_t width = plan->window.kernel.width;
	size_t filters = plan->filters;

	if (plan->passes == 1)
		return from;
	for (size_t group = 0; group < plan->groups; group++)
		for (size_t f = 0; f < filters; f++)
			for (size_t c = 0; c < plan->channels; c++)
				for (size_t pass = 0; pass < plan->passes; pass++, from += width) {
					float *to = weights +
						((group * plan->passes + pass) * filters + f) *
							plan->depth +
						c * width;

					for (size_t k = 0; k < width; k++)
						to[k] = from[k];
				}
	return weights;
}

static const float *pass_weights(const struct plan *plan, const float *weights, size_t group,
	size_t pass)
{
	return weights + (group * plan->passes + pass) * plan->filters * plan->depth;
}

/* Rows of outputs filled with their offsets. */
NN_CLONES static void lay_down(float *outputs, size_t stride, size_t columns, const float *offsets,
	size_t filters)
{
	for (size_t f = 0; f < filters; f++)
		for (size_t i = 0; i < columns; i++)
			outputs[f * stride + i] = offsets[f];
}

/* Between y [images][filters][places] and a tile's matrix of outputs. */
static void scatter(const struct plan *plan, const struct nn_layer *layer, const struct tile *tile,
	float *y, const float *outputs)
{
	size_t width = plan->window.out.width;

	for (size_t f = 0; f < plan->filters; f++)
		for (size_t line = 0; line < tile->height; line++)
			for (size_t g = 0; g < tile->images; g++, outputs += width)
				memcpy(y + g * layer->out.count + f * plan->places + line * width,
					outputs, width * sizeof *y);
}

static void gather(const struct plan *plan, const struct nn_layer *layer, const struct tile *tile,
	float *outputs, const float *y)
{
	size_t width = plan->window.out.width;

	for (size_t f = 0; f < plan->filters; f++)
		for (size_t line = 0; line < tile->height; line++)
			for (size_t g = 0; g < tile->images; g++, outputs += width)
				memcpy(outputs,
					y + g * layer->out.count + f * plan->places + line * width,
					width * sizeof *y);
}

static void forward_tile(const struct plan *plan, const struct nn_layer *layer,
	const struct nn_layer_run *run, const struct rooms *rooms, const float *weights,
	const struct tile *tile, size_t group)
{
	struct nn_unfold unfold = unfold_of(plan, layer, tile);
	float *y = run->y + output_place(plan, layer, tile, group);
	/* One image's outputs are a matrix where they are. */
	float *outputs = plan->images > 1 ? rooms->outputs : y;
	size_t stride = plan->images > 1 ? tile->columns : plan->places;
	bool bias = layer->values[BIAS];

	nn_unfold(&unfold, rooms->columns, run->x + input_place(plan, layer, tile, group));
	if (bias)
		lay_down(outputs, stride, tile->columns,
			run->params[OFFSET] + group * plan->filters, plan->filters);
	for (size_t pass = 0; pass < plan->passes; pass++)
		nn_products(false, false, plan->filters, tile->columns, plan->depth,
			pass_weights(plan, weights, group, pass), plan->depth,
			rooms->columns + pass * tile->shift, tile->stored,
			bias || pass ? 1.0f : 0.0f, outputs, stride);
	if (plan->images > 1)
		scatter(plan, layer, tile, y, outputs);
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct plan plan = plan_of(layer);
	struct rooms rooms = rooms_of(&plan, run->scratch);
	const float *weights = weights_of(&plan, run, rooms.weights);

	for (size_t image = 0; image < run->rows; image += plan.images)
		for (size_t top = 0; top < plan.window.out.height; top += plan.height)
			for (size_t group = 0; group < plan.groups; group++) {
				struct tile tile = tile_of(&plan, run->rows, image, top);

				forward_tile(&plan, layer, run, &rooms, weights, &tile, group);
			}
}

/* Gradients with respect to weights: a product for each pass, summed in rooms->grads. */
static void weight_gradient(const struct plan *plan, const struct rooms *rooms,
	const struct tile *tile, size_t group, const float *dy, size_t stride)
{
	size_t size = plan->depth * plan->filters;
	float *grads = rooms->grads + group * plan->passes * size;

	if (!plan->transposes) {
		nn_products(false, true, plan->filters, plan->depth, tile->columns, dy, stride,
			rooms->columns, tile->stored, 1.0f, grads, plan->depth);
		return;
	}
	transpose(rooms->turned, dy, plan->filters, tile->columns, stride);
	for (size_t pass = 0; pass < plan->passes; pass++)
		nn_products(false, false, plan->depth, plan->filters, tile->columns,
			rooms->columns + pass * tile->shift, tile->stored, rooms->turned,
			plan->filters, 1.0f, grads + pass * size, plan->filters);
}

static void input_gradient(const struct plan *plan, const struct rooms *rooms, const float *weights,
	const struct nn_unfold *unfold, const struct tile *tile, size_t group, const float *dy,
	size_t stride, float *dx)
{
	for (size_t r = 0; r < plan->depth && plan->passes > 1; r++)
		memset(rooms->columns + r * tile->stored + tile->columns, 0,
			(tile->stored - tile->columns) * sizeof *rooms->columns);
	for (size_t pass = 0; pass < plan->passes; pass++)
		nn_products(true, false, plan->depth, tile->columns, plan->filters,
			pass_weights(plan, weights, group, pass), plan->depth, dy, stride,
			pass ? 1.0f : 0.0f, rooms->columns + pass * tile->shift, tile->stored);
	nn_fold_add(unfold, dx, rooms->columns);
}

static void backward_tile(const struct plan *plan, const struct nn_layer *layer,
	const struct nn_layer_run *run, const struct rooms *rooms, const float *weights,
	const struct tile *tile, size_t group)
{
	struct nn_unfold unfold = unfold_of(plan, layer, tile);
	const float *dy = run->dy + output_place(plan, layer, tile, group);
	size_t place = input_place(plan, layer, tile, group);
	size_t stride = plan->places;

	if (plan->images > 1) {
		gather(plan, layer, tile, rooms->outputs, dy);
		dy = rooms->outputs;
		stride = tile->columns;
	}
	for (size_t f = 0; f < plan->filters && layer->values[BIAS]; f++)
		rooms->offsets[group * plan->filters + f] +=
			(float)nn_vector_sum(dy + f * stride, tile->columns);
	nn_unfold(&unfold, rooms->columns, run->x + place);
	weight_gradient(plan, rooms, tile, group, dy, stride);
	if (run->dx)
		input_gradient(plan, rooms, weights, &unfold, tile, group, dy, stride,
			run->dx + place);
}

/* Adds what has been summed in rooms->grads to the gradients, in the order of the weights. */
static void flush_weights(const struct plan *plan, const struct rooms *rooms, float *grad)
{
	size_t width = plan->window.kernel.width;
	size_t between = plan->transposes ? plan->filters : 1; /* numbers of a column */
	size_t along = plan->transposes ? 1 : plan->depth;     /* filters */
	const float *from = rooms->grads;
	size_t size = plan->depth * plan->filters;

	if (plan->passes == 1) {
		for (size_t group = 0; group < plan->groups; group++, from += size)
			for (size_t f = 0; f < plan->filters; f++)
				for (size_t r = 0; r < plan->depth; r++)
					*grad++ += from[r * between + f * along];
		return;
	}
	for (size_t group = 0; group < plan->groups; group++, from += plan->passes * size)
		for (size_t f = 0; f < plan->filters; f++)
			for (size_t c = 0; c < plan->channels; c++)
				for (size_t pass = 0; pass < plan->passes; pass++)
					for (size_t k = 0; k < width; k++)
						*grad++ += from[pass * size +
							(c * width + k) * between + f * along];
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct plan plan = plan_of(layer);
	struct rooms rooms = rooms_of(&plan, run->scratch);
	const float *weights = weights_of(&plan, run, rooms.weights);
	size_t filters = plan.groups * plan.filters;
	size_t block = BLOCK / plan.images * plan.images;

	if (!block)
		block = plan.images;
	if (!run->accumulate) {
		memset(run->grads[WEIGHT], 0, plan.weights * sizeof(float));
		if (layer->values[BIAS])
			memset(run->grads[OFFSET], 0, filters * sizeof(float));
	}
	for (size_t image = 0; image < run->rows; image += plan.images) {
		size_t images = run->rows - image < plan.images ? run->rows - image : plan.images;

		if (image % block == 0) {
			memset(rooms.grads, 0, plan.weights * sizeof(float));
			memset(rooms.offsets, 0, filters * sizeof(float));
		}
		if (run->dx)
			memset(run->dx + image * layer->in.count, 0,
				images * layer->in.count * sizeof(float));
		for (size_t top = 0; top < plan.window.out.height; top += plan.height)
			for (size_t group = 0; group < plan.groups; group++) {
				struct tile tile = tile_of(&plan, run->rows, image, top);

				backward_tile(&plan, layer, run, &rooms, weights, &tile, group);
			}
		if (image + images < run->rows && (image + plan.images) % block)
			continue;
		flush_weights(&plan, &rooms, run->grads[WEIGHT]);
		for (size_t f = 0; f < filters && layer->values[BIAS]; f++)
			run->grads[OFFSET][f] += rooms.offsets[f];
	}
}

const struct nn_layer_type nn_layer_conv2d = {
	.name = "conv2d",
	.keys = keys,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.flops = flops,
};
