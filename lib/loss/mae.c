/* Mean absolute error: a case's loss is the mean over its outputs of |out - y|, whose slope at 0 is
 * taken as 0. */
#include "loss/elementwise.h"
#include "loss/types.h"

static inline double absolute_error(const struct nn_criterion *criterion, float out, float y,
	float *slope)
{
	double error = (double)out - (double)y;

	(void)criterion;
	*slope = (float)(out > y) - (float)(out < y);
	return error < 0 ? -error : error;
}

NN_CLONES static double absolute_errors(const struct nn_criterion *criterion, const float *out,
	const float *y, size_t n, float factor, float *d)
{
	return nn_loss_lanes(criterion, out, y, n, factor, d, absolute_error);
}

static struct nn_loss_sum mae(const struct nn_criterion *criterion, const struct nn_loss_run *run)
{
	return nn_loss_elementwise(criterion, run, absolute_errors);
}

const struct nn_loss nn_loss_mae = {
	.name = "mae",
	.value = mae,
};
