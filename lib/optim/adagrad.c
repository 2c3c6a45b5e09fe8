#include <math.h>

#include "optim/optim.h"
#include "tensor/vector.h"

/* J. Duchi, E. Hazan, Y. Singer, JMLR 12 (2011): s <- s + g^2;
 * theta <- theta - lr g / (sqrt s + eps). */
NN_CLONES static void pass_adagrad(const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n, float inverse,
	float decay, float epsilon, float lr)
{
	const float *old = from->params;
	const float *before = from->slots[0];
	float *params = to->params;
	float *sum = to->slots[0];

	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] * inverse + decay * old[i];
		float s = before[i] + g * g;

		sum[i] = s;
		params[i] = old[i] - lr * g / (sqrtf(s) + epsilon);
	}
}

static void update(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n)
{
	pass_adagrad(to, from, grad, n, (float)(1 / pass->divisor),
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
