/* Forward and backward through all layers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/network-private.h"
#include "tensor/vector.h"

const char *nn_network_spec(const struct nn_network *network)
{
	return network->spec.data;
}

size_t nn_network_inputs(const struct nn_network *network)
{
	return network->in.count;
}

const struct nn_shape *nn_network_input_shape(const struct nn_network *network)
{
	return &network->in;
}

const struct nn_shape *nn_network_output_shape(const struct nn_network *network)
{
	return &network->nodes[network->node_count - 1].layer.out;
}

uint64_t nn_network_tokens(const struct nn_network *network)
{
	for (size_t i = 0; i < network->node_count; i++)
		if (network->nodes[i].layer.tokens)
			return network->nodes[i].layer.tokens;
	return 0;
}

size_t nn_network_positions(const struct nn_network *network)
{
	return network->positions;
}

size_t nn_network_outputs(const struct nn_network *network)
{
	return network->outputs;
}

const struct nn_criterion *nn_network_criterion(const struct nn_network *network)
{
	return &network->criterion;
}

size_t nn_network_layer_count(const struct nn_network *network)
{
	size_t count = 0;

	for (size_t i = 0; i < network->node_count; i++)
		count += network->nodes[i].kind == NN_NODE_LAYER;
	return count;
}

const struct nn_layer *nn_network_layer(const struct nn_network *network, size_t number,
	const char **name)
{
	size_t i = 0;

	while (network->nodes[i].kind != NN_NODE_LAYER || network->nodes[i].layer.number != number)
		i++;
	if (name)
		*name = network->nodes[i].name;
	return &network->nodes[i].layer;
}

int nn_network_layout(const struct nn_network *network, struct nn_bundle *params,
	struct nn_error *err)
{
	return nn_bundle_copy_layout(&network->layout, params, err);
}

int nn_network_check_params(const struct nn_network *network, const struct nn_bundle *params,
	struct nn_error *err)
{
	if (nn_bundle_same_layout(params, &network->layout, err))
		return nn_fail_in(err, "the parameters do not fit the spec");
	return NN_OK;
}

int nn_network_of_model(struct nn_network **network, const struct nn_bundle *params,
	const char *name, struct nn_error *err)
{
	const char *spec = nn_bundle_meta(params, "spec");

	*network = NULL;
	if (!spec)
		return nn_fail(err, NN_BAD, "%s: the model has no spec in its metadata", name);
	if (nn_network_parse(network, spec, strlen(spec), "spec", err))
		return nn_fail_in(err, "%s", name);
	if (!nn_network_check_params(*network, params, err))
		return NN_OK;
	nn_network_free(*network);
	*network = NULL;
	return nn_fail_in(err, "%s", name);
}

bool nn_network_is_of(const struct nn_network *network, const struct nn_bundle *params)
{
	const char *spec = nn_bundle_meta(params, "spec");

	return spec && !strcmp(spec, nn_network_spec(network));
}

/* Parameter `p` of node `i` in a bundle of the network's layout. */
static float *param_of(const struct nn_network *network, const struct nn_bundle *params, size_t i,
	size_t p)
{
	return (float *)(void *)params->data + network->offsets[i * NN_LAYER_PARAMS + p];
}

void nn_network_init(const struct nn_network *network, uint64_t seed, struct nn_bundle *params)
{
	for (size_t i = 0; i < network->node_count; i++) {
		const struct nn_layer *layer = &network->nodes[i].layer;

		for (size_t p = 0; p < layer->param_count; p++)
			nn_layer_init(layer, p, seed, layer->number,
				param_of(network, params, i, p));
	}
}

bool nn_node_has_y(const struct nn_network_node *node)
{
	return !node->shares_y &&
		((node->kind == NN_NODE_LAYER && !node->layer.type->view) ||
			node->kind == NN_NODE_JOIN);
}

/* Deals the workspace out. */
static void place_runs(struct nn_network *network, size_t rows)
{
	float *place = network->workspace;
	float *y = NULL;

	for (size_t i = 0; i < network->node_count; i++) {
		const struct nn_network_node *node = &network->nodes[i];
		struct nn_layer_run *run = &network->runs[i];

		if (nn_node_has_y(node)) {
			y = place;
			place += rows * node->layer.out.count;
		}
		run->y = y;
		run->saved = place;
		place += rows * node->layer.saved;
		run->saved_once = place;
		place += node->layer.saved_once;
	}
	for (size_t slot = 0; slot < network->slot_count; slot++) {
		network->slots[slot] = place;
		place += (network->slot_is_part[slot] ? 1 : rows) * network->slot_floats[slot];
	}
	for (size_t i = 0; i < network->node_count; i++)
		network->runs[i].scratch = place;
}

