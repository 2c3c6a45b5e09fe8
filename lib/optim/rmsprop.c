#include <math.h>

#include "optim/optim.h"

/* T. Tieleman, G. Hinton, 2012, as PyTorch has it: s <- alpha s + (1 - alpha) g^2;
 * d = g / (sqrt s + eps); theta <- theta - lr d. */
NN_CLONES static void pass_rmsprop(float *restrict params, const float *restrict grad,
	float *restrict square, size_t n, float divisor, float decay, float alpha, float rest,
	float epsilon, float lr)
{
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] / divisor + decay * params[i];

		square[i] = alpha * square[i] + rest * (g * g);
		params[i] -= lr * g / (sqrtf(square[i]) + epsilon);
	}
}

/* With momentum: v <- mu v + d; theta <- theta - lr v. */
NN_CLONES static void pass_heavy(float *restrict params, const float *restrict grad,
	float *restrict square, float *restrict velocity, size_t n, float divisor, float decay,
	float alpha, float rest, float epsilon, float mu, float lr)
{
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] / divisor + decay * params[i];

		square[i] = alpha * square[i] + rest * (g * g);
		velocity[i] = mu * velocity[i] + g / (sqrtf(square[i]) + epsilon);
		params[i] -= lr * velocity[i];
	}
}

static void update(const struct nn_optim_pass *pass, float *params, const float *grad,
	float *const *slots, size_t n)
{
	const struct nn_optim_options *options = pass->options;
	float divisor = (float)pass->divisor;
	float decay = (float)options->weight_decay;
	float alpha = (float)options->alpha;
	float rest = (float)(1 - options->alpha);
	float epsilon = (float)options->epsilon;

	if (options->momentum > 0)
		pass_heavy(params, grad, slots[0], slots[1], n, divisor, decay, alpha, rest,
			epsilon, (float)options->momentum, (float)pass->lr);
	else
		pass_rmsprop(params, grad, slots[0], n, divisor, decay, alpha, rest, epsilon,
			(float)pass->lr);
}

const struct nn_optimizer nn_optim_rmsprop = {
	.name = "rmsprop",
	.defaults = { .lr = 0.01, .beta1 = NAN, .beta2 = NAN, .alpha = 0.99, .epsilon = 1e-8 },
	.slots = { "square_avg", "momentum_buffer" },
	.last_needs_momentum = 1,
	.update = update,
};
