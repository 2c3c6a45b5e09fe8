/* How a convolution is computed: as matrix products over columns (unfold.h), a tile at a time: some
 * rows of the outputs of one image, or several whole images where they are small. A tile's columns
 * stay in the cache. All of this is a function of the layer's shape alone. */
#ifndef NN_LAYER_CONV_PLAN_H
#define NN_LAYER_CONV_PLAN_H

#include "layer/window.h"

struct nn_conv_plan {
	struct nn_window window;
	size_t groups;
	size_t channels; /* of a group */
	size_t filters;  /* of a group */
	size_t taps;     /* kernel rows in a column: one or all */
	size_t passes;   /* kernel rows / taps: products that are added up */
	size_t depth;    /* numbers of a column */
	size_t places;   /* outputs of an image and a filter */
	size_t images;   /* of a tile */
	size_t height;   /* rows of outputs of a tile */
	bool transposes; /* gradients of weights are kept [depth][filters] */
	size_t rows;     /* of a task at a time (see layer.h) */
	/* Floats that are worked on: */
	size_t columns; /* [depth][lines][images, out.width] of one group */
	size_t outputs; /* y or dy of a tile and a group: [filters][height, images, out.width] */
	size_t weights; /* [groups][passes][filters][depth] */
};

/* Nothing overflows if the numbers that a row of windows sees are at most NN_LAYER_LIMIT, and the
 * outputs and the weights. */
struct nn_conv_plan nn_conv_plan_of(const struct nn_window *window, size_t groups, size_t filters);

/* A tile: images from `image` on, rows of outputs from `top` on. */
struct nn_conv_tile {
	size_t image;
	size_t images;
	size_t top;
	size_t height;
	size_t columns; /* height * images * out.width */
	size_t stored;  /* as many with the lines that passes shift to */
	size_t shift;   /* from one pass to the next */
};
/* The tile that begins there, of `rows` images in all. */
struct nn_conv_tile nn_conv_tile_of(const struct nn_conv_plan *plan, size_t rows, size_t image,
	size_t top);

/* Weights [groups, filters, channels, kernel.height, kernel.width] as the passes want them, kernel
 * rows apart: they are put into `apart` [groups][passes][filters][depth], or returned as they are. */
const float *nn_conv_weights(const struct nn_conv_plan *plan, const float *weights, float *apart);
/* Adds gradients that are laid out in the passes' order, each pass perhaps transposed, to those of
 * the weights. */
void nn_conv_add_gradients(const struct nn_conv_plan *plan, const float *apart, float *grad);

#endif
