/* Digests of what networks of all layers, all losses and all optimizers make of numbers: compiled for several
 * instruction sets, with this library's loops, and run beside each other by tests/tool/bits.bats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/random.h"
#include "model/network.h"
#include "optim/optim.h"
#include "tensor/blas.h"

static struct nn_error err;

static const struct {
	const char *name;
	const char *spec;
	uint32_t vocabulary; /* 0: inputs are numbers */
} networks[] = {
	{ "dense, activations",
		"{\"input\":[53],\"layers\":[{\"type\":\"dense\",\"units\":37},{\"type\":\"relu\"},"
		"{\"type\":\"dense\",\"units\":41},{\"type\":\"leaky_relu\"},{\"type\":\"dense\",\"units\":43},"
		"{\"type\":\"elu\"},{\"type\":\"dense\",\"units\":47},{\"type\":\"gelu\"},{\"type\":\"dense\","
		"\"units\":35},{\"type\":\"silu\"},{\"type\":\"dense\",\"units\":33},{\"type\":\"tanh\"},"
		"{\"type\":\"dense\",\"units\":31},{\"type\":\"sigmoid\"},{\"type\":\"dense\",\"units\":29},"
		"{\"type\":\"softmax\"},{\"type\":\"dense\",\"units\":19}],\"loss\":{\"type\":\"cross_entropy\","
		"\"label_smoothing\":0.1}}",
		0 },
	{ "convolutions, pools, norms",
		"{\"input\":[3,13,11],\"layers\":[{\"type\":\"conv2d\",\"filters\":6,\"kernel\":3,"
		"\"padding\":1,\"groups\":3},{\"type\":\"batch_norm\"},{\"type\":\"relu\"},{\"type\":\"max_pool\","
		"\"kernel\":2},{\"type\":\"residual\",\"layers\":[{\"type\":\"conv2d\",\"filters\":8,\"kernel\":3,"
		"\"padding\":1},{\"type\":\"group_norm\",\"groups\":2},{\"type\":\"gelu\"}],\"shortcut\":[{"
		"\"type\":\"conv2d\",\"filters\":8,\"kernel\":1}]},{\"type\":\"avg_pool\",\"kernel\":[2,3],"
		"\"stride\":1},{\"type\":\"dropout\",\"rate\":0.2},{\"type\":\"conv2d\",\"filters\":5,"
		"\"kernel\":[3,2],\"stride\":[2,1]},{\"type\":\"global_avg_pool\"},{\"type\":\"dense\",\"units\":7}],"
		"\"loss\":\"cross_entropy\"}",
		0 },
	{ "a transformer",
		"{\"input\":[45],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":29,\"units\":24},"
		"{\"type\":\"position_embedding\"},{\"type\":\"residual\",\"layers\":[{\"type\":\"layer_norm\"},"
		"{\"type\":\"attention\",\"heads\":3,\"causal\":true}]},{\"type\":\"residual\",\"layers\":[{"
		"\"type\":\"rms_norm\"},{\"type\":\"dense\",\"units\":52,\"per_position\":true},{\"type\":\"gelu\"},{"
		"\"type\":\"dense\",\"units\":24,\"per_position\":true}]},{\"type\":\"attention\",\"heads\":2},"
		"{\"type\":\"layer_norm\"},{\"type\":\"dense\",\"units\":29,\"per_position\":true}],"
		"\"loss\":\"cross_entropy\"}",
		29 },
	{ "squares",
		"{\"input\":[21],\"layers\":[{\"type\":\"dense\",\"units\":13}],\"loss\":\"mse\"}",
		0 },
	{ "absolute errors",
		"{\"input\":[21],\"layers\":[{\"type\":\"dense\",\"units\":13}],\"loss\":\"mae\"}",
		0 },
	{ "huber",
		"{\"input\":[21],\"layers\":[{\"type\":\"dense\",\"units\":13}],\"loss\":\"huber\"}",
		0 },
	{ "yes or no",
		"{\"input\":[21],\"layers\":[{\"type\":\"dense\",\"units\":13}],"
		"\"loss\":\"binary_cross_entropy\"}",
		0 },
};

enum { ROWS = 37 };

