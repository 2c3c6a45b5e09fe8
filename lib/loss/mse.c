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

static double value(const float *out, const float *y, const int32_t *labels, size_t rows,
	size_t outputs, float *d_out)
{
	float factor = (float)(2.0 / (double)outputs);
	double sum = 0;

	(void)labels;
	for (size_t row = 0; row < rows; row++)
		sum += row_value(out + row * outputs, y + row * outputs, outputs, factor,
			       d_out + row * outputs) /
			(double)outputs;
	return sum;
}

const struct nn_loss nn_loss_mse = {
	.name = "mse",
	.wants_classes = false,
	.value = value,
};
