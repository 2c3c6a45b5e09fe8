/* What the files of the shared step share: shared_step.c, and shared_doubt.c for what is done about
 * numbers that are none. */
#ifndef NN_TRAIN_SHARED_STEP_PRIVATE_H
#define NN_TRAIN_SHARED_STEP_PRIVATE_H

#include "train/shared_step.h"
#include "train/shared_slice.h"

/* A partial sum. */
struct node {
	struct nn_share share;
	size_t buffer;
	char from[80]; /* who has computed it; "": several have */
};

struct nn_shared_step {
	struct nn_shared *shared;
	struct nn_slicer *slicer;
	struct nn_shared_sources sources; /* of the plan */
	struct node *nodes; /* [shards], by range */
	size_t count;
	uint64_t turn; /* updates made */
	bool ahead;    /* the tasks of the step to come are handed out */
	bool doubtful; /* a gradient of this step is no number, and `doubt` says which: */
	struct nn_error doubt;
};

/* Has the answer a loss? If not, the step is doubtful. */
void nn_shared_check_loss(struct training *training, const struct nn_answer *answer);
/* NN_BAD: the sum of the gradients has a norm that is no number. Whose gradient is it? If one shard's
 * the step is doubtful; if nobody's it is that of the sum. */
int nn_shared_blame(struct training *training, struct nn_error *err);
/* Of a doubtful step: all of its gradients are computed again, each by another worker if there is
 * one. What only one of them has got wrong is a fault of his, and a line; what comes out again is
 * NN_BAD. `attempt` does the step once its tasks are handed out. */
int nn_shared_try_again(struct training *training,
	int (*attempt)(struct training *training, struct nn_error *err), struct nn_error *err);

#endif