static void bail(void)
{
	fprintf(stderr, "bits: %s\n", err.text);
	exit(1);
}

static void say(const char *network, const char *what, const void *bytes, size_t count)
{
	printf("%s, %s: %016llx\n", network, what, (unsigned long long)nn_hash(bytes, count));
}

/* Each optimizer makes two steps with the gradient. */
static void update(const char *name, const struct nn_bundle *grad, struct nn_bundle *params)
{
	size_t count = params->bytes / sizeof(float);

	for (size_t i = 0; nn_optim_names[i]; i++) {
		struct nn_optim_options options = nn_optim_no_options;
		const struct nn_optimizer *optimizer;
		struct nn_optim_vectors place = { .params = calloc(count, sizeof(float)) };

		options.method = nn_optim_names[i];
		if (nn_optim_resolve(&options, NULL, &err))
			bail();
		optimizer = nn_optim_find(options.method);
		memcpy(place.params, params->data, params->bytes);
		for (size_t k = 0; k < NN_MAX_SLOTS; k++)
			place.slots[k] = calloc(count, sizeof(float));
		for (uint64_t t = 1; t <= 2; t++) {
			struct nn_optim_pass pass = { .options = &options,
				.lr = options.lr,
				.divisor = ROWS,
				.t = t };

			optimizer->update(&pass, &place, &place,
				(const float *)(const void *)grad->data, count);
		}
		say(name, options.method, place.params, params->bytes);
		free(place.params);
		for (size_t k = 0; k < NN_MAX_SLOTS; k++)
			free(place.slots[k]);
	}
}

static void run(size_t number)
{
	static const struct nn_pass pass = { 5, 3, 2, true };
	const char *name = networks[number].name;
	const char *spec = networks[number].spec;
	struct nn_random random = nn_random_stream(number, NN_RANDOM_ORDER, 1, 2);
	struct nn_network *network;
	struct nn_bundle params = { 0 };
	struct nn_bundle grad = { 0 };
	struct nn_batch batch = { .rows = ROWS };
	struct nn_loss_sum sum;
	size_t inputs, outputs, cases;
	float *x, *y;
	int32_t *labels;
	double norm;

	if (nn_network_parse(&network, spec, strlen(spec), name, &err) ||
		nn_network_layout(network, &params, &err) || nn_bundle_alloc(&params, &err) ||
		nn_network_layout(network, &grad, &err) || nn_bundle_alloc(&grad, &err) ||
		nn_network_reserve(network, ROWS, &err))
		bail();
	inputs = ROWS * nn_network_inputs(network);
	cases = ROWS * nn_network_positions(network);
	outputs = cases * nn_network_outputs(network);
	batch.x = x = calloc(inputs, sizeof *x);
	batch.y = y = calloc(outputs, sizeof *y);
	batch.labels = labels = calloc(cases, sizeof *labels);
	for (size_t i = 0; i < inputs; i++)
		x[i] = networks[number].vocabulary ?
			(float)(nn_random_u64(&random, i) % networks[number].vocabulary) :
			(float)(4 * nn_random_uniform(&random, i) - 2);
	for (size_t i = 0; i < outputs; i++)
		y[i] = (float)nn_random_uniform(&random, inputs + i);
	for (size_t i = 0; i < cases; i++)
		labels[i] = (int32_t)(nn_random_u64(&random, i) % nn_network_outputs(network));
	nn_network_init(network, 7, &params);
	if (nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum, &err))
		bail();
	say(name, "loss", &sum.loss, sizeof sum.loss);
	say(name, "gradient", grad.data, grad.bytes);
	norm = nn_gradient_norm(&grad);
	say(name, "norm", &norm, sizeof norm);
	nn_network_forward(network, &params, x, ROWS);
	say(name, "predictions", nn_network_predict(network, ROWS), outputs * sizeof(float));
	update(name, &grad, &params);
	free(x);
	free(y);
	free(labels);
	nn_bundle_free(&params);
	nn_bundle_free(&grad);
	nn_network_free(network);
}

int main(void)
{
	if (nn_blas_load(NULL, 0, &err))
		bail();
	for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++)
		run(i);
	return 0;
}
