/* A network to its spec in canonical form: blocks are put together again out of their nodes. */
#include "model/network-private.h"

static int put_array(struct nn_buffer *out, const struct nn_network *network, size_t first,
	size_t end, struct nn_error *err);

static int put_block(struct nn_buffer *out, const struct nn_network *network, size_t fork,
	size_t join, struct nn_error *err)
{
	size_t turn = network->nodes[fork].turn;
	int status = nn_buffer_printf(out, err,
		"{\"type\":\"%s\",\"layers\":", network->nodes[fork].layer.type->name);

	if (!status)
		status = put_array(out, network, fork + 1, turn ? turn : join, err);
	if (!status && turn)
		status = nn_buffer_puts(out, ",\"shortcut\":", err);
	if (!status && turn)
		status = put_array(out, network, turn + 1, join, err);
	return status ? status : nn_buffer_puts(out, "}", err);
}

static size_t join_of(const struct nn_network *network, size_t fork)
{
	size_t join = fork + 1;

	while (network->nodes[join].kind != NN_NODE_JOIN || network->nodes[join].fork != fork)
		join++;
	return join;
}

/* Nodes [first, end) */
static int put_array(struct nn_buffer *out, const struct nn_network *network, size_t first,
	size_t end, struct nn_error *err)
{
	int status = nn_buffer_puts(out, "[", err);

	for (size_t i = first; i < end && !status; i++) {
		if (i > first)
			status = nn_buffer_puts(out, ",", err);
		if (!status && network->nodes[i].kind == NN_NODE_LAYER) {
			status = nn_layer_put(&network->nodes[i].layer, out, err);
		} else if (!status) {
			size_t join = join_of(network, i);

			status = put_block(out, network, i, join, err);
			i = join;
		}
	}
	return status ? status : nn_buffer_puts(out, "]", err);
}

int nn_network_write_spec(struct nn_network *network, struct nn_error *err)
{
	struct nn_buffer *out = &network->spec;
	int status = nn_buffer_puts(out, "{\"input\":[", err);

	for (unsigned i = 0; i < network->in.ndim && !status; i++)
		status = nn_buffer_printf(out, err, "%s%llu", i ? "," : "",
			(unsigned long long)network->in.dims[i]);
	if (!status)
		status = nn_buffer_puts(out, "],\"layers\":", err);
	if (!status)
		status = put_array(out, network, 0, network->node_count, err);
	if (!status)
		status = nn_buffer_puts(out, ",\"loss\":", err);
	if (!status)
		status = nn_criterion_put(&network->criterion, out, err);
	return status ? status : nn_buffer_puts(out, "}", err);
}
