#include <math.h>

#include "optim/optim.h"

/* Y. Nesterov, 1983, in the form of I. Sutskever et al., ICML 2013, as PyTorch has it:
 * v <- mu v + g; theta <- theta - lr (g + mu v). */
NN_CLONES static void pass_nesterov(float *restrict params, const float *restrict grad,
	float *restrict velocity, size_t n, float divisor, float decay, float mu, float lr)
{
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] / divisor + decay * params[i];

		velocity[i] = mu * velocity[i] + g;
		params[i] -= lr * (g + mu * velocity[i]);
	}
}

static void update(const struct nn_optim_pass *pass, float *params, const float *grad,
	float *const *slots, size_t n)
{
	pass_nesterov(params, grad, slots[0], n, (float)pass->divisor,
		(float)pass->options->weight_decay, (float)pass->options->momentum,
		(float)pass->lr);
}

const struct nn_optimizer nn_optim_nesterov = {
	.name = "nesterov",
	.defaults = { .lr = 0.01,
		.momentum = 0.9,
		.beta1 = NAN,
		.beta2 = NAN,
		.alpha = NAN,
		.epsilon = NAN },
	.slots = { "momentum_buffer" },
	.update = update,
};
