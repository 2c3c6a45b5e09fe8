#include <math.h>

#include "optim/optim.h"
#include "tensor/vector.h"

double nn_tree_sum(const double *values, size_t count)
{
	size_t left = 1;

	if (count <= 1)
		return count ? values[0] : 0;
	while (2 * left < count)
		left *= 2;
	return nn_tree_sum(values, left) + nn_tree_sum(values + left, count - left);
}

/* Tensors [first, first + count): the left half is the largest power of two of them. */
static double square_sum(const struct nn_bundle *grad, size_t first, size_t count)
{
	const struct nn_tensor *tensor = &grad->tensors[first];
	size_t left = 1;

	if (count == 1 && nn_is_statistic(tensor->name))
		return 0;
	if (count == 1)
		return nn_vector_square_sum(nn_bundle_data(grad, tensor), tensor->count);
	while (2 * left < count)
		left *= 2;
	return square_sum(grad, first, left) + square_sum(grad, first + left, count - left);
}

double nn_gradient_norm(const struct nn_bundle *grad)
{
	return grad->count ? sqrt(square_sum(grad, 0, grad->count)) : 0;
}

double nn_clip_factor(double norm, double clip)
{
	double factor = clip / (norm + 1e-6);

	return clip > 0 && factor < 1 ? factor : 1;
}
