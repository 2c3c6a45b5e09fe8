/* The update of a slice of the parameters: the sum of the gradients in the fixed tree and one pass
 * of the optimizer, block by block, from one copy of the parameters and their state to the other.
 * Blocks are at most 4,096 elements from each tensor's start, as in norms: who does which of them
 * makes no difference to the bits. */
#ifndef NN_TRAIN_SLICE_H
#define NN_TRAIN_SLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "stream/part.h"
#include "tensor/tensor.h"
#include "train/shared.h"

#define NN_SLICE_BLOCK NN_PART_BLOCK /* where slices are cut, too */

struct nn_slicer;
/* `params` (its layout counts) and the options must outlive it. */
int nn_slicer_new(struct nn_slicer **slicer, const struct nn_bundle *params,
	const struct nn_optim_options *options, struct nn_error *err);
void nn_slicer_free(struct nn_slicer *slicer); /* NULL is fine */
size_t nn_slicer_blocks(const struct nn_slicer *slicer);

/* Blocks [from, to) of the plan's sum go to a buffer, which is none of the nodes', or that of a
 * single node of all; the sum of the squares of each block to the shared squares. */
void nn_slice_sum(struct nn_slicer *slicer, struct nn_shared *shared, size_t buffer, size_t from,
	size_t to);
/* Blocks [from, to) of parameters and state: `which` and the plan's sum make the other copy; the
 * squares too. False if a parameter has become NaN or infinite. */
bool nn_slice_update(struct nn_slicer *slicer, struct nn_shared *shared, unsigned which,
	size_t from, size_t to);
/* The norm of the sum, when the squares of all blocks are there: nn_gradient_norm's bits. */
double nn_slicer_norm(const struct nn_slicer *slicer, const struct nn_shared *shared);

/* Is this plan one that can be worked on? A worker asks before it believes it. */
int nn_slicer_check(const struct nn_slicer *slicer, const struct nn_shared *shared,
	struct nn_error *err);

#endif
