#include <math.h>

#include "optim/moments.h"

static void update(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n)
{
	nn_optim_moments(pass, to, from, grad, n, (float)pass->options->weight_decay, 1);
}

const struct nn_optimizer nn_optim_adam = {
	.name = "adam",
	.defaults = { .lr = 1e-3,
		.momentum = NAN,
		.beta1 = 0.9,
		.beta2 = 0.999,
		.alpha = NAN,
		.epsilon = 1e-8 },
	.slots = { "exp_avg", "exp_avg_sq" },
	.update = update,
};
