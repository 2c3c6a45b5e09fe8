/* y = x / (1 + e^-x), also known as swish */
#include "layer/activation.h"
#include "layer/types.h"
#include "tensor/math.h"

NN_ACTIVATION(silu, nn_silu, nn_silu_slope)
