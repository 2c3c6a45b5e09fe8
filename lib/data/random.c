/* A random order of the rows, the same for every seed on every host; no list is kept. */
#include "data/partition.h"

static void prepare(struct nn_partition *partition)
{
	partition->stream = nn_random_stream(partition->seed, NN_RANDOM_SHARD, partition->rows, 0);
}

static uint64_t position(const struct nn_partition *partition, uint64_t row)
{
	return nn_permute(&partition->stream, partition->rows, row);
}

static uint64_t row_at(const struct nn_partition *partition, uint64_t place)
{
	return nn_permute_back(&partition->stream, partition->rows, place);
}

const struct nn_partitioner nn_partitioner_random = {
	.name = "random",
	.help = "by lot, see --shard-seed",
	.prepare = prepare,
	.position = position,
	.row = row_at,
};
