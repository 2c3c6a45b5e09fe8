/* Frames loaded one ahead by a second thread: reading and verifying the next one overlaps with what is
 * done with this one. */
#ifndef NN_STREAM_AHEAD_H
#define NN_STREAM_AHEAD_H

#include <stdbool.h>

#include "stream/reader.h"

struct nn_loaded {
	struct nn_preamble preamble;
	struct nn_bundle bundle; /* with data, verified */
};

struct nn_ahead;

/* Loads the frames of kind `kind`. Until nn_ahead_close the reader is in use: only its name may be asked
 * for. Where no thread can be had, frames are loaded when they are asked for. */
int nn_ahead_open(struct nn_ahead **ahead, struct nn_reader *reader, unsigned kind,
	struct nn_error *err);
/* The next frame, its bundle the caller's to free; *more is false at the end of the input. */
int nn_ahead_next(struct nn_ahead *ahead, struct nn_loaded *loaded, bool *more,
	struct nn_error *err);
/* Does not wait for input that has not come. NULL is fine. */
void nn_ahead_close(struct nn_ahead *ahead);
/* An error about a frame that was loaded: "NAME: frame N: ..."; returns its status. */
int nn_ahead_blame(const struct nn_ahead *ahead, const struct nn_loaded *loaded,
	struct nn_error *err);

#endif
