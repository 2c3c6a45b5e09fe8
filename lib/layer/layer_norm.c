/* Each position of a row is normalized over the last dimension: layer_norm (J. Ba, J. Kiros, G. Hinton,
 * "Layer normalization", 2016), and rms_norm, without the mean: y = weight x / sqrt(mean square of x +
 * epsilon) (B. Zhang, R. Sennrich, "Root mean square layer normalization", NeurIPS 2019). */
#include "layer/norm.h"
#include "layer/types.h"

enum { EPSILON }; /* key */

static const struct nn_layer_key keys[] = {
	[EPSILON] = NN_NORM_EPSILON,
	{ .name = NULL },
};

static bool is_centered(const struct nn_layer *layer)
{
	return layer->type == &nn_layer_layer_norm;
}

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	size_t n = (size_t)layer->in.dims[layer->in.ndim - 1];

	(void)err;
	nn_norm_shape(layer, n, is_centered(layer));
	layer->causal = true;
	layer->saved = 2 * (layer->in.count / n);
	return NN_OK;
}

static struct nn_norm_vectors vectors_of(const struct nn_layer *layer, size_t rows)
{
	size_t n = (size_t)layer->in.dims[layer->in.ndim - 1];

	return (struct nn_norm_vectors){ .vectors = rows * (layer->in.count / n),
		.n = n,
		.groups = 1,
		.centered = is_centered(layer),
		.epsilon = nn_layer_number(layer, EPSILON) };
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_norm_vectors norm = vectors_of(layer, run->rows);

	nn_norm_forward(&norm, run);
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_norm_vectors norm = vectors_of(layer, run->rows);

	nn_norm_backward(&norm, run);
}

const struct nn_layer_type nn_layer_layer_norm = {
	.name = "layer_norm",
	.keys = keys,
	.in_place = true,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};

const struct nn_layer_type nn_layer_rms_norm = {
	.name = "rms_norm",
	.keys = keys,
	.in_place = true,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
