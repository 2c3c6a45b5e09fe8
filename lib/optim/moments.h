/* What adam and adamw share: private to this room. */
#ifndef NN_OPTIM_MOMENTS_H
#define NN_OPTIM_MOMENTS_H

#include "optim/optim.h"

/* D. Kingma, J. Ba, ICLR 2015: m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g^2;
 * theta <- keep theta - lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps),
 * g = grad / divisor + decay theta. */
void nn_optim_moments(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n, float decay, float keep);

#endif
