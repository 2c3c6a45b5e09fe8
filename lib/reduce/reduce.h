/* N bundles to one, in an order that depends on shard numbers alone. */
#ifndef NN_REDUCE_REDUCE_H
#define NN_REDUCE_REDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

/* The fixed tree over V shards (or operands): node (k, i) covers [i 2^k, (i+1) 2^k) cut to [0, V).
 * An absent right half adds nothing, so a range that is a node at several k is one node. */
struct nn_node {
	uint64_t first;
	uint64_t end;
};
/* Is [first, end) a node of the tree over V? */
bool nn_tree_is_node(struct nn_node node, uint64_t shards);
/* The next larger node that contains this one, which must not be the root [0, V); *left and *right
 * are its halves, both not empty. */
struct nn_node nn_tree_parent(struct nn_node node, uint64_t shards, struct nn_node *left,
	struct nn_node *right);

/* What is known of one range of shards beside its sum. */
struct nn_share {
	struct nn_node range;
	uint64_t rows;
	double weight; /* what the sum is to be divided by in the end */
	double loss;
};
/* That of the root, of shares which lie `stride` bytes apart, by range, and cover it: added in the fixed tree. */
struct nn_share nn_tree_total(const void *shares, size_t stride, size_t count);

/* What is known of one range of shards. */
struct nn_partial {
	struct nn_node range;
	uint64_t rows;
	double weight; /* what the sum is to be divided by in the end */
	double loss;
	struct nn_bundle sum; /* F32 */
};
void nn_partial_free(struct nn_partial *partial); /* leaves it empty */
/* Drops the metadata of `bundle` on which `other` does not agree: what is left holds for both. */
void nn_reduce_metas(struct nn_bundle *bundle, const struct nn_bundle *other);

/* Merges partial sums in memory, in the fixed tree whatever order they arrive in: a parent is
 * left + right, element by element in float, rows exactly, weight and loss in double. It holds the
 * fewest nodes that what came allows. */
struct nn_accumulator;

/* `shards` 0: not known until nn_accumulator_close. NULL with `err` filled without memory. */
struct nn_accumulator *nn_accumulator_new(uint64_t shards, struct nn_error *err);
void nn_accumulator_free(struct nn_accumulator *accumulator); /* NULL is fine */

/* Takes partial->sum over and leaves *partial empty, on failure too. A range that came before is
 * ignored if its numbers are the same bits. NN_BAD: the range is no node of the tree, came before
 * with other numbers, or overlaps another; or the tensors are unlike those of the others. Metadata
 * on which merged sums do not agree are dropped. */
int nn_accumulator_add(struct nn_accumulator *accumulator, struct nn_partial *partial,
	struct nn_error *err);
/* The number of shards has become known (not below any that came): merges what it lets merge. */
void nn_accumulator_close(struct nn_accumulator *accumulator, uint64_t shards);

/* The nodes held, by their range; valid until the next add or close. */
size_t nn_accumulator_count(const struct nn_accumulator *accumulator);
const struct nn_partial *nn_accumulator_node(const struct nn_accumulator *accumulator, size_t i);
/* How many shards they cover; and is that all of [0, V), in one node? */
uint64_t nn_accumulator_covered(const struct nn_accumulator *accumulator);
bool nn_accumulator_complete(const struct nn_accumulator *accumulator);
/* Adds all nodes, from the left, into the one that is returned: for whoever goes on without the
 * shards that are missing. There must be one at least. Nothing more can be added then. */
const struct nn_partial *nn_accumulator_join(struct nn_accumulator *accumulator);
/* Frees the sums of all nodes and keeps what else is known of them: what has been handed on can
 * still be told from what has not come. Nothing can merge with them any more. */
void nn_accumulator_forget(struct nn_accumulator *accumulator);

/* A method: how N bundles become one. A method is one file and one row of the table. */
struct nn_reducer {
	const char *name;
	/* True: a sum in the fixed tree, and `finish` on what comes out. It can go block by block,
	 * and in parts on several hosts unless there is a `finish`. */
	bool tree;
	/* On any part of the root's sum; `total` is the sum of the weights. NULL: nothing to do. */
	void (*finish)(float *sum, size_t n, double total);
};
extern const struct nn_reducer *const nn_reducers[]; /* NULL-terminated */
extern const char *const nn_reducer_names[];         /* NULL-terminated */
extern const struct nn_reducer nn_reducer_sum;
extern const struct nn_reducer nn_reducer_mean;
/* NULL if there is none of that name. */
const struct nn_reducer *nn_reducer_find(const char *name);

#endif
