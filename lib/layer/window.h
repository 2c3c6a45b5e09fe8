/* Windows that slide over the last two dimensions of a row, as those of convolutions and pools do. */
#ifndef NN_LAYER_WINDOW_H
#define NN_LAYER_WINDOW_H

#include "layer/layer.h"

struct nn_window {
	struct nn_pair kernel;
	struct nn_pair stride;
	struct nn_pair padding; /* on each of the two sides */
	struct nn_pair in;
	struct nn_pair out;
	size_t planes; /* product of the dimensions before the last two */
};

/* The window of a layer with keys "kernel", "stride" and "padding", in this order from number
 * `key` on. A stride of 0 becomes the kernel, in layer->values too. NN_BAD: the input has less than
 * two dimensions, or its padded planes are smaller than the kernel. */
int nn_window_set(struct nn_window *window, struct nn_layer *layer, size_t key,
	struct nn_error *err);
/* The same of a layer whose shape has been checked. */
struct nn_window nn_window_of(const struct nn_layer *layer, size_t key);

/* Outputs [first, end) whose window has its element number `k` inside of the input, along one
 * dimension. */
struct nn_span {
	size_t first;
	size_t end;
};
static inline struct nn_span nn_window_span(size_t k, size_t stride, size_t padding, size_t in,
	size_t out)
{
	struct nn_span span = { 0, 0 };

	if (k < padding)
		span.first = padding - k;
	if (in + padding > k)
		span.end = in + padding - k;
	/* Divisions are slow. */
	if (stride > 1) {
		span.first = (span.first + stride - 1) / stride;
		span.end = (span.end + stride - 1) / stride;
	}
	if (span.end > out)
		span.end = out;
	if (span.first > span.end)
		span.first = span.end;
	return span;
}

#endif
