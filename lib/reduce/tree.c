#include "reduce/reduce.h"

/* The smallest power of two that is not below n; 0 where that is 2^64. */
static uint64_t power_of_two(uint64_t n)
{
	uint64_t power = 1;

	while (power && power < n)
		power *= 2;
	return power;
}

static uint64_t cut(uint64_t first, uint64_t size, uint64_t shards)
{
	return shards - first < size ? shards : first + size;
}

bool nn_tree_is_node(struct nn_node node, uint64_t shards)
{
	uint64_t size = power_of_two(node.end - node.first);

	if (node.first >= node.end || node.end > shards)
		return false;
	if (node.end < shards && size != node.end - node.first)
		return false;
	return !node.first || (size && !(node.first & (size - 1)));
}

struct nn_node nn_tree_parent(struct nn_node node, uint64_t shards, struct nn_node *left,
	struct nn_node *right)
{
	uint64_t size = power_of_two(node.end - node.first);

	/* Without a right neighbour a left half is its own parent. */
	while (!(node.first & size) && shards - node.first <= size)
		size *= 2;
	if (node.first & size) {
		*left = (struct nn_node){ node.first - size, node.first };
		*right = node;
	} else {
		*left = node;
		*right = (struct nn_node){ node.end, cut(node.end, size, shards) };
	}
	return (struct nn_node){ left->first, right->end };
}
