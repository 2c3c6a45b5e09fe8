/* K streams of slices to one. */
#ifndef NN_STREAM_JOINING_H
#define NN_STREAM_JOINING_H

#include <stddef.h>

#include "base/error.h"
#include "stream/reader.h"
#include "stream/writer.h"

/* Puts parts (part.h) together, frame by frame: models, states, gradients and deltas; frames of
 * other kinds are passed over. All parts of a frame must be there, of the same step, seed, shards
 * and so on, with the same metadata, and together have each element once; NN_BAD names what is not
 * so. A model whose id is not known (0, what an update of a slice makes) gets it, and so does the
 * state behind it; one that is known must be that of what was put together. *frames: how many were
 * written. */

/* One part of a reader, in any order; END is passed on when all have it. Frames go through block by
 * block, but for a model whose id is to be computed, which is held in memory, and what comes from a
 * plain file in another order. No digest is written before those of all inputs have been verified. */
int nn_join_parts(struct nn_reader *const *readers, size_t count, struct nn_writer *writer,
	uint64_t *frames, struct nn_error *err);
/* All parts in one stream, or several one behind the other: the n-th frame of each part belong
 * together. What waits for its other parts is held in memory. */
int nn_join_stream(struct nn_reader *reader, struct nn_writer *writer, uint64_t *frames,
	struct nn_error *err);

#endif
