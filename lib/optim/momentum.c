#include <math.h>

#include "optim/optim.h"

/* Heavy ball (B. Polyak, 1964), as PyTorch has it: v <- mu v + g; theta <- theta - lr v. */
NN_CLONES static void pass_momentum(float *restrict params, const float *restrict grad,
	float *restrict velocity, size_t n, float divisor, float decay, float mu, float lr)
{
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] / divisor + decay * params[i];

		velocity[i] = mu * velocity[i] + g;
		params[i] -= lr * velocity[i];
	}
}

static void update(const struct nn_optim_pass *pass, float *params, const float *grad,
	float *const *slots, size_t n)
{
	pass_momentum(params, grad, slots[0], n, (float)pass->divisor,
		(float)pass->options->weight_decay, (float)pass->options->momentum,
		(float)pass->lr);
}

const struct nn_optimizer nn_optim_momentum = {
	.name = "momentum",
	.defaults = { .lr = 0.01,
		.momentum = 0.9,
		.beta1 = NAN,
		.beta2 = NAN,
		.alpha = NAN,
		.epsilon = NAN },
	.slots = { "momentum_buffer" },
	.update = update,
};
