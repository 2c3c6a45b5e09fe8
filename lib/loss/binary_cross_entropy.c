/* Sigmoid and binary cross-entropy in one: the mean over a case's outputs of -y log p - (1 - y) log(1 -
 * p), p = sigmoid(out). That is |out| times 1 - y, or y where out is below 0, and log(1 + e^-|out|): no
 * term is negative, so nothing cancels. The slope p - y keeps its digits too where both are near 1. */
#include "loss/elementwise.h"
#include "loss/types.h"
#include "tensor/math.h"

static inline double bit_loss(const struct nn_criterion *criterion, float out, float y,
	float *slope)
{
	float e = nn_exp_below(-nn_absf(out));
	float tail = e / (1.0f + e); /* the less of p and 1 - p */
	float wrong = out < 0 ? y : 1.0f - y;

	(void)criterion;
	*slope = out < 0 ? tail - y : wrong - tail;
	return (double)(nn_absf(out) * wrong) + (double)nn_log1p(e);
}

NN_CLONES static double bit_losses(const struct nn_criterion *criterion, const float *out,
	const float *y, size_t n, float factor, float *d)
{
	return nn_loss_lanes(criterion, out, y, n, factor, d, bit_loss);
}

static struct nn_loss_sum binary_cross_entropy(const struct nn_criterion *criterion,
	const struct nn_loss_run *run)
{
	return nn_loss_elementwise(criterion, run, bit_losses);
}

NN_CLONES static void sigmoids(float *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = nn_sigmoid(out[i]);
}

static void sigmoid(float *out, size_t cases, size_t outputs)
{
	sigmoids(out, cases * outputs);
}

const struct nn_loss nn_loss_binary_cross_entropy = {
	.name = "binary_cross_entropy",
	.binary = true,
	.predict = sigmoid,
	.value = binary_cross_entropy,
};
