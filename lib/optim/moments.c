#include "optim/moments.h"

#include <math.h>

#include "tensor/vector.h"

struct factors {
	float inverse, decay, keep;
	float beta1, rest1, beta2, rest2;
	float root; /* 1 / sqrt(1 - beta2^t) */
	float epsilon, rate;
};

NN_CLONES static void pass_moments(const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n,
	const struct factors *factors)
{
	const struct factors f = *factors;
	const float *old = from->params;
	const float *first = from->slots[0];
	const float *second = from->slots[1];
	float *params = to->params;
	float *new_first = to->slots[0];
	float *new_second = to->slots[1];

	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] * f.inverse + f.decay * old[i];
		float m = f.beta1 * first[i] + f.rest1 * g;
		float v = f.beta2 * second[i] + f.rest2 * (g * g);

		new_first[i] = m;
		new_second[i] = v;
		params[i] = f.keep * old[i] - f.rate * (m / (sqrtf(v) * f.root + f.epsilon));
	}
}

void nn_optim_moments(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n, float decay, float keep)
{
	const struct nn_optim_options *options = pass->options;
	struct factors factors = {
		.inverse = (float)(1 / pass->divisor),
		.decay = decay,
		.keep = keep,
		.beta1 = (float)options->beta1,
		.rest1 = (float)(1 - options->beta1),
		.beta2 = (float)options->beta2,
		.rest2 = (float)(1 - options->beta2),
		.root = (float)(1 / sqrt(1 - nn_power(options->beta2, pass->t))),
		.epsilon = (float)options->epsilon,
		.rate = (float)(pass->lr / (1 - nn_power(options->beta1, pass->t))),
	};

	pass_moments(to, from, grad, n, &factors);
}
