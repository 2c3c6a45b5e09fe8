#include "tensor/stats.h"

#include <math.h>
#include <string.h>

#define BLOCK ((size_t)512)

#define LOAD(type)                                                                                 \
	for (size_t i = 0; i < count; i++) {                                                       \
		type value;                                                                        \
		memcpy(&value, from + i * sizeof value, sizeof value);                             \
		to[i] = (double)value;                                                             \
	}

/* What a float cannot hold goes straight to double. count <= BLOCK */
static void load(double *to, const unsigned char *from, enum nn_dtype dtype, size_t count)
{
	float narrow[BLOCK];

	switch (dtype) {
	case NN_F64:
		LOAD(double)
		return;
	case NN_I64:
		LOAD(int64_t)
		return;
	case NN_U64:
		LOAD(uint64_t)
		return;
	case NN_I32:
		LOAD(int32_t)
		return;
	case NN_U32:
		LOAD(uint32_t)
		return;
	case NN_F32:
	case NN_F16:
	case NN_BF16:
	case NN_I16:
	case NN_U16:
	case NN_I8:
	case NN_U8:
	case NN_BOOL:
		break;
	}
	nn_tensor_to_f32(narrow, from, dtype, count);
	for (size_t i = 0; i < count; i++)
		to[i] = (double)narrow[i];
}

static void count_one(struct nn_stats *stats, double value)
{
	if (isnan(value)) {
		stats->nans++;
	} else if (isinf(value)) {
		stats->infinities++;
	} else {
		if (!stats->finite || value < stats->min)
			stats->min = value;
		if (!stats->finite || value > stats->max)
			stats->max = value;
		stats->finite++;
		stats->zeros += value == 0;
		stats->mean += value;
	}
}

void nn_stats_of(struct nn_stats *stats, const void *elements, enum nn_dtype dtype, size_t count)
{
	const unsigned char *bytes = elements;
	size_t size = nn_dtype_size(dtype);
	double values[BLOCK];

	*stats = (struct nn_stats){ 0 };
	for (int pass = 0; pass < 2; pass++) {
		for (size_t done = 0; done < count; done += BLOCK) {
			size_t piece = count - done < BLOCK ? count - done : BLOCK;

			load(values, bytes + done * size, dtype, piece);
			for (size_t i = 0; i < piece; i++) {
				double distance = values[i] - stats->mean;

				if (!pass)
					count_one(stats, values[i]);
				else if (isfinite(values[i]))
					stats->squares += distance * distance;
			}
		}
		if (!pass && stats->finite)
			stats->mean /= (double)stats->finite;
	}
}

void nn_stats_merge(struct nn_stats *into, const struct nn_stats *from)
{
	double a = (double)into->finite;
	double b = (double)from->finite;
	double distance = from->mean - into->mean;

	if (from->finite) {
		if (!into->finite || from->min < into->min)
			into->min = from->min;
		if (!into->finite || from->max > into->max)
			into->max = from->max;
		into->squares += from->squares + distance * distance * (a * b / (a + b));
		into->mean += distance * (b / (a + b));
	}
	into->finite += from->finite;
	into->zeros += from->zeros;
	into->nans += from->nans;
	into->infinities += from->infinities;
}

double nn_stats_deviation(const struct nn_stats *stats)
{
	return stats->finite ? sqrt(stats->squares / (double)stats->finite) : 0;
}
