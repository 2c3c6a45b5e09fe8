/* Numbers that are none. */
#ifndef NN_TRAIN_FINITE_H
#define NN_TRAIN_FINITE_H

#include <stddef.h>

#include "base/error.h"
#include "tensor/tensor.h"

/* NN_BAD if one of the `count` floats is NaN or infinite: "tensor NAME: element I, at [i, j], is
 * nan". They stand in the data section of an F32 bundle of that layout from element `start` on. */
int nn_check_finite(const struct nn_bundle *layout, size_t start, const float *values, size_t count,
	struct nn_error *err);
/* The same for all the data of a bundle. */
int nn_check_finite_bundle(const struct nn_bundle *bundle, struct nn_error *err);

#endif
