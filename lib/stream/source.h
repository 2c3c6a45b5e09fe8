/* Bytes of a file that may be gzipped: what importers read from. */
#ifndef NN_STREAM_SOURCE_H
#define NN_STREAM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Reads `fd` and, where it begins with the gzip magic (RFC 1952; several members are one file),
 * inflates it. Bytes come as they are inflated; nothing is held but two blocks. */
struct nn_source;

/* `fd` stays the caller's; `name` must outlive the source. */
int nn_source_open(struct nn_source **source, int fd, const char *name, struct nn_error *err);
void nn_source_close(struct nn_source *source); /* NULL is fine */
/* Up to `count` bytes, fewer only at the end; *got is 0 there. A gzip file that is cut or damaged is
 * an error: "NAME: byte N: ..." (NN_BAD in a regular file, NN_FAILED elsewhere). */
int nn_source_read(struct nn_source *source, void *bytes, size_t count, size_t *got,
	struct nn_error *err);
/* Bytes that nn_source_read has still to give, behind its first call; UINT64_MAX where only reading can
 * tell: gzip, and what is no regular file. */
uint64_t nn_source_left(const struct nn_source *source);
bool nn_source_is_gzip(const struct nn_source *source);
/* "zlib 1.2.13": what runs. */
void nn_source_library(char out[static 32]);
const char *nn_source_name(const struct nn_source *source);

#endif
