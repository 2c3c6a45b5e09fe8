/* Activations with a key, softmax, layers that normalize, and statistics: against PyTorch's figures. */
#include "figures.h"

#include "optim/optim.h"

#include "figures/norm.h"

/* What is refused, and what the message says. */
static const struct {
	const char *layer;
	const char *text;
} bad[] = {
	{ "\"leaky_relu\",\"slope\":\"steep\"",
		"layers[0].slope: a string where a number is wanted" },
	{ "\"leaky_relu\",\"alpha\":1", "layers[0].alpha: unknown key; known are type, slope" },
	{ "\"elu\",\"alpha\":1e39", "layers[0].alpha: 1e+39 is not from" },
	{ "\"softmax\",\"axis\":1", "layers[0].axis: unknown key; known are type" },
	{ "\"layer_norm\",\"eps\":-1", "layers[0].eps: -1 is not from 0 to 1e+30" },
	{ "\"rms_norm\",\"eps\":true", "layers[0].eps: a truth value where a number is wanted" },
	{ "\"group_norm\"", "layers[0].groups: missing" },
	{ "\"group_norm\",\"groups\":0", "layers[0].groups: 0 is not a whole number from 1" },
	{ "\"group_norm\",\"groups\":4", "layers[0]: 6 channels do not make 4 groups" },
	{ "\"group_norm\",\"groups\":12", "layers[0]: 6 channels do not make 12 groups" },
	{ "\"batch_norm\",\"momentum\":1.5", "layers[0].momentum: 1.5 is not from 0 to 1" },
	{ "\"dropout\",\"rate\":-0.5", "layers[0].rate: -0.5 is not from 0 to 1" },
	{ "\"dropout\",\"rate\":1", "layers[0]: a rate of 1 leaves nothing" },
};

static void check_bad_specs(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char spec[256];

		snprintf(spec, sizeof spec,
			"{\"input\":[6,2],\"layers\":[{\"type\":%s},{\"type\":\"dense\","
			"\"units\":1}],\"loss\":\"mse\"}",
			bad[i].layer);
		figure_refused(spec, bad[i].text);
	}
}

static const struct figure *find_figure(const char *name)
{
	size_t i = 0;

	while (strcmp(figures[i].name, name))
		i++;
	return &figures[i];
}

static float *tensor_of(const struct nn_bundle *bundle, const char *name)
{
	return nn_bundle_data(bundle, nn_bundle_find(bundle, name));
}

/* One step, by which only the statistics change, and then the network as it is used. */
static void check_running(const struct running *running)
{
	static const struct nn_pass pass = { .training = true };
	const struct figure *figure = find_figure(running->name);
	struct nn_optim_options options = nn_optim_no_options;
	struct nn_optim_pass step = { .options = &options, .t = 1 };
	struct nn_network *network = figure_parse(figure->spec);
	struct nn_batch batch = figure_batch(network, figure);
	struct nn_bundle params, before, grad;
	struct nn_optim_vectors place;
	struct nn_loss_sum sum;
	size_t channels;

	options.lr = 0;
	nn_optim_resolve(&options, NULL, &figure_err);
	figure_params(figure, network, &params);
	figure_params(figure, network, &before);
	figure_alloc(network, &grad);
	channels = nn_bundle_find(&params, "1.running_mean")->count;
	place = (struct nn_optim_vectors){ .params = (float *)(void *)params.data };
	nn_network_reserve(network, figure->rows, &figure_err);
	nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum, &figure_err);
	step.weight = step.divisor = sum.weight;
	nn_optim_update(nn_optim_find("sgd"), &step, &params, 0, params.bytes / sizeof(float),
		&place, &place, (const float *)(const void *)grad.data);
	ok(figure_agree(tensor_of(&params, "1.running_mean"), running->mean, channels, 1),
		"%s: the running mean is PyTorch's", running->name);
	ok(figure_agree(tensor_of(&params, "1.running_var"), running->variance, channels, 1),
		"%s: the running variance is PyTorch's", running->name);
	ok(!memcmp(tensor_of(&params, "0.weight"), tensor_of(&before, "0.weight"),
		   nn_bundle_find(&params, "0.weight")->bytes),
		"%s: a learning rate of 0 leaves the rest", running->name);
	ok(figure_agree(nn_network_forward(network, &params, batch.x, batch.rows), running->out,
		   figure->rows * 3, 3),
		"%s: what is used normalizes as PyTorch's", running->name);
	nn_bundle_free(&params);
	nn_bundle_free(&before);
	nn_bundle_free(&grad);
	figure_batch_free(&batch);
	nn_network_free(network);
}

