/* Layout of a frame in bytes: private to this room. The specification is nnt(5). */
#ifndef NN_STREAM_WIRE_H
#define NN_STREAM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "stream/frame.h"

#define NN_MAGIC "\xabNNT\r\n\x1a\n"
#define NN_MAGIC_BYTES 8

static inline void nn_put_u32(unsigned char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

static inline void nn_put_u64(unsigned char *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

static inline uint32_t nn_get_u32(const unsigned char *from)
{
	uint32_t value = 0;

	for (int i = 3; i >= 0; i--)
		value = value << 8 | from[i];
	return value;
}

static inline uint64_t nn_get_u64(const unsigned char *from)
{
	return (uint64_t)nn_get_u32(from + 4) << 32 | nn_get_u32(from);
}

/* Zero bytes between a stored body and its digest: a frame is a multiple of NN_ALIGN bytes. */
static inline size_t nn_frame_padding(uint64_t stored)
{
	return (size_t)((NN_ALIGN - (stored + NN_DIGEST_BYTES) % NN_ALIGN) % NN_ALIGN);
}

/* JSON takes many times its own memory, which what was stored must justify: a deflated body may not
 * hold a header of more than 64 KiB that is over 64 times as long as the body was stored. Names of
 * tensors repeat themselves and deflate well, but not that well. */
static inline bool nn_header_may_inflate(uint64_t header, uint64_t stored)
{
	return header <= (uint64_t)64 << 10 || header / 64 <= stored;
}

/* The fields agree with each other: part of nn_preamble_decode. */
int nn_preamble_check(const struct nn_preamble *preamble, unsigned *at, struct nn_error *err);

/* NN_BAD, saying what stands where the magic should: a banner that a login shell printed, say. At
 * most 32 bytes of it are shown. */
int nn_no_magic(const unsigned char *bytes, size_t count, struct nn_error *err);
/* Could a program have printed this for people? */
bool nn_is_text(const unsigned char *bytes, size_t count);

#endif
