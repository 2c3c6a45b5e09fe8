/* Which rank has which shards, and what nodes of the fixed tree its gradients become: a function of the
 * numbers of shards and ranks alone, so that all ranks know it of all. */
#ifndef NN_TRAIN_RANK_PLAN_H
#define NN_TRAIN_RANK_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "reduce/reduce.h"

/* A partial sum that leaves its rank. */
struct nn_rank_node {
	struct nn_share share;
	size_t rank;
	size_t buffer; /* of that rank */
	uint64_t done; /* it is whole when this shard has come */
};

struct nn_rank_plan {
	size_t ranks;
	uint64_t shards;
	uint64_t *first;            /* [ranks + 1]: rank r has shards [first[r], first[r + 1]) */
	struct nn_rank_node *nodes; /* [node_count], by range */
	size_t node_count;
	size_t *node_first; /* [ranks + 1]: of each rank */
	size_t buffers;     /* that a rank needs at most */
	size_t keep;
};

/* 1 <= ranks <= shards. Rank r has shards from floor(r V / R) on. Sums are made as soon as two nodes make
 * up a third, but while a rank has no more than `keep` (at least 1) nodes they are left to whoever adds
 * the others. */
int nn_rank_plan_make(struct nn_rank_plan *plan, uint64_t shards, size_t ranks, size_t keep,
	struct nn_error *err);
void nn_rank_plan_free(struct nn_rank_plan *plan);

/* The sums of a rank while its shards come, from first to last. */
struct nn_rank_stack {
	const struct nn_rank_plan *plan;
	struct nn_rank_node *nodes; /* [plan->buffers] */
	size_t count;
	uint64_t used; /* a bit for each buffer that a node is in */
};
int nn_rank_stack_new(struct nn_rank_stack *stack, const struct nn_rank_plan *plan,
	struct nn_error *err);
void nn_rank_stack_free(struct nn_rank_stack *stack);
/* Into which buffer the shard's gradient is to go. */
size_t nn_rank_stack_push(struct nn_rank_stack *stack, uint64_t shard);
/* After it: is there a sum to be made? Then buffer *to is to become *to + *from; call again. */
int nn_rank_stack_merge(struct nn_rank_stack *stack, size_t *to, size_t *from);

#endif
