/* A network from its spec. */
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

/* A walk through the layers of a spec, nested ones too. */
struct walk {
	struct nn_network *network;
	const struct nn_json *last;  /* the layer whose outputs may be missing */
	struct nn_layer_known known; /* what is missing then */
	struct nn_shape now;         /* what has been reached */
	uint64_t layers;             /* so far, without blocks */
	unsigned depth;
};
#define DEEPEST 16 /* blocks in blocks */

static struct nn_network_node *add_node(struct walk *walk, enum nn_node_kind kind, const char *name,
	struct nn_error *err)
{
	struct nn_network *network = walk->network;
	struct nn_network_node *node;

	if (network->node_count == network->node_room) {
		size_t room = network->node_room ? 2 * network->node_room : 16;
		struct nn_network_node *nodes =
			nn_realloc(network->nodes, room, sizeof *nodes, err);

		if (!nodes)
			return NULL;
		network->nodes = nodes;
		network->node_room = room;
	}
	node = &network->nodes[network->node_count];
	*node = (struct nn_network_node){ .kind = kind, .name = nn_strdup(name, err) };
	if (!node->name)
		return NULL;
	node->layer.in = node->layer.out = walk->now;
	network->node_count++;
	return node;
}

static int parse_array(struct walk *walk, const struct nn_json *array, const char *path,
	const char *prefix, struct nn_error *err);

static int fail_shapes(const char *path, const char *what, const struct nn_shape *a,
	const char *other, const struct nn_shape *b, struct nn_error *err)
{
	char a_text[NN_SHAPE_TEXT];
	char b_text[NN_SHAPE_TEXT];

	nn_shape_text(a->ndim, a->dims, a_text);
	nn_shape_text(b->ndim, b->dims, b_text);
	/* The usual mistake. */
	return nn_fail(err, NN_BAD, "%s: %s %s, but %s %s%s", path, what, a_text, other, b_text,
		a->ndim == 1 && b->ndim == 2 ? " (dense layers want per_position?)" : "");
}

/* Fork, what is in it, perhaps turn and the shortcut, join. */
static int parse_block(struct walk *walk, const struct nn_json *item, const struct nn_layer *block,
	const char *path, const char *name, struct nn_error *err)
{
	struct nn_network *network = walk->network;
	const struct nn_json *shortcut = nn_json_get(item, "shortcut");
	size_t fork = network->node_count;
	size_t turn = 0;
	char inner[PATH_TEXT];
	char prefix[PATH_TEXT];
	struct nn_shape in = walk->now;
	struct nn_network_node *node;
	int status;

	if (++walk->depth > DEEPEST)
		return nn_fail(err, NN_BAD, "%s: more than %d blocks in one another", path,
			DEEPEST);
	if (!add_node(walk, NN_NODE_FORK, name, err))
		return NN_FAILED;
	snprintf(inner, sizeof inner, "%.*s.layers", PATH_TEXT / 2, path);
	status = parse_array(walk, nn_json_get(item, "layers"), inner, name, err);
	if (!status && shortcut) {
		turn = network->node_count;
		if (!add_node(walk, NN_NODE_TURN, name, err))
			return NN_FAILED;
		network->nodes[turn].fork = fork;
		walk->now = in;
		snprintf(inner, sizeof inner, "%.*s.shortcut", PATH_TEXT / 2, path);
		snprintf(prefix, sizeof prefix, "%.*s.shortcut", PATH_TEXT / 2, name);
		status = parse_array(walk, shortcut, inner, prefix, err);
		in = network->nodes[turn].layer.in;
	}
	if (status)
		return status;
	if (turn && !nn_shape_same(&walk->now, &in))
		return fail_shapes(path, "its layers put out", &in, "its shortcut", &walk->now,
			err);
	if (!turn && !nn_shape_same(&walk->now, &in))
		return fail_shapes(path, "its layers put out", &walk->now,
			"what comes in, and is to be added, is", &in, err);
	node = add_node(walk, NN_NODE_JOIN, name, err);
	if (!node)
		return NN_FAILED;
	node->fork = fork;
	node->turn = turn;
	/* In front of it stands a layer that writes what nobody will read again. */
	node->shares_y = network->nodes[network->node_count - 2].kind == NN_NODE_LAYER &&
		network->nodes[network->node_count - 2].layer.type->spares_y;
	network->nodes[fork].turn = turn;
	network->nodes[fork].layer.type = network->nodes[network->node_count - 1].layer.type =
		block->type;
	walk->depth--;
	return NN_OK;
}

