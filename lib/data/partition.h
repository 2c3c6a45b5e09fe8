/* Cutting a data set of N rows into V shards: which row goes where. Pure functions. */
#ifndef NN_DATA_PARTITION_H
#define NN_DATA_PARTITION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct nn_partition {
	const struct nn_partitioner *method;
	uint64_t rows;   /* N */
	uint64_t shards; /* V */
	uint64_t seed;   /* --shard-seed, default 0; not the training seed */
	uint64_t *bounds; /* V + 1 positions, from the weights: shard k gets bounds[k] .. bounds[k+1] */
};

/* A method: which shard has row `row`. One row in the table of partition.c, one file. */
struct nn_partitioner {
	const char *name;
	const char *help;
	uint64_t (*shard_of)(const struct nn_partition *partition, uint64_t row);
};
/* NULL-terminated names, for option tables. */
extern const char *const nn_partitioner_names[];

/* `weights` [shards] are relative sizes, each > 0 and finite; NULL: all equal. Sizes differ from the
 * exact proportion by less than one row. shards >= 1; rows may be fewer than shards: then some are
 * empty. NN_USAGE for bad arguments. */
int nn_partition_init(struct nn_partition *partition, const char *method, uint64_t rows,
	uint64_t shards, const double *weights, uint64_t seed, struct nn_error *err);
void nn_partition_free(struct nn_partition *partition);
uint64_t nn_partition_shard(const struct nn_partition *partition, uint64_t row);

/* The rows of one shard in the order of the file: what nn-shard writes, and what a view is.
 * *list [*count] is the caller's to free. */
int nn_partition_list(const struct nn_partition *partition, uint64_t shard, uint64_t **list,
	uint64_t *count, struct nn_error *err);

#endif
