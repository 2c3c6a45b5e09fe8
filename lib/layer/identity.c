/* y = x: what stands where an activation may stand */
#include "layer/activation.h"
#include "layer/types.h"

static inline float value(float x)
{
	return x;
}

static inline float slope(float x)
{
	(void)x;
	return 1.0f;
}

NN_ACTIVATION(identity, value, slope)
