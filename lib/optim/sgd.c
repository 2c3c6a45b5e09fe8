#include <math.h>

#include "optim/optim.h"

/* theta <- theta - lr (g + lambda theta) */
NN_CLONES static void pass_sgd(float *restrict params, const float *restrict grad, size_t n,
	float divisor, float decay, float lr)
{
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] / divisor + decay * params[i];

		params[i] -= lr * g;
	}
}

static void update(const struct nn_optim_pass *pass, float *params, const float *grad,
	float *const *slots, size_t n)
{
	(void)slots;
	pass_sgd(params, grad, n, (float)pass->divisor, (float)pass->options->weight_decay,
		(float)pass->lr);
}

const struct nn_optimizer nn_optim_sgd = {
	.name = "sgd",
	.defaults = { .lr = 0.01,
		.momentum = NAN,
		.beta1 = NAN,
		.beta2 = NAN,
		.alpha = NAN,
		.epsilon = NAN },
	.update = update,
};
