/* Each channel of [channels, ...], or feature of [features], is normalized over the rows of a task and
 * the positions in them; a network that is used, not trained, takes the running statistics (S. Ioffe,
 * C. Szegedy, "Batch normalization", ICML 2015). */
#include <string.h>

#include "layer/norm.h"
#include "layer/plane.h"
#include "layer/types.h"

enum { MOMENTUM, EPSILON };                            /* keys */
enum { RUNNING_MEAN = NN_NORM_BIAS + 1, RUNNING_VAR }; /* parameters: statistics, see optim.h */
enum { MEAN, INVERSE, VARIANCE, SAVED };               /* of each channel */

static const struct nn_layer_key keys[] = {
	[MOMENTUM] = { .name = "momentum",
		.type = NN_KEY_NUMBER,
		.number = 0.1,
		.low = 0,
		.high = 1 },
	[EPSILON] = NN_NORM_EPSILON,
	{ .name = NULL },
};

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	size_t channels = (size_t)layer->in.dims[0];

	(void)err;
	nn_norm_shape(layer, channels, true);
	layer->params[RUNNING_MEAN] = (struct nn_layer_param){ .name = "running_mean",
		.ndim = 1,
		.shape = { channels },
		.init = NN_INIT_ZEROS };
	layer->params[RUNNING_VAR] = (struct nn_layer_param){ .name = "running_var",
		.ndim = 1,
		.shape = { channels },
		.init = NN_INIT_ONES };
	layer->param_count = RUNNING_VAR + 1;
	layer->scratch += 2 * channels;
	layer->saved_once = SAVED * channels;
	/* One number has no variance. */
	layer->least = layer->in.count > channels ? 1 : 2;
	return NN_OK;
}

/* Numbers [rows, channels, plane] */
struct sizes {
	size_t rows;
	size_t channels;
	size_t plane;
};

static struct sizes sizes_of(const struct nn_layer *layer, size_t rows)
{
	size_t channels = (size_t)layer->in.dims[0];

	return (struct sizes){ rows, channels, layer->in.count / channels };
}

/* Without planes the loops run over the channels of a row. In the first row of a channel lies what is
 * subtracted of its numbers before their squares are added: no digits are lost then. */
NN_CLONES static void add_up(const struct sizes *sizes, const float *restrict x,
	double *restrict sums, double *restrict squares)
{
	const float *first = x;

	for (size_t row = 0; row < sizes->rows && sizes->plane == 1; row++, x += sizes->channels)
		for (size_t c = 0; c < sizes->channels; c++) {
			double d = (double)x[c] - (double)first[c];

			sums[c] += (double)x[c];
			squares[c] += d * d;
		}
	for (size_t row = 0; row < sizes->rows && sizes->plane > 1; row++)
		for (size_t c = 0; c < sizes->channels; c++, x += sizes->plane) {
			sums[c] += nn_lanes_sum(x, sizes->plane);
			squares[c] += nn_lanes_squares(x, first[c * sizes->plane], sizes->plane);
		}
}

/* Mean, variance and what follows of them, of the task. */
static void measure(const struct sizes *sizes, const struct nn_layer_run *run, double epsilon)
{
	double *sums = nn_norm_sums(run);
	double *squares = sums + sizes->channels;
	double n = (double)sizes->rows * (double)sizes->plane;
	float *saved = run->saved_once;

	memset(sums, 0, 2 * sizes->channels * sizeof *sums);
	add_up(sizes, run->x, sums, squares);
	for (size_t c = 0; c < sizes->channels; c++) {
		double mean = sums[c] / n;
		double offset = mean - (double)run->x[c * sizes->plane];
		double variance = squares[c] / n - offset * offset;

		variance = variance < 0 ? 0 : variance;
		saved[MEAN * sizes->channels + c] = (float)mean;
		saved[VARIANCE * sizes->channels + c] = (float)variance;
		saved[INVERSE * sizes->channels + c] = nn_norm_inverse(variance, epsilon);
	}
}

/* What a network that is used takes instead. */
static void recall(const struct sizes *sizes, const struct nn_layer_run *run, double epsilon)
{
	float *saved = run->saved_once;

	for (size_t c = 0; c < sizes->channels; c++) {
		saved[MEAN * sizes->channels + c] = run->params[RUNNING_MEAN][c];
		saved[INVERSE * sizes->channels + c] =
			nn_norm_inverse((double)run->params[RUNNING_VAR][c], epsilon);
	}
}

NN_CLONES static void apply(const struct sizes *sizes, float *restrict y, const float *restrict x,
	const float *restrict saved, const float *restrict w, const float *restrict b)
{
	const float *mean = saved + MEAN * sizes->channels;
	const float *inverse = saved + INVERSE * sizes->channels;

	for (size_t row = 0; row < sizes->rows && sizes->plane == 1; row++) {
		for (size_t c = 0; c < sizes->channels; c++)
			y[c] = (x[c] - mean[c]) * (inverse[c] * w[c]) + b[c];
		x += sizes->channels;
		y += sizes->channels;
	}
	for (size_t row = 0; row < sizes->rows && sizes->plane > 1; row++)
		for (size_t c = 0; c < sizes->channels; c++) {
			nn_plane_apply(y, x, mean[c], inverse[c] * w[c], b[c], sizes->plane);
			x += sizes->plane;
			y += sizes->plane;
		}
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct sizes sizes = sizes_of(layer, run->rows);
	double epsilon = nn_layer_number(layer, EPSILON);

	if (run->pass->training)
		measure(&sizes, run, epsilon);
	else
		recall(&sizes, run, epsilon);
	apply(&sizes, run->y, run->x, run->saved_once, run->params[NN_NORM_WEIGHT],
		run->params[NN_NORM_BIAS]);
}

