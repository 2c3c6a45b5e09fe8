/* Mean squared error: a case's loss is the mean over its outputs of (out - y)^2. */
#include "loss/elementwise.h"
#include "loss/types.h"

static inline double squared_error(const struct nn_criterion *criterion, float out, float y,
	float *slope)
{
	double error = (double)out - (double)y;

	(void)criterion;
	*slope = 2 * (out - y);
	return error * error;
}

NN_CLONES static double squared_errors(const struct nn_criterion *criterion, const float *out,
	const float *y, size_t n, float factor, float *d)
{
	return nn_loss_lanes(criterion, out, y, n, factor, d, squared_error);
}

static struct nn_loss_sum mse(const struct nn_criterion *criterion, const struct nn_loss_run *run)
{
	return nn_loss_elementwise(criterion, run, squared_errors);
}

const struct nn_loss nn_loss_mse = {
	.name = "mse",
	.value = mse,
};
