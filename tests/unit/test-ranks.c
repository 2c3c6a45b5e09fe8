/* Who has which shards and sums when ranks share a step, and where slices are cut. */
#include <stdlib.h>

#include "base/random.h"
#include "optim/optim.h"
#include "tap.h"
#include "train/rank_plan.h"
#include "train/slice.h"

#define MOST 40

/* A number of one shard, whose float sums depend on the order. */
static float number(uint64_t shard)
{
	struct nn_random random = nn_random_stream(1, NN_RANDOM_INIT, shard, 0);

	return (float)nn_random_uniform(&random, 0) - 0.3f;
}

/* The tree by recursion over its definition. */
static float recursive(uint64_t first, uint64_t size, uint64_t shards)
{
	float left;

	if (size == 1)
		return number(first);
	left = recursive(first, size / 2, shards);
	return first + size / 2 < shards ? left + recursive(first + size / 2, size / 2, shards) :
					   left;
}

/* The shards of a rank, as a step has them: what is left must be what the plan says. */
static bool run(const struct nn_rank_plan *plan, size_t rank, float *sums)
{
	struct nn_rank_stack stack;
	struct nn_error err;
	float buffers[66];
	size_t first = plan->node_first[rank];
	bool good;

	if (nn_rank_stack_new(&stack, plan, &err))
		abort();
	for (uint64_t k = plan->first[rank]; k < plan->first[rank + 1]; k++) {
		size_t buffer = nn_rank_stack_push(&stack, k);
		size_t to;
		size_t from;

		if (buffer >= plan->buffers)
			return false;
		buffers[buffer] = number(k);
		stack.nodes[stack.count - 1].share.rows = k + 1;
		while (nn_rank_stack_merge(&stack, &to, &from))
			buffers[to] += buffers[from];
	}
	good = stack.count == plan->node_first[rank + 1] - first;
	for (size_t i = 0; i < stack.count && good; i++) {
		const struct nn_rank_node *node = &plan->nodes[first + i];
		uint64_t rows = 0;

		for (uint64_t k = node->share.range.first; k < node->share.range.end; k++)
			rows += k + 1;
		good = node->rank == rank && node->buffer == stack.nodes[i].buffer &&
			node->share.range.first == stack.nodes[i].share.range.first &&
			node->share.range.end == stack.nodes[i].share.range.end &&
			node->done == stack.nodes[i].done && stack.nodes[i].share.rows == rows &&
			nn_tree_is_node(node->share.range, plan->shards);
		sums[first + i] = buffers[node->buffer];
	}
	nn_rank_stack_free(&stack);
	return good;
}

static struct nn_share join(struct nn_rank_node *nodes, const float *sums, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		nodes[i].share.rows = 1;
		nodes[i].share.weight = (double)sums[i];
		nodes[i].share.loss = 0.1;
	}
	return nn_tree_total(nodes, sizeof *nodes, count);
}

static bool all_ranks(uint64_t shards, size_t ranks, size_t keep)
{
	struct nn_rank_plan plan;
	struct nn_share total;
	struct nn_error err;
	float sums[MOST];
	uint64_t size = 1;
	uint64_t end = 0;
	bool good;

	if (nn_rank_plan_make(&plan, shards, ranks, keep, &err))
		abort();
	good = !plan.first[0] && plan.first[ranks] == shards;
	for (size_t r = 0; r < ranks && good; r++)
		good = plan.first[r] < plan.first[r + 1] && run(&plan, r, sums);
	for (size_t i = 0; i < plan.node_count && good; i++) {
		good = plan.nodes[i].share.range.first == end;
		end = plan.nodes[i].share.range.end;
	}
	total = join(plan.nodes, sums, plan.node_count);
	while (size < shards)
		size *= 2;
	good = good && end == shards && total.rows == plan.node_count && !total.range.first &&
		total.range.end == shards;
	/* With one node a rank the doubles are floats' sums, rounded less often: only then the same. */
	if (plan.node_count == 1)
		good = good && (float)total.weight == recursive(0, size, shards);
	nn_rank_plan_free(&plan);
	return good;
}

static void test_plans(void)
{
	size_t bad = 0;

	for (uint64_t shards = 1; shards <= MOST; shards++)
		for (size_t ranks = 1; ranks <= shards; ranks++)
			for (size_t keep = 1; keep <= 4; keep++)
				bad += !all_ranks(shards, ranks, keep);
	ok(!bad, "1 to %d shards on so many ranks or fewer: %zu wrong", MOST, bad);
}

static struct nn_bundle layout_of(const uint64_t *sizes, size_t count)
{
	struct nn_bundle layout = { 0 };
	struct nn_error err;

	for (size_t i = 0; i < count; i++) {
		char name[8];

		snprintf(name, sizeof name, "t%zu", i);
		if (nn_bundle_add(&layout, name, NN_F32, 1, &sizes[i], &err))
			abort();
	}
	if (nn_bundle_layout(&layout, &err))
		abort();
	return layout;
}

static void test_cuts(void)
{
	const uint64_t sizes[] = { 1, 4096, 10000, 0, 5000, 81920 };
	struct nn_bundle layout = layout_of(sizes, sizeof sizes / sizeof sizes[0]);
	struct nn_optim_options options = nn_optim_no_options;
	struct nn_slicer *slicer;
	struct nn_error err;
	size_t elements;
	bool good = true;

	options.method = "sgd";
	if (nn_slicer_new(&slicer, &layout, &options, &err))
		abort();
	elements = nn_slicer_element(slicer, nn_slicer_blocks(slicer));
	ok(nn_slicer_blocks(slicer) == 1 + 1 + 3 + 2 + 20, "blocks from each tensor's start");
	ok(elements == 1 + 4096 + 10000 + 5000 + 81920, "elements");
	for (size_t parts = 1; parts <= 40; parts++) {
		size_t before = 0;

		good = good && !nn_slicer_cut(slicer, 0, parts) &&
			nn_slicer_cut(slicer, parts, parts) == nn_slicer_blocks(slicer);
		for (size_t i = 1; i <= parts; i++) {
			size_t block = nn_slicer_cut(slicer, i, parts);
			size_t length = nn_slicer_element(slicer, block) -
				nn_slicer_element(slicer, before);

			good = good && block >= before &&
				length <= elements / parts + NN_SLICE_BLOCK + 1;
			before = block;
		}
	}
	ok(good, "parts follow each other and are alike to a block");
	nn_slicer_free(slicer);
	nn_bundle_free(&layout);
}

int main(void)
{
	test_plans();
	test_cuts();
	return tap_done();
}
