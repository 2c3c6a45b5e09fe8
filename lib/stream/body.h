/* The stored body of a frame, inflated if need be: private to this room. */
#ifndef NN_STREAM_BODY_H
#define NN_STREAM_BODY_H

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

#include "stream/input.h"

/* Life: start, take ..., finish; or abandon at any time. Zero-initialized it is finished. */
struct nn_body {
	struct nn_input *input;
	uint64_t left; /* stored bytes not taken yet */
	bool inflating;
	z_stream zlib;
};

int nn_body_start(struct nn_body *body, struct nn_input *input, uint64_t stored, bool deflated,
	struct nn_error *err);
/* `count` bytes of the body as it was before it was deflated; `to` may be NULL (drop them) only if
 * it was not. The caller asks for no more than the frame's raw length. */
int nn_body_take(struct nn_body *body, void *to, size_t count, struct nn_error *err);
/* Checks that a deflated body ends right here. */
int nn_body_finish(struct nn_body *body, struct nn_error *err);
void nn_body_abandon(struct nn_body *body);

#endif
