#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "reduce/reduce.h"
#include "tensor/vector.h"

/* What came, so that it is known again after it was merged. */
struct arrival {
	struct nn_node range;
	uint64_t fingerprint;
};

struct nn_accumulator {
	uint64_t shards; /* UINT64_MAX: not known yet */
	bool forgotten;
	struct nn_bundle layout;
	struct nn_partial *nodes; /* by range */
	size_t count;
	size_t capacity;
	struct arrival *arrivals; /* as they came */
	size_t arrival_count;
	size_t arrival_capacity;
};

void nn_partial_free(struct nn_partial *partial)
{
	nn_bundle_free(&partial->sum);
	*partial = (struct nn_partial){ 0 };
}

struct nn_accumulator *nn_accumulator_new(uint64_t shards, struct nn_error *err)
{
	struct nn_accumulator *accumulator = nn_alloc(1, sizeof *accumulator, err);

	if (accumulator)
		accumulator->shards = shards ? shards : UINT64_MAX;
	return accumulator;
}

void nn_accumulator_free(struct nn_accumulator *accumulator)
{
	if (!accumulator)
		return;
	for (size_t i = 0; i < accumulator->count; i++)
		nn_partial_free(&accumulator->nodes[i]);
	nn_bundle_free(&accumulator->layout);
	free(accumulator->nodes);
	free(accumulator->arrivals);
	free(accumulator);
}

/* The sequence number of its frame is not part of it: a task done twice gives the same. */
static uint64_t fingerprint(const struct nn_partial *partial)
{
	uint64_t words[4] = { partial->rows, 0, 0, nn_hash(partial->sum.data, partial->sum.bytes) };

	memcpy(&words[1], &partial->weight, sizeof partial->weight);
	memcpy(&words[2], &partial->loss, sizeof partial->loss);
	return nn_hash(words, sizeof words);
}

static bool overlap(struct nn_node a, struct nn_node b)
{
	return a.first < b.end && b.first < a.end;
}

static int range_error(struct nn_error *err, struct nn_node range, const char *why)
{
	if (range.end - range.first == 1)
		return nn_fail(err, NN_BAD, "shard %llu %s", (unsigned long long)range.first, why);
	return nn_fail(err, NN_BAD, "shards %llu to %llu %s", (unsigned long long)range.first,
		(unsigned long long)(range.end - 1), why);
}

