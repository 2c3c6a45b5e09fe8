#include <string.h>

#include "reduce/reduce.h"

const struct nn_reducer *const nn_reducers[] = { &nn_reducer_sum, &nn_reducer_mean, NULL };
const char *const nn_reducer_names[] = { "sum", "mean", NULL };

const struct nn_reducer *nn_reducer_find(const char *name)
{
	for (size_t i = 0; nn_reducers[i]; i++)
		if (!strcmp(nn_reducers[i]->name, name))
			return nn_reducers[i];
	return NULL;
}
