/* y = x W^T + b: every output is a weighted sum of all inputs. A row of more than one dimension is
 * taken as one vector, or as one vector a position, along its last dimension. */
#include <string.h>

#include "layer/layer.h"
#include "layer/types.h"
#include "tensor/blas.h"
#include "tensor/vector.h"

enum { UNITS, INIT, BIAS, PER_POSITION }; /* keys */
enum { WEIGHT, OFFSET };                  /* parameters */

static const struct nn_layer_key keys[] = {
	[UNITS] = { .name = "units", .type = NN_KEY_OUTPUTS, .required = true },
	[INIT] = { .name = "init", .type = NN_KEY_CHOICE, .choices = nn_init_names },
	[BIAS] = { .name = "bias", .type = NN_KEY_FLAG, .otherwise = true },
	[PER_POSITION] = { .name = "per_position", .type = NN_KEY_FLAG },
	{ .name = NULL },
};

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
	return nn_shape_set(&layer->out, out.ndim, out.dims, err);
}

/* Vectors in and out, and how many of them there are. */
struct sizes {
	size_t in;
	size_t out;
	size_t vectors;
};

static struct sizes sizes_of(const struct nn_layer *layer, size_t rows)
{
	size_t in = (size_t)layer->params[WEIGHT].shape[1];

	return (struct sizes){ .in = in,
		.out = (size_t)layer->params[WEIGHT].shape[0],
		.vectors = rows * (layer->in.count / in) };
}

static double flops(const struct nn_layer *layer)
{
	struct sizes n = sizes_of(layer, 1);

	return 2.0 * (double)n.vectors * (double)n.in * (double)n.out;
}

/* The bias is laid down first and the product added to it: y is written once less. */
static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct sizes n = sizes_of(layer, run->rows);
	bool bias = layer->values[BIAS];

	for (size_t i = 0; i < n.vectors && bias; i++)
		memcpy(run->y + i * n.out, run->params[OFFSET], n.out * sizeof *run->y);
	nn_gemm(false, true, n.vectors, n.out, n.in, 1.0f, run->x, n.in, run->params[WEIGHT], n.in,
		bias ? 1.0f : 0.0f, run->y, n.out);
}

/* Vectors whose products are summed in one go in float. BLAS has kernels for small matrices that sum
 * over all of them in one chain, and lose digits where there are many; blocks cost no time. */
#define BLOCK 256

static void weight_gradient(const struct sizes *n, const struct nn_layer_run *run)
{
	/* [out, vectors] [vectors, in] */
	for (size_t i = 0; i < n->vectors; i += BLOCK) {
		size_t block = n->vectors - i < BLOCK ? n->vectors - i : BLOCK;

		nn_gemm(true, false, n->out, n->in, block, 1.0f, run->dy + i * n->out, n->out,
			run->x + i * n->in, n->in, i || run->accumulate ? 1.0f : 0.0f,
			run->grads[WEIGHT], n->in);
	}
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct sizes n = sizes_of(layer, run->rows);

	weight_gradient(&n, run);
	if (layer->values[BIAS])
		nn_vector_column_sums(run->grads[OFFSET], run->dy, n.vectors, n.out,
			run->accumulate);
	/* [vectors, out] [out, in] */
	if (run->dx)
		nn_gemm(false, false, n.vectors, n.in, n.out, 1.0f, run->dy, n.out,
			run->params[WEIGHT], n.in, 0.0f, run->dx, n.in);
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
