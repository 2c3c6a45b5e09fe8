/* What turns a convolution into matrix products: the input unfolded to columns, each of the numbers
 * that a window sees (K. Chellapilla et al., "High performance convolutional neural networks for
 * document processing", 2006). */
#ifndef NN_LAYER_UNFOLD_H
#define NN_LAYER_UNFOLD_H

#include "layer/window.h"

/* Of `images` images, `channels` of their planes, what windows see at the output rows from
 * `first` on: a matrix [channels, taps, kernel.width][lines, images, out.width]. The element
 * (c, j, k), (line, image, column) is the padded plane c's at the row
 * (first + line) * stride.height + j and the column `column` * stride.width + k.
 *
 * With taps = kernel.height and one line for each row of outputs these are all the numbers that a
 * window sees. With taps = 1, for which stride.height must be 1, and kernel.height - 1 lines
 * more, the numbers of kernel row j stand `j` lines further on, in as many columns one behind the
 * other: the matrix is smaller by almost that factor. */
struct nn_unfold {
	const struct nn_window *window;
	size_t channels;
	size_t taps;
	size_t images;
	size_t image_floats; /* from one image of x to the next */
	size_t first;
	size_t lines;
};

void nn_unfold(const struct nn_unfold *what, float *restrict columns, const float *restrict x);
/* Adds each element of the columns to where nn_unfold takes it from. */
void nn_fold_add(const struct nn_unfold *what, float *restrict x, const float *restrict columns);

#endif
