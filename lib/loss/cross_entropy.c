/* Softmax and cross-entropy in one: a row's loss is -log p[label], p = softmax(out).
 *
 * The greatest output is subtracted first, so that no exponential overflows. The exponentials are
 * added in double, and the gradient p[label] - 1 is taken as minus the sum of the others, so that
 * it keeps its digits where p[label] is near 1. */
#include "loss/types.h"
#include "tensor/math.h"

#define LANES 8

NN_CLONES static void exponentials(float *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		e[i] = nn_exp(e[i]);
}

static float greatest_of(const float *out, size_t n)
{
	float greatest = out[0];

	for (size_t i = 1; i < n; i++)
		greatest = out[i] > greatest ? out[i] : greatest;
	return greatest;
}

/* In fixed lanes. */
static double sum_of(const float *e, size_t n)
{
	double lanes[LANES] = { 0 };

	for (size_t i = 0; i < n; i++)
		lanes[i % LANES] += (double)e[i];
	for (size_t half = LANES / 2; half; half /= 2)
		for (size_t lane = 0; lane < half; lane++)
			lanes[lane] += lanes[lane + half];
	return lanes[0];
}

/* e [rows, outputs] becomes e^(out - the row's greatest). */
static void shifted_exponentials(float *e, const float *out, size_t rows, size_t outputs)
{
	for (size_t row = 0; row < rows; row++) {
		const float *from = out + row * outputs;
		float greatest = greatest_of(from, outputs);

		for (size_t i = 0; i < outputs; i++)
			e[row * outputs + i] = from[i] - greatest;
	}
	exponentials(e, rows * outputs);
}

static double value(const float *out, const float *y, const int32_t *labels, size_t rows,
	size_t outputs, float *d_out)
{
	double loss = 0;

	(void)y;
	shifted_exponentials(d_out, out, rows, outputs);
	for (size_t row = 0; row < rows; row++) {
		float *e = d_out + row * outputs;
		size_t label = (size_t)labels[row];
		double sum = sum_of(e, outputs);
		double others = sum - (double)e[label];
		float inverse = (float)(1 / sum);
		float greatest = greatest_of(out + row * outputs, outputs);

		loss += nn_log(sum) - ((double)out[row * outputs + label] - (double)greatest);
		for (size_t i = 0; i < outputs; i++)
			e[i] *= inverse;
		e[label] = (float)(-others / sum);
	}
	return loss;
}

static void softmax(float *out, size_t rows, size_t outputs)
{
	shifted_exponentials(out, out, rows, outputs);
	for (size_t row = 0; row < rows; row++) {
		float *e = out + row * outputs;
		float inverse = (float)(1 / sum_of(e, outputs));

		for (size_t i = 0; i < outputs; i++)
			e[i] *= inverse;
	}
}

const struct nn_loss nn_loss_cross_entropy = {
	.name = "cross_entropy",
	.wants_classes = true,
	.value = value,
	.predict = softmax,
};
