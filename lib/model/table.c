#include "model/table.h"

#include <stdio.h>
#include <string.h>

#include "model/network-private.h"
#include "optim/optim.h"

#define WHAT_TEXT 96
#define COUNT_TEXT 32
struct row {
	const char *name;
	char what[WHAT_TEXT];
	char shape[NN_SHAPE_TEXT];
	char params[COUNT_TEXT];
	char flops[COUNT_TEXT];
};

/* "1,234,567" */
static void put_count(char *out, double value)
{
	char digits[COUNT_TEXT];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%.0f", value);
	size_t at = 0;

	for (size_t i = 0; i < length && at + 2 < COUNT_TEXT; i++) {
		if (i && (length - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

static void append(char *out, const char *text)
{
	size_t length = strlen(out);

	snprintf(out + length, WHAT_TEXT - length, "%s", text);
}

/* A size stands bare where it is the first thing to be said, and must be said. */
static void put_key(char *out, const struct nn_layer *layer, size_t key)
{
	const struct nn_layer_key *what = &layer->type->keys[key];
	unsigned long long value = (unsigned long long)layer->values[key];
	struct nn_pair pair = nn_layer_pair(layer, key);
	double number = nn_layer_number(layer, key);
	char text[WHAT_TEXT] = "";

	switch (what->type) {
	case NN_KEY_SIZE:
	case NN_KEY_OUTPUTS:
	case NN_KEY_TOKENS:
		if (!key && what->required)
			snprintf(text, sizeof text, " %llu", value);
		else if (what->required || value != what->otherwise)
			snprintf(text, sizeof text, " %s %llu", what->name, value);
		break;
	case NN_KEY_PAIR:
		if (what->required || pair.height != what->otherwise ||
			pair.width != what->otherwise)
			snprintf(text, sizeof text, " %s %zux%zu", what->name, pair.height,
				pair.width);
		break;
	case NN_KEY_NUMBER:
		if (what->required || number < what->number || number > what->number)
			snprintf(text, sizeof text, " %s %g", what->name, number);
		break;
	case NN_KEY_FLAG:
		if (value != what->otherwise)
			snprintf(text, sizeof text, " %s%s", value ? "" : "no ", what->name);
		break;
	case NN_KEY_CHOICE:
		if (value != what->otherwise)
			snprintf(text, sizeof text, " %s", what->choices[value]);
		break;
	}
	append(out, text);
}

static double params_of(const struct nn_layer *layer)
{
	double sum = 0;

	for (size_t p = 0; p < layer->param_count; p++) {
		double count = 1;

		/* Nothing that is learned by gradients. */
		if (nn_is_statistic(layer->params[p].name))
			continue;
		for (unsigned i = 0; i < layer->params[p].ndim; i++)
			count *= (double)layer->params[p].shape[i];
		sum += count;
	}
	return sum;
}

static void describe(struct row *row, const struct nn_network_node *node)
{
	const struct nn_layer *layer = &node->layer;

	*row = (struct row){ .name = node->name };
	append(row->what, layer->type->name);
	for (size_t k = 0; layer->type->keys && layer->type->keys[k].name; k++)
		put_key(row->what, layer, k);
	nn_shape_text(layer->out.ndim, layer->out.dims, row->shape);
	put_count(row->params, params_of(layer));
	put_count(row->flops, nn_node_flops(node));
}

struct widths {
	int name, what, shape, params, flops;
};

static void widen(int *width, const char *text)
{
	if (*width < (int)strlen(text))
		*width = (int)strlen(text);
}

static void widen_all(struct widths *widths, const struct row *row)
{
	widen(&widths->name, row->name);
	widen(&widths->what, row->what);
	widen(&widths->shape, row->shape);
	widen(&widths->params, row->params);
	widen(&widths->flops, row->flops);
}

static int put_row(struct nn_buffer *out, const char *indent, const struct widths *widths,
	const struct row *row, struct nn_error *err)
{
	return nn_buffer_printf(out, err, "%s%-*s  %-*s  %-*s  %*s  %*s\n", indent, widths->name,
		row->name, widths->what, row->what, widths->shape, row->shape, widths->params,
		row->params, widths->flops, row->flops);
}

int nn_network_table(struct nn_buffer *out, const struct nn_network *network, const char *indent,
	struct nn_error *err)
{
	struct row heading = { "layer", "type", "output", "parameters", "FLOPs a row" };
	struct row sum = { .name = "" };
	struct row row;
	struct widths widths = { 0 };
	double params = 0, flops = 0;
	int status;

	for (size_t i = 0; i < network->node_count; i++) {
		const struct nn_network_node *node = &network->nodes[i];

		if (node->kind != NN_NODE_LAYER && node->kind != NN_NODE_JOIN)
			continue;
		describe(&row, node);
		widen_all(&widths, &row);
		params += params_of(&node->layer);
		flops += nn_node_flops(node);
	}
	put_count(sum.params, params);
	put_count(sum.flops, flops);
	widen_all(&widths, &heading);
	widen_all(&widths, &sum);
	status = put_row(out, indent, &widths, &heading, err);
	for (size_t i = 0; i < network->node_count && !status; i++) {
		const struct nn_network_node *node = &network->nodes[i];

		if (node->kind != NN_NODE_LAYER && node->kind != NN_NODE_JOIN)
			continue;
		describe(&row, node);
		status = put_row(out, indent, &widths, &row, err);
	}
	return status ? status : put_row(out, indent, &widths, &sum, err);
}
