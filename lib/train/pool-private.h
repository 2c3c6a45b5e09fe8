/* What the two sides of a pool share: the workers' threads (worker_thread.c) and the caller
 * (pool.c). All of it is under the lock, but for the channel of a worker that is STARTING or BUSY,
 * which belongs to its thread. */
#ifndef NN_TRAIN_POOL_PRIVATE_H
#define NN_TRAIN_POOL_PRIVATE_H

#include <poll.h>
#include <pthread.h>

#include "base/memory.h"
#include "sched/deadline.h"
#include "train/channel.h"
#include "train/pool.h"

#define NN_POOL_FIRST_SLEEP 0.1 /* seconds after a fault */

/* See worker_thread.c. */
enum nn_worker_state { STARTING, IDLE, BUSY, DEAD, RETIRED };

/* What a worker that shares memory was asked and has not answered. */
struct nn_direct_request {
	struct nn_preamble asked;
	size_t task;   /* NN_NOBODY: part `asked.part` of a slice */
	size_t buffer; /* that its gradient goes to */
	bool dropped;  /* nobody wants the answer any more; `task` is NN_NOBODY */
};
#define NN_DIRECT_QUEUE 3 /* a slice, a task, and one more; or dropped ones */

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
	bool *holds; /* [hold_count]: shards that it was sent, or files of it that were looked at */
	size_t hold_count;
	size_t task;    /* that it is at */
	size_t next;    /* that it was sent already, and is at when it has done `task`; NN_NOBODY */
	double began;   /* when it became BUSY */
	double seconds; /* at work since somebody asked */
	uint64_t counted;             /* bytes that passed its channel and are in pool->bytes */
	double limit;                 /* seconds that it has; 0: no limit */
	bool fresh;                   /* it has done no task since it was started */
	struct nn_deadline times;     /* of its tasks, if limits adapt */
	struct nn_assign_speed speed; /* rows a second, if capacities are measured */
	/* Of a worker that shares memory: see direct.c. */
	struct nn_direct_request queue[NN_DIRECT_QUEUE];
	size_t queued; /* the first of them is what it is at */
	bool broken; /* `fault` has happened: its thread must take it, and nobody else touches it */
	struct nn_error fault;
};

struct nn_direct_part {
	size_t from;
	size_t to;
	bool answered;
	bool finite;
};

struct nn_pool_task {
	const struct nn_preamble *what;
	const struct nn_preamble *model; /* that it needs; NULL: none */
	const struct nn_bundle *params;
	uint64_t model_number;
	uint64_t faults;
	uint64_t bad; /* of these: numbers that are none, or not like the model */
	struct nn_answer answer;
};

/* What the first worker that was asked has said of an operand of the data. */
struct nn_pool_file {
	bool known;
	struct nn_preamble answer;
	char from[80];
};

struct nn_pool {
	const struct nn_pool_options *options;
	pthread_mutex_t lock;
	pthread_cond_t news; /* for nn_pool_next */
	struct nn_pool_worker *workers;
	size_t worker_count;
	size_t threads;  /* that run */
	bool *able;      /* [worker_count]: STARTING, IDLE or BUSY, and its place is not given up */
	size_t given_up; /* workers, when it was stopped */
	double longest_first;       /* seconds that the first tasks of a worker took */
	struct nn_pool_file *files; /* [options->home_count] */
	bool *gone;                 /* [place_count]: places that were given up */
	bool closing;
	uint64_t model_number;      /* of the last model */
	struct nn_pool_task *tasks; /* [task_count] */
	struct nn_assign_task *assign;
	size_t task_count;
	const double *sizes; /* [task_count], or NULL */
	size_t *ready;       /* [task_count]: answers, in the order in which they came */
	size_t ready_count;
	size_t taken;          /* of these */
	uint64_t bytes;        /* sent and received so far */
	uint64_t retries;      /* so far */
	struct nn_buffer said; /* lines for warn */
	struct nn_error failure;
	bool failed;
	size_t direct_count;          /* workers that share memory; of these: */
	int alarm;                    /* eventfd: a thread has news; -1: nobody shares */
	struct nn_direct_part *parts; /* [direct_count + 1] of the slices at hand */
	size_t part_count;            /* with ours */
	bool ahead;                   /* tasks begin when the slices are done */
	struct pollfd *polled;        /* [2 * direct_count + 1] */
	size_t *polled_workers;
	double spin; /* seconds to look for answers before sleeping; 0: there is no spare processor */
	double usual_task; /* seconds that an answer took lately */
	double usual_slice;
};

