/* Mean squared error: a row's loss is the mean over its outputs of (out - y)^2. */
#include "loss/types.h"

#define LANES 8

/* The sum of the squared errors, in fixed lanes; d[i] = factor * (out[i] - y[i]). */
NN_CLONES static double row_value(const float *out, const float *y, size_t n, float factor,
	float *d)
{
	double lanes[LANES] = { 0 };
	size_t whole = n / LANES * LANES;

	for (size_t i = 0; i < whole; i += LANES)
		for (size_t lane = 0; lane < LANES; lane++) {
			double error = (double)out[i + lane] - (double)y[i + lane];

			lanes[lane] += error * error;
		}
	for (size_t i = whole; i < n; i++) {
		double error = (double)out[i] - (double)y[i];

		lanes[i - whole] += error * error;
	}
	for (size_t i = 0; i < n; i++)
		d[i] = factor * (out[i] - y[i]);
	for (size_t half = LANES / 2; half; half /= 2)
		for (size_t lane = 0; lane < half; lane++)
			lanes[lane] += lanes[lane + half];
	return lanes[0];
}

static struct nn_loss_sum value(const struct nn_criterion *criterion, const struct nn_loss_run *run)
{
	size_t outputs = run->outputs;
	float factor = (float)(2.0 / (double)outputs);
	double sum = 0;

	(void)criterion;
	for (size_t i = 0; i < run->cases; i++)
		sum += row_value(run->out + i * outputs, run->y + i * outputs, outputs, factor,
			       run->d_out + i * outputs) /
			(double)outputs;
	return (struct nn_loss_sum){ sum, (double)run->cases };
}

const struct nn_loss nn_loss_mse = {
	.name = "mse",
	.wants_classes = false,
	.value = value,
};
