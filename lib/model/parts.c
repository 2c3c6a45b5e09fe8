/* Which layers are run a part of the rows at a time, so that what one writes is still in the cache
 * when the next one reads it. */
#include "model/network-private.h"

/* Floats that a part should not take more of, with two gradients: half of a cache of 2 MiB. */
#define PART_FLOATS 262144

static bool may_be_parted(const struct nn_network_node *node)
{
	return node->kind == NN_NODE_LAYER &&
		(node->layer.type->view || node->layer.type->in_parts);
}

/* A power of two: the most rows that stay in the cache, but what the layers want at least. */
static size_t rows_of(const struct nn_network *network, size_t begin, size_t end)
{
	size_t floats = network->nodes[begin].layer.in.count;
	size_t least = 1, largest = 0, rows = 1;

	for (size_t i = begin; i < end; i++) {
		const struct nn_layer *layer = &network->nodes[i].layer;

		if (nn_node_has_y(&network->nodes[i]))
			floats += layer->out.count;
		floats += layer->saved;
		if (layer->out.count > largest)
			largest = layer->out.count;
		if (layer->part > least)
			least = layer->part;
	}
	floats += 2 * largest;
	while (rows < least || 2 * rows * floats <= PART_FLOATS)
		rows *= 2;
	return rows;
}

void nn_network_plan_parts(struct nn_network *network)
{
	struct nn_network_node *nodes = network->nodes;

	for (size_t begin = 0, end; begin < network->node_count; begin = end) {
		size_t last, rows;

		end = begin + 1;
		if (!may_be_parted(&nodes[begin]) || nodes[begin].layer.type->view)
			continue;
		while (end < network->node_count && may_be_parted(&nodes[end]))
			end++;
		/* Views at the end have nothing to do. */
		for (last = end; nodes[last - 1].layer.type->view;)
			last--;
		if (last - begin < 2)
			continue;
		rows = rows_of(network, begin, last);
		for (size_t i = begin; i < last; i++) {
			nodes[i].begin = begin;
			nodes[i].end = last;
			nodes[i].part = rows;
		}
	}
}
