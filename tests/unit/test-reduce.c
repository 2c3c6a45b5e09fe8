/* The fixed tree, and sums in it whatever order they arrive in. */
#include <stdlib.h>

#include "base/random.h"
#include "reduce/stack.h"
#include "tap.h"

#define N 5

/* A gradient of one shard, with numbers whose float sums depend on the order. */
static struct nn_partial shard(uint64_t first, uint64_t end)
{
	struct nn_partial partial = { { first, end }, 10 + first, 0.1 * (double)(first + 1),
		1.0 / (double)(first + 3), { 0 } };
	struct nn_random random = nn_random_stream(1, NN_RANDOM_INIT, first, end);
	struct nn_error err;
	float *values;

	if (nn_bundle_add(&partial.sum, "w", NN_F32, 1, &(uint64_t){ N }, &err) ||
		nn_bundle_layout(&partial.sum, &err) || nn_bundle_alloc(&partial.sum, &err))
		abort();
	values = nn_bundle_data(&partial.sum, partial.sum.tensors);
	for (uint64_t i = 0; i < N; i++)
		values[i] = (float)nn_random_uniform(&random, i) - 0.3f;
	return partial;
}

/* The tree by recursion over its definition: the independent word on what the sum is. */
static struct nn_partial recursive(uint64_t first, uint64_t size, uint64_t shards)
{
	struct nn_partial left;
	struct nn_partial right;

	if (size == 1)
		return shard(first, first + 1);
	left = recursive(first, size / 2, shards);
	if (first + size / 2 >= shards)
		return left;
	right = recursive(first + size / 2, size / 2, shards);
	for (size_t i = 0; i < N; i++)
		((float *)(void *)left.sum.data)[i] += ((float *)(void *)right.sum.data)[i];
	left.range.end = right.range.end;
	left.rows += right.rows;
	left.weight += right.weight;
	left.loss += right.loss;
	nn_partial_free(&right);
	return left;
}

static bool same(const struct nn_partial *a, const struct nn_partial *b)
{
	return a->range.first == b->range.first && a->range.end == b->range.end &&
		a->rows == b->rows && !memcmp(&a->weight, &b->weight, sizeof a->weight) &&
		!memcmp(&a->loss, &b->loss, sizeof a->loss) && a->sum.bytes == b->sum.bytes &&
		!memcmp(a->sum.data, b->sum.data, a->sum.bytes);
}

/* All shards in a pseudo-random order, some twice. */
static bool any_order(uint64_t shards, uint64_t seed)
{
	struct nn_random random = nn_random_stream(seed, NN_RANDOM_ORDER, shards, 0);
	struct nn_error err;
	struct nn_accumulator *accumulator = nn_accumulator_new(shards, &err);
	struct nn_partial want = recursive(0, 64, shards);
	bool passed;

	for (uint64_t i = 0; i < shards; i++) {
		uint64_t k = nn_permute(&random, shards, i);

		for (unsigned times = 0; times < 1 + k % 2; times++) {
			struct nn_partial partial = shard(k, k + 1);

			if (nn_accumulator_add(accumulator, &partial, &err))
				return false;
		}
	}
	passed = nn_accumulator_complete(accumulator) && nn_accumulator_count(accumulator) == 1 &&
		same(nn_accumulator_node(accumulator, 0), &want);
	nn_partial_free(&want);
	nn_accumulator_free(accumulator);
	return passed;
}

/* As models come: numbered as they come, how many is known in the end. */
static bool unknown_count(uint64_t count)
{
	struct nn_error err;
	struct nn_accumulator *accumulator = nn_accumulator_new(0, &err);
	struct nn_partial want = recursive(0, 64, count);
	bool passed;

	for (uint64_t i = 0; i < count; i++) {
		struct nn_partial partial = shard(i, i + 1);

		if (nn_accumulator_add(accumulator, &partial, &err))
			return false;
	}
	nn_accumulator_close(accumulator, count);
	passed = nn_accumulator_complete(accumulator) &&
		same(nn_accumulator_node(accumulator, 0), &want);
	nn_partial_free(&want);
	nn_accumulator_free(accumulator);
	return passed;
}

/* Shards [first, end) in their order, in memory that is used again: the nodes of an accumulator. */
static bool in_order(struct nn_stack *stack, uint64_t first, uint64_t end, uint64_t shards)
{
	struct nn_error failure;
	struct nn_accumulator *accumulator = nn_accumulator_new(shards, &failure);
	bool passed;

	nn_stack_clear(stack);
	for (uint64_t i = first; i < end; i++) {
		struct nn_partial one = shard(i, i + 1);
		struct nn_partial *next;

		if (nn_stack_next(stack, &next, &failure))
			return false;
		memcpy(next->sum.data, one.sum.data, one.sum.bytes);
		next->range = one.range;
		next->rows = one.rows;
		next->weight = one.weight;
		next->loss = one.loss;
		nn_stack_push(stack);
		nn_accumulator_add(accumulator, &one, &failure);
	}
	passed = nn_stack_count(stack) == nn_accumulator_count(accumulator);
	for (size_t i = 0; passed && i < nn_stack_count(stack); i++) {
		const struct nn_partial *node = nn_accumulator_node(accumulator, i);

		passed = node->range.first == nn_stack_node(stack, i)->range.first &&
			same(node, nn_stack_node(stack, i));
	}
	nn_accumulator_free(accumulator);
	return passed;
}

