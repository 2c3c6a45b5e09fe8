/* What nn-train begins with: a model, or the checkpoint that it goes on from. */
#ifndef TOOLS_TRAIN_START_H
#define TOOLS_TRAIN_START_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "train/train.h"

#include "tools/train-mode.h"

/* What the command line says, and what the model or the checkpoint fills in where it says nothing. */
struct train_start {
	struct nn_train_options *plan;
	struct train_mode *mode;
	uint64_t *seed;
	bool has_batch, has_shard_seed, has_seed;
	bool resume;
	uint64_t threads; /* 0: not given */
	uint64_t
		*outline; /* not NULL: no numbers are kept, but how many updates the state counts */
};

/* Reads MODEL, or the checkpoint if the run is resumed and it is there; returns which. What the command line
 * says otherwise than the run was begun with is a usage error. Exits on failure. */
const char *train_start_read(const struct train_start *start, struct nn_checkpoint *checkpoint,
	const char *model);
/* Sees to it that the model names its kernel, `name` being what was read. Exits on failure. */
void train_start_name_kernel(const struct train_start *start, struct nn_checkpoint *checkpoint,
	const char *name);

#endif
