/* Layers that map each number by itself. They have no parameters, and one key at most: a number. */
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
	NN_ACTIVATION_TYPE(NAME, value(u), slope(u), NULL, 0.0f, __VA_ARGS__)

/* The same for functions value(x, a) and slope(x, a), a being the number that is the only key in the
 * table `key_list`. */
#define NN_ACTIVATION_WITH_KEY(NAME, value, slope, key_list, ...)                                  \
	NN_ACTIVATION_TYPE(NAME, value(u, a), slope(u, a), key_list,                               \
		(float)nn_layer_number(layer, 0), __VA_ARGS__)

/* Both: VALUE and SLOPE are expressions of u, and perhaps of a, which is NUMBER. */
#define NN_ACTIVATION_TYPE(NAME, VALUE, SLOPE, KEYS, NUMBER, ...)                                  \
	NN_CLONES static void forward_loop(float *y, const float *x, float a, size_t n)            \
	{                                                                                          \
		(void)a;                                                                           \
		NN_INDEPENDENT                                                                     \
		for (size_t i = 0; i < n; i++) {                                                   \
			float u = x[i];                                                            \
                                                                                                   \
			y[i] = VALUE;                                                              \
		}                                                                                  \
	}                                                                                          \
	/* dx may be dy. */                                                                        \
	NN_CLONES static void backward_loop(float *dx, const float *dy, const float *restrict x,   \
		float a, size_t n)                                                                 \
	{                                                                                          \
		(void)a;                                                                           \
		NN_INDEPENDENT                                                                     \
		for (size_t i = 0; i < n; i++) {                                                   \
			float u = x[i];                                                            \
                                                                                                   \
			dx[i] = dy[i] * SLOPE;                                                     \
		}                                                                                  \
	}                                                                                          \
	static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)          \
	{                                                                                          \
		forward_loop(run->y, run->x, NUMBER, run->rows * layer->in.count);                 \
	}                                                                                          \
	static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)         \
	{                                                                                          \
		if (run->dx)                                                                       \
			backward_loop(run->dx, run->dy, run->x, NUMBER,                            \
				run->rows * layer->in.count);                                      \
	}                                                                                          \
	const struct nn_layer_type nn_layer_##NAME = { .name = #NAME,                              \
		.keys = KEYS,                                                                      \
		.in_place = true,                                                                  \
		.shape = nn_activation_shape,                                                      \
		.forward = forward,                                                                \
		.backward = backward,                                                              \
		__VA_ARGS__ };

#endif
