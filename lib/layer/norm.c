#include "layer/norm.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "layer/plane.h"
#include "tensor/lanes.h"
#include "tensor/vector.h"

void nn_norm_shape(struct nn_layer *layer, size_t channels, bool bias)
{
	layer->out = layer->in;
	layer->params[NN_NORM_WEIGHT] = (struct nn_layer_param){ .name = "weight",
		.ndim = 1,
		.shape = { channels },
		.init = NN_INIT_ONES };
	layer->params[NN_NORM_BIAS] = (struct nn_layer_param){ .name = "bias",
		.ndim = 1,
		.shape = { channels },
		.init = NN_INIT_ZEROS };
	layer->param_count = bias ? 2 : 1;
	layer->scratch = nn_norm_scratch(channels);
}

size_t nn_norm_scratch(size_t channels)
{
	return 2 * channels * sizeof(double) / sizeof(float) + NN_ALIGN / sizeof(float);
}

double *nn_norm_sums(const struct nn_layer_run *run)
{
	uintptr_t place = (uintptr_t)run->scratch;
	size_t skip = (NN_ALIGN - place % NN_ALIGN) % NN_ALIGN;

	return (double *)(void *)(run->scratch + skip / sizeof *run->scratch);
}

void nn_norm_put(const struct nn_layer_run *run, const double *weight, const double *bias,
	size_t channels)
{
	float *d_weight = run->grads[NN_NORM_WEIGHT];
	float *d_bias = run->grads[NN_NORM_BIAS];

	for (size_t c = 0; c < channels; c++)
		d_weight[c] = (run->accumulate ? d_weight[c] : 0.0f) + (float)weight[c];
	for (size_t c = 0; c < channels && bias; c++)
		d_bias[c] = (run->accumulate ? d_bias[c] : 0.0f) + (float)bias[c];
}

float nn_norm_inverse(double variance, double epsilon)
{
	return (float)(1 / sqrt(variance + epsilon));
}

NN_CLONES static void forward_loop(const struct nn_norm_vectors *norm, float *restrict y,
	const float *restrict x, const float *weights, const float *biases, float *restrict saved)
{
	size_t n = norm->n;

	for (size_t v = 0; v < norm->vectors; v++, x += n, y += n, saved += 2) {
		const float *w = weights + v % norm->groups * n;
		float mean = norm->centered ? (float)(nn_lanes_sum(x, n) / (double)n) : 0;
		double variance = nn_lanes_squares(x, mean, n) / (double)n;
		float inverse = (float)(1 / sqrt(variance + norm->epsilon));

		saved[0] = mean;
		saved[1] = inverse;
		if (norm->centered) {
			const float *b = biases + v % norm->groups * n;

			for (size_t i = 0; i < n; i++)
				y[i] = (x[i] - mean) * inverse * w[i] + b[i];
		} else {
			for (size_t i = 0; i < n; i++)
				y[i] = x[i] * inverse * w[i];
		}
	}
}

void nn_norm_forward(const struct nn_norm_vectors *norm, const struct nn_layer_run *run)
{
	forward_loop(norm, run->y, run->x, run->params[NN_NORM_WEIGHT],
		norm->centered ? run->params[NN_NORM_BIAS] : NULL, run->saved);
}

NN_INLINE void add_block(double *plain, double *times, const float *dy, const float *x,
	const float *w, float mean, float inverse)
{
	for (size_t lane = 0; lane < NN_LANES; lane++) {
		float z = (x[lane] - mean) * inverse;
		float dz = dy[lane] * w[lane];

		plain[lane] += (double)dz;
		times[lane] += (double)dz * (double)z;
	}
}

/* The sums of dz and of z dz over a vector */
NN_INLINE struct nn_two_sums add_up(const float *restrict dy, const float *restrict x,
	const float *restrict w, float mean, float inverse, size_t n)
{
	double plain[NN_LANES] = { 0 };
	double times[NN_LANES] = { 0 };
	size_t whole = n / NN_LANES * NN_LANES;
	float rest_dy[NN_LANES];
	float rest_x[NN_LANES];
	float rest_w[NN_LANES];

	for (size_t i = 0; i < whole; i += NN_LANES)
		add_block(plain, times, dy + i, x + i, w + i, mean, inverse);
	if (whole < n) {
		nn_lanes_fill(rest_dy, dy + whole, n - whole, 0);
		nn_lanes_fill(rest_x, x + whole, n - whole, mean);
		nn_lanes_fill(rest_w, w + whole, n - whole, 0);
		add_block(plain, times, rest_dy, rest_x, rest_w, mean, inverse);
	}
	return (struct nn_two_sums){ nn_lanes_fold(plain), nn_lanes_fold(times) };
}

/* dx may be dy, or NULL. */
NN_CLONES static void backward_loop(const struct nn_norm_vectors *norm, float *dx, const float *dy,
	const float *restrict x, const float *weights, const float *restrict saved,
	double *restrict weight_sums, double *restrict bias_sums)
{
	size_t n = norm->n;

	for (size_t v = 0; v < norm->vectors; v++, x += n, dy += n, saved += 2) {
		size_t first = v % norm->groups * n;
		const float *w = weights + first;
		float mean = saved[0];
		float inverse = saved[1];
		struct nn_two_sums sums = add_up(dy, x, w, mean, inverse, n);
		float plain = norm->centered ? (float)(sums.plain / (double)n) : 0;
		float times = (float)(sums.times / (double)n);

		for (size_t i = 0; i < n; i++) {
			float z = (x[i] - mean) * inverse;

			weight_sums[first + i] += (double)dy[i] * (double)z;
			bias_sums[first + i] += (double)dy[i];
		}
		if (!dx)
			continue;
		NN_INDEPENDENT
		for (size_t i = 0; i < n; i++) {
			float z = (x[i] - mean) * inverse;

			dx[i] = (dy[i] * w[i] - plain - z * times) * inverse;
		}
		dx += n;
	}
}

void nn_norm_backward(const struct nn_norm_vectors *norm, const struct nn_layer_run *run)
{
	size_t channels = norm->groups * norm->n;
	double *weight_sums = nn_norm_sums(run);
	double *bias_sums = weight_sums + channels;

	memset(weight_sums, 0, 2 * channels * sizeof *weight_sums);
	backward_loop(norm, run->dx, run->dy, run->x, run->params[NN_NORM_WEIGHT], run->saved,
		weight_sums, bias_sums);
	nn_norm_put(run, weight_sums, norm->centered ? bias_sums : NULL, channels);
}