/* Monotonic, in seconds. */
double nn_pool_now(void);
/* Waits for a signal of `condition`, or until a time; 0: for ever. */
void nn_pool_wait(struct nn_pool *pool, pthread_cond_t *condition, double until);
/* Those who have something to do sleep no longer. */
void nn_pool_wake(struct nn_pool *pool);
void nn_pool_set_state(struct nn_pool_worker *worker, enum nn_worker_state state);
/* Kills those whose time is up. The time when the next one's may be; 0: nobody has a limit. */
double nn_pool_kill_late(struct nn_pool *pool);
/* A thread has something for whoever waits in nn_pool_next. */
void nn_pool_tell(struct nn_pool *pool);
/* BUSY -> IDLE */
void nn_pool_finish_task(struct nn_pool_worker *worker, const struct nn_answer *answer);
/* pool_plan.c: plans the tasks of a step, if they are to be; and takes note of how fast a worker was. */
int nn_pool_plan(struct nn_pool *pool, struct nn_error *err);
void nn_pool_measure(struct nn_pool_worker *worker, const struct nn_answer *answer);
/* Seconds that a worker has, which is STARTING, or BUSY with its task; 0: no limit. */
double nn_pool_limit(const struct nn_pool_worker *worker);
struct nn_assign_view nn_pool_view(const struct nn_pool *pool);
/* Workers that may still do something: neither RETIRED nor of a place that was given up. */
size_t nn_pool_left(const struct nn_pool *pool);
/* The first operand that nobody who is left has; NN_NOBODY: there is none. */
size_t nn_pool_lost_data(const struct nn_pool *pool);
/* Tasks that nobody has. */
size_t nn_pool_waiting(const struct nn_pool *pool);
/* The task that it was sent ahead is for others again. */
void nn_pool_forget_next(struct nn_pool_worker *worker);
/* The task that this one, who is free, shall take. */
size_t nn_pool_next_task(const struct nn_pool *pool, const struct nn_pool_worker *worker);
bool nn_pool_is_direct(const struct nn_pool_worker *worker);

/* direct.c: hands tasks to workers that share memory, and waits for their answers or for news of
 * the threads, but not longer than until a time; 0: for ever. Called with the lock, which is
 * released while it waits. */
void nn_direct_hand_out(struct nn_pool *pool);
void nn_direct_wait(struct nn_pool *pool, double until);
/* Its answer is no good, or will not come: its thread does the rest. */
void nn_direct_break(struct nn_pool_worker *worker, const struct nn_error *why);
/* All that a worker was asked behind its task is to be done by others. Its process is gone. */
void nn_direct_forget(struct nn_pool_worker *worker);
void nn_direct_drop(struct nn_pool_worker *worker);
int nn_direct_open(struct nn_pool *pool, struct nn_error *err);
void nn_direct_close(struct nn_pool *pool);
/* The description, to one that has just said hello; by its thread. */
int nn_direct_describe(struct nn_pool_worker *worker, struct nn_error *err);
/* worker_fault.c: BUSY, STARTING -> DEAD or RETIRED, for the reason `why`; by its thread, with the
 * lock, which is released meanwhile. */
void nn_pool_take_fault(struct nn_pool_worker *worker, struct nn_error *why);
/* The run ends, for this reason, if it does not end for another one already. */
void nn_pool_fail(struct nn_pool *pool, const struct nn_error *err);
/* The thread of a worker. */
void *nn_pool_live(void *worker);

#endif
