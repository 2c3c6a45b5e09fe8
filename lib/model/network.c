/* Forward and backward through all layers. */
#include <stdlib.h>
#include <string.h>

#include "model/network-private.h"

const char *nn_network_spec(const struct nn_network *network)
{
	return network->spec.data;
}

size_t nn_network_inputs(const struct nn_network *network)
{
	return network->in.count;
}

size_t nn_network_outputs(const struct nn_network *network)
{
	return network->layers[network->layer_count - 1].out.count;
}

const struct nn_shape *nn_network_input_shape(const struct nn_network *network)
{
	return &network->in;
}

int nn_network_wants_classes(const struct nn_network *network)
{
	return network->loss->wants_classes;
}

const char *nn_network_loss_name(const struct nn_network *network)
{
	return network->loss->name;
}

size_t nn_network_layer_count(const struct nn_network *network)
{
	return network->layer_count;
}

const struct nn_layer *nn_network_layer(const struct nn_network *network, size_t number)
{
	return &network->layers[number];
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

/* Parameter `p` of layer `i` in a bundle of the network's layout. */
static float *param_of(const struct nn_network *network, const struct nn_bundle *params, size_t i,
	size_t p)
{
	return (float *)(void *)params->data + network->offsets[i * NN_LAYER_PARAMS + p];
}

void nn_network_init(const struct nn_network *network, uint64_t seed, struct nn_bundle *params)
{
	for (size_t i = 0; i < network->layer_count; i++)
		for (size_t p = 0; p < network->layers[i].param_count; p++)
			nn_layer_init(&network->layers[i], p, seed, i,
				param_of(network, params, i, p));
}

int nn_network_reserve(struct nn_network *network, size_t rows, struct nn_error *err)
{
	size_t bytes;
	float *workspace;
	float *place;

	if (rows <= network->rows)
		return NN_OK;
	if (rows > NN_LAYER_LIMIT || !nn_mul(rows, network->row_floats, &bytes) ||
		!nn_mul(bytes, sizeof(float), &bytes))
		return nn_fail(err, NN_BAD, "%zu rows at once are too many", rows);
	workspace = nn_alloc_aligned(bytes, err);
	if (!workspace)
		return nn_fail_in(err, "a task of %zu rows", rows);
	free(network->workspace);
	network->workspace = workspace;
	network->rows = rows;
	place = workspace;
	for (size_t i = 0; i < network->layer_count; i++) {
		const struct nn_layer *layer = &network->layers[i];

		network->runs[i].y = place;
		place += rows * layer->out.count;
		network->runs[i].saved = place;
		place += rows * layer->saved;
	}
	network->slopes[0] = place;
	network->slopes[1] = place + rows * network->widest;
	return NN_OK;
}

const float *nn_network_forward(struct nn_network *network, const struct nn_bundle *params,
	const float *x, size_t rows)
{
	for (size_t i = 0; i < network->layer_count; i++) {
		const struct nn_layer *layer = &network->layers[i];
		struct nn_layer_run *run = &network->runs[i];

		run->rows = rows;
		run->x = x;
		for (size_t p = 0; p < layer->param_count; p++)
			run->params[p] = param_of(network, params, i, p);
		if (rows)
			layer->type->forward(layer, run);
		x = run->y;
	}
	return x;
}

int nn_network_loss(struct nn_network *network, const float *y, const int32_t *labels, size_t rows,
	double *loss, struct nn_error *err)
{
	size_t outputs = nn_network_outputs(network);
	size_t bad = network->loss->wants_classes ? nn_loss_bad_label(labels, rows, outputs) : rows;

	if (bad < rows)
		return nn_fail(err, NN_BAD, "row %zu: class %ld, but the network has %zu outputs",
			bad, (long)labels[bad], outputs);
	*loss = rows ? network->loss->value(network->runs[network->layer_count - 1].y, y, labels,
			       rows, outputs, network->slopes[0]) :
		       0;
	return NN_OK;
}

const float *nn_network_predict(struct nn_network *network, size_t rows)
{
	float *out = network->runs[network->layer_count - 1].y;

	if (network->loss->predict && rows)
		network->loss->predict(out, rows, nn_network_outputs(network));
	return out;
}

/* The first layer's input is the data: nobody wants its gradient, and below the lowest layer that
 * has parameters nobody wants any. */
static size_t lowest_with_params(const struct nn_network *network)
{
	size_t lowest = 0;

	while (lowest < network->layer_count && !network->layers[lowest].param_count)
		lowest++;
	return lowest;
}

static void backward(struct nn_network *network, int accumulate, const struct nn_bundle *grad)
{
	size_t lowest = lowest_with_params(network);
	unsigned turn = 0;

	for (size_t i = network->layer_count; i-- > lowest;) {
		const struct nn_layer *layer = &network->layers[i];
		struct nn_layer_run *run = &network->runs[i];

		run->dy = network->slopes[turn];
		turn = !turn;
		run->dx = i > lowest ? network->slopes[turn] : NULL;
		run->accumulate = accumulate;
		for (size_t p = 0; p < layer->param_count; p++)
			run->grads[p] = param_of(network, grad, i, p);
		layer->type->backward(layer, run);
	}
}

int nn_network_gradient(struct nn_network *network, const struct nn_bundle *params, const float *x,
	const float *y, const int32_t *labels, size_t rows, int accumulate, struct nn_bundle *grad,
	double *loss, struct nn_error *err)
{
	int status;

	nn_network_forward(network, params, x, rows);
	status = nn_network_loss(network, y, labels, rows, loss, err);
	if (status)
		return status;
	if (rows)
		backward(network, accumulate, grad);
	else if (!accumulate)
		memset(grad->data, 0, grad->bytes);
	return NN_OK;
}
