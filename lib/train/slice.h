/* The update of a slice of the parameters: the sum of the gradients in the fixed tree and one pass
 * of the optimizer, block by block. Blocks are at most 4,096 elements from each tensor's start, as in
 * norms: who does which of them makes no difference to the bits. */
#ifndef NN_TRAIN_SLICE_H
#define NN_TRAIN_SLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "optim/optim.h"
#include "reduce/reduce.h"
#include "stream/part.h"
#include "tensor/tensor.h"

#define NN_SLICE_BLOCK NN_PART_BLOCK /* where slices are cut, too */

struct nn_slicer;
/* `params` (its layout counts) and the options must outlive it. */
int nn_slicer_new(struct nn_slicer **slicer, const struct nn_bundle *params,
	const struct nn_optim_options *options, struct nn_error *err);
void nn_slicer_free(struct nn_slicer *slicer); /* NULL is fine */
const struct nn_optim_options *nn_slicer_options(const struct nn_slicer *slicer);
size_t nn_slicer_blocks(const struct nn_slicer *slicer);
/* The first element of a block; of the block behind the last, how many elements there are. */
size_t nn_slicer_element(const struct nn_slicer *slicer, size_t block);
/* Where part `part` of `parts` about equal ones begins, a block; part == parts: behind the last. */
size_t nn_slicer_cut(const struct nn_slicer *slicer, size_t part, size_t parts);

/* What is summed: nodes that side by side make up the tree's root, by range. */
struct nn_slice_source {
	struct nn_node range;
	const float *sum; /* of the parameters' elements, from `first` on */
	size_t first;
};
struct nn_slice_sum {
	const struct nn_slice_source *sources;
	size_t count;
	double *squares; /* [blocks]: the sum of the squares of each block that is summed goes here */
};
/* Blocks [from, to) of the sum go to `out`, whose first element is number `first`; it may be the
 * vector of a single source. */
void nn_slice_sum(const struct nn_slicer *slicer, const struct nn_slice_sum *sum, float *out,
	size_t first, size_t from, size_t to);

/* The vectors begin with element `first`; slots that the optimizer lacks are NULL. They may be the same. */
struct nn_slice_update {
	struct nn_optim_pass pass;
	struct nn_optim_vectors from, to;
	size_t first;
};
/* Blocks [from, to) of parameters and state; the squares too. False if a parameter has become NaN or
 * infinite. */
bool nn_slice_update(const struct nn_slicer *slicer, const struct nn_slice_sum *sum,
	const struct nn_slice_update *update, size_t from, size_t to);
/* The norm of the sum, when the squares of all blocks are there: nn_gradient_norm's bits. */
double nn_slicer_norm(const struct nn_slicer *slicer, const double *squares);

#endif
