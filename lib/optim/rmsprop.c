#include <math.h>

#include "optim/optim.h"
#include "tensor/vector.h"

/* T. Tieleman, G. Hinton, 2012, as PyTorch has it: s <- alpha s + (1 - alpha) g^2;
 * d = g / (sqrt s + eps); theta <- theta - lr d. */
NN_CLONES static void pass_rmsprop(const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n, float inverse,
	float decay, float alpha, float rest, float epsilon, float lr)
{
	const float *old = from->params;
	const float *before = from->slots[0];
	float *params = to->params;
	float *square = to->slots[0];

	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] * inverse + decay * old[i];
		float s = alpha * before[i] + rest * (g * g);

		square[i] = s;
		params[i] = old[i] - lr * g / (sqrtf(s) + epsilon);
	}
}

/* With momentum: v <- mu v + d; theta <- theta - lr v. */
NN_CLONES static void pass_heavy(const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n, float inverse,
	float decay, float alpha, float rest, float epsilon, float mu, float lr)
{
	const float *old = from->params;
	const float *before = from->slots[0];
	const float *slow = from->slots[1];
	float *params = to->params;
	float *square = to->slots[0];
	float *velocity = to->slots[1];

	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] * inverse + decay * old[i];
		float s = alpha * before[i] + rest * (g * g);
		float v = mu * slow[i] + g / (sqrtf(s) + epsilon);

		square[i] = s;
		velocity[i] = v;
		params[i] = old[i] - lr * v;
	}
}

static void update(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n)
{
	const struct nn_optim_options *options = pass->options;
	float inverse = (float)(1 / pass->divisor);
	float decay = (float)options->weight_decay;
	float alpha = (float)options->alpha;
	float rest = (float)(1 - options->alpha);
	float epsilon = (float)options->epsilon;

	if (options->momentum > 0)
		pass_heavy(to, from, grad, n, inverse, decay, alpha, rest, epsilon,
			(float)options->momentum, (float)pass->lr);
	else
		pass_rmsprop(to, from, grad, n, inverse, decay, alpha, rest, epsilon,
			(float)pass->lr);
}

const struct nn_optimizer nn_optim_rmsprop = {
	.name = "rmsprop",
	.defaults = { .lr = 0.01, .beta1 = NAN, .beta2 = NAN, .alpha = 0.99, .epsilon = 1e-8 },
	.slots = { "square_avg", "momentum_buffer" },
	.last_needs_momentum = 1,
	.update = update,
};
