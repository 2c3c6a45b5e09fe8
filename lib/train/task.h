/* Tasks: the gradients of a model on the shards that a process holds. */
#ifndef NN_TRAIN_TASK_H
#define NN_TRAIN_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "model/network.h"
#include "optim/optim.h"
#include "reduce/reduce.h"
#include "stream/writer.h"
#include "train/shards.h"

/* A step, as all of its tasks see it. */
struct nn_step {
	uint64_t step;
	uint64_t epoch;
	uint64_t step_in_epoch;
	uint64_t steps_per_epoch; /* >= 1 */
	uint64_t seed;
};

/* Memory that a task works in; zero-initialized it is empty, and it grows. */
struct nn_task_space {
	uint64_t *rows;
	float *x;
	float *y;
	int32_t *labels; /* [room, positions] */
	size_t room;     /* rows of ... */
	size_t features;
	size_t outputs; /* 0: of classes */
	size_t positions;
};
void nn_task_space_free(struct nn_task_space *space);

/* One task, a pure function of (parameters, shard, step): the gradient of the shard's rows of this
 * step. partial->sum must be laid out for the network and have data; all of *partial is filled in.
 * nn_fit_data must have passed, and nn_blas_load. */
int nn_task_gradient(struct nn_network *network, const struct nn_bundle *params,
	const struct nn_shard *shard, const struct nn_step *step, struct nn_task_space *space,
	struct nn_partial *partial, struct nn_error *err);

/* After a task whose loss is not finite: NN_BAD, "step N, shard K: the loss is nan: ...", naming the
 * first tensor that went wrong and what may help. The space must be as the task has left it. */
int nn_task_blame(const struct nn_network *network, const struct nn_task_space *space,
	const struct nn_step *step, const struct nn_partial *partial, struct nn_error *err);

struct nn_task_options {
	uint64_t batch;           /* rows a step; 0: all */
	uint64_t steps_per_epoch; /* 0: as `batch` says */
	bool has_seed;
	uint64_t seed;        /* instead of the model's */
	uint64_t local_steps; /* train so many steps by oneself, see train/local.h; 0: a gradient */
	const struct nn_optim_options *inner; /* with local steps: resolved */
	bool keep_inner;
	/* Printf-like: what a person must know. NULL: nobody listens. */
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};

/* Answers models: for each the sums of the gradients of all its shards, neighbours merged in the
 * fixed tree, in the fewest frames. */
struct nn_worker;
/* The shards and options must outlive it. NULL with `err` filled without memory. */
struct nn_worker *nn_worker_new(const struct nn_shards *shards,
	const struct nn_task_options *options, struct nn_error *err);
void nn_worker_free(struct nn_worker *worker); /* NULL is fine */
/* `name` is what to call the model. Loads BLAS if it is not. The network is kept for the next model
 * of the same spec. */
int nn_worker_answer(struct nn_worker *worker, const struct nn_model *model, const char *name,
	struct nn_writer *writer, struct nn_error *err);

#endif
