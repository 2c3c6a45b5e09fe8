#include "optim/moments.h"

#include <math.h>

struct factors {
	float divisor, decay, keep;
	float beta1, rest1, beta2, rest2;
	float root; /* sqrt(1 - beta2^t) */
	float epsilon, rate;
};

NN_CLONES static void pass_moments(float *restrict params, const float *restrict grad,
	float *restrict first, float *restrict second, size_t n, const struct factors *factors)
{
	const struct factors f = *factors;

	for (size_t i = 0; i < n; i++) {
		float g = grad[i] / f.divisor + f.decay * params[i];

		first[i] = f.beta1 * first[i] + f.rest1 * g;
		second[i] = f.beta2 * second[i] + f.rest2 * (g * g);
		params[i] = f.keep * params[i] -
			f.rate * (first[i] / (sqrtf(second[i]) / f.root + f.epsilon));
	}
}

void nn_optim_moments(const struct nn_optim_pass *pass, float *params, const float *grad,
	float *const *slots, size_t n, float decay, float keep)
{
	const struct nn_optim_options *options = pass->options;
	struct factors factors = {
		.divisor = (float)pass->divisor,
		.decay = decay,
		.keep = keep,
		.beta1 = (float)options->beta1,
		.rest1 = (float)(1 - options->beta1),
		.beta2 = (float)options->beta2,
		.rest2 = (float)(1 - options->beta2),
		.root = (float)sqrt(1 - nn_power(options->beta2, pass->t)),
		.epsilon = (float)options->epsilon,
		.rate = (float)(pass->lr / (1 - nn_power(options->beta1, pass->t))),
	};

	pass_moments(params, grad, slots[0], slots[1], n, &factors);
}
