/* Whole reads and writes on file descriptors, and output files that are whole or absent. */
#ifndef NN_BASE_IO_H
#define NN_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/error.h"

/* Reads up to `count` bytes, stopping early at end of file only; *got says how many came.
 * EINTR is retried. NN_FAILED with "NAME: why" on an I/O error. */
int nn_read(int fd, void *bytes, size_t count, size_t *got, const char *name, struct nn_error *err);
/* One read(2): what is there now, at most `count`; *got is 0 at end of file. */
int nn_read_some(int fd, void *bytes, size_t count, size_t *got, const char *name,
	struct nn_error *err);
/* Writes all. If the reader of a pipe has gone and SIGPIPE is ignored: NN_FAILED with errno EPIPE. */
int nn_write(int fd, const void *bytes, size_t count, const char *name, struct nn_error *err);
/* The same for several pieces in order; the array is used up. Empty pieces are allowed. */
int nn_writev(int fd, struct iovec *pieces, int count, const char *name, struct nn_error *err);
/* The whole rest of `fd` into memory: at most `limit` bytes, else NN_BAD. NUL behind the end. */
struct nn_buffer;
int nn_read_all(int fd, struct nn_buffer *buffer, size_t limit, const char *name,
	struct nn_error *err);

/* The whole rest of `fd` into a file in memory that has no name; *spool is the caller's, at no position
 * in particular, and not handed down to children. NN_FAILED. */
int nn_spool(int fd, const char *name, int *spool, struct nn_error *err);

/* Reading and writing wait where the descriptor does not (O_NONBLOCK). In this thread they do so, from
 * now on, only while it makes sense; -1 stands for nothing of the kind. They fail when `leave` can be
 * read (ECANCELED) and after so many milliseconds without a byte (ETIMEDOUT). When `gone` can be read,
 * whoever is on the other side is gone, even if somebody else holds the pipe open: what had come is
 * read, and the end of file behind it; writing is EPIPE. */
void nn_io_bound(int leave, int gone, int milliseconds);

/* Opens a file for reading; "-" is standard input. The descriptor is the caller's; *name is
 * what to call it in messages: `path` itself, or "stdin". */
int nn_open_input(const char *path, int *fd, const char **name, struct nn_error *err);
/* True if both descriptors are open on one and the same regular file. */
bool nn_same_file(int fd, int other);

/* A named output file is written beside itself, synced and renamed, so it is whole or absent and
 * what was there before stays until then. Pipes, terminals and devices are written directly.
 * Lifetime: nn_output_open, then exactly one of nn_output_commit or nn_output_abandon. */
struct nn_output {
	int fd;           /* write here */
	const char *name; /* for messages: the path, or "stdout" */
	char *path;       /* NULL: written directly */
	char *temporary;  /* the name beside it */
	bool named; /* the file has that name now (without O_TMPFILE, or about to be renamed) */
};
/* `path` NULL or "-" is standard output. The string must live as long as the output. */
int nn_output_open(struct nn_output *output, const char *path, struct nn_error *err);
/* Everything written: sync, rename, close; for standard output close, checked. */
int nn_output_commit(struct nn_output *output, struct nn_error *err);
/* Leaves what was there before untouched. Safe on a zeroed struct. */
void nn_output_abandon(struct nn_output *output);

#endif
