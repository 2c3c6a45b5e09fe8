#include <string.h>

#include "layer/activation.h"
#include "layer/types.h"

const struct nn_layer_type *const nn_layer_types[] = {
	&nn_layer_attention,
	&nn_layer_avg_pool,
	&nn_layer_batch_norm,
	&nn_layer_conv2d,
	&nn_layer_dense,
	&nn_layer_dropout,
	&nn_layer_elu,
	&nn_layer_embedding,
	&nn_layer_flatten,
	&nn_layer_gelu,
	&nn_layer_global_avg_pool,
	&nn_layer_global_max_pool,
	&nn_layer_group_norm,
	&nn_layer_identity,
	&nn_layer_layer_norm,
	&nn_layer_leaky_relu,
	&nn_layer_max_pool,
	&nn_layer_position_embedding,
	&nn_layer_relu,
	&nn_layer_residual,
	&nn_layer_rms_norm,
	&nn_layer_sigmoid,
	&nn_layer_silu,
	&nn_layer_softmax,
	&nn_layer_tanh,
	NULL,
};

const char *const nn_activation_names[] = { "elu", "gelu", "identity", "leaky_relu", "relu",
	"sigmoid", "silu", "tanh", NULL };

const struct nn_layer_type *nn_layer_find(const char *name)
{
	for (size_t i = 0; nn_layer_types[i]; i++)
		if (!strcmp(nn_layer_types[i]->name, name))
			return nn_layer_types[i];
	return NULL;
}

int nn_shape_set(struct nn_shape *shape, unsigned ndim, const uint64_t *dims, struct nn_error *err)
{
	uint64_t count = 1;
	char text[NN_SHAPE_TEXT];

	shape->ndim = ndim;
	for (unsigned i = 0; i < ndim; i++) {
		shape->dims[i] = dims[i];
		if (!dims[i])
			return nn_fail(err, NN_BAD, "a size of 0");
		if (dims[i] > NN_LAYER_LIMIT / count) {
			nn_shape_text(ndim, dims, text);
			return nn_fail(err, NN_BAD, "%s are more than %llu numbers in a row", text,
				(unsigned long long)NN_LAYER_LIMIT);
		}
		count *= dims[i];
	}
	shape->count = (size_t)count;
	return NN_OK;
}

bool nn_shape_same(const struct nn_shape *a, const struct nn_shape *b)
{
	if (a->ndim != b->ndim)
		return false;
	for (unsigned i = 0; i < a->ndim; i++)
		if (a->dims[i] != b->dims[i])
			return false;
	return true;
}

int nn_activation_shape(struct nn_layer *layer, struct nn_error *err)
{
	(void)err;
	layer->out = layer->in;
	layer->causal = true;
	return NN_OK;
}
