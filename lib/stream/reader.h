/* Reading a stream of frames. */
#ifndef NN_STREAM_READER_H
#define NN_STREAM_READER_H

#include <stdbool.h>

#include "stream/frame.h"
#include "tensor/tensor.h"

/* A reader of one descriptor. Life of a frame:
 *
 *   nn_reader_next --> [preamble and header are checked] --+--> nn_reader_load: the whole, verified
 *        ^                                                 |
 *        |                                                 +--> nn_reader_take ...: bytes as they
 *        |                                                 |    come, NOT verified yet, then
 *        +---- nn_reader_verify <--------------------------+    nn_reader_verify
 *
 * nn_reader_next passes over what was not read, and verifies it too. All errors name the stream, the
 * frame and the byte; damage is NN_BAD in a regular file, NN_FAILED elsewhere (a retry may help).
 * After an error the reader is only good for nn_reader_close. */
struct nn_reader;

struct nn_frame {
	struct nn_preamble preamble;
	/* Names, shapes and metadata of the tensors; no data; NULL in END and references. Stays
	 * valid until nn_reader_next. */
	const struct nn_bundle *layout;
	bool ordered;      /* data come in canonical order: always, but from plain files */
	bool same_layout;  /* header identical to that of the last frame that the caller was given,
			    * not counting END: nothing to check again */
	uint64_t digest;   /* once verified */
	uint64_t position; /* byte of the input at which the frame starts */
	bool plain;        /* from a safetensors file: the preamble is made up */
};

/* `fd` stays the caller's. `name` must outlive the reader. A plain safetensors file is read as one
 * frame followed by an END, of the kind that nn-convert wrote into it, else `plain_kind`; with
 * plain_kind 0 it is refused. A terminal is refused (NN_USAGE): nobody types frames. */
int nn_reader_open(struct nn_reader **reader, int fd, const char *name, unsigned plain_kind,
	struct nn_error *err);
void nn_reader_close(struct nn_reader *reader); /* NULL is fine */
/* The program that started this one has passed it memory that both see: frames with
 * NN_FLAG_REFERENCE, which have neither body nor layout, are taken from now on. Elsewhere they are
 * refused. */
void nn_reader_take_references(struct nn_reader *reader);
/* Before the first nn_reader_next: is this a plain safetensors file? */
int nn_reader_plain(struct nn_reader *reader, bool *plain, struct nn_error *err);
/* Bytes that were handed out so far. */
uint64_t nn_reader_position(const struct nn_reader *reader);
const char *nn_reader_name(const struct nn_reader *reader);

/* *frame becomes the next frame, END frames included, or NULL at an end of file that follows an
 * END. An empty input and an end without END are errors. Frames of unknown skippable kinds are
 * passed over. */
int nn_reader_next(struct nn_reader *reader, const struct nn_frame **frame, struct nn_error *err);
/* As nn_reader_next, passing over END frames and frames of any other kind than `kind`. */
int nn_reader_find(struct nn_reader *reader, unsigned kind, const struct nn_frame **frame,
	struct nn_error *err);

/* The frame's tensors with data and metadata, verified; the caller's to nn_bundle_free. Memory
 * grows with the bytes that come, never ahead of them. */
int nn_reader_load(struct nn_reader *reader, struct nn_bundle *bundle, struct nn_error *err);

/* The next `count` bytes of the data section (of layout->bytes in all), not verified yet; in the
 * layout's order only if frame->ordered. */
int nn_reader_take(struct nn_reader *reader, void *bytes, size_t count, struct nn_error *err);
/* Reads what is left of the frame and checks its digest; nothing to do where that has been done. */
int nn_reader_verify(struct nn_reader *reader, struct nn_error *err);

/* Between two frames: false if nothing more has come after so many milliseconds. An end of the input
 * and an error have come. */
bool nn_reader_ready(const struct nn_reader *reader, int milliseconds);

/* An error about the current frame: "NAME: frame N: ..." before what `err` says; returns status. */
int nn_reader_blame(const struct nn_reader *reader, struct nn_error *err);

#endif
