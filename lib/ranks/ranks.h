/* Processes that MPI has started together: the only room that sees MPI. (Message Passing Interface
 * Forum, MPI: A Message-Passing Interface Standard, version 3.1, 2015.)
 *
 * Calls marked "all" must be made by all ranks of the group, in the same order. What goes wrong inside
 * MPI ends the job, as MPI does by itself: such calls have no errors. */
#ifndef NN_RANKS_RANKS_H
#define NN_RANKS_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A group of ranks, and which of them this process is. */
struct nn_ranks {
	size_t rank;
	size_t size;
	bool lost;  /* one of them has ended: the others can only be ended too */
	void *room; /* [size][NN_RANKS_ROOM] bytes: what all say, in agree.c */
};
#define NN_RANKS_ROOM 2048

/* Has a launcher of MPI started this process, with others? NULL: no; else what to call it. NN_USAGE: it has,
 * or srun has, but they would not find each other; the text says what helps. */
int nn_ranks_launcher(const char **launcher, struct nn_error *err);
/* All: joins the others. To be called once, before anything else of MPI. NN_USAGE: this program was built
 * without MPI. */
int nn_ranks_open(struct nn_ranks **ranks, struct nn_error *err);
/* All: leaves them. NULL is fine. */
void nn_ranks_close(struct nn_ranks *ranks);
/* Ends the whole job, whatever the others are at. */
void nn_ranks_abort(struct nn_ranks *ranks, int status);
/* All: the first `count` ranks as a group of their own, for nn_ranks_close; NULL in the others. */
struct nn_ranks *nn_ranks_first(struct nn_ranks *ranks, size_t count);

/* All: has something gone wrong anywhere? `status` and `err` are what has here. Returns the same
 * everywhere: NN_OK, or the status of the first rank that has one, with `err` saying what, and, unless all
 * say the same, which ranks it was. */
int nn_ranks_agree(struct nn_ranks *ranks, int status, struct nn_error *err);
/* All: is each of the `count` texts, at most NN_RANKS_ROOM / NN_RANKS_TEXT, shorter than NN_RANKS_TEXT bytes, the same everywhere? NN_BAD names
 * the first that is not, after `names`, with rank 0's and the other's. */
#define NN_RANKS_TEXT 160
int nn_ranks_compare(struct nn_ranks *ranks, const char *const *names,
	const char (*texts)[NN_RANKS_TEXT], size_t count, struct nn_error *err);

/* All: `bytes` bytes of each rank, to everyone: all [size][bytes]. `mine` may be its place there. */
void nn_ranks_gather(struct nn_ranks *ranks, const void *mine, size_t bytes, void *all);
/* All: rank r has elements [starts[r], starts[r + 1]) of `size` bytes each; afterwards all have all. */
void nn_ranks_spread(struct nn_ranks *ranks, void *all, size_t size, const size_t *starts);
/* All: rank 0's `bytes` bytes, to everyone. */
void nn_ranks_tell(struct nn_ranks *ranks, void *what, size_t bytes);
/* Sleeps until rank 0 wakes this one: for ranks that have nothing to do for long. */
void nn_ranks_sleep(struct nn_ranks *ranks);
void nn_ranks_wake(struct nn_ranks *ranks, size_t rank);

/* Starts a transfer of floats, which go on their way while others are at work. Of two ranks, the messages
 * of one to the other arrive in the order in which they were sent. The vectors must stay until
 * nn_ranks_wait. NN_FAILED without memory. */
int nn_ranks_send(struct nn_ranks *ranks, size_t to, const float *values, size_t count,
	struct nn_error *err);
int nn_ranks_receive(struct nn_ranks *ranks, size_t from, float *values, size_t count,
	struct nn_error *err);
/* Lets them go on, which MPI does only while it is called. */
void nn_ranks_push(struct nn_ranks *ranks);
/* All that were started are done. */
void nn_ranks_wait(struct nn_ranks *ranks);

/* A line between two ranks: here a stream socket, as if it were connected to the one there. */
struct nn_ranks_line {
	int fd;      /* closed in the end */
	size_t peer; /* the rank that has its counterpart */
	unsigned
		label; /* of several lines between two ranks, which: the same on both sides; < NN_RANKS_LABELS */
};
#define NN_RANKS_LABELS 1024

/* Passes bytes as messages until all lines have ended both ways. What nobody takes here waits where it comes
 * from; a line never waits for another one. To be called in any one thread, with SIGPIPE blocked, while no other
 * thread calls MPI. NN_FAILED: no memory, or this MPI knows one thread only. */
int nn_ranks_pass(struct nn_ranks *ranks, const struct nn_ranks_line *lines, size_t count,
	struct nn_error *err);

/* All: memory that all ranks see, of each `bytes` bytes: places [size] gets where each one's is, zeroed
 * and on NN_ALIGN. Fails everywhere, NN_FAILED, if they are not on one machine or the system does not let them. */
struct nn_ranks_memory;
int nn_ranks_share(struct nn_ranks_memory **memory, struct nn_ranks *ranks, size_t bytes,
	void **places, struct nn_error *err);
/* Has the process of one of them ended? Its rank, or the number of ranks. For whoever waits there for a
 * store of another: MPI, which ends the job as a rule, may not see it. */
size_t nn_ranks_ended(const struct nn_ranks_memory *memory);
void nn_ranks_unshare(struct nn_ranks_memory *memory); /* NULL is fine */

#endif
