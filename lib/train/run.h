/* How a run cuts the data, and where it began: kept in a checkpoint's state, metadata `run`, as
 * JSON. All of it is part of what the trained model depends on. */
#ifndef NN_TRAIN_RUN_H
#define NN_TRAIN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

struct nn_run {
	uint64_t shards;      /* V; 0: not known yet */
	uint64_t batch;       /* rows a step, of all shards; 0: all */
	const char *method;   /* of nn_partitioner_names: how one file is cut */
	uint64_t shard_seed;  /* of random cuts */
	uint64_t local_steps; /* of a round; 0: none, each step is one of all shards */
	uint64_t rows;        /* of all data; 0: not known yet */
	uint64_t first_step;  /* of the model that the training began with */
	uint64_t first_epoch;
};

/* *found is false, and *run zeroed, where the state has no such metadata. NN_BAD if it has and they
 * make no sense. */
int nn_run_read(struct nn_run *run, const struct nn_bundle *state, bool *found,
	struct nn_error *err);
/* NN_FAILED without memory. */
int nn_run_write(const struct nn_run *run, struct nn_bundle *state, struct nn_error *err);

/* The number of shards where nobody says it: the largest power of two that leaves each 64 rows of a
 * step, within 1 to 16. `batch` 0 is all rows. */
uint64_t nn_run_default_shards(uint64_t batch, uint64_t rows);

#endif
