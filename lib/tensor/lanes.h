/* Sums in double over a vector of floats, in 16 fixed lanes: element i goes to lane i mod 16, and the
 * lanes are folded in halves. For use inside of functions marked NN_CLONES; the bits are the same in all
 * instruction sets.
 *
 * A rest that does not fill the lanes is filled up with what adds nothing. GCC 12 makes vectors of these
 * loops as long as no double in them is used twice: look at what it makes of new ones. */
#ifndef NN_TENSOR_LANES_H
#define NN_TENSOR_LANES_H

#include <stddef.h>

#include "tensor/vector.h"

#define NN_LANES 16

NN_INLINE double nn_lanes_fold(double *lanes)
{
	for (size_t half = NN_LANES / 2; half; half /= 2)
		for (size_t lane = 0; lane < half; lane++)
			lanes[lane] += lanes[lane + half];
	return lanes[0];
}

/* a[0] to a[rest - 1], and behind them `filler`: NN_LANES floats. */
NN_INLINE void nn_lanes_fill(float *to, const float *a, size_t rest, float filler)
{
	for (size_t lane = 0; lane < NN_LANES; lane++)
		to[lane] = lane < rest ? a[lane] : filler;
}

NN_INLINE void nn_lanes_add(double *lanes, const float *a)
{
	for (size_t lane = 0; lane < NN_LANES; lane++)
		lanes[lane] += (double)a[lane];
}

NN_INLINE double nn_lanes_sum(const float *restrict a, size_t n)
{
	double lanes[NN_LANES] = { 0 };
	size_t whole = n / NN_LANES * NN_LANES;
	float rest[NN_LANES];

	for (size_t i = 0; i < whole; i += NN_LANES)
		nn_lanes_add(lanes, a + i);
	if (whole < n) {
		nn_lanes_fill(rest, a + whole, n - whole, 0);
		nn_lanes_add(lanes, rest);
	}
	return nn_lanes_fold(lanes);
}

NN_INLINE void nn_lanes_add_squares(double *lanes, const float *a, double shift)
{
	for (size_t lane = 0; lane < NN_LANES; lane++) {
		double d = (double)a[lane] - shift;

		lanes[lane] += d * d;
	}
}

/* The sum of (a[i] - shift)^2 */
NN_INLINE double nn_lanes_squares(const float *restrict a, float shift, size_t n)
{
	double lanes[NN_LANES] = { 0 };
	size_t whole = n / NN_LANES * NN_LANES;
	float rest[NN_LANES];

	for (size_t i = 0; i < whole; i += NN_LANES)
		nn_lanes_add_squares(lanes, a + i, (double)shift);
	if (whole < n) {
		nn_lanes_fill(rest, a + whole, n - whole, shift);
		nn_lanes_add_squares(lanes, rest, (double)shift);
	}
	return nn_lanes_fold(lanes);
}

NN_INLINE void nn_lanes_add_products(double *lanes, const float *a, const float *b)
{
	for (size_t lane = 0; lane < NN_LANES; lane++)
		lanes[lane] += (double)a[lane] * (double)b[lane];
}

/* The sum of a[i] b[i] */
NN_INLINE double nn_lanes_dot(const float *restrict a, const float *restrict b, size_t n)
{
	double lanes[NN_LANES] = { 0 };
	size_t whole = n / NN_LANES * NN_LANES;
	float rest_a[NN_LANES];
	float rest_b[NN_LANES];

	for (size_t i = 0; i < whole; i += NN_LANES)
		nn_lanes_add_products(lanes, a + i, b + i);
	if (whole < n) {
		nn_lanes_fill(rest_a, a + whole, n - whole, 0);
		nn_lanes_fill(rest_b, b + whole, n - whole, 0);
		nn_lanes_add_products(lanes, rest_a, rest_b);
	}
	return nn_lanes_fold(lanes);
}

#endif
