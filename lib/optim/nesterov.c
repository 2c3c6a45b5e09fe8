#include <math.h>

#include "optim/optim.h"
#include "tensor/vector.h"

/* Y. Nesterov, 1983, in the form of I. Sutskever et al., ICML 2013, as PyTorch has it:
 * v <- mu v + g; theta <- theta - lr (g + mu v). */
NN_CLONES static void pass_nesterov(const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n, float inverse,
	float decay, float mu, float lr)
{
	const float *old = from->params;
	const float *before = from->slots[0];
	float *params = to->params;
	float *velocity = to->slots[0];

	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] * inverse + decay * old[i];
		float v = mu * before[i] + g;

		velocity[i] = v;
		params[i] = old[i] - lr * (g + mu * v);
	}
}

static void update(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n)
{
	pass_nesterov(to, from, grad, n, (float)(1 / pass->divisor),
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
