/* y = x Phi(x), Phi the distribution function of the normal distribution: the exact form, not the
 * approximation by tanh */
#include "layer/activation.h"
#include "layer/types.h"
#include "tensor/math.h"

NN_ACTIVATION(gelu, nn_gelu, nn_gelu_slope)
