#include "plan/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "optim/optim.h"

int nn_plan_model_new(struct nn_plan_model *model, const struct nn_network *network,
	struct nn_error *err)
{
	const char *spec = nn_network_spec(network);

	*model = (struct nn_plan_model){ .network = network,
		.inputs = (double)nn_network_inputs(network),
		.spec = nn_hash(spec, strlen(spec)) };
	if (nn_cost_of_network(network, &model->costs, &model->layers, err))
		return NN_FAILED;
	for (size_t i = 0; i < model->layers; i++) {
		const struct nn_layer_cost *cost = &model->costs[i];

		model->params += (double)cost->params;
		model->forward += cost->forward;
		model->backward += cost->backward;
		model->kept += (double)cost->kept;
		model->kept_once += (double)cost->kept_once;
	}
	return NN_OK;
}

void nn_plan_model_free(struct nn_plan_model *model)
{
	free(model->costs);
	*model = (struct nn_plan_model){ 0 };
}

/* Where x lies among growing points, as a logarithm: between *at and *at + 1, so far from the first.
 * Beyond the ends it is drawn on, as the last two say. */
static double place(const double *points, size_t count, double x, size_t *at)
{
	size_t i = 0;

	while (i + 2 < count && x > points[i + 1])
		i++;
	*at = i;
	return log(x / points[i]) / log(points[i + 1] / points[i]);
}

/* Of a curve in logarithms of both. */
static double on_curve(const double *points, const double *values, size_t count, double x)
{
	double part;
	size_t at;

	if (count == 1)
		return values[0];
	part = place(points, count, x, &at);
	/* Fewer than were measured are not cheaper than that; more are as much a piece. */
	if (part < 0)
		return values[0];
	if (part > 1)
		return values[at + 1] * x / points[at + 1];
	return exp(log(values[at]) * (1 - part) + log(values[at + 1]) * part);
}

/* A product out of the table, between its points by the logarithms of all; what is beyond grows as the
 * multiplications do. */
static double product(const double *table, double rows, double in, double out)
{
	const double *points[] = { nn_profile_rows, nn_profile_sizes, nn_profile_sizes };
	const size_t counts[] = { NN_PROFILE_ROWS, NN_PROFILE_SIZES, NN_PROFILE_SIZES };
	double x[] = { rows, in, out };
	double part[3];
	size_t at[3];
	double beyond = 1;
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		double low = points[i][0], high = points[i][counts[i] - 1];

		if (x[i] > high)
			beyond *= x[i] / high;
		x[i] = fmin(fmax(x[i], low), high);
		part[i] = place(points[i], counts[i], x[i], &at[i]);
	}
	for (int corner = 0; corner < 8; corner++) {
		double weight = 1;
		size_t index = 0;

		for (int i = 0; i < 3; i++) {
			bool upper = corner >> i & 1;

			weight *= upper ? part[i] : 1 - part[i];
			index = index * counts[i] + at[i] + upper;
		}
		if (weight > 0)
			sum += weight * log(table[index]);
	}
	return 1e-6 * exp(sum) * beyond;
}

/* How often a number passes, against an activation that is simple. */
static double passes(const char *type)
{
	static const char *const heavy[] = { "gelu", "silu", "sigmoid", "tanh", "elu", "softmax",
		"layer_norm", "rms_norm", "batch_norm", "group_norm", "dropout" };

	for (size_t i = 0; i < sizeof heavy / sizeof *heavy; i++)
		if (!strcmp(type, heavy[i]))
			return 5;
	return 1;
}

