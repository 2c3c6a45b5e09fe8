/* Sums in the fixed tree of what comes in the order of the shards, in memory that stays. */
#ifndef NN_REDUCE_STACK_H
#define NN_REDUCE_STACK_H

#include "reduce/reduce.h"

/* Sums that wait for their right halves, and one more in which the next gradient is made. */
struct nn_stack;

/* Of bundles (F32) laid out as `layout`, which must outlive it, of `shards` shards in all. Memory for a
 * bundle is taken when one more is first needed, at most 2 + log2(shards) times. */
struct nn_stack *nn_stack_new(const struct nn_bundle *layout, uint64_t shards,
	struct nn_error *err);
void nn_stack_free(struct nn_stack *stack); /* NULL is fine */
/* *partial: where the next gradient is to be made, laid out, with data that are worth nothing. */
int nn_stack_next(struct nn_stack *stack, struct nn_partial **partial, struct nn_error *err);
/* It is made, its range behind all that came: the sum goes as far up as what is there allows. The same
 * bits as nn_accumulator. */
void nn_stack_push(struct nn_stack *stack);
/* The nodes held, by their range. */
size_t nn_stack_count(const struct nn_stack *stack);
struct nn_partial *nn_stack_node(struct nn_stack *stack, size_t i);
/* For the next step: nothing has come, and the memory stays. */
void nn_stack_clear(struct nn_stack *stack);

#endif
