/* y = x W^T + b: every output is a weighted sum of all inputs. A row of more than one dimension is
 * taken as one vector. */
#include <string.h>

#include "layer/layer.h"
#include "layer/types.h"
#include "tensor/blas.h"
#include "tensor/vector.h"

enum { UNITS, INIT, BIAS }; /* keys */
enum { WEIGHT, OFFSET };    /* parameters */

static const struct nn_layer_key keys[] = {
	[UNITS] = { "units", NN_KEY_OUTPUTS, true, 0, NULL },
	[INIT] = { "init", NN_KEY_CHOICE, false, 0, nn_init_names },
	[BIAS] = { "bias", NN_KEY_FLAG, false, true, NULL },
	{ NULL, NN_KEY_SIZE, false, 0, NULL },
};

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	uint64_t units = layer->values[UNITS];

	layer->params[WEIGHT] = (struct nn_layer_param){ .name = "weight",
		.ndim = 2,
		.shape = { units, layer->in.count },
		.init = nn_init_of[layer->values[INIT]],
		.fan_in = layer->in.count,
		.fan_out = units };
	layer->params[OFFSET] = (struct nn_layer_param){ .name = "bias",
		.ndim = 1,
		.shape = { units },
		.init = NN_INIT_ZEROS };
	layer->param_count = layer->values[BIAS] ? 2 : 1;
	return nn_shape_set(&layer->out, 1, &units, err);
}

/* The bias is laid down first and the product added to it: y is written once less. */
static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t in = layer->in.count;
	size_t out = layer->out.count;
	bool bias = layer->values[BIAS];

	for (size_t row = 0; row < run->rows && bias; row++)
		memcpy(run->y + row * out, run->params[OFFSET], out * sizeof *run->y);
	nn_gemm(false, true, run->rows, out, in, 1.0f, run->x, in, run->params[WEIGHT], in,
		bias ? 1.0f : 0.0f, run->y, out);
}

/* Rows whose products are summed in one go in float. BLAS has kernels for small matrices that sum
 * over all rows in one chain, and lose digits where there are many; blocks cost no time. */
#define BLOCK 256

static void weight_gradient(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t in = layer->in.count;
	size_t out = layer->out.count;

	/* [out, rows] [rows, in] */
	for (size_t row = 0; row < run->rows; row += BLOCK) {
		size_t rows = run->rows - row < BLOCK ? run->rows - row : BLOCK;

		nn_gemm(true, false, out, in, rows, 1.0f, run->dy + row * out, out,
			run->x + row * in, in, row || run->accumulate ? 1.0f : 0.0f,
			run->grads[WEIGHT], in);
	}
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t in = layer->in.count;
	size_t out = layer->out.count;

	weight_gradient(layer, run);
	if (layer->values[BIAS])
		nn_vector_column_sums(run->grads[OFFSET], run->dy, run->rows, out, run->accumulate);
	/* [rows, out] [out, in] */
	if (run->dx)
		nn_gemm(false, false, run->rows, in, out, 1.0f, run->dy, out, run->params[WEIGHT],
			in, 0.0f, run->dx, in);
}

const struct nn_layer_type nn_layer_dense = {
	.name = "dense",
	.keys = keys,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