/* The place in nodes of the first that does not lie before `first`. */
static size_t find_place(const struct nn_accumulator *accumulator, uint64_t first)
{
	size_t low = 0;
	size_t high = accumulator->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (accumulator->nodes[middle].range.first < first)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does it overlap what the nodes at `place` and before it cover? */
static bool covered(const struct nn_accumulator *accumulator, size_t place, struct nn_node range)
{
	return (place < accumulator->count && overlap(accumulator->nodes[place].range, range)) ||
		(place > 0 && overlap(accumulator->nodes[place - 1].range, range));
}

/* Of a range that is covered: NN_OK if it is one that came before, with the same numbers. */
static int check_again(const struct nn_accumulator *accumulator, const struct nn_partial *partial,
	uint64_t print, struct nn_error *err)
{
	const struct arrival *other = accumulator->arrivals;

	while (!overlap(other->range, partial->range))
		other++;
	if (other->range.first != partial->range.first || other->range.end != partial->range.end)
		return range_error(err, partial->range, "came before, in sums of other ranges");
	if (other->fingerprint != print)
		return range_error(err, partial->range, "came before, with other numbers");
	return NN_OK;
}

static bool node_is(const struct nn_accumulator *accumulator, size_t place, struct nn_node range)
{
	return place < accumulator->count && accumulator->nodes[place].range.first == range.first &&
		accumulator->nodes[place].range.end == range.end;
}

void nn_reduce_metas(struct nn_bundle *bundle, const struct nn_bundle *other)
{
	size_t kept = 0;

	for (size_t i = 0; i < bundle->meta_count; i++) {
		const char *theirs = nn_bundle_meta(other, bundle->metas[i].key);

		if (theirs && !strcmp(theirs, bundle->metas[i].value)) {
			bundle->metas[kept++] = bundle->metas[i];
			continue;
		}
		free(bundle->metas[i].key);
		free(bundle->metas[i].value);
	}
	bundle->meta_count = kept;
}

/* nodes[place] and the one behind it become their parent. */
static void merge_pair(struct nn_accumulator *accumulator, size_t place)
{
	struct nn_partial *left = &accumulator->nodes[place];
	struct nn_partial *right = left + 1;

	nn_vector_add((float *)(void *)left->sum.data, (float *)(void *)left->sum.data,
		(const float *)(const void *)right->sum.data, left->sum.bytes / sizeof(float));
	nn_reduce_metas(&left->sum, &right->sum);
	left->range.end = right->range.end;
	left->rows += right->rows;
	left->weight += right->weight;
	left->loss += right->loss;
	nn_partial_free(right);
	accumulator->count--;
	memmove(right, right + 1, (accumulator->count - place - 1) * sizeof *right);
}

/* Merges the node at `place` upwards as far as its siblings are there. */
static void merge_up(struct nn_accumulator *accumulator, size_t place)
{
	for (;;) {
		struct nn_node range = accumulator->nodes[place].range;
		struct nn_node left;
		struct nn_node right;

		if (accumulator->forgotten || (!range.first && range.end == accumulator->shards))
			return;
		nn_tree_parent(range, accumulator->shards, &left, &right);
		if (left.first != range.first && place > 0)
			place--;
		if (!node_is(accumulator, place, left) || !node_is(accumulator, place + 1, right))
			return;
		merge_pair(accumulator, place);
	}
}

/* Room for one more of each. */
static int grow(struct nn_accumulator *accumulator, struct nn_error *err)
{
	if (accumulator->count == accumulator->capacity) {
		size_t capacity = accumulator->capacity ? 2 * accumulator->capacity : 8;
		struct nn_partial *nodes =
			nn_realloc(accumulator->nodes, capacity, sizeof *nodes, err);

		if (!nodes)
			return NN_FAILED;
		accumulator->nodes = nodes;
		accumulator->capacity = capacity;
	}
	if (accumulator->arrival_count == accumulator->arrival_capacity) {
		size_t capacity =
			accumulator->arrival_capacity ? 2 * accumulator->arrival_capacity : 8;
		struct arrival *arrivals =
			nn_realloc(accumulator->arrivals, capacity, sizeof *arrivals, err);

		if (!arrivals)
			return NN_FAILED;
		accumulator->arrivals = arrivals;
		accumulator->arrival_capacity = capacity;
	}
	return NN_OK;
}

static int check_layout(struct nn_accumulator *accumulator, struct nn_partial *partial,
	struct nn_error *err)
{
	int status = nn_bundle_to_f32(&partial->sum, err);

	if (status)
		return status;
	if (!accumulator->arrival_count)
		return nn_bundle_copy_layout(&partial->sum, &accumulator->layout, err);
	return nn_bundle_same_layout(&accumulator->layout, &partial->sum, err);
}

static int add(struct nn_accumulator *accumulator, struct nn_partial *partial, struct nn_error *err)
{
	uint64_t print;
	size_t place;
	int status;

	if (!nn_tree_is_node(partial->range, accumulator->shards))
		return nn_fail(err, NN_BAD, "shards [%llu, %llu) are no node of the tree over %llu",
			(unsigned long long)partial->range.first,
			(unsigned long long)partial->range.end,
			(unsigned long long)accumulator->shards);
	status = check_layout(accumulator, partial, err);
	if (status)
		return status;
	print = fingerprint(partial);
	place = find_place(accumulator, partial->range.first);
	if (covered(accumulator, place, partial->range))
		return check_again(accumulator, partial, print, err);
	status = grow(accumulator, err);
	if (status)
		return status;
	accumulator->arrivals[accumulator->arrival_count++] =
		(struct arrival){ partial->range, print };
	memmove(accumulator->nodes + place + 1, accumulator->nodes + place,
		(accumulator->count - place) * sizeof *accumulator->nodes);
	accumulator->nodes[place] = *partial;
	accumulator->count++;
	*partial = (struct nn_partial){ 0 };
	merge_up(accumulator, place);
	return NN_OK;
}

int nn_accumulator_add(struct nn_accumulator *accumulator, struct nn_partial *partial,
	struct nn_error *err)
{
	int status = add(accumulator, partial, err);

	nn_partial_free(partial);
	return status;
}

void nn_accumulator_close(struct nn_accumulator *accumulator, uint64_t shards)
{
	accumulator->shards = shards;
	/* From the right: only there a cut node can have become whole. */
	for (size_t place = accumulator->count; place-- > 0;)
		if (place < accumulator->count)
			merge_up(accumulator, place);
}

size_t nn_accumulator_count(const struct nn_accumulator *accumulator)
{
	return accumulator->count;
}

const struct nn_partial *nn_accumulator_node(const struct nn_accumulator *accumulator, size_t i)
{
	return &accumulator->nodes[i];
}

uint64_t nn_accumulator_covered(const struct nn_accumulator *accumulator)
{
	uint64_t covered = 0;

	for (size_t i = 0; i < accumulator->count; i++)
		covered += accumulator->nodes[i].range.end - accumulator->nodes[i].range.first;
	return covered;
}

bool nn_accumulator_complete(const struct nn_accumulator *accumulator)
{
	return node_is(accumulator, 0, (struct nn_node){ 0, accumulator->shards });
}

const struct nn_partial *nn_accumulator_join(struct nn_accumulator *accumulator)
{
	while (accumulator->count > 1)
		merge_pair(accumulator, 0);
	return accumulator->nodes;
}

void nn_accumulator_forget(struct nn_accumulator *accumulator)
{
	accumulator->forgotten = true;
	for (size_t i = 0; i < accumulator->count; i++)
		nn_bundle_free(&accumulator->nodes[i].sum);
}
