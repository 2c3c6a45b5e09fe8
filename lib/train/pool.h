/* Workers: processes that answer tasks, kept alive by a thread each. */
#ifndef NN_TRAIN_POOL_H
#define NN_TRAIN_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "proc/process.h"
#include "reduce/reduce.h"
#include "sched/assign.h"
#include "stream/frame.h"
#include "tensor/tensor.h"
#include "train/packed.h"
#include "train/shared.h"
#include "train/supply.h"

/* Where workers run, and what starts one there. */
struct nn_place {
	const char *name; /* of the host; NULL: this machine */
	bool ssh;         /* what is started is ssh: its exit status 255 is ssh's own */
	const char *tool; /* for "TOOL not found": what is run in the end */
	const char
		*command; /* for sh -c, with NN_WORKER=number from 1 in its environment; or NULL */
	char *const *arguments;  /* else a program and its arguments, NULL-terminated */
	unsigned workers;        /* how many of them */
	enum nn_packing packing; /* of what passes by its pipes */
	bool supplied;           /* it has no files: pool options have a supply for it */
	int shared; /* descriptor of shared memory, handed down; the tool knows it. 0: none */
};

struct nn_pool_options {
	const struct nn_place
		*places; /* the caller's, as all it points to: they must outlive the pool */
	size_t place_count;
	enum nn_assign assign;
	const double *capacity; /* of each worker, for NN_ASSIGN_WEIGHTED; NULL: measured */
	/* The host that alone has operand i of the data, as train/placement.h has it; NULL: all
	 * have it, or all of them. And what to call operands. */
	char *const *homes;    /* [home_count] */
	char *const *operands; /* [home_count] */
	size_t home_count;
	double timeout;   /* seconds for an answer, or until a worker is ready; 0: no limit */
	bool adaptive;    /* ... but less for one whose answers take less: sched/deadline.h */
	size_t quorum;    /* workers that must not be given up; 0: one */
	uint64_t retries; /* of a task, and of starting a worker that has not answered yet */
	/* What a person must know, printf-like; called by the thread that calls nn_pool_next. */
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	/* Of workers that have no files; cut before the first task that has a model. */
	const struct nn_supply *supply;
	const struct nn_bundle *order; /* metadata of tasks that have a model; NULL: none */
	unsigned processors;           /* here */
	/* What places with a descriptor share; NULL: none have. It must be laid out before the
	 * first task that has a model. `description` is what is told first (train/serve.h). */
	struct nn_shared *shared;
	const struct nn_bundle *description;
};

struct nn_pool;

/* Starts all workers; they get ready while the caller goes on. Signals go to other threads. */
int nn_pool_new(struct nn_pool **pool, const struct nn_pool_options *options, struct nn_error *err);
/* Ends all workers, and nothing that the pool was given is used any more. */
void nn_pool_stop(struct nn_pool *pool);
/* Ends all workers: idle ones by END, others by a signal. No process is left. NULL is fine. */
void nn_pool_free(struct nn_pool *pool);

/* Hands out tasks: frames of kind task, as train/serve.h has them. `model` is sent once to each
 * worker that gets one of them; NULL if the tasks need none. All of it must stay as it is until
 * each task's answer has come. The tasks handed out before must all have been answered. With
 * `tasks` NULL none is handed out yet: nn_pool_again does. */
int nn_pool_begin(struct nn_pool *pool, const struct nn_preamble *model,
	const struct nn_bundle *params, const struct nn_preamble *tasks, size_t count,
	struct nn_error *err);

/* How large the tasks to come are [count], for NN_ASSIGN_WEIGHTED; the caller's, to stay as they are.
 * NULL, or never called: all alike. */
void nn_pool_set_sizes(struct nn_pool *pool, const double *sizes);

/* Task `number` of those that nn_pool_begin was told of, whose answer has been taken (or `tasks` was
 * NULL there), again, with a model of its own; all of it must stay until the answer has come. Not
 * for workers that share memory. */
void nn_pool_again(struct nn_pool *pool, size_t number, const struct nn_preamble *task,
	const struct nn_preamble *model, const struct nn_bundle *params);

struct nn_answer {
	size_t task;
	char from[80];               /* who gave it */
	struct nn_preamble preamble; /* of that task and no other */
	struct nn_partial
		partial; /* a gradient, all numbers finite; the caller's. Empty if the task
				      * was about rows */
	/* Else, from a worker that shares memory: where the gradient is, the caller's to put back.
	 * Neither its numbers nor its loss are checked yet; its range, rows, weight and loss are in `partial`. NN_NO_BUFFER. */
	size_t buffer;
};
/* The next answer, in the order in which they come. Faults are mended meanwhile, by the rules at
 * the head of worker_thread.c. An error ends the run: NN_FAILED if no worker is left or a task has
 * failed too often; the status that workers give if they say that another try is of no use. */
int nn_pool_next(struct nn_pool *pool, struct nn_answer *answer, struct nn_error *err);

/* Between two steps: splits blocks [0, blocks) among the workers that share memory and the caller,
 * and has them do `op` with `with` (train/shared.h). nn_pool_slice hands the parts out;
 * nn_pool_ahead may follow; nn_pool_sliced does what is left and waits for the others. */
struct nn_pool_slices {
	enum nn_shared_op op;
	uint64_t with;
	size_t blocks;
	size_t least; /* blocks that are worth a message */
	/* Does the caller's part, and what a worker has failed at. False: not all is finite. */
	bool (*mine)(void *context, size_t from, size_t to);
	void *context;
};
/* The plan's turn must be set; its parts are set here. */
void nn_pool_slice(struct nn_pool *pool, const struct nn_pool_slices *slices);
/* The tasks that nn_pool_begin was given after nn_pool_slice: handed out at once, to be begun when
 * the update is made. */
void nn_pool_ahead(struct nn_pool *pool);
/* *finite: all have said so. */
void nn_pool_sliced(struct nn_pool *pool, const struct nn_pool_slices *slices, bool *finite);

/* What of the tasks has not been answered, or whose answer has not been taken, is dropped: of workers
 * that share memory, who do all of them. nn_pool_begin may follow. */
void nn_pool_drop(struct nn_pool *pool);
/* After nn_pool_begin: nobody shall get the task that it has done last, if there is another. */
void nn_pool_elsewhere(struct nn_pool *pool);
bool nn_pool_may_retry(const struct nn_pool *pool);
/* A line for `warn`, behind those of faults. */
void nn_pool_say(struct nn_pool *pool, const struct nn_error *line);

/* How many workers had been given up when it was stopped. */
size_t nn_pool_given_up(const struct nn_pool *pool);

/* Do all of the workers share memory? */
bool nn_pool_is_shared(const struct nn_pool *pool);

/* What is to be shown. */
size_t nn_pool_size(const struct nn_pool *pool);
size_t nn_pool_busy(struct nn_pool *pool);
uint64_t nn_pool_bytes(struct nn_pool *pool); /* sent and received so far */
/* For each worker: seconds at work since the last call, and a letter for its state (train.h). */
void nn_pool_watch(struct nn_pool *pool, double *seconds, char *states);
uint64_t nn_pool_retries(struct nn_pool *pool); /* tasks that were handed out again, so far */

#endif
