#include "layer/window.h"

static size_t places(size_t in, size_t kernel, size_t stride, size_t padding)
{
	return (in + 2 * padding - kernel) / stride + 1;
}

struct nn_window nn_window_of(const struct nn_layer *layer, size_t key)
{
	const struct nn_shape *in = &layer->in;
	struct nn_window window = { .kernel = nn_layer_pair(layer, key),
		.stride = nn_layer_pair(layer, key + 1),
		.padding = nn_layer_pair(layer, key + 2),
		.in = { (size_t)in->dims[in->ndim - 2], (size_t)in->dims[in->ndim - 1] } };

	window.planes = in->count / (window.in.height * window.in.width);
	window.out.height = places(window.in.height, window.kernel.height, window.stride.height,
		window.padding.height);
	window.out.width = places(window.in.width, window.kernel.width, window.stride.width,
		window.padding.width);
	return window;
}

int nn_window_set(struct nn_window *window, struct nn_layer *layer, size_t key,
	struct nn_error *err)
{
	const struct nn_shape *in = &layer->in;
	struct nn_pair kernel = nn_layer_pair(layer, key);
	struct nn_pair padding = nn_layer_pair(layer, key + 2);
	char text[NN_SHAPE_TEXT];
	uint64_t height, width;

	if (!layer->values[key + 1])
		layer->values[key + 1] = layer->values[key];
	nn_shape_text(in->ndim, in->dims, text);
	if (in->ndim < 2)
		return nn_fail(err, NN_BAD, "rows of shape %s where height and width are wanted",
			text);
	height = in->dims[in->ndim - 2] + 2 * padding.height;
	width = in->dims[in->ndim - 1] + 2 * padding.width;
	if (kernel.height > height || kernel.width > width)
		return nn_fail(err, NN_BAD,
			"a kernel of [%zu, %zu] is larger than the padded input, [%llu, %llu]",
			kernel.height, kernel.width, (unsigned long long)height,
			(unsigned long long)width);
	*window = nn_window_of(layer, key);
	return NN_OK;
}
