/* y = max(x, 0); its slope at 0 is taken to be 0 */
#include "layer/activation.h"
#include "layer/types.h"

/* NaN is not below 0 and passes: it must not vanish. */
static inline float value(float x)
{
	return x < 0.0f ? 0.0f : x;
}

static inline float slope(float x)
{
	return x > 0.0f ? 1.0f : 0.0f;
}

/* y > 0 where x > 0. */
NN_ACTIVATION(relu, value, slope, .over_x = true)