static void test_stack(void)
{
	struct nn_error failure;
	struct nn_partial layout = shard(0, 1);
	bool passed = true;

	for (uint64_t shards = 1; shards <= 20; shards++) {
		struct nn_stack *stack = nn_stack_new(&layout.sum, shards, &failure);

		for (uint64_t first = 0; first < shards; first++)
			for (uint64_t end = first + 1; end <= shards; end++)
				passed = passed && in_order(stack, first, end, shards);
		nn_stack_free(stack);
	}
	nn_partial_free(&layout);
	ok(passed,
		"ranges of 1 to 20 shards, in order and in memory that stays: the same nodes and bits");
}

static void test_tree(void)
{
	struct nn_node left;
	struct nn_node right;
	struct nn_node parent;

	ok(nn_tree_is_node((struct nn_node){ 0, 5 }, 5) &&
			nn_tree_is_node((struct nn_node){ 4, 5 }, 5) &&
			nn_tree_is_node((struct nn_node){ 2, 4 }, 5) &&
			nn_tree_is_node((struct nn_node){ 4, 7 }, 7),
		"nodes");
	ok(!nn_tree_is_node((struct nn_node){ 1, 3 }, 5) &&
			!nn_tree_is_node((struct nn_node){ 0, 3 }, 5) &&
			!nn_tree_is_node((struct nn_node){ 2, 5 }, 5) &&
			!nn_tree_is_node((struct nn_node){ 4, 6 }, 5) &&
			!nn_tree_is_node((struct nn_node){ 2, 2 }, 5),
		"ranges that are no nodes");
	ok(nn_tree_is_node((struct nn_node){ 0, UINT64_MAX }, UINT64_MAX) &&
			!nn_tree_is_node((struct nn_node){ 1, UINT64_MAX }, UINT64_MAX) &&
			nn_tree_is_node((struct nn_node){ UINT64_MAX - 1, UINT64_MAX }, UINT64_MAX),
		"as many shards as can be said");
	parent = nn_tree_parent((struct nn_node){ 4, 5 }, 5, &left, &right);
	ok(parent.first == 0 && parent.end == 5 && left.end == 4 && right.first == 4,
		"the last of five joins the other four");
	parent = nn_tree_parent((struct nn_node){ 4, 6 }, 7, &left, &right);
	ok(parent.first == 4 && parent.end == 7 && right.first == 6 && right.end == 7,
		"a cut right half");
	parent = nn_tree_parent((struct nn_node){ 3, 4 }, 7, &left, &right);
	ok(parent.first == 2 && parent.end == 4 && left.first == 2 && left.end == 3,
		"a right half");
}

static void test_bad(void)
{
	struct nn_error err;
	struct nn_accumulator *accumulator = nn_accumulator_new(4, &err);
	struct nn_partial partial = shard(2, 3);

	nn_accumulator_add(accumulator, &partial, &err);
	partial = shard(2, 3);
	partial.loss = 0;
	ok(nn_accumulator_add(accumulator, &partial, &err) == NN_BAD, "another gradient of a task");
	is_text(err.text, "shard 2 came before, with other numbers", "which is named");
	partial = shard(2, 4);
	ok(nn_accumulator_add(accumulator, &partial, &err) == NN_BAD, "overlapping ranges");
	is_text(err.text, "shards 2 to 3 came before, in sums of other ranges", "which is named");
	partial = shard(1, 3);
	ok(nn_accumulator_add(accumulator, &partial, &err) == NN_BAD, "no node");
	is_text(err.text, "shards [1, 3) are no node of the tree over 4", "which is named");
	partial = shard(0, 1);
	free(partial.sum.tensors[0].name);
	partial.sum.tensors[0].name = strdup("v");
	ok(nn_accumulator_add(accumulator, &partial, &err) == NN_BAD, "other tensors");
	partial = shard(0, 1);
	ok(!nn_accumulator_add(accumulator, &partial, &err) &&
			nn_accumulator_count(accumulator) == 2 &&
			nn_accumulator_covered(accumulator) == 2 &&
			!nn_accumulator_complete(accumulator),
		"what has no partner stays");
	nn_accumulator_forget(accumulator);
	partial = shard(0, 1);
	ok(!nn_accumulator_add(accumulator, &partial, &err), "known after it was handed on");
	nn_accumulator_free(accumulator);
}

int main(void)
{
	bool passed = true;

	test_tree();
	for (uint64_t shards = 1; shards <= 33; shards++)
		for (uint64_t seed = 0; seed < 4; seed++)
			passed = passed && any_order(shards, seed);
	ok(passed, "1 to 33 shards in any order: the bits of the recursion");
	passed = true;
	for (uint64_t count = 1; count <= 33; count++)
		passed = passed && unknown_count(count);
	ok(passed, "numbered as they come: the same tree");
	test_stack();
	test_bad();
	return tap_done();
}
