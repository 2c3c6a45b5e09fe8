/* Forward and backward through all layers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/network-private.h"
#include "model/stage.h"
#include "tensor/vector.h"

const char *nn_network_spec(const struct nn_network *network)
{
	return network->spec.data;
}

size_t nn_network_inputs(const struct nn_network *network)
{
	return nn_pass_shape(network)->count;
}

const struct nn_shape *nn_network_input_shape(const struct nn_network *network)
{
	return nn_pass_shape(network);
}

const struct nn_shape *nn_network_output_shape(const struct nn_network *network)
{
	return &network->nodes[network->end - 1].layer.out;
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

void nn_network_init(const struct nn_network *network, uint64_t seed, struct nn_bundle *params)
{
	for (size_t i = network->begin; i < network->end; i++) {
		const struct nn_layer *layer = &network->nodes[i].layer;

		for (size_t p = 0; p < layer->param_count; p++)
			nn_layer_init(layer, p, seed, layer->number,
				nn_network_param(network, params, i, p));
	}
}

/* rows * each + once floats. */
static int renew(float **place, size_t rows, size_t each, size_t once, struct nn_error *err)
{
	size_t floats;
	float *new;

	if (rows > NN_LAYER_LIMIT || !nn_mul(rows, each, &floats) ||
		!nn_add(floats, once, &floats) || !nn_mul(floats, sizeof(float), &floats))
		return nn_fail(err, NN_BAD, "%zu rows at once are too many", rows);
	new = nn_alloc_aligned(floats, err);
	if (!new)
		return nn_fail_in(err, "a task of %zu rows", rows);
	free(*place);
	*place = new;
	return NN_OK;
}

int nn_network_reserve_slots(struct nn_network *network, size_t rows, struct nn_error *err)
{
	float *place;
	int status;

	if (rows <= network->slot_rows)
		return NN_OK;
	status = renew(&network->passing_space, rows, network->passing, network->scratch, err);
	if (status)
		return status;
	network->slot_rows = rows;
	place = network->passing_space;
	for (size_t slot = 0; slot < network->slot_count; slot++) {
		network->slots[slot] = place;
		place += rows * network->slot_floats[slot];
	}
	network->scratch_place = place;
	return NN_OK;
}

int nn_network_reserve(struct nn_network *network, size_t rows, struct nn_error *err)
{
	int status;

	if (rows <= network->rows)
		return NN_OK;
	status = nn_network_reserve_slots(network, rows, err);
	if (!status)
		status = renew(&network->workspace, rows, network->kept, network->kept_once, err);
	if (status)
		return status;
	network->rows = rows;
	nn_pass_place(network, network->runs, network->workspace, rows, NULL);
	return NN_OK;
}

static float *output_of(const struct nn_network *network)
{
	return network->runs[network->end - 1].y;
}

static void forward(struct nn_network *network, const struct nn_bundle *params, const float *x,
	size_t first, size_t rows, const struct nn_pass *pass)
{
	network->first = first;
	network->now = rows;
	if (rows)
		nn_pass_forward(network, network->runs, params, x, first, rows, pass);
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

int nn_pass_check_labels(const struct nn_network *network, const struct nn_batch *batch,
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
		.d_out = nn_pass_dy(network) };

	if (!run.cases)
		return (struct nn_loss_sum){ 0 };
	return network->criterion.type->value(&network->criterion, &run);
}

int nn_network_loss(struct nn_network *network, const struct nn_batch *batch,
	struct nn_loss_sum *sum, struct nn_error *err)
{
	int status = nn_pass_check_labels(network, batch, err);

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

void nn_network_watch(struct nn_network *network,
	void (*made)(void *context, size_t first, size_t count), void *context)
{
	network->made = made;
	network->context = context;
}

/* Rows [first, end) of a batch. */
static struct nn_batch rows_of(const struct nn_network *network, const struct nn_batch *batch,
	size_t first, size_t end)
{
	size_t cases = first * network->positions;

	return (struct nn_batch){ .x = batch->x + first * nn_network_inputs(network),
		.y = batch->y ? batch->y + cases * network->outputs : NULL,
		.labels = batch->labels ? batch->labels + cases : NULL,
		.rows = end - first };
}

size_t nn_network_at_once(const struct nn_network *network, size_t rows)
{
	size_t parts = nn_pass_parts(network, rows);

	return rows / parts + (rows % parts > 0);
}

/* In parts of about as many rows as the layers want at a time: what a part is all the way forward and
 * back is small enough to stay in a cache, which the numbers of a whole task are not. */
int nn_network_turn(struct nn_network *network, const struct nn_bundle *params,
	const struct nn_batch *batch, const struct nn_pass *pass, bool accumulate,
	struct nn_bundle *grad, float *dx, struct nn_loss_sum *sum, struct nn_error *err)
{
	size_t parts = nn_pass_parts(network, batch->rows);
	size_t inputs = nn_network_inputs(network);
	int status = nn_pass_check_labels(network, batch, err);
	size_t first = 0;

	*sum = (struct nn_loss_sum){ 0 };
	if (!status)
		status = nn_pass_check_rows(network, batch->rows, err);
	if (status)
		return status;
	if (!batch->rows && !accumulate)
		memset(grad->data, 0, grad->bytes);
	for (size_t i = 0; i < parts && batch->rows; i++) {
		size_t end = first + (batch->rows - first) / (parts - i);
		struct nn_batch part = rows_of(network, batch, first, end);
		struct nn_loss_sum more;
		const float *part_dx;

		forward(network, params, part.x, first, part.rows, pass);
		more = loss_of(network, &part);
		part_dx = nn_pass_backward(network, network->runs, accumulate || first, more.weight,
			i + 1 == parts, grad);
		if (dx && part_dx)
			memcpy(dx + first * inputs, part_dx, part.rows * inputs * sizeof *dx);
		sum->loss += more.loss;
		sum->weight += more.weight;
		/* Its numbers are left for nn_network_blame. */
		if (!isfinite(sum->loss))
			break;
		first = end;
	}
	return NN_OK;
}

int nn_network_gradient(struct nn_network *network, const struct nn_bundle *params,
	const struct nn_batch *batch, const struct nn_pass *pass, bool accumulate,
	struct nn_bundle *grad, struct nn_loss_sum *sum, struct nn_error *err)
{
	return nn_network_turn(network, params, batch, pass, accumulate, grad, NULL, sum, err);
}
