/* The norm of a gradient of which several processes have a slice each: they pass sums of squares
 * round a ring of pipes. */
#ifndef NN_TRAIN_SUMS_H
#define NN_TRAIN_SUMS_H

#include "base/error.h"
#include "reduce/reduce.h"
#include "stream/frame.h"

/* Slice i writes to slice i + 1, the last one to the first. In each step slice 0 sends the sums of
 * its blocks (4,096 elements from a tensor's start); each of the others takes what came before it
 * and sends that and its own; the last one has all, adds them as nn_gradient_norm does, to the same
 * bits, and sends the norm, which goes on to the last but one. So all have it, nobody writes before
 * it is waited for, and 1/2048 of the gradient crosses. nnt(5) specifies the frames. */
struct nn_sums;

/* `in` and `out` are names of FIFOs or the like and must outlive it. NN_FAILED: one is not there;
 * NN_USAGE: one is a regular file, or `model` is no slice. */
int nn_sums_new(struct nn_sums **sums, const char *in, const char *out,
	const struct nn_preamble *model, struct nn_error *err);
/* Opens them, which waits for the neighbours to do the same: from then on none can go away unseen. */
int nn_sums_open(struct nn_sums *sums, struct nn_error *err);
void nn_sums_free(struct nn_sums *sums); /* NULL is fine */

/* *norm: of the sum of which `slice` is a part; waits for the others. NN_BAD: theirs is another
 * step, or of other rows; NN_FAILED: a neighbour has gone. */
int nn_sums_norm(struct nn_sums *sums, const struct nn_preamble *grad,
	const struct nn_partial *slice, double *norm, struct nn_error *err);

#endif
