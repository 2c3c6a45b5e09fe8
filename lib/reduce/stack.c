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

static void merge(struct nn_partial *left, const struct nn_partial *right)
{
	float *sum = (float *)(void *)left->sum.data;

	nn_vector_add(sum, sum, (const float *)(const void *)right->sum.data,
		left->sum.bytes / sizeof(float));
	left->range.end = right->range.end;
	left->rows += right->rows;
	left->weight += right->weight;
	left->loss += right->loss;
}

static bool same(struct nn_node a, struct nn_node b)
{
	return a.first == b.first && a.end == b.end;
}

void nn_stack_push(struct nn_stack *stack)
{
	stack->count++;
	while (stack->count > 1) {
		struct nn_partial *right = &stack->nodes[stack->count - 1];
		struct nn_node left_half;
		struct nn_node right_half;

		nn_tree_parent(right->range, stack->shards, &left_half, &right_half);
		if (!same(right_half, right->range) || !same(left_half, right[-1].range))
			break;
		merge(right - 1, right);
		stack->count--;
	}
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
