/* Frames of the stream: the fixed-size part. The specification is nnt(5). */
#ifndef NN_STREAM_FRAME_H
#define NN_STREAM_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The numbers are part of the format. */
enum nn_kind {
	NN_KIND_DATA = 1,  /* rows of a data set: x, y */
	NN_KIND_MODEL = 2, /* parameters and spec */
	NN_KIND_GRAD = 3,  /* a sum of per-row gradients */
	NN_KIND_DELTA = 4, /* a change of parameters */
	NN_KIND_STATE = 5, /* optimizer state */
	NN_KIND_TASK = 6,
	NN_KIND_METRICS = 7,
	NN_KIND_ACT = 8, /* activations between pipeline stages */
	NN_KIND_HELLO = 9,
	NN_KIND_ERROR = 10,
	NN_KIND_END = 11,
};
#define NN_KIND_SKIPPABLE 0x8000u /* high bit: a reader that does not know the kind may skip it */

enum nn_flag {
	NN_FLAG_DEFLATE = 1,   /* the stored body is a zlib stream (RFC 1950) of the body */
	NN_FLAG_REFERENCE = 2, /* no body: it is in shared memory, see nn_reader_take_references */
	NN_FLAG_MORE =
		4, /* grad: the next frame has more shards of this step, of the same sender */
};

#define NN_FRAME_VERSION 1
#define NN_PREAMBLE_BYTES 192
#define NN_DIGEST_BYTES 8

/* What changes from frame to frame. Numbers that mean nothing for a kind are 0. */
struct nn_preamble {
	unsigned kind;     /* enum nn_kind, or a number with NN_KIND_SKIPPABLE */
	uint32_t flags;    /* enum nn_flag */
	uint64_t sequence; /* of the frame in its stream, from 0: the writer sets it */
	uint64_t stored;   /* bytes of the body in the stream: the writer sets it */
	uint64_t raw;      /* bytes of the body once inflated: the writer sets it */
	uint64_t step;
	uint64_t epoch;
	uint64_t step_in_epoch;
	uint64_t steps_per_epoch; /* S; 0: not yet known */
	uint64_t seed;
	uint64_t shards; /* V; 0: not cut in shards */
	uint64_t first;  /* shards [first, end) of V are covered */
	uint64_t end;
	uint32_t part; /* of `parts`, from 0; both 0: whole */
	uint32_t parts;
	uint64_t rows;
	double weight; /* what a sum over the rows is to be divided by; finite, >= 0 */
	double loss;   /* sum over the rows */
	uint64_t id;   /* nn_bundle_id of the model this is or was computed from; 0: unknown.
			* END: digest of the digests */
	uint64_t reference[4]; /* with NN_FLAG_REFERENCE: what lies where in the shared memory */
};

/* "model", "grad", ...; "kind 77" for others, in a static buffer of the caller. */
const char *nn_kind_name(unsigned kind, char buffer[static 16]);

void nn_preamble_encode(const struct nn_preamble *preamble,
	unsigned char bytes[static NN_PREAMBLE_BYTES]);
/* Checks magic, CRC, version, kind, flags, reserved bytes and ranges, in this order.
 * NN_BAD says what was found; *at is the byte within the preamble where it was. */
int nn_preamble_decode(const unsigned char bytes[static NN_PREAMBLE_BYTES],
	struct nn_preamble *preamble, unsigned *at, struct nn_error *err);
bool nn_is_magic(const unsigned char bytes[static 8]);

#endif
