/* y[f] = b[f] + sum over channels c of the cross-correlation of x[c] with W[f][c], in planes that
 * are padded with zeros. Filters in `groups` groups, each of which sees its share of the channels.
 *
 * What is computed tile by tile, and in which order, is in conv_plan.h. */
#include <string.h>

#include "layer/conv_plan.h"
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

/* Images whose gradients of weights are summed in one go in float. */
#define BLOCK 32
#define PARTS 6 /* of the scratch */

static struct nn_conv_plan plan_of(const struct nn_layer *layer)
{
	struct nn_window window = nn_window_of(layer, KERNEL);

	return nn_conv_plan_of(&window, (size_t)layer->values[GROUPS],
		(size_t)layer->values[FILTERS]);
}

static int set_scratch(struct nn_layer *layer, const struct nn_window *window, struct nn_error *err)
{
	size_t channels = window->planes / (size_t)layer->values[GROUPS];
	size_t filters = (size_t)layer->values[FILTERS];
	struct nn_conv_plan plan;
	size_t depth, floats;
	/* Before the plan is made: it must not overflow. */
	bool fits = nn_mul(channels, window->kernel.width, &depth) &&
		nn_mul(depth, window->kernel.height, &depth) && depth <= NN_LAYER_LIMIT &&
		nn_mul(depth, window->out.width, &floats) && floats <= NN_LAYER_LIMIT &&
		nn_mul(depth, filters, &floats) && floats <= NN_LAYER_LIMIT;

	if (fits) {
		plan = nn_conv_plan_of(window, (size_t)layer->values[GROUPS], filters);
		fits = plan.columns <= NN_LAYER_LIMIT;
	}
	if (!fits)
		return nn_fail(err, NN_BAD,
			"weights [%zu, %zu, %zu, %zu] and outputs of width %zu: more than %llu numbers "
			"would have to be laid out at a time",
			filters, channels, window->kernel.height, window->kernel.width,
			window->out.width, (unsigned long long)NN_LAYER_LIMIT);
	layer->rows = plan.rows;
	layer->scratch = plan.columns + 2 * plan.outputs + 2 * plan.weights + filters + PARTS * 16;
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
		status = set_scratch(layer, &window, err);
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

/* The parts of run->scratch, each on a cache line of its own. */
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

static struct rooms rooms_of(const struct nn_conv_plan *plan, float *scratch)
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

static struct nn_unfold unfold_of(const struct nn_conv_plan *plan, const struct nn_layer *layer,
	const struct nn_conv_tile *tile)
{
	return (struct nn_unfold){ .window = &plan->window,
		.channels = plan->channels,
		.taps = plan->taps,
		.images = tile->images,
		.image_floats = layer->in.count,
		.first = tile->top,
		.lines = tile->height + plan->passes - 1 };
}

static size_t input_place(const struct nn_conv_plan *plan, const struct nn_layer *layer,
	const struct nn_conv_tile *tile, size_t group)
{
	return tile->image * layer->in.count +
		group * plan->channels * plan->window.in.height * plan->window.in.width;
}

/* In y, of a tile's first image. */
static size_t output_place(const struct nn_conv_plan *plan, const struct nn_layer *layer,
	const struct nn_conv_tile *tile, size_t group)
{
	return tile->image * layer->out.count + group * plan->filters * plan->places +
		tile->top * plan->window.out.width;
}

/* to [columns][rows] = from [rows][columns], whose rows are `stride` apart. Some rows at a time: more of
 * them would drive each other out of the cache. */
NN_CLONES static void transpose(float *restrict to, const float *restrict from, size_t rows,
	size_t columns, size_t stride)
{
	size_t i = 0;

	for (; i + 8 <= rows; i += 8)
		for (size_t j = 0; j < columns; j++)
			for (size_t lane = 0; lane < 8; lane++)
				to[j * rows + i + lane] = from[(i + lane) * stride + j];
	for (; i < rows; i++)
		for (size_t j = 0; j < columns; j++)
			to[j * rows + i] = from[i * stride + j];
}

static const float *pass_weights(const struct nn_conv_plan *plan, const float *weights,
	size_t group, size_t pass)
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
static void scatter(const struct nn_conv_plan *plan, const struct nn_layer *layer,
	const struct nn_conv_tile *tile, float *y, const float *outputs)
{
	size_t width = plan->window.out.width;

	for (size_t f = 0; f < plan->filters; f++)
		for (size_t line = 0; line < tile->height; line++)
			for (size_t g = 0; g < tile->images; g++, outputs += width)
				memcpy(y + g * layer->out.count + f * plan->places + line * width,
					outputs, width * sizeof *y);
}

static void gather(const struct nn_conv_plan *plan, const struct nn_layer *layer,
	const struct nn_conv_tile *tile, float *outputs, const float *y)
{
	size_t width = plan->window.out.width;

	for (size_t f = 0; f < plan->filters; f++)
		for (size_t line = 0; line < tile->height; line++)
			for (size_t g = 0; g < tile->images; g++, outputs += width)
				memcpy(outputs,
					y + g * layer->out.count + f * plan->places + line * width,
					width * sizeof *y);
}

static void forward_tile(const struct nn_conv_plan *plan, const struct nn_layer *layer,
	const struct nn_layer_run *run, const struct rooms *rooms, const float *weights,
	const struct nn_conv_tile *tile, size_t group)
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
	struct nn_conv_plan plan = plan_of(layer);
	struct rooms rooms = rooms_of(&plan, run->scratch);
	const float *weights = nn_conv_weights(&plan, run->params[WEIGHT], rooms.weights);

	for (size_t image = 0; image < run->rows; image += plan.images)
		for (size_t top = 0; top < plan.window.out.height; top += plan.height)
			for (size_t group = 0; group < plan.groups; group++) {
				struct nn_conv_tile tile =
					nn_conv_tile_of(&plan, run->rows, image, top);

				forward_tile(&plan, layer, run, &rooms, weights, &tile, group);
			}
}

/* Gradients with respect to weights: a product for each pass, summed in rooms->grads. */
static void weight_gradient(const struct nn_conv_plan *plan, const struct rooms *rooms,
	const struct nn_conv_tile *tile, size_t group, const float *dy, size_t stride)
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

static void input_gradient(const struct nn_conv_plan *plan, const struct rooms *rooms,
	const float *weights, const struct nn_unfold *unfold, const struct nn_conv_tile *tile,
	size_t group, const float *dy, size_t stride, float *dx)
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

static void backward_tile(const struct nn_conv_plan *plan, const struct nn_layer *layer,
	const struct nn_layer_run *run, const struct rooms *rooms, const float *weights,
	const struct nn_conv_tile *tile, size_t group)
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

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_conv_plan plan = plan_of(layer);
	struct rooms rooms = rooms_of(&plan, run->scratch);
	const float *weights = nn_conv_weights(&plan, run->params[WEIGHT], rooms.weights);
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
				struct nn_conv_tile tile =
					nn_conv_tile_of(&plan, run->rows, image, top);

				backward_tile(&plan, layer, run, &rooms, weights, &tile, group);
			}
		if (image + images < run->rows && (image + plan.images) % block)
			continue;
		nn_conv_add_gradients(&plan, rooms.grads, run->grads[WEIGHT]);
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
