#include "layer/pool.h"

const struct nn_layer_key nn_pool_keys[] = {
	[NN_POOL_KERNEL] = { .name = "kernel", .type = NN_KEY_PAIR, .required = true, .least = 1 },
	/* 0, which cannot be written: as the kernel. */
	[NN_POOL_STRIDE] = { .name = "stride", .type = NN_KEY_PAIR, .least = 1 },
	[NN_POOL_PADDING] = { .name = "padding", .type = NN_KEY_PAIR },
	{ .name = NULL },
};

int nn_pool_shape(struct nn_layer *layer, struct nn_error *err)
{
	struct nn_shape out = layer->in;
	struct nn_window window;
	int status = nn_window_set(&window, layer, NN_POOL_KERNEL, err);

	if (status)
		return status;
	/* Else a window could have nothing in it. */
	if (window.padding.height > window.kernel.height / 2 ||
		window.padding.width > window.kernel.width / 2)
		return nn_fail(err, NN_BAD,
			"a padding of [%zu, %zu] is more than half of the kernel, [%zu, %zu]",
			window.padding.height, window.padding.width, window.kernel.height,
			window.kernel.width);
	out.dims[out.ndim - 2] = window.out.height;
	out.dims[out.ndim - 1] = window.out.width;
	return nn_shape_set(&layer->out, out.ndim, out.dims, err);
}

double nn_pool_flops(const struct nn_layer *layer)
{
	struct nn_pair kernel = nn_layer_pair(layer, NN_POOL_KERNEL);

	return (double)layer->out.count * (double)kernel.height * (double)kernel.width;
}
