/* y = x above 0, alpha (e^x - 1) below (D. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate
 * deep network learning by exponential linear units", ICLR 2016) */
#include <float.h>

#include "layer/activation.h"
#include "layer/types.h"
#include "tensor/math.h"

static const struct nn_layer_key keys[] = {
	{ .name = "alpha",
		.type = NN_KEY_NUMBER,
		.number = 1,
		.low = (double)-FLT_MAX,
		.high = (double)FLT_MAX },
	{ .name = NULL },
};

static inline float value(float x, float alpha)
{
	return x > 0.0f ? x : alpha * nn_expm1_below(x);
}

static inline float slope(float x, float alpha)
{
	return x > 0.0f ? 1.0f : alpha * nn_exp(x);
}

NN_ACTIVATION_WITH_KEY(elu, value, slope, keys)
