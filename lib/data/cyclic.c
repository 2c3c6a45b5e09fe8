/* Rows are dealt like cards: row i goes to shard i mod V.
 *
 * With unequal weights the row takes position i * stride mod N. A stride near the golden section
 * of N spreads the rows of every shard evenly over the file (D. Knuth, TAOCP vol. 3, 6.4, theorem
 * S), whatever the weights. */
#include "data/partition.h"

static uint64_t multiply(uint64_t a, uint64_t b, uint64_t modulus)
{
	return (uint64_t)((unsigned __int128)a * b % modulus);
}

/* The inverse of a modulo n by Euclid's algorithm; 0 if they have a common divisor. n >= 1 */
static uint64_t invert(uint64_t a, uint64_t n)
{
	__int128 before = 0;
	__int128 now = 1;
	uint64_t high = n;
	uint64_t low = a % n;

	if (n == 1)
		return 1;
	while (low) {
		uint64_t quotient = high / low;
		__int128 next = before - (__int128)quotient * now;
		uint64_t rest = high % low;

		before = now;
		now = next;
		high = low;
		low = rest;
	}
	if (high != 1)
		return 0;
	return (uint64_t)(before < 0 ? before + (__int128)n : before);
}

static void prepare(struct nn_partition *partition)
{
	/* 2^64 divided by the golden ratio */
	const uint64_t golden = 0x9e3779b97f4a7c15u;

	if (partition->equal)
		return;
	partition->stride = (uint64_t)((unsigned __int128)golden * partition->rows >> 64) | 1;
	do {
		partition->inverse = invert(partition->stride, partition->rows);
		partition->stride += !partition->inverse;
	} while (!partition->inverse);
}

static uint64_t position(const struct nn_partition *partition, uint64_t row)
{
	if (!partition->equal)
		return multiply(row, partition->stride, partition->rows);
	return partition->bounds[row % partition->shards] + row / partition->shards;
}

static uint64_t row_at(const struct nn_partition *partition, uint64_t place)
{
	uint64_t size;
	uint64_t larger;
	uint64_t in_larger;
	uint64_t shard;

	if (!partition->equal)
		return multiply(place, partition->inverse, partition->rows);
	size = partition->rows / partition->shards;
	larger = partition->rows % partition->shards;
	in_larger = larger * (size + 1);
	shard = place < in_larger ? place / (size + 1) : larger + (place - in_larger) / size;
	return shard + (place - partition->bounds[shard]) * partition->shards;
}

const struct nn_partitioner nn_partitioner_cyclic = {
	.name = "cyclic",
	.help = "row i to shard i mod N",
	.prepare = prepare,
	.position = position,
	.row = row_at,
};
