/* What the two sides of a pool share: the workers' threads (worker_thread.c) and the caller
 * (pool.c). All of it is under the lock, but for the channel of a worker that is STARTING or BUSY,
 * which belongs to its thread. */
#ifndef NN_TRAIN_POOL_PRIVATE_H
#define NN_TRAIN_POOL_PRIVATE_H

#include <pthread.h>

#include "base/memory.h"
#include "train/channel.h"
#include "train/pool.h"

#define NN_POOL_FIRST_SLEEP 0.1 /* seconds after a fault */

/* See worker_thread.c. */
enum nn_worker_state { STARTING, IDLE, BUSY, DEAD, RETIRED };

struct nn_pool_worker {
	struct nn_pool *pool;
	size_t number; /* from 0 */
	size_t place;
	char name[80];
	pthread_t thread;
	pthread_cond_t wake;
	enum nn_worker_state state;
	struct nn_channel channel;
	bool running; /* the channel has a process that may be killed */
	bool late;    /* it was killed because its time was up */
	double deadline;
	double sleep;    /* after the next fault */
	uint64_t starts; /* that failed, in a row */
	uint64_t has;    /* number of the model that it was sent */
	size_t task;     /* that it is at */
};

struct nn_pool_task {
	const struct nn_preamble *what;
	uint64_t faults;
	struct nn_answer answer;
};

struct nn_pool {
	const struct nn_pool_options *options;
	pthread_mutex_t lock;
	pthread_cond_t news; /* for nn_pool_next */
	struct nn_pool_worker *workers;
	size_t worker_count;
	size_t threads; /* that run */
	bool *able;     /* [worker_count]: STARTING, IDLE or BUSY, and its place is not given up */
	bool *gone;     /* [place_count]: places that were given up */
	bool closing;
	const struct nn_preamble *model;
	const struct nn_bundle *params;
	uint64_t model_number;      /* of the model at hand */
	struct nn_pool_task *tasks; /* [task_count] */
	struct nn_assign_task *assign;
	size_t task_count;
	size_t *ready; /* [task_count]: answers, in the order in which they came */
	size_t ready_count;
	size_t taken;          /* of these */
	uint64_t retries;      /* so far */
	struct nn_buffer said; /* lines for warn */
	struct nn_error failure;
	bool failed;
};

/* Monotonic, in seconds. */
double nn_pool_now(void);
/* Waits for a signal of `condition`, or until a time; 0: for ever. */
void nn_pool_wait(struct nn_pool *pool, pthread_cond_t *condition, double until);
/* Those who have something to do sleep no longer. */
void nn_pool_wake(struct nn_pool *pool);
void nn_pool_set_state(struct nn_pool_worker *worker, enum nn_worker_state state);
/* The thread of a worker. */
void *nn_pool_live(void *worker);

#endif