static int parse_item(struct walk *walk, const struct nn_json *item, const char *path,
	const char *name, struct nn_error *err)
{
	struct nn_layer_known known = { item == walk->last ? walk->known.outputs : 0,
		walk->known.tokens };
	struct nn_layer layer;
	struct nn_network_node *node;
	int status = nn_layer_parse(&layer, item, path, &walk->now, &known, err);

	if (status)
		return status;
	if (layer.type->nests)
		return parse_block(walk, item, &layer, path, name, err);
	if (layer.tokens && walk->layers)
		return nn_fail(err, NN_BAD,
			"%s: %s takes the numbers of tokens, so it must be first", path,
			layer.type->name);
	node = add_node(walk, NN_NODE_LAYER, name, err);
	if (!node)
		return NN_FAILED;
	layer.number = walk->layers++;
	node->layer = layer;
	/* In front of it stands a layer that writes what nobody else will read. */
	node->shares_y = layer.type->over_x && walk->network->node_count > 1 &&
		node[-1].kind == NN_NODE_LAYER && node[-1].layer.type->spares_y;
	walk->now = layer.out;
	return NN_OK;
}

/* `prefix` begins the parameters' names: "" or "3". */
static int parse_array(struct walk *walk, const struct nn_json *array, const char *path,
	const char *prefix, struct nn_error *err)
{
	const struct nn_json *item = nn_json_first(array);
	int status = NN_OK;

	if (!array)
		return nn_fail(err, NN_BAD, "%s: missing", path);
	if (nn_json_type(array) != NN_JSON_ARRAY)
		return nn_fail(err, NN_BAD, "%s: %s where an array is wanted", path,
			nn_json_type_name(array));
	if (!item)
		return nn_fail(err, NN_BAD, "%s: there is none", path);
	for (size_t i = 0; item && !status; i++, item = nn_json_next(item)) {
		char place[PATH_TEXT];
		char name[PATH_TEXT];

		snprintf(place, sizeof place, "%.*s[%zu]", PATH_TEXT / 2, path, i);
		snprintf(name, sizeof name, "%.*s%s%zu", PATH_TEXT / 2, prefix, *prefix ? "." : "",
			i);
		status = parse_item(walk, item, place, name, err);
	}
	return status;
}

/* The last layer in the order of the text that can do without its outputs. */
static void find_last(const struct nn_json *array, const struct nn_json **last)
{
	const struct nn_json *item;

	for (item = nn_json_first(array); item; item = nn_json_next(item))
		if (has_outputs_key(item))
			*last = item;
}

/* A row of classes has them at each position but along the last dimension. */
static int check_outputs(struct nn_network *network, const struct nn_known_shapes *known,
	struct nn_error *err)
{
	const struct nn_shape *out = nn_network_output_shape(network);
	size_t last = network->node_count - 1;

	network->positions = 1;
	network->outputs = out->count;
	if (network->criterion.type->wants_classes) {
		network->outputs = (size_t)out->dims[out->ndim - 1];
		network->positions = out->count / network->outputs;
	}
	if (known->positions && !network->criterion.type->wants_classes)
		return nn_fail(err, NN_BAD, "loss: %s wants numbers, but y are classes",
			network->criterion.type->name);
	if (known->outputs && network->outputs != known->outputs)
		return nn_fail(err, NN_BAD, "layers[%s]: %zu outputs, but the data want %llu",
			network->nodes[last].name, network->outputs,
			(unsigned long long)known->outputs);
	if (known->positions && network->positions != known->positions)
		return nn_fail(err, NN_BAD,
			"layers[%s]: outputs for %zu position%s, but the data's rows have %llu class%s%s",
			network->nodes[last].name, network->positions,
			network->positions == 1 ? "" : "s", (unsigned long long)known->positions,
			known->positions == 1 ? "" : "es",
			network->positions == 1 ? " (dense layers want per_position?)" : "");
	return nn_criterion_check(&network->criterion, network->outputs, err);
}

static int parse_layers(struct nn_network *network, const struct nn_json *root,
	const struct nn_known_shapes *known, struct nn_error *err)
{
	const struct nn_json *array = nn_json_get(root, "layers");
	struct walk walk = { .network = network,
		.known = { known->outputs, known->tokens },
		.now = network->in };

	int status;

	find_last(array, &walk.last);
	status = parse_array(&walk, array, "layers", "", err);
	network->end = network->node_count;
	return status;
}

int nn_network_plan(struct nn_network *network, struct nn_error *err)
{
	int status = nn_network_lay_out(network, err);

	if (!status)
		status = nn_network_plan_slots(network, err);
	return status ? status : nn_network_measure(network, err);
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
		status = parse_layers(network, root, known, err);
	if (!status)
		status = nn_criterion_parse(&network->criterion, nn_json_get(root, "loss"), err);
	if (!status)
		status = check_outputs(network, known, err);
	if (!status)
		status = nn_network_write_spec(network, err);
	return status ? status : nn_network_plan(network, err);
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
	for (size_t i = 0; i < network->node_count; i++)
		free(network->nodes[i].name);
	free(network->nodes);
	nn_criterion_free(&network->criterion);
	free(network->slot_floats);
	free(network->slots);
	free(network->offsets);
	free(network->runs);
	free(network->workspace);
	free(network->passing_space);
	free(network);
}
