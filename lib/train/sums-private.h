/* What passes round the ring: private to sums.c and sums_blocks.c. */
#ifndef NN_TRAIN_SUMS_PRIVATE_H
#define NN_TRAIN_SUMS_PRIVATE_H

#include "base/error.h"
#include "tensor/tensor.h"

/* *sums becomes a bundle of F64 [blocks] for each tensor of an F32 slice: the caller's. */
int nn_sums_make(struct nn_bundle *sums, const struct nn_bundle *slice, struct nn_error *err);
/* The norm of which those bundles have all blocks, to the bits of nn_gradient_norm. NN_BAD: they
 * have not. */
int nn_sums_add(const struct nn_bundle *bundles, size_t count, double *norm, struct nn_error *err);

#endif
