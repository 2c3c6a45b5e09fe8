/* How parts make a whole: what the whole has, and from which part each piece of it comes. */
#ifndef NN_STREAM_ASSEMBLY_H
#define NN_STREAM_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tensor/tensor.h"

/* The next bytes of the whole's data are the next bytes of a part's. */
struct nn_piece {
	size_t part;
	size_t bytes;
	bool shared; /* they are the next bytes of all parts, and must be the same in each */
};

/* Zero-initialized it is empty. */
struct nn_assembly {
	struct nn_bundle whole; /* layout and metadata */
	struct nn_piece *pieces;
	size_t count;
};

/* From the layouts of all parts, in their order. NN_BAD: a piece of a tensor is missing or in two
 * parts, or parts disagree about a tensor or about metadata; names tensor and slices. */
int nn_assembly_make(struct nn_assembly *assembly, const struct nn_bundle *const *layouts,
	size_t count, unsigned kind, struct nn_error *err);
void nn_assembly_free(struct nn_assembly *assembly); /* leaves it empty */

#endif
