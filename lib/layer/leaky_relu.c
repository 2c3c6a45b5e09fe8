/* y = x, and slope x where x is below 0, or at it (A. Maas, A. Hannun, A. Ng, "Rectifier nonlinearities
 * improve neural network acoustic models", ICML 2013) */
#include <float.h>

#include "layer/activation.h"
#include "layer/types.h"

static const struct nn_layer_key keys[] = {
	{ .name = "slope",
		.type = NN_KEY_NUMBER,
		.number = 0.01,
		.low = (double)-FLT_MAX,
		.high = (double)FLT_MAX },
	{ .name = NULL },
};

static inline float value(float x, float below)
{
	return x > 0.0f ? x : below * x;
}

static inline float slope(float x, float below)
{
	return x > 0.0f ? 1.0f : below;
}

NN_ACTIVATION_WITH_KEY(leaky_relu, value, slope, keys)