/* Constant rows, rows alone, none, gradients added to gradients. */
static void check_corners(void)
{
	static const struct nn_pass pass = { .training = true };
	struct nn_network *network = figure_parse(
		"{\"input\":[3],\"layers\":[{\"type\":\"batch_norm\",\"momentum\":0.5},"
		"{\"type\":\"layer_norm\"},{\"type\":\"dense\",\"units\":1}],\"loss\":\"mse\"}");
	static const float x[12] = { 3, -1, 1000, 3, -1, 1000, 3, -1, 1000, 3, -1, 1000 };
	static const float y[4] = { 1, 2, 3, 4 };
	struct nn_batch batch = { .x = x, .y = y, .rows = 1 };
	struct nn_bundle params, grad;
	struct nn_loss_sum sum;
	float *mean, *variance;
	float once[2];

	figure_alloc(network, &params);
	figure_alloc(network, &grad);
	nn_network_init(network, 1, &params);
	mean = tensor_of(&grad, "0.running_mean");
	variance = tensor_of(&grad, "0.running_var");
	nn_network_reserve(network, 4, &figure_err);
	ok(nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum, &figure_err) ==
				NN_BAD &&
			!strcmp(figure_err.text,
				"layer 0, batch_norm, cannot learn of a task of 1 row: a larger batch or "
				"fewer shards are wanted"),
		"a row alone has no variance: it is refused");
	batch.rows = 2;
	nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum, &figure_err);
	ok(mean[0] == -3 && mean[2] == -1000 && variance[0] == 1 && variance[2] == 1,
		"like rows have their numbers as means and no variance");
	batch.rows = 4;
	nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum, &figure_err);
	ok(mean[0] == -6 && mean[1] == 2 && variance[0] == 2, "rows count as the task's weight");
	once[0] = mean[0];
	once[1] = variance[1];
	nn_network_gradient(network, &params, &batch, &pass, true, &grad, &sum, &figure_err);
	ok(mean[0] == 2 * once[0] && variance[1] == 2 * once[1], "tasks add up");
	ok(isfinite(sum.loss), "numbers that are all the same do no harm");
	batch.rows = 0;
	nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum, &figure_err);
	ok(mean[0] == 0 && variance[1] == 0, "a task without rows leaves the statistics");
	nn_bundle_free(&params);
	nn_bundle_free(&grad);
	nn_network_free(network);
}

/* Large numbers close together, and one far off in front, lose no digits. */
static void check_digits(void)
{
	static const struct nn_pass pass = { .training = true };
	enum { ROWS = 1000 };
	struct nn_network *network = figure_parse(
		"{\"input\":[2],\"layers\":[{\"type\":\"batch_norm\"},{\"type\":\"dense\","
		"\"units\":1}],\"loss\":\"mse\"}");
	static float x[2 * ROWS], y[ROWS];
	struct nn_batch batch = { .x = x, .y = y, .rows = ROWS };
	struct nn_bundle params, grad;
	struct nn_loss_sum sum;
	double mean[2] = { 0 }, squares[2] = { 0 };
	bool good = true;

	for (size_t i = 0; i < ROWS; i++) {
		x[2 * i] = 100000 + (float)(i % 7);
		x[2 * i + 1] = i ? (float)(i % 5) : 1e6f;
	}
	figure_alloc(network, &params);
	figure_alloc(network, &grad);
	nn_network_init(network, 1, &params);
	nn_network_reserve(network, ROWS, &figure_err);
	nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum, &figure_err);
	for (size_t i = 0; i < 2 * ROWS; i++)
		mean[i % 2] += (double)x[i] / ROWS;
	for (size_t i = 0; i < 2 * ROWS; i++)
		squares[i % 2] += pow((double)x[i] - mean[i % 2], 2) / (ROWS - 1);
	for (size_t c = 0; c < 2; c++) {
		double got = 1 - (double)tensor_of(&grad, "0.running_var")[c] / (0.1 * ROWS);

		good = good && fabs(got - squares[c]) < 1e-6 * squares[c];
		if (!good)
			printf("# %.9g, wanted %.9g\n", got, squares[c]);
	}
	ok(good, "a variance keeps its digits");
	nn_bundle_free(&params);
	nn_bundle_free(&grad);
	nn_network_free(network);
}

int main(void)
{
	check_figures(figures, sizeof figures / sizeof figures[0]);
	for (size_t i = 0; i < sizeof runnings / sizeof runnings[0]; i++)
		check_running(&runnings[i]);
	check_corners();
	check_digits();
	check_bad_specs();
	return tap_done();
}
