/* A stream to K streams of slices. */
#ifndef NN_STREAM_SLICING_H
#define NN_STREAM_SLICING_H

#include <stdint.h>

#include "base/error.h"
#include "stream/reader.h"
#include "stream/writer.h"

struct nn_slicing {
	uint32_t parts; /* K */
	/* writers[k] gets slice k; NULL: nobody wants it. An entry that cannot be written and is
	 * not missed becomes NULL. */
	struct nn_writer **writers; /* [parts] */
	/* Asked when a slice cannot be written, with `err` filled: NN_OK if the rest of it may be
	 * dropped, else the status to stop with. NULL: stop. */
	int (*failed)(void *context, uint64_t part, struct nn_error *err);
	void (*progress)(void *context, uint64_t frames); /* behind each frame; NULL: not */
	void *context;
};

/* Cuts each model, state, gradient and delta as cut.h says; frames of other kinds are passed over,
 * and END goes to all. Frames go through block by block, unless they come from a plain file in
 * another order: no slice's digest is written before that of the input has been verified, and the
 * id of a model compared. *frames: how many were cut. NN_BAD: a frame is a slice already, or there
 * was none to cut; NN_USAGE: there are not so many blocks. */
int nn_slice_stream(struct nn_reader *reader, struct nn_slicing *slicing, uint64_t *frames,
	struct nn_error *err);

#endif
