/* Layers that map each number by itself. They have no keys and no parameters. */
#ifndef NN_LAYER_ACTIVATION_H
#define NN_LAYER_ACTIVATION_H

#include "layer/layer.h"
#include "tensor/vector.h"

/* Any input, the same output; in table.c. */
int nn_activation_shape(struct nn_layer *layer, struct nn_error *err);

/* Defines the layer type nn_layer_NAME out of two functions of a float: value(x), and slope(x), its
 * derivative. The loops are compiled for several instruction sets. More of the type's members may
 * follow, as in .over_x = true. */
#define NN_ACTIVATION(NAME, value, slope, ...)                                                     \
	NN_CLONES static void forward_loop(float *y, const float *x, size_t n)                     \
	{                                                                                          \
		NN_INDEPENDENT                                                                     \
		for (size_t i = 0; i < n; i++)                                                     \
			y[i] = value(x[i]);                                                        \
	}                                                                                          \
	/* dx may be dy. */                                                                        \
	NN_CLONES static void backward_loop(float *dx, const float *dy, const float *restrict x,   \
		size_t n)                                                                          \
	{                                                                                          \
		NN_INDEPENDENT                                                                     \
		for (size_t i = 0; i < n; i++)                                                     \
			dx[i] = dy[i] * slope(x[i]);                                               \
	}                                                                                          \
	static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)          \
	{                                                                                          \
		forward_loop(run->y, run->x, run->rows * layer->in.count);                         \
	}                                                                                          \
	static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)         \
	{                                                                                          \
		if (run->dx)                                                                       \
			backward_loop(run->dx, run->dy, run->x, run->rows * layer->in.count);      \
	}                                                                                          \
	const struct nn_layer_type nn_layer_##NAME = { .name = #NAME,                              \
		.in_place = true,                                                                  \
		.in_parts = true,                                                                  \
		.shape = nn_activation_shape,                                                      \
		.forward = forward,                                                                \
		.backward = backward,                                                              \
		__VA_ARGS__ };

#endif
