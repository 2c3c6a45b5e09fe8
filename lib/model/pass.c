/* Forward and backward through the nodes of a network, or of a stage of it. */
#include "model/network-private.h"
#include "tensor/vector.h"

const struct nn_shape *nn_pass_shape(const struct nn_network *network)
{
	return &network->nodes[network->begin].layer.in;
}

float *nn_network_param(const struct nn_network *network, const struct nn_bundle *params, size_t i,
	size_t p)
{
	return (float *)(void *)params->data + network->offsets[i * NN_LAYER_PARAMS + p];
}

bool nn_node_has_y(const struct nn_network_node *node)
{
	return !node->shares_y &&
		((node->kind == NN_NODE_LAYER && !node->layer.type->view) ||
			node->kind == NN_NODE_JOIN);
}

/* The last node that writes: behind it there are views, or nodes that write in its place. */
static size_t last_writer(const struct nn_network *network)
{
	size_t i = network->end;

	while (--i > network->begin && !nn_node_has_y(&network->nodes[i]))
		;
	return i;
}

float *nn_pass_place(const struct nn_network *network, struct nn_layer_run *runs, float *place,
	size_t rows, float *out)
{
	size_t last = last_writer(network);
	float *y = NULL;

	for (size_t i = network->begin; i < network->end; i++) {
		const struct nn_network_node *node = &network->nodes[i];
		struct nn_layer_run *run = &runs[i];

		if (out && i == last) {
			y = out;
		} else if (nn_node_has_y(node)) {
			y = place;
			place += rows * node->layer.out.count;
		}
		run->y = y;
		run->saved = place;
		place += rows * node->layer.saved;
		run->saved_once = place;
		place += node->layer.saved_once;
	}
	return place;
}

static void forward_layer(const struct nn_network *network, struct nn_layer_run *runs, size_t i,
	const struct nn_bundle *params)
{
	const struct nn_layer *layer = &network->nodes[i].layer;

	for (size_t p = 0; p < layer->param_count; p++)
		runs[i].params[p] = nn_network_param(network, params, i, p);
	layer->type->forward(layer, &runs[i]);
}

const float *nn_pass_forward(const struct nn_network *network, struct nn_layer_run *runs,
	const struct nn_bundle *params, const float *x, size_t first, size_t rows,
	const struct nn_pass *pass)
{
	for (size_t i = network->begin; i < network->end; i++) {
		const struct nn_network_node *node = &network->nodes[i];
		struct nn_layer_run *run = &runs[i];
		const float *other;

		run->pass = pass;
		run->first = first;
		run->rows = rows;
		run->x = x;
		run->scratch = network->scratch_place;
		switch (node->kind) {
		case NN_NODE_LAYER:
			if (node->layer.type->view)
				break;
			forward_layer(network, runs, i, params);
			x = run->y;
			break;
		case NN_NODE_FORK:
			break;
		case NN_NODE_TURN:
			x = runs[node->fork].x;
			break;
		case NN_NODE_JOIN:
			other = runs[node->turn ? node->turn : node->fork].x;
			nn_vector_add(run->y, x, other, rows * node->layer.out.count);
			x = run->y;
			break;
		}
	}
	return x;
}

static void backward_layer(const struct nn_network *network, struct nn_layer_run *runs, size_t i,
	bool accumulate, double weight, const struct nn_bundle *grad)
{
	const struct nn_network_node *node = &network->nodes[i];
	const struct nn_layer *layer = &node->layer;
	struct nn_layer_run *run = &runs[i];

	if (layer->type->view || (!layer->param_count && node->dx == NN_NO_SLOT))
		return;
	/* The network may have got more room since it went forward. */
	run->scratch = network->scratch_place;
	run->dy = network->slots[node->dy];
	run->dx = node->dx == NN_NO_SLOT ? NULL : network->slots[node->dx];
	run->accumulate = accumulate;
	run->weight = weight;
	for (size_t p = 0; p < layer->param_count; p++)
		run->grads[p] = nn_network_param(network, grad, i, p);
	layer->type->backward(layer, run);
}

static void tell_made(const struct nn_network *network, size_t i)
{
	const struct nn_layer *layer = &network->nodes[i].layer;

	for (size_t p = 0; p < layer->param_count; p++) {
		size_t count = 1;

		for (unsigned d = 0; d < layer->params[p].ndim; d++)
			count *= (size_t)layer->params[p].shape[d];
		network->made(network->context, network->offsets[i * NN_LAYER_PARAMS + p], count);
	}
}

/* Where the gradients of a fork's two branches meet. */
static void backward_fork(const struct nn_network *network, const struct nn_layer_run *runs,
	size_t i)
{
	const struct nn_network_node *node = &network->nodes[i];

	if (node->dx != NN_NO_SLOT)
		nn_vector_add(network->slots[node->dx], network->slots[node->dy],
			network->slots[node->skip], runs[i].rows * node->layer.in.count);
}

float *nn_pass_dy(const struct nn_network *network)
{
	return network->slots[network->nodes[network->end - 1].dy];
}

const float *nn_pass_backward(const struct nn_network *network, struct nn_layer_run *runs,
	bool accumulate, double weight, bool last, const struct nn_bundle *grad)
{
	uint32_t dx = network->nodes[network->begin].dx;

	for (size_t i = network->end; i-- > network->begin;)
		if (network->nodes[i].kind == NN_NODE_LAYER) {
			backward_layer(network, runs, i, accumulate, weight, grad);
			if (last && network->made)
				tell_made(network, i);
		} else if (network->nodes[i].kind == NN_NODE_FORK)
			backward_fork(network, runs, i);
	return dx == NN_NO_SLOT ? NULL : network->slots[dx];
}

size_t nn_pass_parts(const struct nn_network *network, size_t rows)
{
	size_t parts = network->part_rows ? rows / network->part_rows : 1;

	return parts ? parts : 1;
}

size_t nn_pass_most(const struct nn_network *network, size_t rows)
{
	size_t most = network->part_rows ? 2 * network->part_rows - 1 : rows;

	return most < rows ? most : rows;
}

/* A layer that computes with what rows have in common may want several. */
int nn_pass_check_rows(const struct nn_network *network, size_t rows, struct nn_error *err)
{
	for (size_t i = 0; i < network->node_count && rows; i++)
		if (rows < network->nodes[i].layer.least)
			return nn_fail(err, NN_BAD,
				"layer %s, %s, cannot learn of a task of %zu row: a larger batch or fewer "
				"shards are wanted",
				network->nodes[i].name, network->nodes[i].layer.type->name, rows);
	return NN_OK;
}
