/* The channels of a row are normalized in groups (Y. Wu, K. He, "Group normalization", ECCV 2018). */
#include <math.h>
#include <string.h>

#include "layer/norm.h"
#include "layer/plane.h"
#include "layer/types.h"

enum { GROUPS, EPSILON }; /* keys */

static const struct nn_layer_key keys[] = {
	[GROUPS] = { .name = "groups", .type = NN_KEY_SIZE, .required = true, .least = 1 },
	[EPSILON] = NN_NORM_EPSILON,
	{ .name = NULL },
};

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	uint64_t channels = layer->in.dims[0];
	uint64_t groups = layer->values[GROUPS];

	if (channels % groups)
		return nn_fail(err, NN_BAD, "%llu channels do not make %llu groups",
			(unsigned long long)channels, (unsigned long long)groups);
	nn_norm_shape(layer, (size_t)channels, true);
	layer->saved = 2 * (size_t)groups;
	return NN_OK;
}

/* Of a row: groups of channels of planes. */
struct sizes {
	size_t groups;
	size_t channels; /* of a group */
	size_t plane;    /* numbers of a channel */
	size_t n;        /* of a group */
};

static struct sizes sizes_of(const struct nn_layer *layer)
{
	size_t groups = (size_t)layer->values[GROUPS];
	size_t all = (size_t)layer->in.dims[0];

	return (struct sizes){ groups, all / groups, layer->in.count / all,
		layer->in.count / groups };
}

/* One group of one row. */
NN_CLONES static void forward_group(const struct sizes *sizes, float *restrict y,
	const float *restrict x, const float *weights, const float *biases, double epsilon,
	float *restrict saved)
{
	double n = (double)sizes->n;

	saved[0] = (float)(nn_lanes_sum(x, sizes->n) / n);
	saved[1] = nn_norm_inverse(nn_lanes_squares(x, saved[0], sizes->n) / n, epsilon);
	for (size_t c = 0; c < sizes->channels; c++)
		nn_plane_apply(y + c * sizes->plane, x + c * sizes->plane, saved[0],
			saved[1] * weights[c], biases[c], sizes->plane);
}

/* dx may be dy, or NULL. */
NN_CLONES static void backward_group(const struct sizes *sizes, float *dx, const float *dy,
	const float *restrict x, const float *weights, const float *restrict saved,
	double *restrict weight_sums, double *restrict bias_sums)
{
	struct nn_plane plane = { .mean = saved[0], .inverse = saved[1], .scale = saved[1] };
	double plain = 0;
	double times = 0;

	for (size_t c = 0; c < sizes->channels; c++) {
		struct nn_two_sums sums = nn_plane_sums(dy + c * sizes->plane, x + c * sizes->plane,
			plane.mean, plane.inverse, sizes->plane);

		bias_sums[c] += sums.plain;
		weight_sums[c] += sums.times;
		plain += (double)weights[c] * sums.plain;
		times += (double)weights[c] * sums.times;
	}
	plane.plain = (float)(plain / (double)sizes->n);
	plane.times = (float)(times / (double)sizes->n);
	for (size_t c = 0; c < sizes->channels && dx; c++) {
		plane.weight = weights[c];
		nn_plane_gradient(dx + c * sizes->plane, dy + c * sizes->plane,
			x + c * sizes->plane, &plane, sizes->plane);
	}
}

/* Without planes a group is a vector. */
static struct nn_norm_vectors vectors_of(const struct nn_layer *layer, const struct sizes *sizes,
	size_t rows)
{
	return (struct nn_norm_vectors){ .vectors = rows * sizes->groups,
		.n = sizes->n,
		.groups = sizes->groups,
		.centered = true,
		.epsilon = nn_layer_number(layer, EPSILON) };
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct sizes sizes = sizes_of(layer);
	struct nn_norm_vectors norm = vectors_of(layer, &sizes, run->rows);

	if (sizes.plane == 1) {
		nn_norm_forward(&norm, run);
		return;
	}
	for (size_t v = 0; v < norm.vectors; v++) {
		size_t first = v % sizes.groups * sizes.channels;

		forward_group(&sizes, run->y + v * sizes.n, run->x + v * sizes.n,
			run->params[NN_NORM_WEIGHT] + first, run->params[NN_NORM_BIAS] + first,
			norm.epsilon, run->saved + 2 * v);
	}
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct sizes sizes = sizes_of(layer);
	struct nn_norm_vectors norm = vectors_of(layer, &sizes, run->rows);
	size_t channels = sizes.groups * sizes.channels;
	double *weight_sums = nn_norm_sums(run);
	double *bias_sums = weight_sums + channels;

	if (sizes.plane == 1) {
		nn_norm_backward(&norm, run);
		return;
	}
	memset(weight_sums, 0, 2 * channels * sizeof *weight_sums);
	for (size_t v = 0; v < norm.vectors; v++) {
		size_t first = v % sizes.groups * sizes.channels;

		backward_group(&sizes, run->dx ? run->dx + v * sizes.n : NULL,
			run->dy + v * sizes.n, run->x + v * sizes.n,
			run->params[NN_NORM_WEIGHT] + first, run->saved + 2 * v,
			weight_sums + first, bias_sums + first);
	}
	nn_norm_put(run, weight_sums, bias_sums, channels);
}

const struct nn_layer_type nn_layer_group_norm = {
	.name = "group_norm",
	.keys = keys,
	.in_place = true,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
