/* The loop of a whole training: tasks to workers, their gradients to an update, step after step. */
#ifndef NN_TRAIN_TRAIN_H
#define NN_TRAIN_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "ranks/ranks.h"
#include "train/exchange.h"
#include "train/journal.h"
#include "train/pool.h"
#include "train/run.h"
#include "train/serve.h"
#include "train/update.h"

/* What is known when the training begins. */
struct nn_train_start {
	uint64_t rows; /* of all shards */
	uint64_t shards;
	size_t files; /* 1: shards are views of it */
	uint64_t steps_per_epoch;
	uint64_t batch; /* rows of a step, about */
	const char *kernel;
	size_t workers;
	uint64_t steps; /* to come */
	uint64_t last_epoch;
	uint64_t local_steps; /* of a round; 0: none */
	bool numbered;        /* the data are files that know which shard they are */
	const char *ranks;    /* they are no workers but ranks, which exchange so; NULL: they are none */
	const struct nn_optim_options *optim; /* complete: what updates are made with */
};
/* After each step, behind the updater's own report. */
struct nn_train_progress {
	uint64_t rows;           /* of this step */
	double seconds;          /* since the loop began */
	uint64_t all_rows;       /* since then */
	uint64_t steps;          /* since then */
	bool validated;          /* the model as it is now was tried on the validation data */
	double metric;           /* accuracy, perplexity, or RMSE */
	double valid_loss;       /* mean */
	const char *metric_name; /* NULL: no validation data */
	size_t busy;             /* workers */
	uint64_t retries;        /* so far */
	uint64_t bytes;          /* sent and received so far */
	size_t workers;
	const double *worker_seconds; /* [workers]: at work since the last report */
	double bubble;                /* of stages: share of the step that they had nothing to do */
	const char
		*worker_states; /* one letter each: * busy, . idle, x to be started, - given up */
	bool stops;             /* the validation says that it is enough: */
	double best;            /* metric ... */
	uint64_t best_step;     /* ... of the model of that step */
};

/* Metadata of a checkpoint's state: what the validation has said. */
#define NN_STOPPING "stopping"

struct nn_train_options {
	struct nn_run run;          /* 0, NULL: as the default or the checkpoint says */
	size_t files;               /* operands that hold the data */
	char *const *paths;         /* [files]: what to call them */
	uint64_t epochs;            /* to train in all, since first_epoch; 0: as `steps` says */
	uint64_t steps;             /* since first_step */
	bool async;                 /* each gradient is an update as soon as it comes */
	uint64_t max_staleness;     /* steps that a shard may be ahead of the slowest then */
	struct nn_shared *shared;   /* memory that workers of the pool share; NULL: none does */
	/* Processes that make each step together, instead of a pool of workers; NULL: none. */
	struct nn_ranks *ranks;
	const struct nn_serve_options *serve;    /* ranks: the data, as workers have them */
	const struct nn_exchange_type *exchange; /* ranks: how; NULL: by memory, if that goes */
	struct nn_supply *supply;   /* data for workers that have no files; NULL: all have them */
	struct nn_journal *journal; /* gets a line for each answer; NULL: none */
	const char *valid;          /* data set to try the model on after each epoch; NULL: none */
	const char *checkpoint;     /* NULL: none */
	uint64_t valid_every;       /* steps between two tries; 0: after each epoch */
	uint64_t patience;    /* so many tries without a better one end the training; 0: none do */
	double min_delta;     /* less is not better */
	double target;        /* a metric as good as this ends the training; NAN: none does */
	bool keep_best;       /* the best model is what comes out, not the last */
	const char *decided;  /* metadata NN_STOPPING of the run that goes on; NULL: none */
	double every_seconds; /* between two checkpoints; 0: no such limit */
	uint64_t every;       /* steps between two checkpoints; 0: only in the end */
	bool rehearse;        /* end when `started` has returned: nothing is trained or written */
	void (*started)(const struct nn_train_start *start);
	void (*progress)(const struct nn_train_progress *progress);
	/* The checkpoint cannot be written, which is said once until it can; or not even in the end. */
	void (*unsaved)(const struct nn_error *why, bool last);
	/* What a person must know, where no pool says it; printf-like. */
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	int (*stop)(void); /* the number of a signal that asks for an end, after each step; or 0 */
};

/* Which of the files `paths` holds which shard, by rows, shards (V, or 0) and first of each: files
 * that nn-shard wrote know it, others are numbered in their order. files[count]. NN_BAD if they do not
 * make one set. */
int nn_train_number_files(size_t *files, const struct nn_preamble *answers, char *const *paths,
	size_t count, struct nn_error *err);

/* Trains on `pool`. The updater's checkpoint has the model; its parameters, preamble and state go
 * from step to step there, and it names its kernel. NN_FAILED, with the checkpoint written if there
 * is one, if the workers fail or `stop` says so.
 *
 * With options->ranks the pool is NULL, and all ranks call it alike; rank 0 alone has a checkpoint to
 * write, validates, reports, and has the model in the end. All return the same status. */
int nn_train(struct nn_updater *updater, struct nn_pool *pool,
	const struct nn_train_options *options, struct nn_error *err);

#endif
