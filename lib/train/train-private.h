/* What the files of a training share: how it begins (survey.c), a step of it (sync.c), the
 * validation (validation.c), and the loop around them (train.c). */
#ifndef NN_TRAIN_TRAIN_PRIVATE_H
#define NN_TRAIN_TRAIN_PRIVATE_H

#include "train/evaluate.h"
#include "train/train.h"

/* What the validation has said so far: stopping.c. */
struct nn_stopping {
	bool any;    /* it has said something */
	bool higher; /* numbers are better */
	bool enough; /* the training ends */
	double best;
	uint64_t best_step;
	uint64_t worse;              /* validations since */
	unsigned char *params;       /* of the best model; NULL: not kept */
	struct nn_preamble preamble; /* ... and what it says */
	bool unsaved;                /* it is not in FILE.best yet */
};

struct training {
	/* Takes the model one step further. */
	int (*step)(struct training *training, struct nn_error *err);
	struct nn_shared_step *shared; /* of shared_step.c; NULL: nobody shares memory */
	struct nn_async *async;        /* of async.c; NULL: steps are synchronous */
	struct nn_rank_crew *crew;     /* of rank_step.c; NULL: workers, not ranks */
	/* [options->files], of pipeline.c: what workers would say of the files; NULL: they are asked. */
	const struct nn_preamble *answers;
	const struct nn_train_options *options;
	struct nn_updater *updater;
	struct nn_pool *pool;
	struct nn_checkpoint *checkpoint;
	struct nn_run run;
	uint64_t rows;            /* of all data */
	bool numbered;            /* the files know which shard they are */
	uint64_t largest;         /* of a file */
	size_t *files;            /* [run.shards]: which file holds a shard */
	double *sizes;            /* [run.shards]: how large they are, for who hands them out */
	struct nn_preamble model; /* of the step at hand */
	struct nn_preamble
		*questions;        /* about the files; workers may read them until the pool stops */
	struct nn_preamble *tasks; /* [run.shards] of the step at hand */
	uint64_t steps_per_epoch;
	uint64_t last_step; /* 0: last_epoch counts */
	uint64_t last_epoch;
	struct nn_evaluation evaluation; /* of the validation data */
	struct nn_stopping stopping;
	struct nn_train_progress progress;
	double *worker_seconds; /* [workers] */
	char *worker_states;    /* [workers + 1] */
	double began;
	uint64_t told;   /* the step that the progress is at */
	double saved_at; /* seconds, as `began` */
	bool unsaved;    /* the last checkpoint could not be written */
	uint64_t saved;  /* the step that the checkpoint has */
};

/* Counts the rows of the data, numbers the shards and sets S and the end of the training. */
int nn_train_survey(struct training *training, struct nn_error *err);
int nn_train_plan(struct training *training, struct nn_error *err);

/* The validation data, if there are any: loaded, and the model as it is now tried on them. */
int nn_train_open_validation(struct training *training, struct nn_error *err);
int nn_train_validate(struct training *training, struct nn_error *err);

/* What a run that goes on had decided; a new number; into the checkpoint's state and FILE.best; and in
 * the end the best model takes the place of the last. */
int nn_stopping_open(struct training *training, struct nn_error *err);
void nn_stopping_close(struct training *training);
int nn_stopping_judge(struct training *training, struct nn_error *err);
int nn_stopping_save(struct training *training, struct nn_error *err);
void nn_stopping_choose(struct training *training);

/* One step: all gradients of the model as it is, then the update. */
int nn_train_sync_step(struct training *training, struct nn_error *err);
/* The same where workers share memory with us (shared_step.h). */
int nn_train_shared_step(struct training *training, struct nn_error *err);
/* Asynchronous steps: training->step is set. */
int nn_async_open(struct training *training, struct nn_error *err);
void nn_async_close(struct training *training);
int nn_train_async_step(struct training *training, struct nn_error *err);
/* All shards get to the step that the furthest is at: only then a checkpoint says all. */
int nn_async_settle(struct training *training, struct nn_error *err);
/* The task of a shard at the model's step. */
struct nn_preamble nn_train_task(const struct training *training, uint64_t shard);
/* A line that a person must know. */
void nn_train_say(const struct training *training, const struct nn_error *line);
/* A line for the journal, if there is one: of a gradient as it came, before anybody adds to it. */
int nn_train_note(struct training *training, const struct nn_answer *answer, const void *grad,
	struct nn_error *err);
/* Will there be a step after the one at hand, unless somebody stops it? */
bool nn_train_goes_on(const struct training *training);
/* The tasks of the step that the model is at, to the pool. */
int nn_train_hand_out(struct training *training, struct nn_error *err);

#endif