static double layer_seconds(const struct nn_layer *layer, const struct nn_profile_host *host,
	double rows, bool wanted)
{
	const char *type = layer->type->name;
	double numbers = rows * (double)(layer->in.count + layer->out.count) / 2;
	double flops;

	if (layer->type->view)
		return 0;
	if (!strcmp(type, "dense")) {
		double in = (double)layer->params[0].shape[1];
		double out = (double)layer->params[0].shape[0];
		double vectors = rows * (double)layer->in.count / in;

		return product(host->forward_us, vectors, in, out) +
			product(host->weights_us, vectors, in, out) +
			(wanted ? product(host->inputs_us, vectors, in, out) : 0);
	}
	if (!layer->type->flops || !layer->param_count)
		return 1e-9 * host->number_ns * numbers * passes(type);
	flops = rows * layer->type->flops(layer) * (wanted ? 3 : 2);
	return flops /
		(!strcmp(type, "attention") ? host->attention_flops_per_second :
					      host->convolution_flops_per_second);
}

double nn_plan_range(const struct nn_plan_model *model, const struct nn_profile_host *host,
	double rows, size_t first, size_t end)
{
	const struct nn_network *network = model->network;
	double seconds = 0;
	bool wanted = false;

	for (size_t i = 0; i < nn_network_layer_count(network); i++) {
		const char *name;
		const struct nn_layer *layer = nn_network_layer(network, i, &name);
		size_t top = strtoul(name, NULL, 10);

		if (top >= first && top < end)
			seconds += layer_seconds(layer, host, rows, wanted);
		wanted = wanted || layer->param_count;
	}
	if (end == model->layers)
		seconds += 1e-9 * host->loss_ns * rows * (double)nn_network_positions(network) *
			(double)nn_network_outputs(network);
	return seconds;
}

double nn_plan_gradient(const struct nn_plan_model *model, const struct nn_profile_host *host,
	double rows)
{
	for (size_t i = 0; i < host->model_count; i++) {
		const struct nn_profile_model *own = &host->models[i];

		if (own->spec == model->spec && own->count)
			return 1e-6 * on_curve(own->rows, own->us, own->count, rows);
	}
	return nn_plan_range(model, host, rows, 0, model->layers);
}

/* Bytes that a core keeps near, and bytes that are certainly far. */
#define NEAR 1e6
#define FAR 16e6

double nn_plan_update(const struct nn_profile_host *host, size_t method, double params, double sums)
{
	const struct nn_optimizer *optimizer = nn_optim_find(nn_optim_names[method]);
	double slots = (optimizer->slots[0] != NULL) + (optimizer->slots[1] != NULL);
	double bytes = 4 * params * (2 + 2 * slots + sums);
	double far = fmin(fmax(log(bytes / NEAR) / log(FAR / NEAR), 0), 1);
	double each = host->update_ns[method] * (1 - far) + host->update_far_ns[method] * far;

	/* A gradient is read once more where sums are made block by block; add_ns reads two and writes. */
	return 1e-9 * params * (each + (sums - 1) * host->add_ns / 2);
}

double nn_plan_message(const struct nn_profile_line *line, double bytes, bool up)
{
	const double *us = up ? line->up_us : line->down_us;

	if (bytes <= line->bytes[0])
		return 1e-6 *
			(line->latency_us + (us[0] - line->latency_us) * bytes / line->bytes[0]);
	for (size_t i = 1; i < line->count; i++)
		if (bytes <= line->bytes[i]) {
			double part = (bytes - line->bytes[i - 1]) /
				(line->bytes[i] - line->bytes[i - 1]);

			return 1e-6 * (us[i - 1] * (1 - part) + us[i] * part);
		}
	return 1e-6 *
		(line->latency_us +
			(us[line->count - 1] - line->latency_us) * bytes /
				line->bytes[line->count - 1]);
}

double nn_plan_share(const struct nn_profile_host *host, double busy)
{
	size_t last = host->share_count - 1;
	size_t whole = busy < 1 ? 0 : (size_t)busy - 1;

	if (whole >= last)
		return host->share[last];
	return host->share[whole] +
		(host->share[whole + 1] - host->share[whole]) *
		(busy < 1 ? 0 : busy - 1 - (double)whole);
}
