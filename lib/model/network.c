/* Forward and backward through all layers. */
#include <math.h>
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
		place += rows * network->slot_floats[slot];
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
		!nn_add(bytes, network->once, &bytes) || !nn_add(bytes, network->scratch, &bytes) ||
		!nn_mul(bytes, sizeof(float), &bytes))
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

static void forward_layer(struct nn_network *network, size_t i, const struct nn_bundle *params)
{
	const struct nn_layer *layer = &network->nodes[i].layer;

	for (size_t p = 0; p < layer->param_count; p++)
		network->runs[i].params[p] = param_of(network, params, i, p);
	layer->type->forward(layer, &network->runs[i]);
}

static void forward(struct nn_network *network, const struct nn_bundle *params, const float *x,
	size_t first, size_t rows, const struct nn_pass *pass)
{
	network->first = first;
	network->now = rows;
	for (size_t i = 0; i < network->node_count && rows; i++) {
		const struct nn_network_node *node = &network->nodes[i];
		struct nn_layer_run *run = &network->runs[i];
		const float *other;

		run->pass = pass;
		run->first = first;
		run->rows = rows;
		run->x = x;
		switch (node->kind) {
		case NN_NODE_LAYER:
			if (node->layer.type->view)
				break;
			forward_layer(network, i, params);
			x = run->y;
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

	forward(network, params, x, 0, rows, &using);
	return output_of(network);
}

static int fail_label(const struct nn_network *network, const struct nn_batch *batch, size_t bad,
	struct nn_error *err)
{
	size_t positions = network->positions;
	char place[32] = "";
	unsigned long long row = bad / positions;

	if (batch->numbers)
		row = batch->numbers[row];
	if (positions > 1)
		snprintf(place, sizeof place, ", position %zu", bad % positions);
	return nn_fail(err, NN_BAD, "row %llu%s: class %ld, but the network has %zu outputs", row,
		place, (long)batch->labels[bad], network->outputs);
}

static int check_labels(const struct nn_network *network, const struct nn_batch *batch,
	struct nn_error *err)
{
	size_t cases = batch->rows * network->positions;
	size_t bad = cases;

	if (network->criterion.type->wants_classes)
		bad = nn_loss_bad_label(&network->criterion, batch->labels, cases,
			network->outputs);
	return bad < cases ? fail_label(network, batch, bad, err) : NN_OK;
}

static struct nn_loss_sum loss_of(struct nn_network *network, const struct nn_batch *batch)
{
	struct nn_loss_run run = { .out = output_of(network),
		.y = batch->y,
		.labels = batch->labels,
		.cases = batch->rows * network->positions,
		.outputs = network->outputs,
		.d_out = network->slots[network->nodes[network->node_count - 1].dy] };

	if (!run.cases)
		return (struct nn_loss_sum){ 0 };
	return network->criterion.type->value(&network->criterion, &run);
}

int nn_network_loss(struct nn_network *network, const struct nn_batch *batch,
	struct nn_loss_sum *sum, struct nn_error *err)
{
	int status = check_labels(network, batch, err);

	if (!status)
		*sum = loss_of(network, batch);
	return status;
}

const float *nn_network_predict(struct nn_network *network, size_t rows)
{
	const struct nn_loss *loss = network->criterion.type;
	float *out = output_of(network);

	if (loss->predict && rows)
		loss->predict(out, rows * network->positions, network->outputs);
	return out;
}

static void backward_layer(struct nn_network *network, size_t i, bool accumulate, double weight,
	const struct nn_bundle *grad)
{
	const struct nn_network_node *node = &network->nodes[i];
	const struct nn_layer *layer = &node->layer;
	struct nn_layer_run *run = &network->runs[i];

	if (layer->type->view || (!layer->param_count && node->dx == NN_NO_SLOT))
		return;
	run->dy = network->slots[node->dy];
	run->dx = node->dx == NN_NO_SLOT ? NULL : network->slots[node->dx];
	run->accumulate = accumulate;
	run->weight = weight;
	for (size_t p = 0; p < layer->param_count; p++)
		run->grads[p] = param_of(network, grad, i, p);
	layer->type->backward(layer, run);
}

void nn_network_watch(struct nn_network *network,
	void (*made)(void *context, size_t first, size_t count), void *context)
{
	network->made = made;
	network->context = context;
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
static void backward_fork(struct nn_network *network, size_t i)
{
	const struct nn_network_node *node = &network->nodes[i];

	if (node->dx != NN_NO_SLOT)
		nn_vector_add(network->slots[node->dx], network->slots[node->dy],
			network->slots[node->skip], network->runs[i].rows * node->layer.in.count);
}

static struct nn_loss_sum gradient_of_part(struct nn_network *network,
	const struct nn_bundle *params, const struct nn_batch *part, size_t first,
	const struct nn_pass *pass, bool accumulate, bool last, struct nn_bundle *grad)
{
	struct nn_loss_sum sum;

	forward(network, params, part->x, first, part->rows, pass);
	sum = loss_of(network, part);
	for (size_t i = network->node_count; i-- > 0;)
		if (network->nodes[i].kind == NN_NODE_LAYER) {
			backward_layer(network, i, accumulate, sum.weight, grad);
			if (last && network->made)
				tell_made(network, i);
		} else if (network->nodes[i].kind == NN_NODE_FORK)
			backward_fork(network, i);
	return sum;
}

/* Rows [first, end) of a batch. */
static struct nn_batch rows_of(const struct nn_network *network, const struct nn_batch *batch,
	size_t first, size_t end)
{
	size_t cases = first * network->positions;

	return (struct nn_batch){ .x = batch->x + first * network->in.count,
		.y = batch->y ? batch->y + cases * network->outputs : NULL,
		.labels = batch->labels ? batch->labels + cases : NULL,
		.rows = end - first };
}

/* Into how many parts a batch is cut. */
static size_t part_count(const struct nn_network *network, size_t rows)
{
	size_t parts = network->part_rows ? rows / network->part_rows : 1;

	return parts ? parts : 1;
}

size_t nn_network_at_once(const struct nn_network *network, size_t rows)
{
	size_t parts = part_count(network, rows);

	return rows / parts + (rows % parts > 0);
}

/* A layer that computes with what rows have in common may want several. */
static int check_rows(const struct nn_network *network, size_t rows, struct nn_error *err)
{
	for (size_t i = 0; i < network->node_count && rows; i++)
		if (rows < network->nodes[i].layer.least)
			return nn_fail(err, NN_BAD,
				"layer %s, %s, cannot learn of a task of %zu row: a larger batch or fewer "
				"shards are wanted",
				network->nodes[i].name, network->nodes[i].layer.type->name, rows);
	return NN_OK;
}

/* In parts of about as many rows as the layers want at a time: what a part is all the way forward and
 * back is small enough to stay in a cache, which the numbers of a whole task are not. */
int nn_network_gradient(struct nn_network *network, const struct nn_bundle *params,
	const struct nn_batch *batch, const struct nn_pass *pass, bool accumulate,
	struct nn_bundle *grad, struct nn_loss_sum *sum, struct nn_error *err)
{
	size_t parts = part_count(network, batch->rows);
	int status = check_labels(network, batch, err);
	size_t first = 0;

	*sum = (struct nn_loss_sum){ 0 };
	if (!status)
		status = check_rows(network, batch->rows, err);
	if (status)
		return status;
	if (!batch->rows && !accumulate)
		memset(grad->data, 0, grad->bytes);
	for (size_t i = 0; i < parts && batch->rows; i++) {
		size_t end = first + (batch->rows - first) / (parts - i);
		struct nn_batch part = rows_of(network, batch, first, end);
		struct nn_loss_sum more = gradient_of_part(network, params, &part, first, pass,
			accumulate || first, i + 1 == parts, grad);

		sum->loss += more.loss;
		sum->weight += more.weight;
		/* Its numbers are left for nn_network_blame. */
		if (!isfinite(sum->loss))
			break;
		first = end;
	}
	return NN_OK;
}
