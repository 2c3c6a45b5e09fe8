#include <math.h>
#include <string.h>

#include "base/random.h"
#include "layer/layer.h"

const char *const nn_init_names[] = { "glorot", "he", "small", NULL };
const enum nn_init nn_init_of[] = { NN_INIT_GLOROT, NN_INIT_HE, NN_INIT_SMALL };

static double limit_of(const struct nn_layer_param *param)
{
	switch (param->init) {
	case NN_INIT_ZEROS:
	case NN_INIT_ONES:
		return 0;
	case NN_INIT_SMALL:
		return 0.02 * sqrt(3.0);
	case NN_INIT_GLOROT:
		return sqrt(6.0 / ((double)param->fan_in + (double)param->fan_out));
	case NN_INIT_HE:
		return sqrt(6.0 / (double)param->fan_in);
	}
	return 0;
}

void nn_layer_init(const struct nn_layer *layer, size_t param, uint64_t seed, uint64_t number,
	float *values)
{
	const struct nn_layer_param *what = &layer->params[param];
	struct nn_random stream = nn_random_stream(seed, NN_RANDOM_INIT, number, param);
	double limit = limit_of(what);
	size_t count = 1;

	for (unsigned i = 0; i < what->ndim; i++)
		count *= (size_t)what->shape[i];
	if (what->init == NN_INIT_ZEROS) {
		memset(values, 0, count * sizeof *values);
		return;
	}
	for (size_t i = 0; i < count && what->init == NN_INIT_ONES; i++)
		values[i] = 1;
	for (size_t i = 0; i < count && what->init != NN_INIT_ONES; i++)
		values[i] = (float)((2 * nn_random_uniform(&stream, i) - 1) * limit);
}
