/* Weighted sums of vectors, which several layers are made of: y = x W^T + b. */
#ifndef NN_LAYER_LINEAR_H
#define NN_LAYER_LINEAR_H

#include <stdbool.h>
#include <stddef.h>

struct nn_linear {
	size_t in;
	size_t out;
	const float *weight; /* [out, in] */
	const float *bias;   /* [out]; NULL: none */
};

/* Vectors that are worth a product of their own: more make it hardly faster, and what it puts out
 * no longer stays in the cache. */
#define NN_LINEAR_BLOCK 256
/* Rows of `vectors` each, as a layer's `rows` counts them: a product copies the weights, which must not
 * count beside what else it does. */
size_t nn_linear_rows(size_t in, size_t out, size_t vectors);

/* y [vectors, out], of x [vectors, in] */
void nn_linear_forward(const struct nn_linear *linear, const float *x, float *y, size_t vectors);
/* The gradients of weight [out, in] and bias [out] (NULL: not wanted), given dy [vectors, out]: sums
 * over the vectors, added to what is there if `accumulate`. */
void nn_linear_gradients(const struct nn_linear *linear, const float *x, const float *dy,
	size_t vectors, float *d_weight, float *d_bias, bool accumulate);
/* The gradient dx [vectors, in]. */
void nn_linear_backward(const struct nn_linear *linear, const float *dy, float *dx, size_t vectors);

#endif
