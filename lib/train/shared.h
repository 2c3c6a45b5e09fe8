/* The memory that a coordinator and its workers on the same machine share: parameters and optimizer
 * state, each twice, and buffers for gradients. Frames with NN_FLAG_REFERENCE say what to do there.
 *
 * A step reads one of the two copies and writes the other; one store in the coordinator, `current`,
 * commits it. A buffer belongs to one worker or to the coordinator at a time: whoever dies leaves
 * nothing half-written that another would read. */
#ifndef NN_TRAIN_SHARED_H
#define NN_TRAIN_SHARED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "optim/optim.h"
#include "reduce/reduce.h"

/* reference[0] of a task; an answer has the same four numbers. */
enum nn_shared_op {
	/* Which parameters (0, 1), to which buffer; and the turn whose update must have made them, 0
	 * if they are made. */
	NN_SHARED_GRADIENT = 1,
	NN_SHARED_SUM = 2,    /* the plan's nodes to a buffer; blocks from, to */
	NN_SHARED_UPDATE = 3, /* from which parameters to the others; blocks from, to */
};

/* A partial sum of the step at hand. */
struct nn_shared_node {
	struct nn_node range;
	uint64_t buffer;
};
/* What is summed, and what an update is made with; written by the coordinator between tasks. */
struct nn_shared_plan {
	uint64_t turn;  /* number of the update */
	uint64_t parts; /* that the update is made in */
	uint64_t shards;
	double lr;
	double divisor;
	double weight;
	uint64_t t;
	uint64_t count;
	struct nn_shared_node nodes[]; /* [count], by range; all of [0, shards) is covered */
};

struct nn_shared {
	int fd;
	unsigned char *base; /* NULL: nobody has laid it out */
	size_t bytes;
	struct nn_shared_sizes {
		uint64_t params; /* bytes */
		uint64_t state;  /* bytes */
		uint64_t slot_count;
		uint64_t slots[NN_MAX_SLOTS]; /* where in the state each begins, bytes */
		uint64_t blocks;              /* of parameters, see train/slice.h */
		uint64_t parts;               /* at most, of an update */
		uint64_t buffers;
	} sizes;
	/* The coordinator's alone. */
	unsigned current;     /* which copy is the model */
	pthread_mutex_t lock; /* of what follows: threads of workers give back too */
	bool *taken;          /* [sizes.buffers] */
	size_t *users;        /* [sizes.buffers]: who had it last */
	size_t taken_count;
	size_t enough; /* no more than so many are taken while others may come back */
};

/* A descriptor, still without size. NN_FAILED where the system has no such thing. */
int nn_shared_new(struct nn_shared **shared, struct nn_error *err);
/* Gives it its size and seals it. */
int nn_shared_lay_out(struct nn_shared *shared, const struct nn_shared_sizes *sizes, size_t enough,
	struct nn_error *err);
/* In a worker: maps what a coordinator has laid out. NN_BAD if it is not that, or not sealed. */
int nn_shared_attach(struct nn_shared **shared, int fd, struct nn_error *err);
void nn_shared_free(struct nn_shared *shared); /* NULL is fine */

/* `which` is 0 or 1. */
float *nn_shared_params(const struct nn_shared *shared, unsigned which);
unsigned char *nn_shared_state(const struct nn_shared *shared, unsigned which);
float *nn_shared_buffer(const struct nn_shared *shared, size_t number);
double *nn_shared_squares(const struct nn_shared *shared); /* [blocks] */
struct nn_shared_plan *nn_shared_plan(const struct nn_shared *shared);

/* Part `part` of the update of that turn is made: all of it is seen by whoever sees this. Each part
 * has a word of its own, so that a part that is made twice is still one. */
void nn_shared_set_made(struct nn_shared *shared, size_t part, uint64_t turn);
/* Are all of the plan's parts, or those of a later turn? */
bool nn_shared_is_made(const struct nn_shared *shared, uint64_t turn);

/* Gives back the memory of the copy that is not current, and of all buffers. */
void nn_shared_shrink(struct nn_shared *shared);

#define NN_NO_BUFFER ((size_t)-1)
/* A buffer that nobody has, rather one that `user` (any number) had before: some of it may still be in
 * the cache there. NN_NO_BUFFER if there is none, or if enough are taken and it is not urgent. */
size_t nn_shared_take(struct nn_shared *shared, size_t user, bool urgent);
void nn_shared_put(struct nn_shared *shared, size_t number); /* NN_NO_BUFFER is fine */
/* Are enough taken, so that sums shall be made rather than wait? */
bool nn_shared_is_full(struct nn_shared *shared);

#endif
