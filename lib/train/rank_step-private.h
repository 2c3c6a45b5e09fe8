/* What the files of a training by ranks share: rank_survey.c, rank_open.c, rank_state.c and rank_step.c. */
#ifndef NN_TRAIN_RANK_STEP_PRIVATE_H
#define NN_TRAIN_RANK_STEP_PRIVATE_H

#include "train/exchange.h"
#include "train/rank_plan.h"
#include "train/rank_step.h"
#include "train/serve_data.h"
#include "train/task.h"

/* What a rank tells of a step: then three doubles for each of its nodes, rows, weight and loss. */
enum { NOTE_STATUS, NOTE_SIGNAL, NOTE_SECONDS, NOTE_COUNT };

struct nn_rank_crew {
	struct nn_ranks *world;
	bool listening;         /* the others wait for rank 0's word */
	struct nn_ranks *ranks; /* those that have shards; NULL: this one has none */
	struct nn_serve_options serve;
	struct nn_serve_data *data;
	struct nn_rank_plan plan;
	struct nn_rank_stack stack;
	struct nn_slicer *slicer;
	struct nn_exchange exchange;
	struct nn_network *network;
	struct nn_shard *shards; /* this rank's */
	struct nn_task_space space;
	struct nn_partial partial; /* of the shard at hand */
	/* This rank's slice of each of the optimizer's slots. */
	float *slots[NN_MAX_SLOTS];
	size_t slot_count;
	/* The last shard of a step, while backward runs: which sums become ready with it. */
	size_t node;      /* of the plan */
	size_t ready;     /* elements from here on are */
	size_t published; /* ... and were told */
	bool *made;       /* [tensors]: this one's gradient is there */
	struct nn_rank_stack chain;
	int publishing; /* status of it */
	struct nn_error why;
	int signal;
	struct nn_bundle layout; /* of the parameters */
};

/* For nn_network_watch; the context is the training. */
void nn_rank_gradient_made(void *context, size_t first, size_t count);
/* Passes `status` on; if it is none that is well, the others cannot be met any more. */
int nn_rank_lost(struct nn_rank_crew *crew, int status);
/* What a rank told of the last step. */
double *nn_rank_notes(const struct nn_rank_crew *crew, size_t rank);
/* The slots of this rank, from the checkpoint's state, of which only the number of updates stays. */
int nn_rank_keep_slice(struct training *training, struct nn_error *err);
/* The others' part of nn_rank_gather_state. */
int nn_rank_send_state(struct training *training, struct nn_error *err);

#endif
