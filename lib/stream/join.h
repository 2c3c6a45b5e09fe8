/* K streams in lockstep: one frame of each at a time. */
#ifndef NN_STREAM_JOIN_H
#define NN_STREAM_JOIN_H

#include "stream/reader.h"

/* Advances every reader by one frame of kind `kind` (END frames and other kinds are passed over;
 * kind 0 takes any but END). frames[i] is reader i's. *more is false when all have ended together.
 * If one ends before another: NN_BAD names both. */
int nn_join_next(struct nn_reader *const *readers, size_t count, unsigned kind,
	const struct nn_frame **frames, bool *more, struct nn_error *err);

#endif
