#include "loss/auc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int nn_scores_init(struct nn_scores *scores, uint64_t cases, size_t columns, struct nn_error *err)
{
	*scores = (struct nn_scores){ .columns = columns };
	if (cases > NN_AUC_SCORES / columns)
		return NN_OK;
	scores->scores = nn_alloc((size_t)cases * columns, sizeof *scores->scores, err);
	scores->truth = nn_alloc((size_t)cases * columns, sizeof *scores->truth, err);
	if (!scores->scores || !scores->truth) {
		nn_scores_free(scores);
		return NN_FAILED;
	}
	scores->room = cases;
	return NN_OK;
}

void nn_scores_free(struct nn_scores *scores)
{
	free(scores->scores);
	free(scores->truth);
	*scores = (struct nn_scores){ 0 };
}

/* Whole numbers in the order of the scores; both zeros are one. */
static uint32_t key_of(float score)
{
	uint32_t bits;

	score += 0.0f;
	memcpy(&bits, &score, sizeof bits);
	return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

#define DIGIT 11
#define DIGITS 3
#define BUCKETS (1u << DIGIT)

/* From the last digit to the first, by counting. `other` is as long as `keys`. */
static void sort(uint32_t *keys, uint32_t *other, size_t count)
{
	uint32_t *from = keys;
	uint32_t *to = other;

	for (unsigned digit = 0; digit < DIGITS; digit++) {
		size_t starts[BUCKETS] = { 0 };
		size_t start = 0;
		uint32_t *turned = from;

		for (size_t i = 0; i < count; i++)
			starts[from[i] >> (digit * DIGIT) & (BUCKETS - 1)]++;
		for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
			size_t here = starts[bucket];

			starts[bucket] = start;
			start += here;
		}
		for (size_t i = 0; i < count; i++)
			to[starts[from[i] >> (digit * DIGIT) & (BUCKETS - 1)]++] = from[i];
		from = to;
		to = turned;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof *keys);
}

/* Of both kinds in order: twice the pairs in which the one of the class is higher, and once those in
 * which none is. */
static uint64_t twice_won(const uint32_t *in, size_t in_count, const uint32_t *out,
	size_t out_count)
{
	size_t below = 0;
	size_t not_above = 0;
	uint64_t won = 0;

	for (size_t i = 0; i < in_count; i++) {
		while (below < out_count && out[below] < in[i])
			below++;
		while (not_above < out_count && out[not_above] <= in[i])
			not_above++;
		won += below + not_above;
	}
	return won;
}

static double auc_of(const struct nn_scores *scores, size_t column, uint32_t *keys, uint32_t *other)
{
	size_t cases = (size_t)scores->cases;
	size_t in = 0;
	size_t out = cases;

	for (size_t i = column; i < cases * scores->columns; i += scores->columns)
		keys[scores->truth[i] ? in++ : --out] = key_of(scores->scores[i]);
	if (!in || in == cases)
		return (double)NAN;
	sort(keys, other, in);
	sort(keys + in, other, cases - in);
	return (double)twice_won(keys, in, keys + in, cases - in) /
		(2 * (double)in * (double)(cases - in));
}

int nn_scores_auc(const struct nn_scores *scores, double *auc, struct nn_error *err)
{
	uint32_t *keys = nn_alloc((size_t)scores->cases, sizeof *keys, err);
	uint32_t *other = nn_alloc((size_t)scores->cases, sizeof *other, err);
	int status = keys && other ? NN_OK : NN_FAILED;

	for (size_t column = 0; column < scores->columns && !status; column++)
		auc[column] = auc_of(scores, column, keys, other);
	free(keys);
	free(other);
	return status;
}
