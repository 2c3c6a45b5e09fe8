#include <math.h>

#include "optim/optim.h"

/* J. Duchi, E. Hazan, Y. Singer, JMLR 12 (2011): s <- s + g^2;
 * theta <- theta - lr g / (sqrt s + eps). */
NN_CLONES static void pass_adagrad(float *restrict params, const float *restrict grad,
	float *restrict sum, size_t n, float divisor, float decay, float epsilon, float lr)
{
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] / divisor + decay * params[i];

		sum[i] += g * g;
		params[i] -= lr * g / (sqrtf(sum[i]) + epsilon);
	}
}

static void update(const struct nn_optim_pass *pass, float *params, const float *grad,
	float *const *slots, size_t n)
{
	pass_adagrad(params, grad, slots[0], n, (float)pass->divisor,
		(float)pass->options->weight_decay, (float)pass->options->epsilon, (float)pass->lr);
}

const struct nn_optimizer nn_optim_adagrad = {
	.name = "adagrad",
	.defaults = { .lr = 0.01,
		.momentum = NAN,
		.beta1 = NAN,
		.beta2 = NAN,
		.alpha = NAN,
		.epsilon = 1e-10 },
	.slots = { "sum" },
	.update = update,
};
