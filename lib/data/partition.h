/* Cutting a data set of N rows into V shards: which row goes where. Pure functions. */
#ifndef NN_DATA_PARTITION_H
#define NN_DATA_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"

/* A cut takes memory for each shard, of which a slip of the finger must not take it all. */
#define NN_MOST_SHARDS (1ULL << 24)

/* A method puts the rows in an order, and the bounds cut that order: shard k gets the rows at
 * positions bounds[k] .. bounds[k+1]. */
struct nn_partition {
	const struct nn_partitioner *method;
	uint64_t rows;           /* N */
	uint64_t shards;         /* V */
	uint64_t seed;           /* --shard-seed, default 0; not the training seed */
	uint64_t *bounds;        /* [V + 1], from the weights */
	bool equal;              /* all weights are: sizes are ceil(N/V), then floor(N/V) */
	uint64_t stride;         /* cyclic, unequal weights */
	uint64_t inverse;        /* of the stride, modulo N */
	struct nn_random stream; /* random */
};

/* A method: one row in the table of partition.c, one file. `position` and `row` are permutations of
 * 0 .. N-1, each the other's inverse; N >= 1. */
struct nn_partitioner {
	const char *name;
	const char *help;
	void (*prepare)(struct nn_partition *partition); /* NULL: nothing to do */
	uint64_t (*position)(const struct nn_partition *partition, uint64_t row);
	uint64_t (*row)(const struct nn_partition *partition, uint64_t position);
};
extern const struct nn_partitioner nn_partitioner_block;
extern const struct nn_partitioner nn_partitioner_cyclic;
extern const struct nn_partitioner nn_partitioner_random;
/* NULL-terminated names, for option tables. */
extern const char *const nn_partitioner_names[];

/* `weights` [shards] are relative sizes, each > 0 and finite; NULL: all equal. Sizes differ from the
 * exact proportion by less than one row. shards from 1 to NN_MOST_SHARDS; rows may be fewer than shards: then some are
 * empty. NN_USAGE for bad arguments. */
int nn_partition_init(struct nn_partition *partition, const char *method, uint64_t rows,
	uint64_t shards, const double *weights, uint64_t seed, struct nn_error *err);
void nn_partition_free(struct nn_partition *partition);
/* The shard that has `row`, which must be below partition->rows. */
uint64_t nn_partition_shard(const struct nn_partition *partition, uint64_t row);
/* How many rows a shard has. */
uint64_t nn_partition_size(const struct nn_partition *partition, uint64_t shard);

/* The rows of one shard in the order of the file: what nn-shard writes, and what a view is.
 * *list [*count] is the caller's to free. */
int nn_partition_list(const struct nn_partition *partition, uint64_t shard, uint64_t **list,
	uint64_t *count, struct nn_error *err);

#endif
