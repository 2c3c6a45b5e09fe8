#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

#define PIECE ((size_t)1 << 20)

static int copy(int from, int to, const char *name, struct nn_error *err)
{
	void *piece = nn_alloc_aligned(PIECE, err);
	size_t got = 0;
	int status = piece ? NN_OK : NN_FAILED;

	while (!status) {
		status = nn_read(from, piece, PIECE, &got, name, err);
		if (status || !got)
			break;
		status = nn_write(to, piece, got, "memory for what comes", err);
	}
	free(piece);
	return status;
}

int nn_spool(int fd, const char *name, int *spool, struct nn_error *err)
{
	int status;

	*spool = memfd_create("nnpipe", MFD_CLOEXEC);
	if (*spool < 0)
		return nn_fail_errno(err, NN_FAILED, "%s: cannot be kept in memory", name);
	status = copy(fd, *spool, name, err);
	if (status) {
		close(*spool);
		*spool = -1;
	}
	return status;
}
