/* Networks: specs good and bad, initial parameters, sums over rows, tasks. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "model/network.h"
#include "tensor/blas.h"
#include "train/task.h"

#include "tap.h"

static struct nn_error err;

#define DENSE(units) "{\"type\":\"dense\",\"units\":" #units "}"

/* What is refused, and what the message says. */
static const struct {
	const char *spec;
	const char *text;
} bad[] = {
	{ "", "spec: byte 0: not JSON" },
	{ "nonsense", "spec: byte 0: not JSON" },
	{ "[]", "spec: an array where an object is wanted" },
	{ "{}", "spec: input: missing" },
	{ "{\"input\":[2]}", "spec: layers: missing" },
	{ "{\"input\":2,\"layers\":[" DENSE(1) "],\"loss\":\"mse\"}",
		"input: a number where an array of sizes is wanted" },
	{ "{\"input\":[],\"layers\":[" DENSE(1) "],\"loss\":\"mse\"}",
		"input: 0 sizes where 1 to 8 are wanted" },
	{ "{\"input\":[1,1,1,1,1,1,1,1,1],\"layers\":[" DENSE(1) "],\"loss\":\"mse\"}",
		"input: 9 sizes where 1 to 8 are wanted" },
	{ "{\"input\":[2,0],\"layers\":[" DENSE(1) "],\"loss\":\"mse\"}",
		"input[1]: not a whole number from 1 to 2147483647" },
	{ "{\"input\":[2.5],\"layers\":[" DENSE(1) "],\"loss\":\"mse\"}", "input[0]: not a whole" },
	{ "{\"input\":[65536,65536],\"layers\":[" DENSE(1) "],\"loss\":\"mse\"}",
		" are more than 2147483647 numbers in a row" },
	{ "{\"input\":[2],\"layers\":{},\"loss\":\"mse\"}",
		"layers: an object where an array is wanted" },
	{ "{\"input\":[2],\"layers\":[],\"loss\":\"mse\"}", "layers: there is none" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"relu\"}],\"loss\":\"mse\"}",
		"layers: none of them has parameters" },
	{ "{\"input\":[2],\"layers\":[7],\"loss\":\"mse\"}",
		"layers[0]: a number where an object is wanted" },
	{ "{\"input\":[2],\"layers\":[{}],\"loss\":\"mse\"}", "layers[0].type: missing" },
	{ "{\"input\":[2],\"layers\":[{\"type\":3}],\"loss\":\"mse\"}",
		"layers[0].type: a number where a word is wanted" },
	{ "{\"input\":[2],\"layers\":[" DENSE(1) ",{\"type\":\"rulu\"}],\"loss\":\"mse\"}",
		"layers[1].type: there is no \"rulu\"; there are attention, " },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"dense\"}],\"loss\":\"mse\"}",
		"layers[0].units: missing" },
	{ "{\"input\":[2],\"layers\":[" DENSE(0) "],\"loss\":\"mse\"}",
		"layers[0].units: 0 is not a whole number from 1 to 2147483647" },
	{ "{\"input\":[2],\"layers\":[" DENSE(-3) "],\"loss\":\"mse\"}", "layers[0].units: -3 is" },
	{ "{\"input\":[2],\"layers\":[" DENSE(1.5) "],\"loss\":\"mse\"}",
		"layers[0].units: 1.5 is" },
	{ "{\"input\":[2],\"layers\":[" DENSE(1e300) "],\"loss\":\"mse\"}",
		"layers[0].units: 1e+300 is not" },
	{ "{\"input\":[2],\"layers\":[" DENSE("3") "],\"loss\":\"mse\"}",
		"layers[0].units: a string where a size is wanted" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"dense\",\"units\":1,\"unit\":2}],\"loss\":\"mse\"}",
		"layers[0].unit: unknown key; known are type, units, init, bias, per_position" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"dense\",\"units\":1,\"units\":2}],\"loss\":\"mse\"}",
		"layers[0].units: stands there twice" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"tanh\",\"units\":2}],\"loss\":\"mse\"}",
		"layers[0].units: unknown key; known are type" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"dense\",\"units\":1,\"init\":\"xavier\"}],"
	  "\"loss\":\"mse\"}",
		"layers[0].init: there is no \"xavier\"; there are glorot, he, small" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"dense\",\"units\":1,\"init\":7}],\"loss\":\"mse\"}",
		"layers[0].init: a number where a word is wanted" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"dense\",\"units\":1,\"bias\":1}],\"loss\":\"mse\"}",
		"layers[0].bias: a number where true or false is wanted" },
	{ "{\"input\":[2],\"layers\":[" DENSE(1) "]}", "loss: missing" },
	{ "{\"input\":[2],\"layers\":[" DENSE(1) "],\"loss\":null}",
		"loss: null where a word is wanted" },
	{ "{\"input\":[2],\"layers\":[" DENSE(1) "],\"loss\":\"hinge\"}",
		"loss: there is no \"hinge\"; there are binary_cross_entropy, cross_entropy, huber," },
	{ "{\"input\":[2],\"layers\":[" DENSE(1) "],\"loss\":{\"type\":\"mse\",\"delta\":2}}",
		"loss.delta: unknown key; known are type" },
	{ "{\"input\":[2],\"layers\":[" DENSE(3) "],\"loss\":{\"type\":\"cross_entropy\","
						 "\"class_weights\":[1,2]}}",
		"loss.class_weights: 2, but the network has 3 outputs" },
	{ "{\"input\":[2],\"layers\":[" DENSE(1) "],\"loss\":\"mse\",\"Loss\":1}",
		"Loss: unknown key; known are input, layers, loss" },
	{ "{\"input\":[2147483647],\"layers\":[" DENSE(2147483647) "],\"loss\":\"mse\"}",
		"layers[0]: tensor 0.weight: its shape overflows" },
};

