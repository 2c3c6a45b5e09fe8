#include "train/rank_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define MOST_BUFFERS 64 /* bits of nn_rank_stack.used: a tree over 2^64 shards is as deep */

int nn_rank_stack_new(struct nn_rank_stack *stack, const struct nn_rank_plan *plan,
	struct nn_error *err)
{
	*stack = (struct nn_rank_stack){ .plan = plan,
		.nodes = nn_alloc(MOST_BUFFERS + 1, sizeof *stack->nodes, err) };
	return stack->nodes ? NN_OK : NN_FAILED;
}

void nn_rank_stack_free(struct nn_rank_stack *stack)
{
	free(stack->nodes);
	*stack = (struct nn_rank_stack){ 0 };
}

size_t nn_rank_stack_push(struct nn_rank_stack *stack, uint64_t shard)
{
	size_t buffer = 0;

	while (stack->used >> buffer & 1)
		buffer++;
	stack->used |= UINT64_C(1) << buffer;
	stack->nodes[stack->count++] = (struct nn_rank_node){ .share.range = { shard, shard + 1 },
		.buffer = buffer,
		.done = shard };
	return buffer;
}

/* Two nodes side by side that make up a third, the last such pair; 0: none. */
static size_t find_pair(const struct nn_rank_stack *stack)
{
	for (size_t i = stack->count; i-- > 1;) {
		struct nn_node left;
		struct nn_node right;

		nn_tree_parent(stack->nodes[i - 1].share.range, stack->plan->shards, &left, &right);
		if (left.first == stack->nodes[i - 1].share.range.first &&
			left.end == stack->nodes[i - 1].share.range.end &&
			right.end == stack->nodes[i].share.range.end)
			return i;
	}
	return 0;
}

int nn_rank_stack_merge(struct nn_rank_stack *stack, size_t *to, size_t *from)
{
	size_t right = stack->count > stack->plan->keep ? find_pair(stack) : 0;
	struct nn_rank_node *left;

	if (!right)
		return 0;
	left = &stack->nodes[right - 1];
	*to = left->buffer;
	*from = stack->nodes[right].buffer;
	left->share.range.end = stack->nodes[right].share.range.end;
	left->share.rows += stack->nodes[right].share.rows;
	left->share.weight += stack->nodes[right].share.weight;
	left->share.loss += stack->nodes[right].share.loss;
	left->done = stack->nodes[stack->count - 1].done;
	stack->used &= ~(UINT64_C(1) << *from);
	stack->count--;
	memmove(&stack->nodes[right], &stack->nodes[right + 1],
		(stack->count - right) * sizeof *stack->nodes);
	return 1;
}

/* The nodes of one rank, and how many buffers it takes. */
static size_t run(struct nn_rank_stack *stack, uint64_t first, uint64_t end, size_t *buffers)
{
	size_t to;
	size_t from;

	stack->count = 0;
	stack->used = 0;
	for (uint64_t shard = first; shard < end; shard++) {
		size_t buffer = nn_rank_stack_push(stack, shard);

		if (*buffers < buffer + 1)
			*buffers = buffer + 1;
		while (nn_rank_stack_merge(stack, &to, &from))
			;
	}
	return stack->count;
}

static int add_nodes(struct nn_rank_plan *plan, const struct nn_rank_stack *stack, size_t rank,
	struct nn_error *err)
{
	size_t count = plan->node_count + stack->count;
	struct nn_rank_node *nodes = nn_realloc(plan->nodes, count, sizeof *nodes, err);

	if (!nodes)
		return NN_FAILED;
	plan->nodes = nodes;
	for (size_t i = 0; i < stack->count; i++) {
		nodes[plan->node_count + i] = stack->nodes[i];
		nodes[plan->node_count + i].rank = rank;
	}
	plan->node_first[rank] = plan->node_count;
	plan->node_count = count;
	plan->node_first[rank + 1] = count;
	return NN_OK;
}

int nn_rank_plan_make(struct nn_rank_plan *plan, uint64_t shards, size_t ranks, size_t keep,
	struct nn_error *err)
{
	struct nn_rank_stack stack = { 0 };
	int status;

	*plan = (struct nn_rank_plan){ .ranks = ranks, .shards = shards, .keep = keep };
	plan->first = nn_alloc(ranks + 1, sizeof *plan->first, err);
	plan->node_first = nn_alloc(ranks + 1, sizeof *plan->node_first, err);
	status = plan->first && plan->node_first ? nn_rank_stack_new(&stack, plan, err) : NN_FAILED;
	for (size_t r = 0; r <= ranks && !status; r++)
		plan->first[r] = (uint64_t)((unsigned __int128)shards * r / ranks);
	for (size_t r = 0; r < ranks && !status; r++) {
		run(&stack, plan->first[r], plan->first[r + 1], &plan->buffers);
		status = add_nodes(plan, &stack, r, err);
	}
	nn_rank_stack_free(&stack);
	if (status)
		nn_rank_plan_free(plan);
	return status;
}

void nn_rank_plan_free(struct nn_rank_plan *plan)
{
	free(plan->first);
	free(plan->node_first);
	free(plan->nodes);
	*plan = (struct nn_rank_plan){ 0 };
}
