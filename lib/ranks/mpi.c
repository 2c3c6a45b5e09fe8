#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "ranks/mpi-private.h"

/* Most elements of one message: MPI counts with int. */
#define MOST ((size_t)1 << 30)

static struct group *make_group(MPI_Comm comm, struct nn_error *err)
{
	struct group *group = nn_alloc(1, sizeof *group, err);
	int rank;
	int size;

	if (!group)
		return NULL;
	MPI_Comm_rank(comm, &rank);
	MPI_Comm_size(comm, &size);
	group->comm = comm;
	group->shown = (struct nn_ranks){ .rank = (size_t)rank,
		.size = (size_t)size,
		.room = nn_alloc((size_t)size, NN_RANKS_ROOM, err) };
	if (group->shown.room)
		return group;
	free(group);
	return NULL;
}

int nn_ranks_open(struct nn_ranks **ranks, struct nn_error *err)
{
	struct group *group;
	int level;

	*ranks = NULL;
	/* BLAS may have threads; none of them calls MPI. Who passes lines does, while nobody else does. */
	if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level))
		return nn_fail(err, NN_FAILED, "MPI does not start");
	group = make_group(MPI_COMM_WORLD, err);
	if (!group)
		MPI_Abort(MPI_COMM_WORLD, NN_FAILED);
	group->world = true;
	group->any_thread = level >= MPI_THREAD_SERIALIZED;
	*ranks = &group->shown;
	return NN_OK;
}

void nn_ranks_close(struct nn_ranks *ranks)
{
	struct group *group = group_of(ranks);

	if (!group)
		return;
	if (group->world)
		MPI_Finalize();
	else
		MPI_Comm_free(&group->comm);
	free(group->requests);
	free(group->shown.room);
	free(group);
}

void nn_ranks_abort(struct nn_ranks *ranks, int status)
{
	MPI_Abort(group_of(ranks)->comm, status);
}

struct nn_ranks *nn_ranks_first(struct nn_ranks *ranks, size_t count)
{
	bool in = ranks->rank < count;
	struct group *group;
	MPI_Comm comm;

	MPI_Comm_split(group_of(ranks)->comm, in ? 0 : MPI_UNDEFINED, (int)ranks->rank, &comm);
	if (!in)
		return NULL;
	group = make_group(comm, NULL);
	if (!group)
		MPI_Abort(MPI_COMM_WORLD, NN_FAILED);
	return &group->shown;
}

/* Any number of bytes, a piece at a time. */
static void gather_bytes(MPI_Comm comm, const void *mine, size_t bytes, unsigned char *all,
	bool in_place)
{
	MPI_Allgather(in_place ? MPI_IN_PLACE : mine, in_place ? 0 : (int)bytes,
		in_place ? MPI_DATATYPE_NULL : MPI_BYTE, all, (int)bytes, MPI_BYTE, comm);
}

void nn_ranks_gather(struct nn_ranks *ranks, const void *mine, size_t bytes, void *all)
{
	unsigned char *place = (unsigned char *)all + ranks->rank * bytes;

	gather_bytes(group_of(ranks)->comm, mine, bytes, all, place == mine);
}

void nn_ranks_tell(struct nn_ranks *ranks, void *what, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += MOST) {
		size_t piece = bytes - at < MOST ? bytes - at : MOST;

		MPI_Bcast((unsigned char *)what + at, (int)piece, MPI_BYTE, 0,
			group_of(ranks)->comm);
	}
}

/* What MPI_Allgatherv cannot count, rank by rank. */
static void spread_pieces(struct nn_ranks *ranks, unsigned char *all, size_t size,
	const size_t *starts)
{
	for (size_t r = 0; r < ranks->size; r++)
		for (size_t at = starts[r] * size; at < starts[r + 1] * size; at += MOST) {
			size_t left = starts[r + 1] * size - at;

			MPI_Bcast(all + at, (int)(left < MOST ? left : MOST), MPI_BYTE, (int)r,
				group_of(ranks)->comm);
		}
}

void nn_ranks_spread(struct nn_ranks *ranks, void *all, size_t size, const size_t *starts)
{
	struct group *group = group_of(ranks);
	MPI_Datatype type = size == sizeof(double) ? MPI_DOUBLE : MPI_FLOAT;
	int *counts;

	counts =
		starts[ranks->size] < MOST ? nn_alloc(2 * ranks->size, sizeof *counts, NULL) : NULL;
	if (!counts) {
		spread_pieces(ranks, all, size, starts);
		return;
	}
	for (size_t r = 0; r < ranks->size; r++) {
		counts[r] = (int)(starts[r + 1] - starts[r]);
		counts[ranks->size + r] = (int)starts[r];
	}
	MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, counts, counts + ranks->size, type,
		group->comm);
	free(counts);
}

void nn_ranks_sleep(struct nn_ranks *ranks)
{
	const struct timespec nap = { .tv_nsec = 20000000 };
	MPI_Comm comm = group_of(ranks)->comm;
	int there = 0;

	for (;;) {
		MPI_Iprobe(0, TAG_WAKE, comm, &there, MPI_STATUS_IGNORE);
		if (there)
			break;
		nanosleep(&nap, NULL);
	}
	MPI_Recv(NULL, 0, MPI_BYTE, 0, TAG_WAKE, comm, MPI_STATUS_IGNORE);
}

void nn_ranks_wake(struct nn_ranks *ranks, size_t rank)
{
	MPI_Send(NULL, 0, MPI_BYTE, (int)rank, TAG_WAKE, group_of(ranks)->comm);
}

static MPI_Request *next_request(struct group *group, struct nn_error *err)
{
	size_t room = group->room ? 2 * group->room : 64;
	MPI_Request *requests;

	if (group->count < group->room)
		return &group->requests[group->count++];
	requests = nn_realloc(group->requests, room, sizeof(MPI_Request), err);
	if (!requests)
		return NULL;
	group->requests = requests;
	group->room = room;
	return &group->requests[group->count++];
}

int nn_ranks_send(struct nn_ranks *ranks, size_t to, const float *values, size_t count,
	struct nn_error *err)
{
	struct group *group = group_of(ranks);

	for (size_t at = 0; at < count; at += MOST) {
		size_t piece = count - at < MOST ? count - at : MOST;
		MPI_Request *request = next_request(group, err);

		if (!request)
			return NN_FAILED;
		MPI_Isend(values + at, (int)piece, MPI_FLOAT, (int)to, TAG_FLOATS, group->comm,
			request);
	}
	return NN_OK;
}

int nn_ranks_receive(struct nn_ranks *ranks, size_t from, float *values, size_t count,
	struct nn_error *err)
{
	struct group *group = group_of(ranks);

	for (size_t at = 0; at < count; at += MOST) {
		size_t piece = count - at < MOST ? count - at : MOST;
		MPI_Request *request = next_request(group, err);

		if (!request)
			return NN_FAILED;
		MPI_Irecv(values + at, (int)piece, MPI_FLOAT, (int)from, TAG_FLOATS, group->comm,
			request);
	}
	return NN_OK;
}

void nn_ranks_push(struct nn_ranks *ranks)
{
	struct group *group = group_of(ranks);
	int done;

	/* Those that are done become null requests, and stay until nn_ranks_wait. */
	if (group->count)
		MPI_Testany((int)group->count, group->requests, &(int){ 0 }, &done,
			MPI_STATUS_IGNORE);
}

void nn_ranks_wait(struct nn_ranks *ranks)
{
	struct group *group = group_of(ranks);

	MPI_Waitall((int)group->count, group->requests, MPI_STATUSES_IGNORE);
	group->count = 0;
}
