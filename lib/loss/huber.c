/* Huber's loss: the mean over a case's outputs of e^2 / 2 where |e| <= delta, e = out - y, and of delta
 * (|e| - delta / 2) beyond: P. J. Huber, "Robust estimation of a location parameter", Annals of
 * Mathematical Statistics 35(1), 1964. */
#include "loss/elementwise.h"
#include "loss/types.h"

static inline double huber_error(const struct nn_criterion *criterion, float out, float y,
	float *slope)
{
	double delta = criterion->delta;
	double error = (double)out - (double)y;
	double size = error < 0 ? -error : error;
	double near = error > delta ? delta : error;

	near = near < -delta ? -delta : near;
	*slope = (float)near;
	return size <= delta ? 0.5 * error * error : delta * (size - 0.5 * delta);
}

NN_CLONES static double huber_errors(const struct nn_criterion *criterion, const float *out,
	const float *y, size_t n, float factor, float *d)
{
	return nn_loss_lanes(criterion, out, y, n, factor, d, huber_error);
}

static struct nn_loss_sum huber(const struct nn_criterion *criterion, const struct nn_loss_run *run)
{
	return nn_loss_elementwise(criterion, run, huber_errors);
}

const struct nn_loss nn_loss_huber = {
	.name = "huber",
	.keys = NN_LOSS_DELTA,
	.value = huber,
};
