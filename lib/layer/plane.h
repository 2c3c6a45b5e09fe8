/* Loops over the numbers of one channel, which share a mean, a scale and an offset. For functions
 * marked NN_CLONES. */
#ifndef NN_LAYER_PLANE_H
#define NN_LAYER_PLANE_H

#include "tensor/lanes.h"
#include "tensor/vector.h"

/* y = (x - mean) scale + offset */
NN_INLINE void nn_plane_apply(float *restrict y, const float *restrict x, float mean, float scale,
	float offset, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = (x[i] - mean) * scale + offset;
}

/* Two sums that are made in one go. */
struct nn_two_sums {
	double plain;
	double times;
};

NN_INLINE void nn_plane_add(double *plain, double *times, const float *dy, const float *x,
	float mean, float inverse)
{
	for (size_t lane = 0; lane < NN_LANES; lane++) {
		float z = (x[lane] - mean) * inverse;

		plain[lane] += (double)dy[lane];
		times[lane] += (double)dy[lane] * (double)z;
	}
}

/* The sums of dy and of z dy, z = (x - mean) inverse */
NN_INLINE struct nn_two_sums nn_plane_sums(const float *restrict dy, const float *restrict x,
	float mean, float inverse, size_t n)
{
	double plain[NN_LANES] = { 0 };
	double times[NN_LANES] = { 0 };
	size_t whole = n / NN_LANES * NN_LANES;
	float rest_dy[NN_LANES];
	float rest_x[NN_LANES];

	for (size_t i = 0; i < whole; i += NN_LANES)
		nn_plane_add(plain, times, dy + i, x + i, mean, inverse);
	if (whole < n) {
		nn_lanes_fill(rest_dy, dy + whole, n - whole, 0);
		nn_lanes_fill(rest_x, x + whole, n - whole, mean);
		nn_plane_add(plain, times, rest_dy, rest_x, mean, inverse);
	}
	return (struct nn_two_sums){ nn_lanes_fold(plain), nn_lanes_fold(times) };
}

/* What a gradient is made of. */
struct nn_plane {
	float mean;
	float inverse;
	float weight; /* of dy */
	float plain;
	float times;
	float scale; /* of all */
};

/* dx = (weight dy - plain - z times) scale; dx may be dy. */
NN_INLINE void nn_plane_gradient(float *dx, const float *dy, const float *restrict x,
	const struct nn_plane *of, size_t n)
{
	const struct nn_plane p = *of;

	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float z = (x[i] - p.mean) * p.inverse;

		dx[i] = (dy[i] * p.weight - p.plain - z * p.times) * p.scale;
	}
}

#endif
