/* y = x W^T + b: every output is a weighted sum of all inputs. A row of more than one dimension is
 * taken as one vector, or as one vector a position, along its last dimension. */
#include "layer/layer.h"
#include "layer/linear.h"
#include "layer/types.h"

enum { UNITS, INIT, BIAS, PER_POSITION }; /* keys */
enum { WEIGHT, OFFSET };                  /* parameters */

static const struct nn_layer_key keys[] = {
	[UNITS] = { .name = "units", .type = NN_KEY_OUTPUTS, .required = true },
	[INIT] = { .name = "init", .type = NN_KEY_CHOICE, .choices = nn_init_names },
	[BIAS] = { .name = "bias", .type = NN_KEY_FLAG, .otherwise = true },
	[PER_POSITION] = { .name = "per_position", .type = NN_KEY_FLAG },
	{ .name = NULL },
};

/* Vectors in a row. */
static size_t vectors_of(const struct nn_layer *layer)
{
	return layer->in.count / (size_t)layer->params[WEIGHT].shape[1];
}

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	uint64_t units = layer->values[UNITS];
	uint64_t inputs = layer->in.count;
	struct nn_shape out = { .ndim = 1 };

	if (layer->values[PER_POSITION]) {
		out = layer->in;
		inputs = out.dims[out.ndim - 1];
	}
	out.dims[out.ndim - 1] = units;
	layer->params[WEIGHT] = (struct nn_layer_param){ .name = "weight",
		.ndim = 2,
		.shape = { units, inputs },
		.init = nn_init_of[layer->values[INIT]],
		.fan_in = inputs,
		.fan_out = units };
	layer->params[OFFSET] = (struct nn_layer_param){ .name = "bias",
		.ndim = 1,
		.shape = { units },
		.init = NN_INIT_ZEROS };
	layer->param_count = layer->values[BIAS] ? 2 : 1;
	layer->causal = layer->values[PER_POSITION];
	layer->rows = nn_linear_rows((size_t)inputs, (size_t)units, vectors_of(layer));
	return nn_shape_set(&layer->out, out.ndim, out.dims, err);
}

static struct nn_linear linear_of(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	return (struct nn_linear){ .in = (size_t)layer->params[WEIGHT].shape[1],
		.out = (size_t)layer->params[WEIGHT].shape[0],
		.weight = run->params[WEIGHT],
		.bias = layer->values[BIAS] ? run->params[OFFSET] : NULL };
}

static double flops(const struct nn_layer *layer)
{
	const uint64_t *size = layer->params[WEIGHT].shape;

	return 2.0 * (double)vectors_of(layer) * (double)size[0] * (double)size[1];
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_linear linear = linear_of(layer, run);

	nn_linear_forward(&linear, run->x, run->y, run->rows * vectors_of(layer));
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_linear linear = linear_of(layer, run);
	size_t vectors = run->rows * vectors_of(layer);

	nn_linear_gradients(&linear, run->x, run->dy, vectors, run->grads[WEIGHT],
		linear.bias ? run->grads[OFFSET] : NULL, run->accumulate);
	if (run->dx)
		nn_linear_backward(&linear, run->dy, run->dx, vectors);
}

const struct nn_layer_type nn_layer_dense = {
	.name = "dense",
	.keys = keys,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.flops = flops,
};
