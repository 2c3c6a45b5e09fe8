/* Neighbouring rows stay together. */
#include "data/partition.h"

static uint64_t same(const struct nn_partition *partition, uint64_t row)
{
	(void)partition;
	return row;
}

const struct nn_partitioner nn_partitioner_block = {
	.name = "block",
	.help = "neighbouring rows",
	.position = same,
	.row = same,
};
