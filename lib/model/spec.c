/* A network from its spec and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "model/network-private.h"

static int parse_dims(const struct nn_json *value, uint64_t *dims, unsigned *ndim,
	struct nn_error *err)
{
	const struct nn_json *item;

	if (nn_json_type(value) != NN_JSON_ARRAY)
		return nn_fail(err, NN_BAD, "input: %s where an array of sizes is wanted",
			nn_json_type_name(value));
	if (!nn_json_size(value) || nn_json_size(value) > NN_MAX_DIMS)
		return nn_fail(err, NN_BAD, "input: %zu sizes where 1 to %d are wanted",
			nn_json_size(value), NN_MAX_DIMS);
	for (item = nn_json_first(value); item; item = nn_json_next(item), ++*ndim)
		if (!nn_json_u64(item, &dims[*ndim]) || !dims[*ndim] ||
			dims[*ndim] > NN_LAYER_LIMIT)
			return nn_fail(err, NN_BAD, "input[%u]: not a whole number from 1 to %llu",
				*ndim, (unsigned long long)NN_LAYER_LIMIT);
	return NN_OK;
}

/* A row of [8, 8] is as good as one of [64] where the numbers are the same. */
static int parse_input(struct nn_network *network, const struct nn_json *root,
	const struct nn_shape *known, struct nn_error *err)
{
	const struct nn_json *value = nn_json_get(root, "input");
	char spec_text[NN_SHAPE_TEXT];
	char data_text[NN_SHAPE_TEXT];
	uint64_t dims[NN_MAX_DIMS] = { 0 };
	unsigned ndim = 0;
	int status;

	if (!value && !known->ndim)
		return nn_fail(err, NN_BAD, "input: missing");
	if (!value) {
		network->in = *known;
		return NN_OK;
	}
	status = parse_dims(value, dims, &ndim, err);
	if (status)
		return status;
	if (nn_shape_set(&network->in, ndim, dims, err))
		return nn_fail_in(err, "input");
	if (!known->ndim || known->count == network->in.count)
		return NN_OK;
	nn_shape_text(ndim, dims, spec_text);
	nn_shape_text(known->ndim, known->dims, data_text);
	return nn_fail(err, NN_BAD, "input: %s, but the data's rows are %s", spec_text, data_text);
}

/* Can this layer's number of outputs be left out? */
static bool has_outputs_key(const struct nn_json *spec)
{
	const struct nn_layer_type *type = NULL;
	const char *name;

	if (nn_json_string(nn_json_get(spec, "type"), &name))
		type = nn_layer_find(name);
	for (size_t i = 0; type && type->keys && type->keys[i].name; i++)
		if (type->keys[i].type == NN_KEY_OUTPUTS)
			return true;
	return false;
}

static int parse_layers(struct nn_network *network, const struct nn_json *root, uint64_t outputs,
	struct nn_error *err)
{
	const struct nn_json *array = nn_json_get(root, "layers");
	const struct nn_json *item;
	const struct nn_json *last = NULL;
	const struct nn_shape *in = &network->in;
	int status = NN_OK;

	if (!array)
		return nn_fail(err, NN_BAD, "layers: missing");
	if (nn_json_type(array) != NN_JSON_ARRAY)
		return nn_fail(err, NN_BAD, "layers: %s where an array is wanted",
			nn_json_type_name(array));
	if (!nn_json_size(array))
		return nn_fail(err, NN_BAD, "layers: there is none");
	network->layers = nn_alloc(nn_json_size(array), sizeof *network->layers, err);
	if (!network->layers)
		return NN_FAILED;
	for (item = nn_json_first(array); item; item = nn_json_next(item))
		if (has_outputs_key(item))
			last = item;
	for (item = nn_json_first(array); item && !status; item = nn_json_next(item)) {
		struct nn_layer *layer = &network->layers[network->layer_count];
		char path[48];

		snprintf(path, sizeof path, "layers[%zu]", network->layer_count);
		status = nn_layer_parse(layer, item, path, in, item == last ? outputs : 0, err);
		network->layer_count++;
		in = &layer->out;
	}
	if (!status && outputs && in->count != outputs)
		return nn_fail(err, NN_BAD, "layers[%zu]: %zu outputs, but the data want %llu",
			network->layer_count - 1, in->count, (unsigned long long)outputs);
	return status;
}

static int parse_loss(struct nn_network *network, const struct nn_json *root, struct nn_error *err)
{
	const struct nn_json *value = nn_json_get(root, "loss");
	struct nn_buffer list = { 0 };
	const char *name;
	int status = NN_OK;

	if (!value)
		return nn_fail(err, NN_BAD, "loss: missing");
	if (!nn_json_string(value, &name))
		return nn_fail(err, NN_BAD, "loss: %s where a word is wanted",
			nn_json_type_name(value));
	network->loss = nn_loss_find(name);
	if (network->loss)
		return NN_OK;
	for (size_t i = 0; nn_loss_names[i] && !status; i++)
		status = nn_buffer_printf(&list, err, "%s%s", i ? ", " : "", nn_loss_names[i]);
	if (!status)
		status = nn_fail(err, NN_BAD, "loss: there is no \"%s\"; there are %s", name,
			list.data);
	nn_buffer_free(&list);
	return status;
}

