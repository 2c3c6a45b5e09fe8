/* Which row goes to which shard, and which rows a step takes. */
#include <math.h>
#include <stdlib.h>

#include "data/partition.h"
#include "data/sampler.h"
#include "tap.h"

#define ROWS_LIMIT 2000

/* Every row in one shard, lists ascending, sizes as promised, list and shard_of agree. */
static bool sound(const char *method, uint64_t rows, uint64_t shards, const double *weights)
{
	struct nn_error err;
	struct nn_partition partition;
	unsigned char seen[ROWS_LIMIT] = { 0 };
	double total = 0.0;
	uint64_t all = 0;
	bool good = true;

	if (nn_partition_init(&partition, method, rows, shards, weights, 7, &err)) {
		printf("# %s\n", err.text);
		return false;
	}
	for (uint64_t k = 0; k < shards; k++)
		total += weights ? weights[k] : 1.0;
	for (uint64_t k = 0; k < shards; k++) {
		double exact = (double)rows * (weights ? weights[k] : 1.0) / total;
		uint64_t *list;
		uint64_t count;

		if (nn_partition_list(&partition, k, &list, &count, &err))
			return false;
		good = good && fabs((double)count - exact) < 1.0;
		for (uint64_t i = 0; i < count; i++) {
			good = good && list[i] < rows && (!i || list[i] > list[i - 1]) &&
				!seen[list[i]]++ && nn_partition_shard(&partition, list[i]) == k;
		}
		all += count;
		free(list);
	}
	nn_partition_free(&partition);
	return good && all == rows;
}

static uint64_t shard_of(const char *method, uint64_t rows, uint64_t shards, const double *weights,
	uint64_t row)
{
	struct nn_partition partition;
	uint64_t shard;

	if (nn_partition_init(&partition, method, rows, shards, weights, 0, NULL))
		return UINT64_MAX;
	shard = nn_partition_shard(&partition, row);
	nn_partition_free(&partition);
	return shard;
}

static void test_methods(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 10, 97, 1797 };
	static const uint64_t counts[] = { 1, 2, 3, 4, 16, 100 };
	double weights[100];

	for (size_t k = 0; k < 100; k++)
		weights[k] = 0.1 + (double)(k * 37 % 11);
	for (size_t m = 0; nn_partitioner_names[m]; m++) {
		bool good = true;
		bool good_weighted = true;

		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
			for (size_t j = 0; j < sizeof counts / sizeof counts[0]; j++) {
				good = good &&
					sound(nn_partitioner_names[m], sizes[i], counts[j], NULL);
				good_weighted = good_weighted &&
					sound(nn_partitioner_names[m], sizes[i], counts[j],
						weights);
			}
		ok(good, "%s: every row in one shard", nn_partitioner_names[m]);
		ok(good_weighted, "%s: with weights too", nn_partitioner_names[m]);
	}
}

static void test_places(void)
{
	static const double eight_two[] = { 8, 2 };
	static const double ones[] = { 3, 3, 3 };
	bool cyclic = true;
	bool equal = true;

	/* numpy.array_split(range(10), 3): sizes 4, 3, 3 */
	ok(shard_of("block", 10, 3, NULL, 3) == 0 && shard_of("block", 10, 3, NULL, 4) == 1 &&
			shard_of("block", 10, 3, NULL, 6) == 1 &&
			shard_of("block", 10, 3, NULL, 7) == 2,
		"block: the first shards are the larger ones");
	for (uint64_t row = 0; row < 100; row++) {
		cyclic = cyclic && shard_of("cyclic", 100, 7, NULL, row) == row % 7;
		equal = equal &&
			shard_of("random", 100, 3, NULL, row) ==
				shard_of("random", 100, 3, ones, row);
	}
	ok(cyclic, "cyclic: row i to shard i mod V");
	ok(equal, "equal weights are no weights");
	ok(shard_of("block", 1797, 2, eight_two, 1437) == 0 &&
			shard_of("block", 1797, 2, eight_two, 1438) == 1,
		"weights 8,2 cut 1,797 rows at the nearest whole number to 1437.6");
}

