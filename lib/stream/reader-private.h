/* What reader.c and frame_body.c share: private to this room. */
#ifndef NN_STREAM_READER_PRIVATE_H
#define NN_STREAM_READER_PRIVATE_H

#include "stream/body.h"
#include "stream/input.h"
#include "stream/reader.h"

/* BETWEEN -> IN_FRAME (next) -> BETWEEN (verify, load); BETWEEN -> AFTER_END (next, of END) ->
 * IN_FRAME or end of file. */
enum state { AT_START, BETWEEN, IN_FRAME, AFTER_END };

struct nn_reader {
	struct nn_input input;
	unsigned plain_kind;
	bool plain;      /* the input is a safetensors file */
	bool references; /* are taken */
	enum state state;
	struct nn_frame frame;
	struct nn_hasher *digests; /* of the stream's digests */
	struct nn_body body;
	size_t data_left;             /* bytes of the data section not taken */
	struct nn_buffer header;      /* JSON of this frame */
	struct nn_buffer last_header; /* ... and the one that `layout` was parsed from */
	struct nn_bundle layout;
	bool changed;   /* a frame of another header came since the caller saw one */
	size_t *places; /* where the tensors lie, if not in canonical order */
	size_t trusted; /* data bytes that once came whole: as many may be allocated at once */
};

/* The start of a body, up to the data section. */
int nn_reader_enter_body(struct nn_reader *reader, struct nn_error *err);

#endif
