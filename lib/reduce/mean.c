#include "reduce/reduce.h"

NN_CLONES static void divide(float *sum, size_t n, float total)
{
	for (size_t i = 0; i < n; i++)
		sum[i] /= total;
}

static void finish(float *sum, size_t n, double total)
{
	divide(sum, n, (float)total);
}

const struct nn_reducer nn_reducer_mean = { .name = "mean", .tree = true, .finish = finish };
