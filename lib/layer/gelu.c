/* y = x Phi(x), Phi the distribution function of the normal distribution: the exact form, not the
 * approximation by tanh. The slope is made beside the value, which has most of it, and kept instead of
 * x. */
#include "layer/activation.h"
#include "layer/types.h"
#include "tensor/math.h"

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	layer->saved = layer->in.count;
	return nn_activation_shape(layer, err);
}

/* y may be x. */
NN_CLONES static void forward_loop(float *y, float *restrict slope, const float *x, size_t n)
{
	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float u = x[i];

		slope[i] = nn_gelu_slope(u);
		y[i] = nn_gelu(u);
	}
}

NN_CLONES static void value_loop(float *y, const float *x, size_t n)
{
	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++)
		y[i] = nn_gelu(x[i]);
}

/* dx may be dy. */
NN_CLONES static void backward_loop(float *dx, const float *dy, const float *restrict slope,
	size_t n)
{
	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++)
		dx[i] = dy[i] * slope[i];
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t n = run->rows * layer->in.count;

	if (run->pass->training)
		forward_loop(run->y, run->saved, run->x, n);
	else
		value_loop(run->y, run->x, n);
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	if (run->dx)
		backward_loop(run->dx, run->dy, run->saved, run->rows * layer->in.count);
}

const struct nn_layer_type nn_layer_gelu = {
	.name = "gelu",
	.in_place = true,
	.over_x = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
