/* Networks as a whole: how fast layers are that are not mere products, and a model itself. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/cost.h"
#include "plan/measure-private.h"

/* Gradients that are written in turns, as a training's are. */
#define TURNS 8

/* The gradient of a network, of rows that are made up. */
struct gradient {
	struct nn_network *network;
	struct nn_bundle params;
	struct nn_bundle grad[TURNS];
	struct nn_batch batch;
	size_t turn;
	struct nn_error err;
};

static void work_gradient(void *context)
{
	static const struct nn_pass pass = { .training = true };
	struct gradient *g = context;
	struct nn_loss_sum sum;

	nn_network_gradient(g->network, &g->params, &g->batch, &pass, false,
		&g->grad[g->turn++ % TURNS], &sum, &g->err);
}

static void close_gradient(struct gradient *g)
{
	nn_network_free(g->network);
	nn_bundle_free(&g->params);
	for (size_t i = 0; i < TURNS; i++)
		nn_bundle_free(&g->grad[i]);
	free((float *)(size_t)g->batch.x);
	free((float *)(size_t)g->batch.y);
	free((int32_t *)(size_t)g->batch.labels);
}

static int make_rows(struct gradient *g, size_t most, struct nn_error *err)
{
	size_t in = nn_network_inputs(g->network);
	size_t cases = nn_network_positions(g->network);
	uint64_t tokens = nn_network_tokens(g->network);
	float *x;
	size_t floats, targets;

	if (!nn_mul(most, in, &floats) ||
		!nn_mul(most * cases, nn_network_outputs(g->network), &targets))
		return nn_fail(err, NN_BAD, "rows of this model are too large to be tried");
	x = nn_alloc(floats, sizeof *x, err);
	g->batch.x = x;
	g->batch.labels = nn_alloc(most * cases, sizeof *g->batch.labels, err);
	g->batch.y = nn_alloc(targets, sizeof *g->batch.y, err);
	if (!x || !g->batch.labels || !g->batch.y)
		return NN_FAILED;
	nn_measure_fill(x, floats);
	for (size_t i = 0; i < floats && tokens; i++)
		x[i] = (float)(i * 2654435761u % tokens);
	return NN_OK;
}

static int open_gradient(struct gradient *g, const char *spec, size_t most, struct nn_error *err)
{
	int status = nn_network_parse(&g->network, spec, strlen(spec), "spec", err);

	if (!status)
		status = nn_network_layout(g->network, &g->params, err);
	if (!status)
		status = nn_bundle_alloc(&g->params, err);
	for (size_t i = 0; i < TURNS && !status; i++) {
		status = nn_network_layout(g->network, &g->grad[i], err);
		if (!status)
			status = nn_bundle_alloc(&g->grad[i], err);
	}
	if (!status)
		status = make_rows(g, most, err);
	if (!status)
		status = nn_network_reserve(g->network, nn_network_at_once(g->network, most), err);
	if (!status)
		nn_network_init(g->network, 1, &g->params);
	return status;
}

/* Seconds of a task of so many rows of a network. */
static int time_network(const char *spec, size_t rows, double *seconds, double *flops,
	struct nn_error *err)
{
	struct gradient g = { 0 };
	struct nn_layer_cost *costs = NULL;
	size_t count;
	int status = open_gradient(&g, spec, rows, err);

	if (!status)
		status = nn_cost_of_network(g.network, &costs, &count, err);
	*flops = 0;
	for (size_t i = 0; i < count && !status; i++)
		*flops += (double)rows * (costs[i].forward + costs[i].backward);
	g.batch.rows = rows;
	if (!status)
		*seconds = nn_measure_seconds(work_gradient, &g);
	free(costs);
	close_gradient(&g);
	return status;
}

int nn_measure_networks(struct nn_profile_host *host, struct nn_error *err)
{
	static const char convolutions[] =
		"{\"input\":[8,16,16],\"layers\":[{\"type\":\"conv2d\",\"filters\":32,\"kernel\":3,"
		"\"padding\":1},{\"type\":\"relu\"},{\"type\":\"conv2d\",\"filters\":32,"
		"\"kernel\":3,\"padding\":1}],\"loss\":\"mse\"}";
	static const char attention[] =
		"{\"input\":[64,64],\"layers\":[{\"type\":\"attention\",\"heads\":4},"
		"{\"type\":\"attention\",\"heads\":4}],\"loss\":\"mse\"}";
	static const char squares[] =
		"{\"input\":[4],\"layers\":[{\"type\":\"dense\",\"units\":1024}],"
		"\"loss\":\"mse\"}";
	static const char classes[] =
		"{\"input\":[4],\"layers\":[{\"type\":\"dense\",\"units\":1024}],"
		"\"loss\":\"cross_entropy\"}";
	double seconds, other, flops;
	int status = time_network(convolutions, 16, &seconds, &flops, err);

	if (status)
		return status;
	host->convolution_flops_per_second = flops / seconds;
	status = time_network(attention, 8, &seconds, &flops, err);
	if (status)
		return status;
	host->attention_flops_per_second = flops / seconds;
	status = time_network(squares, 64, &other, &flops, err);
	if (!status)
		status = time_network(classes, 64, &seconds, &flops, err);
	host->loss_ns = host->number_ns;
	if (!status && seconds > other)
		host->loss_ns += 1e9 * (seconds - other) / (64 * 1024);
	return status;
}

int nn_measure_model(struct nn_profile_host *host, const char *spec, struct nn_error *err)
{
	struct gradient g = { 0 };
	struct nn_profile_model *model = &host->models[host->model_count];
	int status;

	if (host->model_count == NN_PROFILE_MODELS)
		return nn_fail(err, NN_USAGE, "at most %d models in a profile", NN_PROFILE_MODELS);
	status = open_gradient(&g, spec, (size_t)nn_profile_rows[NN_PROFILE_ROWS - 1], err);
	if (status) {
		close_gradient(&g);
		return status;
	}
	model->spec = nn_hash(nn_network_spec(g.network), strlen(nn_network_spec(g.network)));
	for (size_t i = 0; i < NN_PROFILE_ROWS; i++) {
		g.batch.rows = (size_t)nn_profile_rows[i];
		g.err.status = NN_OK;
		/* A layer may want more rows than one. */
		model->us[model->count] = 1e6 * nn_measure_seconds(work_gradient, &g);
		model->rows[model->count] = nn_profile_rows[i];
		model->count += g.err.status == NN_OK;
	}
	close_gradient(&g);
	if (!model->count)
		return nn_fail(err, NN_BAD, "%s", g.err.text);
	host->model_count++;
	return NN_OK;
}
