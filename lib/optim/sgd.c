#include <math.h>

#include "optim/optim.h"
#include "tensor/vector.h"

/* theta <- theta - lr (g + lambda theta) */
NN_CLONES static void pass_sgd(float *params, const float *old, const float *grad, size_t n,
	float inverse, float decay, float lr)
{
	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] * inverse + decay * old[i];

		params[i] = old[i] - lr * g;
	}
}

static void update(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n)
{
	pass_sgd(to->params, from->params, grad, n, (float)(1 / pass->divisor),
		(float)pass->options->weight_decay, (float)pass->lr);
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
