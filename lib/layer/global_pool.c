/* y[c] = the mean, or the greatest, of plane c of [channels, height, width] */
#include <string.h>

#include "layer/layer.h"
#include "layer/types.h"
#include "tensor/vector.h"

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	char text[NN_SHAPE_TEXT];

	nn_shape_text(layer->in.ndim, layer->in.dims, text);
	if (layer->in.ndim != 3)
		return nn_fail(err, NN_BAD,
			"rows of shape %s where [channels, height, width] is wanted", text);
	return nn_shape_set(&layer->out, 1, layer->in.dims, err);
}

static double flops(const struct nn_layer *layer)
{
	return (double)layer->in.count;
}

static void avg_forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t size = layer->in.count / layer->out.count;

	for (size_t i = 0; i < run->rows * layer->out.count; i++)
		run->y[i] = (float)(nn_vector_sum(run->x + i * size, size) / (double)size);
}

static void avg_backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t size = layer->in.count / layer->out.count;

	for (size_t i = 0; i < run->rows * layer->out.count && run->dx; i++)
		for (size_t p = 0; p < size; p++)
			run->dx[i * size + p] = run->dy[i] / (float)size;
}

/* The first of equal ones; NaN counts as greatest: it must not vanish. */
static size_t winner_of(const float *x, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (!(x[i] <= x[best]) && x[best] == x[best])
			best = i;
	return best;
}

static void max_forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t size = layer->in.count / layer->out.count;

	for (size_t i = 0; i < run->rows * layer->out.count; i++)
		run->y[i] = run->x[i * size + winner_of(run->x + i * size, size)];
}

static void max_backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t size = layer->in.count / layer->out.count;

	if (!run->dx)
		return;
	memset(run->dx, 0, run->rows * layer->in.count * sizeof *run->dx);
	for (size_t i = 0; i < run->rows * layer->out.count; i++)
		run->dx[i * size + winner_of(run->x + i * size, size)] = run->dy[i];
}

const struct nn_layer_type nn_layer_global_avg_pool = {
	.name = "global_avg_pool",
	.spares_y = true,
	.shape = shape,
	.forward = avg_forward,
	.backward = avg_backward,
	.flops = flops,
};

const struct nn_layer_type nn_layer_global_max_pool = {
	.name = "global_max_pool",
	.spares_y = true,
	.shape = shape,
	.forward = max_forward,
	.backward = max_backward,
	.flops = flops,
};
