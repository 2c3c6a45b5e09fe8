/* What the files that call MPI share. */
#ifndef NN_RANKS_MPI_PRIVATE_H
#define NN_RANKS_MPI_PRIVATE_H

#include <mpi.h>

#include "ranks/ranks.h"

enum { TAG_FLOATS = 1, TAG_WAKE, TAG_LINES };

struct group {
	struct nn_ranks shown; /* first: what others know */
	MPI_Comm comm;
	bool world;
	bool any_thread;       /* may call MPI, one at a time */
	MPI_Request *requests; /* on their way */
	size_t count;
	size_t room;
};

static inline struct group *group_of(struct nn_ranks *ranks)
{
	return (struct group *)(void *)ranks;
}

#endif
