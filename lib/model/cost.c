#include "model/cost.h"

#include <stdint.h>
#include <stdlib.h>

#include "model/network-private.h"

/* The top-level layer that a node is of: its name begins with the number. */
static size_t top_of(const struct nn_network_node *node)
{
	return strtoul(node->name, NULL, 10);
}

double nn_node_flops(const struct nn_network_node *node)
{
	const struct nn_layer *layer = &node->layer;

	if (node->kind == NN_NODE_JOIN)
		return (double)layer->out.count;
	if (node->kind != NN_NODE_LAYER || layer->type->view)
		return 0;
	return layer->type->flops ? layer->type->flops(layer) : (double)layer->out.count;
}

static double backward_of(const struct nn_network_node *node)
{
	bool wanted = node->dx != NN_NO_SLOT;

	/* Gradients of both branches are added where they meet, at the fork. */
	if (node->kind == NN_NODE_FORK)
		return wanted ? (double)node->layer.in.count : 0;
	if (node->kind != NN_NODE_LAYER)
		return 0;
	return nn_node_flops(node) * ((node->layer.param_count ? 1 : 0) + (wanted ? 1 : 0));
}

static size_t params_of(const struct nn_layer *layer)
{
	size_t floats = 0;

	for (size_t p = 0; p < layer->param_count; p++) {
		size_t count = 1;

		/* The layout has been made of them: they do not overflow. */
		for (unsigned i = 0; i < layer->params[p].ndim; i++)
			count *= (size_t)layer->params[p].shape[i];
		floats += count;
	}
	return floats;
}

int nn_cost_of_network(const struct nn_network *network, struct nn_layer_cost **costs,
	size_t *count, struct nn_error *err)
{
	const struct nn_network_node *nodes = network->nodes;

	*count = top_of(&nodes[network->node_count - 1]) + 1;
	*costs = nn_alloc(*count, sizeof **costs, err);
	if (!*costs)
		return NN_FAILED;
	for (size_t i = 0; i < network->node_count; i++) {
		struct nn_layer_cost *cost = &(*costs)[top_of(&nodes[i])];
		const struct nn_layer *layer = &nodes[i].layer;

		/* Its first node, and what its last one says of both. */
		if (!cost->type) {
			cost->type = layer->type->name;
			cost->in = layer->in.count;
		}
		cost->out = layer->out.count;
		cost->forward += nn_node_flops(&nodes[i]);
		cost->backward += backward_of(&nodes[i]);
		cost->params += params_of(layer);
		/* Their sums have been checked: see measure.c. */
		cost->kept += layer->saved + (nn_node_has_y(&nodes[i]) ? layer->out.count : 0);
		cost->kept_once += layer->saved_once;
	}
	return NN_OK;
}

/* Whole numbers, of which `count` together do not overflow. */
static uint64_t work_of(const struct nn_layer_cost *cost, size_t count)
{
	double flops = cost->forward + cost->backward;
	double most = 9e18 / (double)count;

	return (uint64_t)(flops < most ? flops : most);
}

/* needed[i]: the fewest ranges that [i, count) can be cut into, none of which is above `most`;
 * needed[count] is 0. `most` is no less than the largest single one. */
static void count_ranges(const uint64_t *work, size_t count, uint64_t most, size_t *needed)
{
	uint64_t sum = 0;
	size_t ranges = 0;

	needed[count] = 0;
	for (size_t i = count; i-- > 0;) {
		if (!ranges || sum + work[i] > most) {
			ranges++;
			sum = 0;
		}
		sum += work[i];
		needed[i] = ranges;
	}
}

/* By bisection over the largest sum; filling ranges from the end shows whether one will do (J. Kleinberg,
 * E. Tardos, "Algorithm design", 2006, has it as the painter's partition). */
static void cut(const uint64_t *work, size_t count, size_t stages, size_t *ends, size_t *needed)
{
	uint64_t low = 0, high = 0;
	size_t end = 0;

	for (size_t i = 0; i < count; i++) {
		low = work[i] > low ? work[i] : low;
		high += work[i];
	}
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		count_ranges(work, count, middle, needed);
		if (needed[0] <= stages)
			high = middle;
		else
			low = middle + 1;
	}
	count_ranges(work, count, high, needed);
	for (size_t stage = 0; stage < stages; stage++) {
		size_t left = stages - stage - 1;

		/* As early as what is left can be done with what is behind; none stays empty, as a cut
		 * makes no sum larger. */
		end++;
		while (needed[end] > left)
			end++;
		ends[stage] = end;
	}
}

int nn_cost_cut(const struct nn_layer_cost *costs, size_t count, size_t stages, size_t *ends,
	struct nn_error *err)
{
	uint64_t *work;
	size_t *needed;
	int status = NN_FAILED;

	if (!stages)
		return nn_fail(err, NN_USAGE, "0 stages: at least one is wanted");
	if (stages > count)
		return nn_fail(err, NN_USAGE,
			"%zu stages, but the network has %zu layer%s to be shared out", stages,
			count, count == 1 ? "" : "s");
	work = nn_alloc(count, sizeof *work, err);
	needed = nn_alloc(count + 1, sizeof *needed, err);
	if (work && needed) {
		for (size_t i = 0; i < count; i++)
			work[i] = work_of(&costs[i], count);
		cut(work, count, stages, ends, needed);
		status = NN_OK;
	}
	free(work);
	free(needed);
	return status;
}
