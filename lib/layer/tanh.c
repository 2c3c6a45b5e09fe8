/* y = tanh(x) */
#include "layer/activation.h"
#include "layer/types.h"
#include "tensor/math.h"

NN_ACTIVATION(tanh, nn_tanh, nn_tanh_slope)
