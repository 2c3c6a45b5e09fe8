/* y = x + w: each position of a row has numbers of its own, which say where it is. */
#include <string.h>

#include "layer/layer.h"
#include "layer/types.h"
#include "tensor/vector.h"

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	const struct nn_shape *in = &layer->in;
	char text[NN_SHAPE_TEXT];

	if (in->ndim != 2) {
		nn_shape_text(in->ndim, in->dims, text);
		return nn_fail(err, NN_BAD,
			"position_embedding wants [positions, units], but what comes in is %s",
			text);
	}
	layer->out = *in;
	layer->params[0] = (struct nn_layer_param){ .name = "weight",
		.ndim = 2,
		.shape = { in->dims[0], in->dims[1] },
		.init = NN_INIT_SMALL };
	layer->param_count = 1;
	layer->causal = true;
	return NN_OK;
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t count = layer->in.count;

	for (size_t i = 0; i < run->rows; i++)
		nn_vector_add(run->y + i * count, run->x + i * count, run->params[0], count);
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t count = layer->in.count;

	nn_vector_column_sums(run->grads[0], run->dy, run->rows, count, run->accumulate);
	if (run->dx && run->dx != run->dy)
		memcpy(run->dx, run->dy, run->rows * count * sizeof *run->dx);
}

const struct nn_layer_type nn_layer_position_embedding = {
	.name = "position_embedding",
	.in_place = true,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
