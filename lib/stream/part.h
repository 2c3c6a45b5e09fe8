/* Frames that hold a part of a model, a state, a gradient or a delta: a slice of the parameters, or
 * the layers of a pipeline stage. Which part of how many stands in the preamble; of which tensors
 * there is only a range, and where that lies, in the metadata `slice`. nnt(5) specifies it. */
#ifndef NN_STREAM_PART_H
#define NN_STREAM_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "stream/frame.h"
#include "tensor/tensor.h"

/* Ranges begin at multiples of so many elements and end at such, or with the tensor: norms are f64
 * sums over blocks of as many, which can be put together again. */
#define NN_PART_BLOCK 4096
#define NN_PART_META "slice"

/* What a part has of a tensor. */
struct nn_part_range {
	size_t first; /* element of the whole tensor, where the range begins */
	size_t total; /* elements of the whole tensor */
	unsigned ndim;
	uint64_t shape[NN_MAX_DIMS]; /* of the whole tensor */
	bool cut;                    /* it is not all of it: then the part has it as a vector */
};

/* Are there parameters, or what belongs to them, in frames of that kind? */
bool nn_part_kind(unsigned kind);
/* Is this a frame of such a kind that has not all of the parameters? `layout` may be NULL. */
bool nn_is_part(const struct nn_preamble *preamble, const struct nn_bundle *layout);
/* "slice 1 of 4", or "whole": for messages. */
#define NN_PART_TEXT 48
const char *nn_part_text(const struct nn_preamble *preamble, char out[static NN_PART_TEXT]);
/* NN_BAD if it is a part, saying so, for whoever needs the whole; else NN_OK. */
int nn_part_refuse(const struct nn_preamble *preamble, const struct nn_bundle *layout,
	struct nn_error *err);

/* A state's tensor is named SLOT/PARAMETER, or, if it is no vector as long as a parameter, without
 * a slash: then all parts have it. This gives the parameter's name, NULL for the latter; of other
 * kinds the name itself. The pointer is into `name`. */
const char *nn_part_parameter(const char *name, unsigned kind);

/* *ranges becomes an array, for the caller to free(3), of what the layout has of each of its
 * tensors. NN_BAD: its metadata make no sense. */
int nn_part_ranges(struct nn_part_range **ranges, const struct nn_bundle *layout, unsigned kind,
	struct nn_error *err);
/* Sets the metadata of a layout that has these ranges; none, if none is cut. */
int nn_part_describe(struct nn_bundle *layout, const struct nn_part_range *ranges, unsigned kind,
	struct nn_error *err);

#endif