static void test_refusals(void)
{
	static const double bad[][2] = { { 1, 0 }, { 1, -1 }, { 1, NAN }, { INFINITY, INFINITY },
		{ 1e308, 1e308 }, { NAN, NAN } };
	struct nn_partition partition;
	struct nn_error err;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		bool fine = i == 4; /* equal: their sum is not needed */

		ok((nn_partition_init(&partition, "block", 10, 2, bad[i], 0, &err) == NN_USAGE) !=
				fine,
			"weights %g,%g are %s", bad[i][0], bad[i][1], fine ? "taken" : "refused");
		nn_partition_free(&partition);
	}
	ok(nn_partition_init(&partition, "block", 10, 0, NULL, 0, &err) == NN_USAGE, "no shards");
	ok(nn_partition_init(&partition, "blok", 10, 1, NULL, 0, &err) == NN_USAGE, "no method");
}

static void test_permutation(void)
{
	struct nn_random stream = nn_random_stream(1, NN_RANDOM_SHARD, 2, 3);
	static const uint64_t sizes[] = { 1, 2, 5, 64, 1000, UINT64_MAX };
	bool back = true;

	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
		for (uint64_t i = 0; i < 1000 && i < sizes[s]; i++) {
			uint64_t place = nn_permute(&stream, sizes[s], sizes[s] - 1 - i);

			back = back && place < sizes[s] &&
				nn_permute_back(&stream, sizes[s], place) == sizes[s] - 1 - i;
		}
	ok(back, "nn_permute_back takes nn_permute back");
}

/* An epoch of S steps over n rows: each row once. */
static bool epoch_covers(uint64_t n, uint64_t steps, uint64_t *empty)
{
	unsigned char seen[ROWS_LIMIT] = { 0 };
	uint64_t rows[ROWS_LIMIT];
	uint64_t all = 0;

	*empty = 0;
	for (uint64_t s = 0; s < steps; s++) {
		struct nn_step_rows range = nn_sampler_range(n, s, steps);
		uint64_t count = range.end - range.begin;

		if (count > n / steps + 1)
			return false;
		nn_sampler_rows(range, n, 42, 3, 1, rows);
		for (uint64_t i = 0; i < count; i++)
			if (rows[i] >= n || seen[rows[i]]++)
				return false;
		all += count;
		*empty += !count;
	}
	return all == n;
}

static void test_sampler(void)
{
	struct nn_step_rows range;
	uint64_t empty;
	uint64_t a[50];
	uint64_t b[50];

	ok(epoch_covers(1797, 29, &empty) && !empty, "29 steps take each of 1,797 rows once");
	ok(epoch_covers(450, 29, &empty) && !empty, "an uneven shard of 450 rows too");
	ok(epoch_covers(10, 29, &empty) && empty == 19, "10 rows over 29 steps: 19 have none");
	ok(epoch_covers(0, 4, &empty) && empty == 4, "an empty shard has empty steps");
	range = nn_sampler_range(100, 4, 4);
	ok(range.begin == range.end, "a step behind the last has no rows");
	/* floor((2^64 - 2) (2^64 - 1) / (2^64 - 1)) = 2^64 - 2: wrong in 64 bits */
	range = nn_sampler_range(UINT64_MAX, UINT64_MAX - 1, UINT64_MAX);
	ok(range.begin == UINT64_MAX - 1 && range.end == UINT64_MAX, "the product has 128 bits");
	range = nn_sampler_range(50, 0, 1);
	nn_sampler_rows(range, 50, 1, 0, 0, a);
	nn_sampler_rows(range, 50, 1, 0, 0, b);
	ok(!memcmp(a, b, sizeof a), "the same rows for the same seed, epoch and shard");
	nn_sampler_rows(range, 50, 1, 1, 0, b);
	ok(memcmp(a, b, sizeof a) != 0, "other rows in another epoch");
	nn_sampler_rows(range, 50, 1, 0, 1, b);
	ok(memcmp(a, b, sizeof a) != 0, "other rows in another shard");
}

int main(void)
{
	test_methods();
	test_places();
	test_refusals();
	test_permutation();
	test_sampler();
	return tap_done();
}
