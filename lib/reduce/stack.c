#include "reduce/stack.h"

#include <stdlib.h>

#include "base/memory.h"
#include "tensor/vector.h"

#define DEPTH 130 /* nodes of a range of at most 2^64 shards, and one more */

struct nn_stack {
	const struct nn_bundle *layout;
	uint64_t shards;
	struct nn_partial nodes[DEPTH];
	size_t count;
};

struct nn_stack *nn_stack_new(const struct nn_bundle *layout, uint64_t shards, struct nn_error *err)
{
	struct nn_stack *stack = nn_alloc(1, sizeof *stack, err);

	if (stack) {
		stack->layout = layout;
		stack->shards = shards;
	}
	return stack;
}

void nn_stack_free(struct nn_stack *stack)
{
	if (!stack)
		return;
	for (size_t i = 0; i < DEPTH; i++)
		nn_partial_free(&stack->nodes[i]);
	free(stack);
}

int nn_stack_next(struct nn_stack *stack, struct nn_partial **partial, struct nn_error *err)
{
	struct nn_partial *next = &stack->nodes[stack->count];
	int status = NN_OK;

	if (stack->count == DEPTH - 1)
		return nn_fail(err, NN_BAD, "ranges of shards that are not in their order");
	if (!next->sum.data) {
		nn_partial_free(next);
		status = nn_bundle_copy_layout(stack->layout, &next->sum, err);
		if (!status)
			status = nn_bundle_copy_metas(stack->layout, &next->sum, err);
		if (!status)
			status = nn_bundle_alloc(&next->sum, err);
	}
	*partial = next;
	return status;
}

#define BLOCK ((size_t)4096) /* numbers, which stay in the cache while all of their sums are made */

/* The last one into the one before it, that into the one before, and so on, down to `first`: of all of
 * them at once, as memory is what takes the time. */
static void merge(struct nn_stack *stack, size_t first, size_t last)
{
	struct nn_partial *nodes = stack->nodes;
	float *right = (float *)(void *)nodes[last].sum.data;
	size_t count = nodes[last].sum.bytes / sizeof(float);

	for (size_t at = 0; at < count; at += BLOCK) {
		size_t some = count - at < BLOCK ? count - at : BLOCK;

		for (size_t i = last; i-- > first;) {
			float *left = (float *)(void *)nodes[i].sum.data;

			nn_vector_add((i == first ? left : right) + at, left + at, right + at,
				some);
		}
	}
	for (size_t i = last; i-- > first;) {
		nodes[i].range.end = nodes[i + 1].range.end;
		nodes[i].rows += nodes[i + 1].rows;
		nodes[i].weight += nodes[i + 1].weight;
		nodes[i].loss += nodes[i + 1].loss;
	}
}

static bool same(struct nn_node a, struct nn_node b)
{
	return a.first == b.first && a.end == b.end;
}

void nn_stack_push(struct nn_stack *stack)
{
	size_t last = stack->count;
	size_t first = last;
	struct nn_node range = stack->nodes[last].range;

	for (; first; first--) {
		struct nn_node left_half;
		struct nn_node right_half;

		nn_tree_parent(range, stack->shards, &left_half, &right_half);
		if (!same(right_half, range) || !same(left_half, stack->nodes[first - 1].range))
			break;
		range.first = left_half.first;
	}
	if (first < last)
		merge(stack, first, last);
	stack->count = first + 1;
}

size_t nn_stack_count(const struct nn_stack *stack)
{
	return stack->count;
}

struct nn_partial *nn_stack_node(struct nn_stack *stack, size_t i)
{
	return &stack->nodes[i];
}

void nn_stack_clear(struct nn_stack *stack)
{
	stack->count = 0;
}
