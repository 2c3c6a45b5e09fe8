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

static struct nn_share share_at(const void *shares, size_t stride, size_t i)
{
	return *(const struct nn_share *)(const void *)((const unsigned char *)shares + i * stride);
}

struct nn_share nn_tree_total(const void *shares, size_t stride, size_t count)
{
	struct nn_share sum = share_at(shares, stride, 0);
	struct nn_share right;
	uint64_t first = sum.range.first;
	uint64_t shards = share_at(shares, stride, count - 1).range.end - first;
	uint64_t half = 1;
	size_t split = 0;

	if (count == 1)
		return sum;
	/* A half is a power of two of shards, and the left one is the larger. */
	while (shards - half > half)
		half *= 2;
	while (split < count && share_at(shares, stride, split).range.first < first + half)
		split++;
	sum = nn_tree_total(shares, stride, split);
	right = nn_tree_total((const unsigned char *)shares + split * stride, stride,
		count - split);
	sum.range.end = right.range.end;
	sum.rows += right.rows;
	sum.weight += right.weight;
	sum.loss += right.loss;
	return sum;
}
