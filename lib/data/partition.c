#include "data/partition.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const struct nn_partitioner *const methods[] = {
	&nn_partitioner_block,
	&nn_partitioner_cyclic,
	&nn_partitioner_random,
};
/* Kept beside the table: a const table of names cannot be made from it. */
const char *const nn_partitioner_names[] = { "block", "cyclic", "random", NULL };

static const struct nn_partitioner *find_method(const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (!strcmp(methods[i]->name, name))
			return methods[i];
	return NULL;
}

static bool all_equal(const double *weights, uint64_t count)
{
	if (!weights)
		return true;
	for (uint64_t k = 0; k < count; k++)
		if (weights[k] != weights[0])
			return false;
	return weights[0] > 0.0 && isfinite(weights[0]);
}

/* As numpy.array_split: the first N mod V shards have one row more. */
static void cut_equally(struct nn_partition *partition)
{
	uint64_t size = partition->rows / partition->shards;
	uint64_t larger = partition->rows % partition->shards;

	for (uint64_t k = 0; k <= partition->shards; k++)
		partition->bounds[k] = k * size + (k < larger ? k : larger);
}

/* Each bound is the nearest whole number to its exact place. */
static int cut_by_weights(struct nn_partition *partition, const double *weights,
	struct nn_error *err)
{
	double total = 0.0;
	double before = 0.0;

	for (uint64_t k = 0; k < partition->shards; k++) {
		if (!(weights[k] > 0.0) || !isfinite(weights[k]))
			return nn_fail(err, NN_USAGE,
				"weight %g of shard %llu: must be above 0 and finite", weights[k],
				(unsigned long long)k);
		total += weights[k];
	}
	if (!isfinite(total))
		return nn_fail(err, NN_USAGE, "the sum of the weights overflows");
	for (uint64_t k = 0; k < partition->shards; k++) {
		double place = floor((double)partition->rows * (before / total) + 0.5);

		partition->bounds[k] =
			place < (double)partition->rows ? (uint64_t)place : partition->rows;
		before += weights[k];
	}
	partition->bounds[partition->shards] = partition->rows;
	return NN_OK;
}

int nn_partition_init(struct nn_partition *partition, const char *method, uint64_t rows,
	uint64_t shards, const double *weights, uint64_t seed, struct nn_error *err)
{
	int status = NN_OK;

	*partition = (struct nn_partition){ .method = find_method(method),
		.rows = rows,
		.shards = shards,
		.seed = seed };
	if (!partition->method)
		return nn_fail(err, NN_USAGE, "no method '%s' of cutting a data set", method);
	if (!shards || shards > NN_MOST_SHARDS)
		return nn_fail(err, NN_USAGE, "%llu shards: from 1 to %llu can be cut",
			(unsigned long long)shards, NN_MOST_SHARDS);
	partition->bounds = nn_alloc((size_t)shards + 1, sizeof *partition->bounds, err);
	if (!partition->bounds)
		return NN_FAILED;
	partition->equal = all_equal(weights, shards);
	if (partition->equal)
		cut_equally(partition);
	else
		status = cut_by_weights(partition, weights, err);
	if (status)
		nn_partition_free(partition);
	else if (rows && partition->method->prepare)
		partition->method->prepare(partition);
	return status;
}

void nn_partition_free(struct nn_partition *partition)
{
	free(partition->bounds);
	*partition = (struct nn_partition){ 0 };
}

uint64_t nn_partition_shard(const struct nn_partition *partition, uint64_t row)
{
	uint64_t position = partition->method->position(partition, row);
	uint64_t low = 0;
	uint64_t high = partition->shards;

	/* The last shard whose bound is at or before the position: those before it may be empty. */
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (partition->bounds[middle] <= position)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint64_t nn_partition_size(const struct nn_partition *partition, uint64_t shard)
{
	return partition->bounds[shard + 1] - partition->bounds[shard];
}

static int ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

int nn_partition_list(const struct nn_partition *partition, uint64_t shard, uint64_t **list,
	uint64_t *count, struct nn_error *err)
{
	uint64_t begin = partition->bounds[shard];
	bool sorted = true;

	*count = nn_partition_size(partition, shard);
	*list = nn_alloc((size_t)*count, sizeof **list, err);
	if (!*list)
		return NN_FAILED;
	for (uint64_t i = 0; i < *count; i++) {
		(*list)[i] = partition->method->row(partition, begin + i);
		sorted = sorted && (!i || (*list)[i - 1] < (*list)[i]);
	}
	if (!sorted)
		qsort(*list, (size_t)*count, sizeof **list, ascending);
	return NN_OK;
}
