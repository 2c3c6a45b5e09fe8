/* Networks against figures by PyTorch: what the headers that figures/common.py helps to write are
 * compared with. Include the header behind this one, and call check_figures. */
#ifndef FIGURES_H
#define FIGURES_H

#include <math.h>
#include <stdlib.h>

#include "model/network.h"
#include "tensor/blas.h"

#include "tap.h"

#define FIGURE_PARAMS 64
struct figure {
	const char *name;
	const char *spec;
	size_t rows;
	int vocabulary; /* 0: inputs are numbers */
	int classes;    /* 0: targets are numbers */
	double scale;   /* of parameters */
	double x_scale;
	double tolerance; /* a factor */
	double value;
	struct {
		const char *name;
		size_t start;
		double offset;
		size_t count;
		const double *grad;
	} params[FIGURE_PARAMS];
};

static struct nn_error figure_err;

static void figure_bail(void)
{
	printf("Bail out! %s\n", figure_err.text);
	exit(1);
}

static inline struct nn_network *figure_parse(const char *spec)
{
	struct nn_network *network;

	if (nn_network_parse(&network, spec, strlen(spec), "spec", &figure_err))
		figure_bail();
	return network;
}

/* It must be refused, and the message say `text`. */
static inline void figure_refused(const char *spec, const char *text)
{
	struct nn_network *network = NULL;
	int status = nn_network_parse(&network, spec, strlen(spec), "spec", &figure_err);

	if (!ok(status == NN_BAD && strstr(figure_err.text, text) && !network, "refused: %s", spec))
		printf("# status %d, said: %s\n", status, figure_err.text);
	nn_network_free(network);
}

/* The numbers of figures/common.py. */
static inline void figure_numbers(float *values, size_t count, size_t start, double scale,
	double offset)
{
	for (size_t i = 0; i < count; i++)
		values[i] = (float)(((int)((i * 37 + start * 29 + 11) % 61) - 30) * scale + offset);
}

/* Every element to 1e-5 of its size; those that cancel to almost nothing, of the tensor's. */
static inline bool figure_agree(const float *got, const double *want, size_t count, double factor)
{
	double largest = 0;
	bool good = true;

	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, fabs(want[i]));
	for (size_t i = 0; i < count; i++) {
		double error = fabs((double)got[i] - want[i]);

		if (error <= factor * 1e-5 * fabs(want[i]) || error <= factor * 1e-6 * largest)
			continue;
		printf("# [%zu]: %.9g, wanted %.9g\n", i, (double)got[i], want[i]);
		good = false;
	}
	return good;
}

static inline void figure_alloc(const struct nn_network *network, struct nn_bundle *bundle)
{
	*bundle = (struct nn_bundle){ 0 };
	if (nn_network_layout(network, bundle, &figure_err) || nn_bundle_alloc(bundle, &figure_err))
		figure_bail();
}

/* Inputs and targets; the caller's to free. */
static inline struct nn_batch figure_batch(const struct nn_network *network,
	const struct figure *figure)
{
	size_t inputs = figure->rows * nn_network_inputs(network);
	size_t cases = figure->rows * nn_network_positions(network);
	size_t outputs = cases * nn_network_outputs(network);
	float *x = calloc(inputs, sizeof *x);
	float *y = calloc(outputs, sizeof *y);
	int32_t *labels = calloc(cases, sizeof *labels);

	figure_numbers(x, inputs, 1, figure->x_scale, 0);
	for (size_t i = 0; i < inputs && figure->vocabulary; i++)
		x[i] = (float)((i * i * 7 + i * 5 + 3) % (size_t)figure->vocabulary);
	figure_numbers(y, outputs, 2, 1.0 / 16, 0);
	for (size_t i = 0; i < cases && figure->classes; i++)
		labels[i] = (int32_t)((i * 5 + i / 3) % (size_t)figure->classes);
	return (struct nn_batch){ .x = x, .y = y, .labels = labels, .rows = figure->rows };
}

static inline void figure_batch_free(const struct nn_batch *batch)
{
	free((void *)batch->x);
	free((void *)batch->y);
	free((void *)batch->labels);
}

/* Parameters without a figure stay as they are initialized. */
static inline void figure_params(const struct figure *figure, const struct nn_network *network,
	struct nn_bundle *params)
{
	figure_alloc(network, params);
	nn_network_init(network, 1, params);
	for (size_t i = 0; figure->params[i].name; i++) {
		const struct nn_tensor *tensor = nn_bundle_find(params, figure->params[i].name);

		if (!tensor || tensor->count != figure->params[i].count) {
			printf("Bail out! %s: no %s of %zu\n", figure->name, figure->params[i].name,
				figure->params[i].count);
			exit(1);
		}
		figure_numbers(nn_bundle_data(params, tensor), tensor->count,
			figure->params[i].start, figure->scale, figure->params[i].offset);
	}
}

static inline void check_figure(const struct figure *figure)
{
	static const struct nn_pass pass = { .training = true };
	struct nn_network *network = figure_parse(figure->spec);
	struct nn_batch batch = figure_batch(network, figure);
	struct nn_bundle params, grad, again;
	struct nn_loss_sum sum;

	figure_params(figure, network, &params);
	figure_alloc(network, &grad);
	figure_alloc(network, &again);
	if (nn_network_reserve(network, figure->rows, &figure_err) ||
		nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum,
			&figure_err))
		figure_bail();
	ok(fabs(sum.loss - figure->value) <= figure->tolerance * 1e-6 * fabs(figure->value),
		"%s: the loss is PyTorch's", figure->name);
	for (size_t i = 0; figure->params[i].name; i++)
		ok(figure_agree(nn_bundle_data(&grad,
					nn_bundle_find(&grad, figure->params[i].name)),
			   figure->params[i].grad, figure->params[i].count, figure->tolerance),
			"%s: the gradient of %s is PyTorch's", figure->name,
			figure->params[i].name);
	nn_network_gradient(network, &params, &batch, &pass, false, &again, &sum, &figure_err);
	ok(!memcmp(grad.data, again.data, grad.bytes), "%s: the same rows give the same bits",
		figure->name);
	nn_bundle_free(&params);
	nn_bundle_free(&grad);
	nn_bundle_free(&again);
	figure_batch_free(&batch);
	nn_network_free(network);
}

/* Loads BLAS too. */
static inline void check_figures(const struct figure *figures, size_t count)
{
	if (nn_blas_load(NULL, 0, &figure_err))
		figure_bail();
	for (size_t i = 0; i < count; i++)
		check_figure(&figures[i]);
}

#endif
