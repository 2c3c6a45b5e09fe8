/* y = 1 / (1 + e^-x), the logistic function */
#include "layer/activation.h"
#include "layer/types.h"
#include "tensor/math.h"

NN_ACTIVATION(sigmoid, nn_sigmoid, nn_sigmoid_slope)