static void check_bad_specs(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct nn_network *network = NULL;
		int status =
			nn_network_parse(&network, bad[i].spec, strlen(bad[i].spec), "spec", &err);

		if (!ok(status == NN_BAD && strstr(err.text, bad[i].text) && !network,
			    "refused: %s", bad[i].spec))
			printf("# status %d, said: %s\n", status, err.text);
		nn_network_free(network);
	}
}

static struct nn_network *parse(const char *spec)
{
	struct nn_network *network;

	if (nn_network_parse(&network, spec, strlen(spec), "spec", &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return network;
}

static void check_canonical(void)
{
	static const char canonical[] =
		"{\"input\":[2,3],\"layers\":[{\"type\":\"dense\",\"units\":4,"
		"\"init\":\"glorot\",\"bias\":true,\"per_position\":false},{\"type\":\"gelu\"},{\"type\":\"dense\",\"units\":1,"
		"\"init\":\"he\",\"bias\":false,\"per_position\":false}],\"loss\":\"mse\"}";
	struct nn_network *network = parse(" { \"loss\":\"mse\", \"layers\": [ " DENSE(
		4) ", {\"type\":\"gelu\"}, {\"init\":\"he\",\"units\":1.0,\"bias\":false,"
		   "\"type\":\"dense\"}], \"input\":[2, 3] }\n");
	struct nn_network *again;
	struct nn_bundle params = { 0 };

	is_text(nn_network_spec(network), canonical, "a spec is written out canonically");
	again = parse(nn_network_spec(network));
	is_text(nn_network_spec(again), canonical, "and reads back as itself");
	ok(nn_network_inputs(network) == 6 && nn_network_outputs(network) == 1 &&
			!nn_network_criterion(network)->type->wants_classes,
		"sizes and loss");
	nn_network_layout(network, &params, &err);
	ok(params.count == 3 && nn_bundle_find(&params, "0.weight")->shape[1] == 6 &&
			nn_bundle_find(&params, "0.weight")->shape[0] == 4 &&
			!nn_bundle_find(&params, "2.bias"),
		"parameters are named and shaped as PyTorch's, and without bias there is none");
	params.tensors[0].shape[0]++;
	ok(nn_network_check_params(network, &params, &err) == NN_BAD &&
			strstr(err.text, "tensor 0.bias: F32 [5] and F32 [4]"),
		"parameters of another shape are refused, with both shapes");
	nn_bundle_free(&params);
	nn_network_free(network);
	nn_network_free(again);
}

static void check_completion(void)
{
	static const char open_spec[] = "{\"layers\":[" DENSE(
		5) ",{\"type\":\"tanh\"},{\"type\":\"dense\"},{\"type\":\"identity\"}],"
		   "\"loss\":\"cross_entropy\"}";
	struct nn_known_shapes known = { .in = { .ndim = 1, .dims = { 7 }, .count = 7 },
		.outputs = 3 };
	struct nn_network *network = NULL;
	struct nn_buffer spec = { 0 };

	ok(!nn_network_complete(&network, open_spec, strlen(open_spec), "spec", &known, &err) &&
			nn_network_inputs(network) == 7 && nn_network_outputs(network) == 3,
		"input and last units come from the data");
	nn_network_free(network);
	ok(!nn_network_mlp_spec(&spec, ",5,", "tanh", "he", "mse", &err) &&
			!nn_network_complete(&network, spec.data, spec.length, "mlp", &known, &err),
		"so they do for --mlp");
	is_text(nn_network_spec(network),
		"{\"input\":[7],\"layers\":[{\"type\":\"dense\",\"units\":5,\"init\":\"he\",\"bias\":true,\"per_position\":false},"
		"{\"type\":\"tanh\"},{\"type\":\"dense\",\"units\":3,\"init\":\"he\",\"bias\":true,\"per_position\":false}],"
		"\"loss\":\"mse\"}",
		"what --mlp stands for");
	nn_network_free(network);
	nn_buffer_clear(&spec);
	nn_network_mlp_spec(&spec, "8,3", "tanh", "he", "mse", &err);
	ok(nn_network_complete(&network, spec.data, spec.length, "mlp", &known, &err) == NN_BAD &&
			strstr(err.text, "mlp: input: [8], but the data's rows are [7]"),
		"an input that is not the data's is refused");
	nn_buffer_clear(&spec);
	nn_network_mlp_spec(&spec, "7,4", "tanh", "he", "mse", &err);
	ok(nn_network_complete(&network, spec.data, spec.length, "mlp", &known, &err) == NN_BAD &&
			strstr(err.text, "mlp: layers[0]: 4 outputs, but the data want 3"),
		"outputs that are not the data's are refused");
	nn_buffer_free(&spec);
}

static void check_mlp_sizes(void)
{
	static const char *const wrong[] = { "", "5", "5,,3", "5,x", "5,-3", "0,3", "5,3x", "5 ,3",
		"99999999999999999999,3", "5;3" };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct nn_buffer spec = { 0 };

		ok(nn_network_mlp_spec(&spec, wrong[i], "relu", "he", "mse", &err) == NN_USAGE,
			"--mlp \"%s\" is refused", wrong[i]);
		nn_buffer_free(&spec);
	}
}

/* Element by element from the random stream, as nn-model(5) says. */
static void check_init(void)
{
	struct nn_network *network = parse(
		"{\"input\":[30],\"layers\":[{\"type\":\"dense\","
		"\"units\":20},{\"type\":\"dense\",\"units\":10,\"init\":\"he\"}],\"loss\":\"mse\"}");
	struct nn_random stream = nn_random_stream(99, NN_RANDOM_INIT, 1, 0);
	struct nn_bundle params = { 0 };
	const float *weight;
	double sum = 0, largest = 0;
	bool same = true;

	nn_network_layout(network, &params, &err);
	nn_bundle_alloc(&params, &err);
	nn_network_init(network, 99, &params);
	weight = nn_bundle_data(&params, nn_bundle_find(&params, "1.weight"));
	for (size_t i = 0; i < 200; i++)
		same = same &&
			weight[i] ==
				(float)((2 * nn_random_uniform(&stream, i) - 1) * sqrt(6.0 / 20));
	ok(same, "He: (2 u - 1) sqrt(6 / inputs)");
	weight = nn_bundle_data(&params, nn_bundle_find(&params, "0.weight"));
	for (size_t i = 0; i < 600; i++) {
		sum += (double)weight[i];
		largest = fmax(largest, fabs((double)weight[i]));
	}
	ok(largest <= sqrt(6.0 / 50) && largest > 0.98 * sqrt(6.0 / 50) && fabs(sum) < 10,
		"Glorot: within sqrt(6 / (inputs + outputs)), and near it");
	weight = nn_bundle_data(&params, nn_bundle_find(&params, "1.bias"));
	for (size_t i = 0; i < 10; i++)
		same = same && weight[i] == 0;
	ok(same, "offsets start at 0");
	nn_bundle_free(&params);
	nn_network_free(network);
}

/* A data set in memory, and a network for it. */

enum { ROWS = 1800, FEATURES = 40, CLASSES = 7, SHARDS = 5 };

static struct nn_network *network;
static struct nn_bundle params;
static struct nn_bundle frame;
static uint64_t starts[2] = { 0, ROWS };
static struct nn_dataset data = { .frames = &frame,
	.starts = starts,
	.frame_count = 1,
	.rows = ROWS,
	.total_rows = ROWS,
	.x_ndim = 1,
	.x_shape = { FEATURES },
	.features = FEATURES,
	.x_dtype = NN_F32,
	.x_scale = 1,
	.has_classes = true,
	.positions = 1,
	.class_count = CLASSES };

static void make_data(void)
{
	struct nn_random stream = nn_random_stream(5, NN_RANDOM_ORDER, 0, 0);
	float *x;
	int32_t *y;

	network = parse("{\"input\":[40],\"layers\":[" DENSE(24) ",{\"type\":\"tanh\"}," DENSE(
		7) "],\"loss\":\"cross_entropy\"}");
	nn_network_layout(network, &params, &err);
	nn_bundle_alloc(&params, &err);
	nn_network_init(network, 1, &params);
	nn_bundle_add(&frame, "x", NN_F32, 2, (uint64_t[]){ ROWS, FEATURES }, &err);
	nn_bundle_add(&frame, "y", NN_I32, 1, (uint64_t[]){ ROWS }, &err);
	nn_bundle_layout(&frame, &err);
	nn_bundle_alloc(&frame, &err);
	x = nn_bundle_data(&frame, nn_bundle_find(&frame, "x"));
	y = nn_bundle_data(&frame, nn_bundle_find(&frame, "y"));
	for (size_t i = 0; i < ROWS * FEATURES; i++)
		x[i] = (float)(2 * nn_random_uniform(&stream, i) - 1);
	/* The class is which of the first numbers is greatest. */
	for (size_t i = 0; i < ROWS; i++)
		for (int32_t j = 1; j < CLASSES; j++)
			if (x[i * FEATURES + (size_t)j] > x[i * FEATURES + (size_t)y[i]])
				y[i] = j;
}

static void new_partial(struct nn_partial *partial)
{
	*partial = (struct nn_partial){ 0 };
	nn_network_layout(network, &partial->sum, &err);
	nn_bundle_alloc(&partial->sum, &err);
}

/* Shard k of SHARDS: rows k, k + SHARDS, ... */
static uint64_t *shard_rows(uint64_t k, uint64_t *count)
{
	uint64_t *rows = calloc(ROWS, sizeof *rows);

	*count = 0;
	for (uint64_t row = k; row < ROWS; row += SHARDS)
		rows[(*count)++] = row;
	return rows;
}

static void check_shards(void)
{
	struct nn_step step = { .steps_per_epoch = 1, .seed = 3 };
	struct nn_shard whole = { .data = &data, .name = "data", .count = ROWS };
	struct nn_task_space space = { 0 };
	struct nn_partial all, part;
	size_t count = params.bytes / sizeof(float);
	double *sum = calloc(count, sizeof *sum);
	double loss = 0, largest = 0, worst = 0;
	uint64_t rows = 0;

	new_partial(&all);
	new_partial(&part);
	nn_task_gradient(network, &params, &whole, &step, &space, &all, &err);
	for (uint64_t k = 0; k < SHARDS; k++) {
		struct nn_shard shard = { .data = &data, .name = "data", .number = k };

		shard.rows = shard_rows(k, &shard.count);
		nn_task_gradient(network, &params, &shard, &step, &space, &part, &err);
		for (size_t i = 0; i < count; i++)
			sum[i] += (double)((float *)(void *)part.sum.data)[i];
		loss += part.loss;
		rows += part.rows;
		free(shard.rows);
	}
	for (size_t i = 0; i < count; i++) {
		double value = (double)((float *)(void *)all.sum.data)[i];

		largest = fmax(largest, fabs(value));
		worst = fmax(worst, fabs(value - sum[i]));
	}
	ok(rows == ROWS && all.rows == ROWS && all.weight == ROWS, "shards have all rows");
	ok(worst <= 1e-6 * largest, "the shards' sum is the whole's gradient (off by %.2g)",
		worst / largest);
	ok(fabs(loss - all.loss) <= 1e-6 * all.loss, "and so is the loss (off by %.2g)",
		fabs(loss - all.loss) / all.loss);
	free(sum);
	nn_partial_free(&all);
	nn_partial_free(&part);
	nn_task_space_free(&space);
}

static void check_no_rows(void)
{
	struct nn_shard shard = { .data = &data, .name = "data", .count = 2 };
	struct nn_task_space space = { 0 };
	struct nn_step step = { .steps_per_epoch = 5 };
	struct nn_partial partial;
	bool zero = true;

	new_partial(&partial);
	memset(partial.sum.data, 1, partial.sum.bytes);
	ok(!nn_task_gradient(network, &params, &shard, &step, &space, &partial, &err) &&
			partial.rows == 0 && partial.weight == 0 && partial.loss == 0,
		"a task may have no rows");
	for (size_t i = 0; i < partial.sum.bytes; i++)
		zero = zero && !partial.sum.data[i];
	ok(zero, "its gradient is zero");
	nn_partial_free(&partial);
	nn_task_space_free(&space);
}

static int gradient(struct nn_network *net, const struct nn_bundle *weights, const float *x,
	const int32_t *labels, size_t rows, bool accumulate, struct nn_bundle *grad, double *loss)
{
	static const struct nn_pass pass = { .training = true };
	struct nn_batch batch = { .x = x, .labels = labels, .rows = rows };
	struct nn_loss_sum sum;
	int status = nn_network_gradient(net, weights, &batch, &pass, accumulate, grad, &sum, &err);

	*loss = sum.loss;
	return status;
}

static void check_accumulate(void)
{
	const float *x = nn_bundle_data(&frame, nn_bundle_find(&frame, "x"));
	const int32_t *y = nn_bundle_data(&frame, nn_bundle_find(&frame, "y"));
	struct nn_partial one, two;
	double loss;
	bool same = true;

	new_partial(&one);
	new_partial(&two);
	nn_network_reserve(network, 64, &err);
	gradient(network, &params, x, y, 64, false, &one.sum, &loss);
	gradient(network, &params, x, y, 64, false, &two.sum, &loss);
	ok(!memcmp(one.sum.data, two.sum.data, one.sum.bytes), "the same rows give the same bits");
	gradient(network, &params, x, y, 64, true, &two.sum, &loss);
	for (size_t i = 0; i < one.sum.bytes / sizeof(float); i++)
		same = same &&
			((float *)(void *)two.sum.data)[i] ==
				2 * ((float *)(void *)one.sum.data)[i];
	ok(same, "added to itself it is twice as large");
	nn_partial_free(&one);
	nn_partial_free(&two);
}

static void check_labels(void)
{
	int32_t labels[3] = { 0, 6, 7 };
	float x[3 * FEATURES] = { 0 };
	struct nn_partial partial;
	double loss;

	new_partial(&partial);
	ok(gradient(network, &params, x, labels, 3, false, &partial.sum, &loss) == NN_BAD &&
			!strcmp(err.text, "row 2: class 7, but the network has 7 outputs"),
		"a class that is none is refused");
	nn_partial_free(&partial);
}

/* A dense layer so small wants a few hundred rows at a time: these are two parts. */
#define TALL 600

static void check_parts(void)
{
	struct nn_network *parted =
		parse("{\"input\":[2],\"layers\":[{\"type\":\"dropout\"}," DENSE(
			3) "],"
			   "\"loss\":\"cross_entropy\"}");
	static float x[TALL * 2];
	static int32_t labels[TALL];
	struct nn_bundle weights = { 0 };
	struct nn_bundle grad = { 0 };
	struct nn_batch batch = { .x = x, .labels = labels, .rows = TALL };
	double loss, half;

	nn_network_layout(parted, &weights, &err);
	nn_network_layout(parted, &grad, &err);
	nn_bundle_alloc(&weights, &err);
	nn_bundle_alloc(&grad, &err);
	nn_network_init(parted, 1, &weights);
	nn_network_reserve(parted, TALL, &err);
	for (size_t i = 0; i < TALL * 2; i++)
		x[i] = 1;
	gradient(parted, &weights, x, labels, TALL, false, &grad, &loss);
	gradient(parted, &weights, x, labels, TALL / 2, false, &grad, &half);
	ok(fabs(loss - 2 * half) > 1e-6 * loss && fabs(loss - 2 * half) < 0.2 * loss,
		"rows are dropped by their number in the task, not in the part");
	labels[TALL - 1] = 3;
	ok(gradient(parted, &weights, x, labels, TALL, false, &grad, &loss) == NN_BAD &&
			!strcmp(err.text, "row 599: class 3, but the network has 3 outputs"),
		"a class that is none, in the last part");
	labels[TALL - 1] = 0;
	x[2 * (TALL - 2)] = x[2 * (TALL - 2) + 1] = (float)NAN;
	gradient(parted, &weights, x, labels, TALL, false, &grad, &loss);
	nn_network_blame(parted, &batch, loss, &err);
	ok(isnan(loss) && strstr(err.text, "the input, where row 598 (from 0) has nan"),
		"and a number that is none");
	nn_bundle_free(&weights);
	nn_bundle_free(&grad);
	nn_network_free(parted);
}

/* -log softmax in closed form, where a naive one overflows. */
static void check_softmax(void)
{
	struct nn_network *plain =
		parse("{\"input\":[1],\"layers\":[{\"type\":\"dense\",\"units\":3}],"
		      "\"loss\":\"cross_entropy\"}");
	struct nn_bundle weights = { 0 };
	struct nn_bundle grad = { 0 };
	float x = 1;
	int32_t label = 1;
	float *bias;
	const float *p;
	double loss;

	nn_network_layout(plain, &weights, &err);
	nn_network_layout(plain, &grad, &err);
	nn_bundle_alloc(&weights, &err);
	nn_bundle_alloc(&grad, &err);
	nn_network_reserve(plain, 1, &err);
	bias = nn_bundle_data(&weights, nn_bundle_find(&weights, "0.bias"));
	bias[0] = 1000;
	bias[1] = -1000;
	gradient(plain, &weights, &x, &label, 1, false, &grad, &loss);
	ok(loss == 2000, "outputs of 1000 and -1000: the loss is 2000");
	bias[0] = -9;
	bias[1] = 9;
	bias[2] = -9;
	gradient(plain, &weights, &x, &label, 1, false, &grad, &loss);
	ok(fabs(loss - log1p(2 * exp(-18))) <= 1e-6 * loss, "a small loss keeps its digits");
	bias = nn_bundle_data(&grad, nn_bundle_find(&grad, "0.bias"));
	ok(fabs((double)bias[1] + 2 * exp(-18) / (1 + 2 * exp(-18))) <=
			1e-6 * fabs((double)bias[1]),
		"and so does its gradient");
	bias = nn_bundle_data(&weights, nn_bundle_find(&weights, "0.bias"));
	bias[0] = (float)log(2);
	bias[1] = 0;
	bias[2] = (float)log(5);
	nn_network_forward(plain, &weights, &x, 1);
	p = nn_network_predict(plain, 1);
	ok(fabs((double)p[0] - 0.25) < 1e-7 && fabs((double)p[1] - 0.125) < 1e-7 &&
			fabs((double)p[2] - 0.625) < 1e-7,
		"probabilities of odds 2 : 1 : 5");
	nn_bundle_free(&weights);
	nn_bundle_free(&grad);
	nn_network_free(plain);
}

int main(void)
{
	check_bad_specs();
	check_canonical();
	check_completion();
	check_mlp_sizes();
	check_init();
	if (nn_blas_load(NULL, 0, &err)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	make_data();
	check_shards();
	check_no_rows();
	check_accumulate();
	check_labels();
	check_parts();
	check_softmax();
	nn_bundle_free(&params);
	nn_bundle_free(&frame);
	nn_network_free(network);
	return tap_done();
}
