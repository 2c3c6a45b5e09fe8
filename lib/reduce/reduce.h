/* N bundles to one, in an order that depends on shard numbers alone. */
#ifndef NN_REDUCE_REDUCE_H
#define NN_REDUCE_REDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fixed tree over V shards (or operands): node (k, i) covers [i 2^k, (i+1) 2^k) cut to [0, V).
 * An absent right half adds nothing. */
struct nn_node {
	uint64_t first;
	uint64_t end;
};
/* Is [first, end) a node of the tree over V? */
bool nn_tree_is_node(struct nn_node node, uint64_t shards);
/* The parent of a node other than the root; *left and *right are its halves (right may be the empty
 * range [V, V): then the parent covers just what left does, and is the same node). */
struct nn_node nn_tree_parent(struct nn_node node, uint64_t shards, struct nn_node *left,
	struct nn_node *right);

#endif
