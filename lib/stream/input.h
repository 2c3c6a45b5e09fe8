/* Bytes of a descriptor, buffered, counted and hashed as they pass: private to this room. */
#ifndef NN_STREAM_INPUT_H
#define NN_STREAM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"

struct nn_input {
	int fd;
	const char *name;
	bool regular;
	bool lasting;      /* a file with a name: damage stays, a retry does not help */
	uint64_t size;     /* of a regular file, from its start */
	uint64_t position; /* bytes handed out, counted from where the descriptor stood */
	uint64_t start;    /* where it stood */
	unsigned char *buffer;
	size_t at;
	size_t have;              /* buffer[at .. have) is read and not handed out */
	struct nn_hasher *hasher; /* of what is handed out, if hashing */
	bool hashing;
	uint64_t frame; /* for messages */
};

#define NN_INPUT_BUFFER ((size_t)256 << 10)

int nn_input_open(struct nn_input *input, int fd, const char *name, struct nn_error *err);
void nn_input_close(struct nn_input *input);

/* Tries to have `count` bytes (<= NN_INPUT_BUFFER) in the buffer; *have may be less at the end. */
int nn_input_peek(struct nn_input *input, size_t count, size_t *have, struct nn_error *err);
/* Hands out `count` bytes; `to` NULL drops them. *got is less at end of file only. */
int nn_input_take(struct nn_input *input, void *to, size_t count, size_t *got,
	struct nn_error *err);
/* Hands out `count` bytes that were used in place at buffer + at. */
void nn_input_used(struct nn_input *input, size_t count);
/* As take, but an end of file is "cut off here". */
int nn_input_need(struct nn_input *input, void *to, size_t count, struct nn_error *err);
/* Damage at a byte: in a file with a name it will be there the next time too (NN_BAD), elsewhere a retry
 * may help (NN_FAILED). "NAME: frame N, byte P: why". */
int nn_input_damaged(const struct nn_input *input, uint64_t position, struct nn_error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
int nn_input_cut(const struct nn_input *input, struct nn_error *err);
/* Bytes of a regular file that are left; UINT64_MAX where that is not known. */
uint64_t nn_input_left(const struct nn_input *input);

#endif
