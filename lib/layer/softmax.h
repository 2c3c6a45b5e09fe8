/* Softmax of rows of scores, for attention. */
#ifndef NN_LAYER_SOFTMAX_H
#define NN_LAYER_SOFTMAX_H

#include <stddef.h>

/* Rows are worked on in so many lanes: their stride must be a multiple of it. */
#define NN_SOFTMAX_LANES 16

/* Of a block of rows of scores: how many there are, how far apart, and how many scores are in the first;
 * each other has `more` more than the one before. Where a row has fewer than `width`, zeros are put
 * behind them. */
struct nn_softmax_rows {
	size_t count;
	size_t stride;
	size_t width;
	size_t length;
	size_t more;
};

/* What is left of a row, to make it again. */
struct nn_softmax_rest {
	float greatest;
	float inverse; /* of the sum of the exponentials */
};

/* Each score becomes e^(score - the row's greatest): softmax but for the factor rests[row].inverse. */
void nn_softmax_exponentials(const struct nn_softmax_rows *rows, float *scores,
	struct nn_softmax_rest *rests);
/* The same scores again become softmax p; d, the gradient with respect to it, becomes the one with
 * respect to the scores, p (d - dots[row]), where dots[row] is the sum of p d over the row. */
void nn_softmax_backward(const struct nn_softmax_rows *rows, float *scores, float *d,
	const struct nn_softmax_rest *rests, const float *dots);

#endif