/* The sums of z dy and of dy. */
NN_CLONES static void add_up_gradient(const struct sizes *sizes, const float *restrict dy,
	const float *restrict x, const float *restrict saved, double *restrict weight_sums,
	double *restrict bias_sums)
{
	const float *mean = saved + MEAN * sizes->channels;
	const float *inverse = saved + INVERSE * sizes->channels;

	for (size_t row = 0; row < sizes->rows && sizes->plane == 1; row++) {
		for (size_t c = 0; c < sizes->channels; c++) {
			float z = (x[c] - mean[c]) * inverse[c];

			weight_sums[c] += (double)dy[c] * (double)z;
			bias_sums[c] += (double)dy[c];
		}
		x += sizes->channels;
		dy += sizes->channels;
	}
	for (size_t row = 0; row < sizes->rows && sizes->plane > 1; row++)
		for (size_t c = 0; c < sizes->channels; c++) {
			struct nn_two_sums sums =
				nn_plane_sums(dy, x, mean[c], inverse[c], sizes->plane);

			bias_sums[c] += sums.plain;
			weight_sums[c] += sums.times;
			x += sizes->plane;
			dy += sizes->plane;
		}
}

/* dx may be dy. `plain` and `times` are the means of dy and of z dy. */
NN_CLONES static void gradient(const struct sizes *sizes, float *dx, const float *dy,
	const float *restrict x, const float *restrict saved, const float *restrict w,
	const float *restrict plain, const float *restrict times)
{
	const float *mean = saved + MEAN * sizes->channels;
	const float *inverse = saved + INVERSE * sizes->channels;

	for (size_t row = 0; row < sizes->rows && sizes->plane == 1; row++) {
		NN_INDEPENDENT
		for (size_t c = 0; c < sizes->channels; c++) {
			float z = (x[c] - mean[c]) * inverse[c];

			dx[c] = (dy[c] - plain[c] - z * times[c]) * (w[c] * inverse[c]);
		}
		x += sizes->channels;
		dy += sizes->channels;
		dx += sizes->channels;
	}
	for (size_t row = 0; row < sizes->rows && sizes->plane > 1; row++)
		for (size_t c = 0; c < sizes->channels; c++) {
			struct nn_plane plane = { mean[c], inverse[c], 1, plain[c], times[c],
				w[c] * inverse[c] };

			nn_plane_gradient(dx, dy, x, &plane, sizes->plane);
			x += sizes->plane;
			dy += sizes->plane;
			dx += sizes->plane;
		}
}

static void put_input_gradient(const struct sizes *sizes, const struct nn_layer_run *run,
	const double *weight_sums, const double *bias_sums)
{
	double n = (double)sizes->rows * (double)sizes->plane;
	float *plain = (float *)(void *)(nn_norm_sums(run) + 2 * sizes->channels);
	float *times = plain + sizes->channels;

	for (size_t c = 0; c < sizes->channels; c++) {
		plain[c] = (float)(bias_sums[c] / n);
		times[c] = (float)(weight_sums[c] / n);
	}
	gradient(sizes, run->dx, run->dy, run->x, run->saved_once, run->params[NN_NORM_WEIGHT],
		plain, times);
}

static void put_statistic(const struct nn_layer_run *run, size_t param, size_t c, double momentum,
	double of_task)
{
	float *out = run->grads[param] + c;
	double change = momentum * ((double)run->params[param][c] - of_task);

	*out = (run->accumulate ? *out : 0.0f) + (float)(run->weight * change);
}

/* The variance that is remembered is the unbiased one, but of a single number, which has none. */
static void put_statistics(const struct nn_layer *layer, const struct sizes *sizes,
	const struct nn_layer_run *run)
{
	double momentum = nn_layer_number(layer, MOMENTUM);
	double n = (double)sizes->rows * (double)sizes->plane;
	double unbiased = n > 1 ? n / (n - 1) : 1;
	const float *mean = run->saved_once + MEAN * sizes->channels;
	const float *variance = run->saved_once + VARIANCE * sizes->channels;

	for (size_t c = 0; c < sizes->channels; c++) {
		put_statistic(run, RUNNING_MEAN, c, momentum, (double)mean[c]);
		put_statistic(run, RUNNING_VAR, c, momentum, (double)variance[c] * unbiased);
	}
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct sizes sizes = sizes_of(layer, run->rows);
	double *weight_sums = nn_norm_sums(run);
	double *bias_sums = weight_sums + sizes.channels;

	memset(weight_sums, 0, 2 * sizes.channels * sizeof *weight_sums);
	add_up_gradient(&sizes, run->dy, run->x, run->saved_once, weight_sums, bias_sums);
	if (run->dx)
		put_input_gradient(&sizes, run, weight_sums, bias_sums);
	nn_norm_put(run, weight_sums, bias_sums, sizes.channels);
	put_statistics(layer, &sizes, run);
}

const struct nn_layer_type nn_layer_batch_norm = {
	.name = "batch_norm",
	.keys = keys,
	.in_place = true,
	.spares_y = true,
	.whole = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