static int write_spec(struct nn_network *network, struct nn_error *err)
{
	struct nn_buffer *out = &network->spec;
	int status = nn_buffer_puts(out, "{\"input\":[", err);

	for (unsigned i = 0; i < network->in.ndim && !status; i++)
		status = nn_buffer_printf(out, err, "%s%llu", i ? "," : "",
			(unsigned long long)network->in.dims[i]);
	if (!status)
		status = nn_buffer_puts(out, "],\"layers\":[", err);
	for (size_t i = 0; i < network->layer_count && !status; i++) {
		status = i ? nn_buffer_puts(out, ",", err) : NN_OK;
		if (!status)
			status = nn_layer_put(&network->layers[i], out, err);
	}
	return status ? status :
			nn_buffer_printf(out, err, "],\"loss\":\"%s\"}", network->loss->name);
}

static void param_name(char *name, size_t size, size_t layer, const char *param)
{
	snprintf(name, size, "%zu.%s", layer, param);
}

static int lay_out_params(struct nn_network *network, struct nn_error *err)
{
	char name[64];
	int status = NN_OK;

	network->offsets =
		nn_alloc(network->layer_count, NN_LAYER_PARAMS * sizeof *network->offsets, err);
	if (!network->offsets)
		return NN_FAILED;
	for (size_t i = 0; i < network->layer_count; i++)
		for (size_t p = 0; p < network->layers[i].param_count && !status; p++) {
			const struct nn_layer_param *param = &network->layers[i].params[p];

			param_name(name, sizeof name, i, param->name);
			status = nn_bundle_add(&network->layout, name, NN_F32, param->ndim,
				param->shape, err);
			if (status)
				status = nn_fail_in(err, "layers[%zu]", i);
		}
	if (!status && !network->layout.count)
		return nn_fail(err, NN_BAD, "layers: none of them has parameters");
	if (!status)
		status = nn_bundle_layout(&network->layout, err);
	for (size_t i = 0; i < network->layer_count && !status; i++)
		for (size_t p = 0; p < network->layers[i].param_count; p++) {
			param_name(name, sizeof name, i, network->layers[i].params[p].name);
			network->offsets[i * NN_LAYER_PARAMS + p] =
				nn_bundle_find(&network->layout, name)->offset / sizeof(float);
		}
	return status;
}

/* How much workspace a row takes. */
static int measure(struct nn_network *network, struct nn_error *err)
{
	size_t floats = 0;

	for (size_t i = 0; i < network->layer_count; i++) {
		const struct nn_layer *layer = &network->layers[i];

		if (layer->out.count > network->widest)
			network->widest = layer->out.count;
		/* Each is at most 2^31. */
		if (!nn_add(floats, layer->out.count + layer->saved, &floats))
			return nn_fail(err, NN_BAD, "layers: their sizes overflow");
	}
	if (!nn_add(floats, 2 * network->widest, &network->row_floats))
		return nn_fail(err, NN_BAD, "layers: their sizes overflow");
	network->runs = nn_alloc(network->layer_count, sizeof *network->runs, err);
	return network->runs ? NN_OK : NN_FAILED;
}

static int build(struct nn_network *network, const struct nn_json *root,
	const struct nn_known_shapes *known, struct nn_error *err)
{
	static const char *const keys[] = { "input", "layers", "loss", NULL };
	int status;

	if (nn_json_type(root) != NN_JSON_OBJECT)
		return nn_fail(err, NN_BAD, "%s where an object is wanted",
			nn_json_type_name(root));
	status = nn_json_only_keys(root, "", keys, err);
	if (!status)
		status = parse_input(network, root, &known->in, err);
	if (!status)
		status = parse_layers(network, root, known->outputs, err);
	if (!status)
		status = parse_loss(network, root, err);
	if (!status)
		status = write_spec(network, err);
	if (!status)
		status = lay_out_params(network, err);
	return status ? status : measure(network, err);
}

int nn_network_complete(struct nn_network **out, const char *spec, size_t length, const char *what,
	const struct nn_known_shapes *known, struct nn_error *err)
{
	struct nn_network *network;
	struct nn_json *root;
	int status;

	*out = NULL;
	root = nn_json_parse(spec, length, what, err);
	if (!root)
		return err ? (int)err->status : NN_BAD;
	network = nn_alloc(1, sizeof *network, err);
	status = network ? build(network, root, known, err) : NN_FAILED;
	nn_json_free(root);
	if (status) {
		nn_network_free(network);
		return nn_fail_in(err, "%s", what);
	}
	*out = network;
	return NN_OK;
}

int nn_network_parse(struct nn_network **network, const char *spec, size_t length, const char *what,
	struct nn_error *err)
{
	static const struct nn_known_shapes nothing;

	return nn_network_complete(network, spec, length, what, &nothing, err);
}

void nn_network_free(struct nn_network *network)
{
	if (!network)
		return;
	nn_buffer_free(&network->spec);
	nn_bundle_free(&network->layout);
	free(network->layers);
	free(network->offsets);
	free(network->runs);
	free(network->workspace);
	free(network);
}
