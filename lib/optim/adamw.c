#include <math.h>

#include "optim/moments.h"

/* I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019: the decay does not
 * pass through the moments, theta <- (1 - lr lambda) theta - ... */
static void update(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n)
{
	nn_optim_moments(pass, to, from, grad, n, 0,
		(float)(1 - pass->lr * pass->options->weight_decay));
}

const struct nn_optimizer nn_optim_adamw = {
	.name = "adamw",
	.defaults = { .lr = 1e-3,
		.momentum = NAN,
		.beta1 = 0.9,
		.beta2 = 0.999,
		.alpha = NAN,
		.epsilon = 1e-8,
		.weight_decay = 1e-2 },
	.slots = { "exp_avg", "exp_avg_sq" },
	.update = update,
};
