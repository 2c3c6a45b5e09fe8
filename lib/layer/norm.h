/* What the layers that normalize share. With the mean m and the variance v of a set of numbers,
 *
 *   y = weight z + bias, z = (x - m) / sqrt(v + epsilon)
 *
 * and for dz = weight dy, dx = (dz - mean of dz - z (mean of z dz)) / sqrt(v + epsilon), the means being
 * over the same set. Sums are made in double, in fixed lanes. */
#ifndef NN_LAYER_NORM_H
#define NN_LAYER_NORM_H

#include "layer/layer.h"

enum { NN_NORM_WEIGHT, NN_NORM_BIAS }; /* the first parameters of all of them */

#define NN_NORM_EPSILON                                                                            \
	{                                                                                          \
		.name = "eps", .type = NN_KEY_NUMBER, .number = 1e-5, .low = 0, .high = 1e30       \
	}

/* Parameters weight (ones) and, unless `bias` is false, bias (zeros), both [channels]; the output is
 * shaped like the input. */
void nn_norm_shape(struct nn_layer *layer, size_t channels, bool bias);

/* Vectors of n numbers, each a set of its own; number i of vector v has the weight (v mod groups) n + i. */
struct nn_norm_vectors {
	size_t vectors;
	size_t n;
	size_t groups;
	bool centered; /* false: m is 0, v is the mean square, and there is no bias */
	double epsilon;
};
/* Leaves m and 1 / sqrt(v + epsilon) of each vector in run->saved. */
void nn_norm_forward(const struct nn_norm_vectors *norm, const struct nn_layer_run *run);
/* Works in nn_norm_scratch(groups n) floats of scratch. */
void nn_norm_backward(const struct nn_norm_vectors *norm, const struct nn_layer_run *run);

/* Scratch for two sums in double for each of so many channels, and where they are in it. */
size_t nn_norm_scratch(size_t channels);
double *nn_norm_sums(const struct nn_layer_run *run);
/* The gradients of weight and bias, unless there is none, from the sums of z dy and of dy. */
void nn_norm_put(const struct nn_layer_run *run, const double *weight, const double *bias,
	size_t channels);

/* 1 / sqrt(variance + epsilon) */
float nn_norm_inverse(double variance, double epsilon);

#endif
