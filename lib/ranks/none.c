/* Built without MPI: nobody gets further than nn_ranks_open. */
#include "ranks/ranks.h"

int nn_ranks_open(struct nn_ranks **ranks, struct nn_error *err)
{
	*ranks = NULL;
	return nn_fail(err, NN_USAGE,
		"started by MPI, but built without it (configure finds mpicc, Debian: libopenmpi-dev)");
}

void nn_ranks_close(struct nn_ranks *ranks)
{
	(void)ranks;
}

void nn_ranks_abort(struct nn_ranks *ranks, int status)
{
	(void)ranks, (void)status;
}

struct nn_ranks *nn_ranks_first(struct nn_ranks *ranks, size_t count)
{
	(void)count;
	return ranks;
}

void nn_ranks_gather(struct nn_ranks *ranks, const void *mine, size_t bytes, void *all)
{
	(void)ranks, (void)mine, (void)bytes, (void)all;
}

void nn_ranks_spread(struct nn_ranks *ranks, void *all, size_t size, const size_t *starts)
{
	(void)ranks, (void)all, (void)size, (void)starts;
}

void nn_ranks_tell(struct nn_ranks *ranks, void *what, size_t bytes)
{
	(void)ranks, (void)what, (void)bytes;
}

void nn_ranks_sleep(struct nn_ranks *ranks)
{
	(void)ranks;
}

void nn_ranks_wake(struct nn_ranks *ranks, size_t rank)
{
	(void)ranks, (void)rank;
}

int nn_ranks_send(struct nn_ranks *ranks, size_t to, const float *values, size_t count,
	struct nn_error *err)
{
	(void)ranks, (void)to, (void)values, (void)count;
	return nn_fail(err, NN_USAGE, "built without MPI");
}

int nn_ranks_receive(struct nn_ranks *ranks, size_t from, float *values, size_t count,
	struct nn_error *err)
{
	(void)ranks, (void)from, (void)values, (void)count;
	return nn_fail(err, NN_USAGE, "built without MPI");
}

void nn_ranks_push(struct nn_ranks *ranks)
{
	(void)ranks;
}

void nn_ranks_wait(struct nn_ranks *ranks)
{
	(void)ranks;
}

int nn_ranks_pass(struct nn_ranks *ranks, const struct nn_ranks_line *lines, size_t count,
	struct nn_error *err)
{
	(void)ranks, (void)lines, (void)count;
	return nn_fail(err, NN_USAGE, "built without MPI");
}
