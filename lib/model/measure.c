/* Where parameters lie, and how much memory a pass needs. */
#include <stdio.h>
#include <stdlib.h>

#include "model/network-private.h"

static void param_name(char *name, size_t size, const struct nn_network_node *node, size_t param)
{
	snprintf(name, size, "%s.%s", node->name, node->layer.params[param].name);
}

int nn_network_lay_out(struct nn_network *network, struct nn_error *err)
{
	char name[PATH_TEXT];
	int status = NN_OK;

	nn_bundle_free(&network->layout);
	free(network->offsets);
	network->offsets =
		nn_alloc(network->node_count, NN_LAYER_PARAMS * sizeof *network->offsets, err);
	if (!network->offsets)
		return NN_FAILED;
	for (size_t i = network->begin; i < network->end; i++)
		for (size_t p = 0; p < network->nodes[i].layer.param_count && !status; p++) {
			const struct nn_layer_param *param = &network->nodes[i].layer.params[p];

			param_name(name, sizeof name, &network->nodes[i], p);
			status = nn_bundle_add(&network->layout, name, NN_F32, param->ndim,
				param->shape, err);
			if (status)
				status = nn_fail_in(err, "layers[%s]", network->nodes[i].name);
		}
	/* A stage may have none. */
	if (!status && !network->layout.count &&
		network->end - network->begin == network->node_count)
		return nn_fail(err, NN_BAD, "layers: none of them has parameters");
	if (!status)
		status = nn_bundle_layout(&network->layout, err);
	for (size_t i = network->begin; i < network->end && !status; i++)
		for (size_t p = 0; p < network->nodes[i].layer.param_count; p++) {
			param_name(name, sizeof name, &network->nodes[i], p);
			network->offsets[i * NN_LAYER_PARAMS + p] =
				nn_bundle_find(&network->layout, name)->offset / sizeof(float);
		}
	return status;
}

static double flops_of(const struct nn_layer *layer)
{
	return layer->type->flops ? layer->type->flops(layer) : (double)layer->out.count;
}

/* Rows that go through a training pass together: as many as each layer wants, unless it has so little
 * to do that it makes no difference. 0: all of a task's. */
static size_t part_rows(const struct nn_network *network)
{
	double flops = 0;
	size_t rows = 0;

	for (size_t i = 0; i < network->node_count; i++)
		if (network->nodes[i].kind == NN_NODE_LAYER)
			flops += flops_of(&network->nodes[i].layer);
	for (size_t i = 0; i < network->node_count; i++) {
		const struct nn_layer *layer = &network->nodes[i].layer;

		if (network->nodes[i].kind != NN_NODE_LAYER)
			continue;
		if (layer->type->whole)
			return 0;
		if (layer->rows > rows && 20 * flops_of(layer) > flops)
			rows = layer->rows;
	}
	return rows;
}

/* How much workspace a row takes. */
int nn_network_measure(struct nn_network *network, struct nn_error *err)
{
	bool fits = true;

	network->kept = network->kept_once = network->passing = network->scratch = 0;
	for (size_t i = network->begin; i < network->end; i++) {
		const struct nn_network_node *node = &network->nodes[i];

		if (nn_node_has_y(node))
			fits = fits && nn_add(network->kept, node->layer.out.count, &network->kept);
		fits = fits && nn_add(network->kept, node->layer.saved, &network->kept);
		fits = fits &&
			nn_add(network->kept_once, node->layer.saved_once, &network->kept_once);
		if (node->layer.scratch > network->scratch)
			network->scratch = node->layer.scratch;
	}
	for (size_t slot = 0; slot < network->slot_count; slot++)
		fits = fits &&
			nn_add(network->passing, network->slot_floats[slot], &network->passing);
	if (!fits)
		return nn_fail(err, NN_BAD, "layers: their sizes overflow");
	network->part_rows = part_rows(network);
	free(network->runs);
	network->runs = nn_alloc(network->node_count, sizeof *network->runs, err);
	return network->runs ? NN_OK : NN_FAILED;
}
