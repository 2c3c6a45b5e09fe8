/* Softmax and cross-entropy in one: a case's loss is -log p[label], p = softmax(out).
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

static struct nn_loss_sum value(const struct nn_criterion *criterion, const struct nn_loss_run *run)
{
	size_t outputs = run->outputs;
	double loss = 0;

	(void)criterion;
	shifted_exponentials(run->d_out, run->out, run->cases, outputs);
	for (size_t i = 0; i < run->cases; i++) {
		const float *out = run->out + i * outputs;
		float *e = run->d_out + i * outputs;
		size_t label = (size_t)run->labels[i];
		double sum = sum_of(e, outputs);
		double others = sum - (double)e[label];
		float inverse = (float)(1 / sum);

		loss += nn_log(sum) - ((double)out[label] - (double)greatest_of(out, outputs));
		for (size_t j = 0; j < outputs; j++)
			e[j] *= inverse;
		e[label] = (float)(-others / sum);
	}
	return (struct nn_loss_sum){ loss, (double)run->cases };
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