int nn_network_reserve(struct nn_network *network, size_t rows, struct nn_error *err)
{
	size_t bytes;
	float *workspace;

	if (rows <= network->rows)
		return NN_OK;
	if (rows > NN_LAYER_LIMIT || !nn_mul(rows, network->row_floats, &bytes) ||
		!nn_add(bytes, network->once, &bytes) || !nn_add(bytes, network->parts, &bytes) ||
		!nn_add(bytes, network->scratch, &bytes) || !nn_mul(bytes, sizeof(float), &bytes))
		return nn_fail(err, NN_BAD, "%zu rows at once are too many", rows);
	workspace = nn_alloc_aligned(bytes, err);
	if (!workspace)
		return nn_fail_in(err, "a task of %zu rows", rows);
	free(network->workspace);
	network->workspace = workspace;
	network->rows = rows;
	place_runs(network, rows);
	return NN_OK;
}

/* Rows [start, start + rows) of what node `i` runs with, for layers that are run a part of the rows at
 * a time. */
static struct nn_layer_run part_of(const struct nn_network *network, size_t i, size_t start,
	size_t rows)
{
	const struct nn_layer *layer = &network->nodes[i].layer;
	struct nn_layer_run run = network->runs[i];

	run.rows = rows;
	run.x += start * layer->in.count;
	run.y += start * layer->out.count;
	run.saved += start * layer->saved;
	return run;
}

/* Sets runs of the layers [begin, end) up, and runs them; returns what comes out. */
static const float *forward_layers(struct nn_network *network, size_t begin, size_t end,
	const struct nn_bundle *params, const float *x, size_t rows, const struct nn_pass *pass)
{
	size_t part = network->nodes[begin].end ? network->nodes[begin].part : rows;

	for (size_t i = begin; i < end; i++) {
		struct nn_layer_run *run = &network->runs[i];

		run->pass = pass;
		run->rows = rows;
		run->x = x;
		for (size_t p = 0; p < network->nodes[i].layer.param_count; p++)
			run->params[p] = param_of(network, params, i, p);
		if (!network->nodes[i].layer.type->view)
			x = run->y;
	}
	for (size_t start = 0; start < rows; start += part)
		for (size_t i = begin; i < end; i++) {
			const struct nn_layer *layer = &network->nodes[i].layer;
			struct nn_layer_run run;

			if (layer->type->view)
				continue;
			run = part_of(network, i, start, rows - start < part ? rows - start : part);
			layer->type->forward(layer, &run);
		}
	return x;
}

static void forward(struct nn_network *network, const struct nn_bundle *params, const float *x,
	size_t rows, const struct nn_pass *pass)
{
	for (size_t i = 0; i < network->node_count && rows; i++) {
		const struct nn_network_node *node = &network->nodes[i];
		struct nn_layer_run *run = &network->runs[i];
		const float *other;

		run->pass = pass;
		run->rows = rows;
		run->x = x;
		switch (node->kind) {
		case NN_NODE_LAYER:
			if (node->end) {
				x = forward_layers(network, i, node->end, params, x, rows, pass);
				i = node->end - 1;
			} else {
				x = forward_layers(network, i, i + 1, params, x, rows, pass);
			}
			break;
		case NN_NODE_FORK:
			break;
		case NN_NODE_TURN:
			x = network->runs[node->fork].x;
			break;
		case NN_NODE_JOIN:
			other = network->runs[node->turn ? node->turn : node->fork].x;
			nn_vector_add(run->y, x, other, rows * node->layer.out.count);
			x = run->y;
			break;
		}
	}
}

static float *output_of(const struct nn_network *network)
{
	return network->runs[network->node_count - 1].y;
}

const float *nn_network_forward(struct nn_network *network, const struct nn_bundle *params,
	const float *x, size_t rows)
{
	static const struct nn_pass using;

	forward(network, params, x, rows, &using);
	return output_of(network);
}

