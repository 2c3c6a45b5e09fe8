/* Which step a model is at, for whoever computes its gradient. */
#ifndef NN_TRAIN_STEP_H
#define NN_TRAIN_STEP_H

#include "train/task.h"

/* By what the model says and, where it says nothing, the options and the shards. *told: that an option is
 * not used has been said. NN_BAD: shards that would have unlike numbers of steps, or a model that is
 * behind the last one. */
int nn_step_resolve(struct nn_step *step, const struct nn_preamble *model, const char *name,
	const struct nn_shards *shards, const struct nn_task_options *options, bool *told,
	struct nn_error *err);

#endif
