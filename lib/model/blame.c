/* Where numbers turned into none. */
#include "base/text.h"
#include "model/network-private.h"
#include "tensor/vector.h"

struct search {
	const struct nn_network *network;
	const struct nn_batch *batch;
	double loss;
};

/* Is there one in values [now, count]? `what` and `name` say whose they are. */
static bool find(const struct search *search, const float *values, size_t count, const char *what,
	const char *name, const char *type, struct nn_error *err)
{
	const struct nn_network *network = search->network;
	size_t i = nn_vector_nonfinite(values, network->now * count);
	unsigned long long row;

	if (i == network->now * count)
		return false;
	row = network->first + i / count;
	if (search->batch->numbers)
		row = search->batch->numbers[row];
	nn_fail(err, NN_BAD,
		"the loss is %s: the first tensor that went wrong is %s%s%s%s, where row %llu (from 0) "
		"has %s (number %zu of %zu)",
		nn_nonfinite_word(search->loss), what, name, *type ? " " : "", type, row,
		nn_nonfinite_word((double)values[i]), i % count, count);
	return true;
}

/* Has it a place of its own, which nobody has written over? What a view puts out, another has written. */
static bool keeps_y(const struct nn_network *network, size_t i)
{
	const struct nn_network_node *node = &network->nodes[i];

	if (i + 1 < network->end && node[1].shares_y)
		return false;
	return node->kind == NN_NODE_JOIN ||
		(node->kind == NN_NODE_LAYER && !node->layer.type->view);
}

int nn_network_blame(const struct nn_network *network, const struct nn_batch *batch, double loss,
	struct nn_error *err)
{
	const struct search search = { network, batch, loss };
	const float *x = batch->x + network->first * nn_pass_shape(network)->count;

	if (find(&search, x, nn_pass_shape(network)->count, "the input", "", "", err))
		return NN_BAD;
	for (size_t i = network->begin; i < network->end; i++) {
		const struct nn_network_node *node = &network->nodes[i];

		if (keeps_y(network, i) &&
			find(&search, network->runs[i].y, node->layer.out.count,
				"what comes out of layer ", node->name, node->layer.type->name,
				err))
			return NN_BAD;
	}
	return nn_fail(err, NN_BAD,
		"the loss is %s, though all that the network puts out are numbers",
		nn_nonfinite_word(loss));
}
