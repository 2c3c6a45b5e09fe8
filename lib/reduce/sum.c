#include "reduce/reduce.h"

/* What gradients want: the division is nn-update's. */
const struct nn_reducer nn_reducer_sum = { .name = "sum", .tree = true };
