/* y = e^x / (sum of e^x) over the last dimension. The greatest x is subtracted first, so that no
 * exponential overflows; sums are made in double, in fixed lanes. */
#include "layer/activation.h"
#include "layer/types.h"
#include "tensor/lanes.h"
#include "tensor/math.h"

/* NaN is not found, but passes into all that is divided by the sum. */
NN_INLINE float greatest_of(const float *x, size_t n)
{
	float lanes[NN_LANES];
	size_t whole = n / NN_LANES * NN_LANES;

	for (size_t lane = 0; lane < NN_LANES; lane++)
		lanes[lane] = x[0];
	for (size_t i = 0; i < whole; i += NN_LANES)
		for (size_t lane = 0; lane < NN_LANES; lane++)
			lanes[lane] = x[i + lane] > lanes[lane] ? x[i + lane] : lanes[lane];
	for (size_t i = whole; i < n; i++)
		lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
	for (size_t half = NN_LANES / 2; half; half /= 2)
		for (size_t lane = 0; lane < half; lane++)
			lanes[lane] =
				lanes[lane + half] > lanes[lane] ? lanes[lane + half] : lanes[lane];
	return lanes[0];
}

/* x, y [vectors, n] */
NN_CLONES static void forward_loop(float *restrict y, const float *restrict x, size_t vectors,
	size_t n)
{
	for (size_t v = 0; v < vectors; v++, x += n, y += n) {
		float greatest = greatest_of(x, n);
		float inverse;

		for (size_t i = 0; i < n; i++)
			y[i] = nn_exp(x[i] - greatest);
		inverse = (float)(1 / nn_lanes_sum(y, n));
		for (size_t i = 0; i < n; i++)
			y[i] *= inverse;
	}
}

/* dx = y (dy - sum of y dy); dx may be dy. */
NN_CLONES static void backward_loop(float *dx, const float *dy, const float *restrict y,
	size_t vectors, size_t n)
{
	for (size_t v = 0; v < vectors; v++, dx += n, dy += n, y += n) {
		float mean = (float)nn_lanes_dot(dy, y, n);

		NN_INDEPENDENT
		for (size_t i = 0; i < n; i++)
			dx[i] = y[i] * (dy[i] - mean);
	}
}

static size_t last_dimension(const struct nn_layer *layer)
{
	return (size_t)layer->in.dims[layer->in.ndim - 1];
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t n = last_dimension(layer);

	forward_loop(run->y, run->x, run->rows * (layer->in.count / n), n);
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t n = last_dimension(layer);

	if (run->dx)
		backward_loop(run->dx, run->dy, run->y, run->rows * (layer->in.count / n), n);
}

const struct nn_layer_type nn_layer_softmax = {
	.name = "softmax",
	.in_place = true,
	.shape = nn_activation_shape,
	.forward = forward,
	.backward = backward,
};
