/* What update.c and update_check.c share. */
#ifndef NN_TRAIN_UPDATE_PRIVATE_H
#define NN_TRAIN_UPDATE_PRIVATE_H

#include "train/reduction.h"
#include "train/update.h"

struct nn_updater {
	struct nn_checkpoint *checkpoint;
	const char *name;
	const struct nn_update_options *options;
	struct nn_optim_options optim; /* complete */
	struct nn_json *document;      /* where its texts may live */
	struct nn_reduce_options reduce;
	struct nn_reduction reduction;
	struct nn_accumulator *accumulator; /* of the step at hand; NULL: nothing came yet */
	uint64_t shards;
	uint64_t unnumbered; /* gradients without shards that came */
	bool broken;         /* an update failed halfway */
	bool gathered;       /* the norm of the step at hand is known */
	double norm;
};

/* Of a slice: NN_USAGE for what would not be done alike in all slices. */
int nn_updater_check_options(const struct nn_updater *updater, struct nn_error *err);
/* Is it a gradient of this model, this step and this slice? */
int nn_updater_check_model(const struct nn_updater *updater, const struct nn_frame *frame,
	struct nn_error *err);
/* Has it the model's tensors, by names and shapes? */
int nn_updater_check_shapes(const struct nn_updater *updater, const struct nn_bundle *layout,
	struct nn_error *err);

#endif
