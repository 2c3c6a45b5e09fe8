/* Where numbers turned into none. */
#include <math.h>

#include "model/network-private.h"
#include "tensor/vector.h"

static const char *word_of(float value)
{
	return isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/* Is there one in values [now, count]? `what` and `name` say whose they are. */
static bool find(const struct nn_network *network, const float *values, size_t count,
	const char *what, const char *name, const char *type, double loss, struct nn_error *err)
{
	size_t i = nn_vector_nonfinite(values, network->now * count);

	if (i == network->now * count)
		return false;
	nn_fail(err, NN_BAD,
		"the loss is %g: the first tensor that went wrong is %s%s%s%s, where row %zu has %s "
		"(number %zu of %zu)",
		loss, what, name, *type ? " " : "", type, network->first + i / count,
		word_of(values[i]), i % count, count);
	return true;
}

int nn_network_blame(const struct nn_network *network, const struct nn_batch *batch, double loss,
	struct nn_error *err)
{
	const float *x = batch->x + network->first * network->in.count;

	if (find(network, x, network->in.count, "the input", "", "", loss, err))
		return NN_BAD;
	for (size_t i = 0; i < network->node_count; i++) {
		const struct nn_network_node *node = &network->nodes[i];

		if (node->kind != NN_NODE_LAYER && node->kind != NN_NODE_JOIN)
			continue;
		/* What a view puts out, another has written: perhaps nobody. */
		if (node->kind == NN_NODE_LAYER && node->layer.type->view)
			continue;
		if (find(network, network->runs[i].y, node->layer.out.count,
			    "what comes out of layer ", node->name, node->layer.type->name, loss,
			    err))
			return NN_BAD;
	}
	return nn_fail(err, NN_BAD,
		"the loss is %g, though all that the network puts out are numbers", loss);
}
