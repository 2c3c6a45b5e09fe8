/* Where the parameters are cut in slices: a function of their names and sizes and of the number of
 * slices alone, so that a model, its gradients and its state, sliced apart, fit together. */
#ifndef NN_STREAM_CUT_H
#define NN_STREAM_CUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

/* The parameters lie one behind the other, by name. Slice i of K goes from element i N / K to (i +
 * 1) N / K of their N, each bound moved to the nearest block (NN_PART_BLOCK elements from a
 * tensor's start), so that no slice is without a block. Of a state each slot is cut so. A tensor
 * that has no parameter belongs to all slices. */
struct nn_cut;

/* `layout` must outlive it. NN_USAGE: it has fewer blocks than `parts`. */
int nn_cut_new(struct nn_cut **cut, const struct nn_bundle *layout, unsigned kind, uint32_t parts,
	struct nn_error *err);
void nn_cut_free(struct nn_cut *cut); /* NULL is fine */

/* What slice `part` has of tensor i: elements [*first, *end); false if it has nothing of it. An
 * empty tensor is in one slice. */
bool nn_cut_range(const struct nn_cut *cut, size_t i, uint32_t part, size_t *first, size_t *end);
/* The layout of a slice, with all metadata. */
int nn_cut_layout(const struct nn_cut *cut, uint32_t part, struct nn_bundle *slice,
	struct nn_error *err);

#endif