static int fail_label(const struct nn_network *network, const struct nn_batch *batch, size_t bad,
	struct nn_error *err)
{
	size_t positions = network->positions;
	char place[32] = "";

	if (positions > 1)
		snprintf(place, sizeof place, ", position %zu", bad % positions);
	return nn_fail(err, NN_BAD, "row %zu%s: class %ld, but the network has %zu outputs",
		bad / positions, place, (long)batch->labels[bad], network->outputs);
}

int nn_network_loss(struct nn_network *network, const struct nn_batch *batch,
	struct nn_loss_sum *sum, struct nn_error *err)
{
	const struct nn_loss *loss = network->criterion.type;
	struct nn_loss_run run = { .out = output_of(network),
		.y = batch->y,
		.labels = batch->labels,
		.cases = batch->rows * network->positions,
		.outputs = network->outputs,
		.d_out = network->slots[network->nodes[network->node_count - 1].dy] };
	size_t bad = loss->wants_classes ?
		nn_loss_bad_label(&network->criterion, run.labels, run.cases, run.outputs) :
		run.cases;

	if (bad < run.cases)
		return fail_label(network, batch, bad, err);
	*sum = run.cases ? loss->value(&network->criterion, &run) : (struct nn_loss_sum){ 0 };
	return NN_OK;
}

const float *nn_network_predict(struct nn_network *network, size_t rows)
{
	const struct nn_loss *loss = network->criterion.type;
	float *out = output_of(network);

	if (loss->predict && rows)
		loss->predict(out, rows * network->positions, network->outputs);
	return out;
}

/* Where rows from `start` on have theirs; NULL: nobody wants it. */
static float *gradient_at(const struct nn_network *network, uint32_t slot, size_t start,
	size_t count)
{
	if (slot == NN_NO_SLOT)
		return NULL;
	return network->slots[slot] + (network->slot_is_part[slot] ? 0 : start * count);
}

/* Backward through the layers [begin, end). */
static void backward_layers(struct nn_network *network, size_t begin, size_t end, bool accumulate,
	double weight, const struct nn_bundle *grad)
{
	size_t rows = network->runs[begin].rows;
	size_t part = network->nodes[begin].end ? network->nodes[begin].part : rows;

	for (size_t start = 0; start < rows; start += part)
		for (size_t i = end; i-- > begin;) {
			const struct nn_network_node *node = &network->nodes[i];
			const struct nn_layer *layer = &node->layer;
			struct nn_layer_run run;

			if (layer->type->view || (!layer->param_count && node->dx == NN_NO_SLOT))
				continue;
			run = part_of(network, i, start, rows - start < part ? rows - start : part);
			run.dy = gradient_at(network, node->dy, start, layer->out.count);
			run.dx = gradient_at(network, node->dx, start, layer->in.count);
			run.accumulate = accumulate || start;
			run.weight = weight;
			for (size_t p = 0; p < layer->param_count; p++)
				run.grads[p] = param_of(network, grad, i, p);
			layer->type->backward(layer, &run);
		}
}

/* Where the gradients of a fork's two branches meet. */
static void backward_fork(struct nn_network *network, size_t i)
{
	const struct nn_network_node *node = &network->nodes[i];

	if (node->dx != NN_NO_SLOT)
		nn_vector_add(network->slots[node->dx], network->slots[node->dy],
			network->slots[node->skip], network->runs[i].rows * node->layer.in.count);
}

int nn_network_gradient(struct nn_network *network, const struct nn_bundle *params,
	const struct nn_batch *batch, const struct nn_pass *pass, bool accumulate,
	struct nn_bundle *grad, struct nn_loss_sum *sum, struct nn_error *err)
{
	int status;

	forward(network, params, batch->x, batch->rows, pass);
	status = nn_network_loss(network, batch, sum, err);
	if (status)
		return status;
	for (size_t i = network->node_count; i-- > 0 && batch->rows;) {
		const struct nn_network_node *node = &network->nodes[i];
		size_t begin = node->end ? node->begin : i;

		if (node->kind == NN_NODE_LAYER)
			backward_layers(network, begin, i + 1, accumulate, sum->weight, grad);
		else if (node->kind == NN_NODE_FORK)
			backward_fork(network, i);
		i = begin;
	}
	if (!batch->rows && !accumulate)
		memset(grad->data, 0, grad->bytes);
	return NN_OK;
}
