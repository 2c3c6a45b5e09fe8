/* y = f(x) + x, f being the layers in it; with a shortcut g, y = f(x) + g(x) (K. He et al., "Deep
 * residual learning for image recognition", CVPR 2016). The network runs what is in it and adds. */
#include "layer/activation.h"
#include "layer/types.h"

const struct nn_layer_type nn_layer_residual = {
	.name = "residual",
	.nests = true,
	.shape = nn_activation_shape,
};
