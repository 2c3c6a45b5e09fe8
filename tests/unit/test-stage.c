/* Stages of a network: cut anywhere, the gradients are those of the whole, to the bit. */
#include <stdlib.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/random.h"
#include "model/stage.h"
#include "tensor/blas.h"
#include "train/act.h"
#include "train/stage.h"

#include "tap.h"

static struct nn_error err;

static const char mlp[] =
	"{\"input\":[20],\"layers\":[{\"type\":\"dense\",\"units\":16},{\"type\":\"relu\"},"
	"{\"type\":\"dropout\",\"rate\":0.5},{\"type\":\"dense\",\"units\":12},{\"type\":\"tanh\"},"
	"{\"type\":\"dense\",\"units\":10}],\"loss\":\"cross_entropy\"}";
/* Rows go in parts here. */
static const char images[] =
	"{\"input\":[1,12,12],\"layers\":[{\"type\":\"conv2d\",\"filters\":6,\"kernel\":3},"
	"{\"type\":\"relu\"},{\"type\":\"max_pool\",\"kernel\":2},"
	"{\"type\":\"conv2d\",\"filters\":8,\"kernel\":3},{\"type\":\"relu\"},"
	"{\"type\":\"flatten\"},{\"type\":\"dense\",\"units\":10}],\"loss\":\"cross_entropy\"}";
/* ... and all at once here: statistics need the weight that only the last stage knows. */
static const char normalized[] =
	"{\"input\":[1,8,8],\"layers\":[{\"type\":\"conv2d\",\"filters\":4,\"kernel\":3,\"padding\":1},"
	"{\"type\":\"batch_norm\"},{\"type\":\"relu\"},{\"type\":\"residual\",\"layers\":["
	"{\"type\":\"conv2d\",\"filters\":6,\"kernel\":3,\"padding\":1},{\"type\":\"batch_norm\"},"
	"{\"type\":\"relu\"}],\"shortcut\":[{\"type\":\"conv2d\",\"filters\":6,\"kernel\":1}]},"
	"{\"type\":\"relu\"},{\"type\":\"flatten\"},{\"type\":\"dense\",\"units\":10}],"
	"\"loss\":{\"type\":\"cross_entropy\",\"label_smoothing\":0.1}}";
static const char text[] =
	"{\"input\":[8],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":10,\"units\":8},"
	"{\"type\":\"position_embedding\"},{\"type\":\"residual\",\"layers\":["
	"{\"type\":\"layer_norm\"},{\"type\":\"attention\",\"heads\":2,\"causal\":true}]},"
	"{\"type\":\"residual\",\"layers\":[{\"type\":\"layer_norm\"},"
	"{\"type\":\"dense\",\"units\":16,\"per_position\":true},{\"type\":\"gelu\"},"
	"{\"type\":\"dense\",\"units\":8,\"per_position\":true}]},{\"type\":\"layer_norm\"},"
	"{\"type\":\"dense\",\"units\":10,\"per_position\":true}],\"loss\":\"cross_entropy\"}";

static struct nn_network *parse(const char *spec)
{
	struct nn_network *network;

	if (nn_network_parse(&network, spec, strlen(spec), "spec", &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return network;
}

static void must(int status)
{
	if (status) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
}

static struct nn_bundle bundle_of(const struct nn_network *network)
{
	struct nn_bundle bundle = { 0 };

	must(nn_network_layout(network, &bundle, &err));
	must(nn_bundle_alloc(&bundle, &err));
	return bundle;
}

/* A task: rows, labels, and what the whole network makes of them. */
struct whole {
	struct nn_network *network;
	struct nn_bundle params;
	struct nn_bundle grad;
	float *x;
	int32_t *labels;
	struct nn_batch batch;
	struct nn_pass pass;
	struct nn_loss_sum sum;
};

static struct whole whole_of(const char *spec, size_t rows)
{
	struct whole whole = { .network = parse(spec), .pass = { 5, 17, 3, true } };
	size_t inputs = nn_network_inputs(whole.network);
	size_t cases = rows * nn_network_positions(whole.network);

	whole.params = bundle_of(whole.network);
	whole.grad = bundle_of(whole.network);
	nn_network_init(whole.network, 11, &whole.params);
	whole.x = calloc(rows * inputs + 1, sizeof *whole.x);
	whole.labels = calloc(cases + 1, sizeof *whole.labels);
	for (size_t i = 0; i < rows * inputs; i++)
		whole.x[i] = nn_network_tokens(whole.network) ?
			(float)(i * 7 % 10) :
			(float)((i * 2654435761u) % 1000) / 500.0f - 1.0f;
	for (size_t i = 0; i < cases; i++)
		whole.labels[i] = (int32_t)(i * 3 % 10);
	whole.batch = (struct nn_batch){ .x = whole.x, .labels = whole.labels, .rows = rows };
	must(nn_network_reserve(whole.network, nn_network_at_once(whole.network, rows), &err));
	must(nn_network_gradient(whole.network, &whole.params, &whole.batch, &whole.pass, false,
		&whole.grad, &whole.sum, &err));
	return whole;
}

static void whole_free(struct whole *whole)
{
	nn_network_free(whole->network);
	nn_bundle_free(&whole->params);
	nn_bundle_free(&whole->grad);
	free(whole->x);
	free(whole->labels);
}

#define FLIGHTS 2
struct part {
	struct nn_network *network;
	struct nn_bundle params;
	struct nn_bundle grad;
	struct nn_flight flights[FLIGHTS];
	float *dx;
};

static bool same_tensors(const struct nn_bundle *part, const struct nn_bundle *all)
{
	for (size_t i = 0; i < part->count; i++) {
		const struct nn_tensor *tensor = &part->tensors[i];
		const struct nn_tensor *other = nn_bundle_find(all, tensor->name);

		if (!other || other->bytes != tensor->bytes ||
			memcmp(nn_bundle_data(part, tensor), nn_bundle_data(all, other),
				tensor->bytes) != 0)
			return false;
	}
	return true;
}

static struct part part_of(const struct whole *whole, const char *spec, const char *range_text,
	bool recompute)
{
	struct part part = { .network = parse(spec) };
	struct nn_range range;
	size_t rows = whole->batch.rows;

	must(nn_range_parse(&range, range_text, part.network, &err));
	must(nn_network_cut(part.network, &range, &err));
	part.params = bundle_of(part.network);
	part.grad = bundle_of(part.network);
	/* Its numbers are those of the whole. */
	nn_network_init(part.network, 11, &part.params);
	part.dx = calloc(rows * nn_network_inputs(part.network) + 1, sizeof *part.dx);
	if (range.end == range.layers)
		must(nn_network_reserve(part.network, nn_network_at_once(part.network, rows),
			&err));
	else
		for (size_t i = 0; i < FLIGHTS; i++)
			must(nn_flight_reserve(&part.flights[i], part.network, rows, recompute,
				&err));
	return part;
}

static void part_free(struct part *part)
{
	for (size_t i = 0; i < FLIGHTS; i++)
		nn_flight_free(&part->flights[i]);
	nn_bundle_free(&part->params);
	nn_bundle_free(&part->grad);
	nn_network_free(part->network);
	free(part->dx);
}

/* One cut. The other flight is under way meanwhile, with another task: nothing of it may be seen. */
static bool cut_is_same(const struct whole *whole, const char *spec, size_t at, bool recompute)
{
	struct nn_pass other = { 99, 4, 1, true };
	struct nn_loss_sum sum;
	struct part first;
	struct part last;
	char range[40];
	size_t rows = whole->batch.rows;
	struct nn_batch batch = whole->batch;
	bool same;

	snprintf(range, sizeof range, "0:%zu", at);
	first = part_of(whole, spec, range, recompute);
	snprintf(range, sizeof range, "%zu:", at);
	last = part_of(whole, spec, range, recompute);
	same = same_tensors(&first.params, &whole->params) &&
		same_tensors(&last.params, &whole->params) &&
		first.params.count + last.params.count == whole->params.count;
	must(nn_stage_forward(first.network, &first.params, &first.flights[0], whole->x, rows,
		&whole->pass, &err));
	must(nn_stage_forward(first.network, &first.params, &first.flights[1], whole->x, rows / 2,
		&other, &err));
	batch.x = first.flights[0].out;
	must(nn_network_turn(last.network, &last.params, &batch, &whole->pass, false, &last.grad,
		last.dx, &sum, &err));
	nn_stage_backward(first.network, &first.params, &first.flights[0], last.dx, sum.weight,
		&first.grad, NULL);
	same = same && !memcmp(&sum, &whole->sum, sizeof sum) &&
		same_tensors(&first.grad, &whole->grad) && same_tensors(&last.grad, &whole->grad);
	part_free(&first);
	part_free(&last);
	return same;
}

/* Each layer a stage. */
static bool chain_is_same(const struct whole *whole, const char *spec, size_t layers)
{
	struct part *parts = calloc(layers, sizeof *parts);
	struct nn_batch batch = whole->batch;
	const float *x = whole->x;
	struct nn_loss_sum sum;
	bool same = true;
	char range[40];

	for (size_t i = 0; i < layers; i++) {
		snprintf(range, sizeof range, "%zu/%zu", i, layers);
		parts[i] = part_of(whole, spec, range, i % 2);
	}
	for (size_t i = 0; i + 1 < layers; i++) {
		must(nn_stage_forward(parts[i].network, &parts[i].params, &parts[i].flights[0], x,
			batch.rows, &whole->pass, &err));
		x = parts[i].flights[0].out;
	}
	batch.x = x;
	must(nn_network_turn(parts[layers - 1].network, &parts[layers - 1].params, &batch,
		&whole->pass, false, &parts[layers - 1].grad, parts[layers - 1].dx, &sum, &err));
	for (size_t i = layers - 1; i-- > 0;)
		nn_stage_backward(parts[i].network, &parts[i].params, &parts[i].flights[0],
			parts[i + 1].dx, sum.weight, &parts[i].grad, i ? parts[i].dx : NULL);
	for (size_t i = 0; i < layers; i++) {
		same = same && same_tensors(&parts[i].grad, &whole->grad);
		part_free(&parts[i]);
	}
	free(parts);
	return same;
}

static void test_cuts(const char *spec, const char *name, size_t layers, size_t rows)
{
	struct whole whole = whole_of(spec, rows);

	for (size_t at = 1; at < layers; at++)
		ok(cut_is_same(&whole, spec, at, false) && cut_is_same(&whole, spec, at, true),
			"%s, %zu rows, cut before layer %zu: the same bits", name, rows, at);
	ok(chain_is_same(&whole, spec, layers), "%s, %zu rows, each layer a stage", name, rows);
	whole_free(&whole);
}

static const struct {
	const char *range;
	const char *text;
} bad[] = {
	{ "", "\"\": neither layers A:B nor stage I/N" },
	{ "1", "\"1\": neither layers A:B nor stage I/N" },
	{ "a:b", "neither layers A:B nor stage I/N" },
	{ "9::",
		"\"9::\": neither layers A:B nor stage I/N; the network has 6 layers, numbered from 0" },
	{ "1:2:3", "neither layers A:B nor stage I/N" },
	{ "1/", "neither layers A:B nor stage I/N" },
	{ "/2", "neither layers A:B nor stage I/N" },
	{ "0/0", "neither layers A:B nor stage I/N" },
	{ "-1:2", "neither layers A:B nor stage I/N" },
	{ "99999999999999999999999:", "neither layers A:B nor stage I/N" },
	{ "2:2", "\"2:2\": no layer is in it; the network has 6 layers, numbered from 0" },
	{ "3:2", "\"3:2\": no layer is in it" },
	{ "6:", "\"6:\": no such layers; the network has 6 layers, numbered from 0" },
	{ "2:7", "\"2:7\": no such layers; the network has 6 layers" },
	{ "2/2", "stage 2 of 2: they are numbered from 0" },
	{ "0/7", "7 stages, but the network has only 6 layers" },
};

static void test_ranges(void)
{
	struct nn_network *network = parse(mlp);
	struct nn_range range;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(nn_range_parse(&range, bad[i].range, network, &err) == NN_USAGE &&
				strstr(err.text, bad[i].text),
			"range \"%s\": %s", bad[i].range, err.text);
	ok(!nn_range_parse(&range, "2:", network, &err) && range.begin == 2 && range.end == 6 &&
			!range.stages,
		"2: is to the end");
	ok(!nn_range_parse(&range, ":2", network, &err) && range.begin == 0 && range.end == 2,
		":2 is from the start");
	ok(!nn_range_parse(&range, "0/1", network, &err) && range.begin == 0 && range.end == 6 &&
			range.stages == 1,
		"0/1 is all");
	must(nn_range_parse(&range, "3:5", network, &err));
	must(nn_network_cut(network, &range, &err));
	ok(nn_network_owns(network, "3.weight") && nn_network_owns(network, "moment1/3.bias") &&
			!nn_network_owns(network, "5.weight") &&
			!nn_network_owns(network, "updates"),
		"which tensors are its own");
	nn_network_free(network);
}

/* What a last stage, layers 3 to 5 of the perceptron, makes of activations that come to it. */
struct sent {
	const char *text; /* of the complaint; NULL: there is none */
	size_t layer;     /* that they are for */
	size_t width;     /* of a row */
	size_t outputs;   /* of targets; 0: class numbers */
	const char *kernel;
	uint64_t id;
	struct {
		uint64_t step, first, shards, rows;
	} tasks[3];
};
static const struct sent sent[] = {
	{ NULL, 3, 16, 0, NULL, 7, { { 4, 0, 9, 3 }, { 4, 1, 9, 0 }, { 4, 5, 9, 2 } } },
	{ NULL, 3, 16, 0, NULL, 0, { { 4, 8, 9, 3 } } },
	{ "activations for layer 2, but this stage, layers 3:6, wants layer 3's", 2, 16, 0, NULL, 7,
		{ { 4, 0, 1, 3 } } },
	{ "tensor x: F32 [3, 15] and F32 [3, 16]", 3, 15, 0, NULL, 7, { { 4, 0, 1, 3 } } },
	{ "unlike tensors: x and labels", 3, 16, 2, NULL, 7, { { 4, 0, 1, 3 } } },
	{ "kernel Abacus, but this stage has", 3, 16, 0, "Abacus", 7, { { 4, 0, 1, 3 } } },
	{ "activations of model 0000000000000008, but this stage's is 0000000000000007", 3, 16, 0,
		NULL, 8, { { 4, 0, 1, 3 } } },
	{ "step 4, shard 0 of 3, behind those of step 4, shard 1 of 3", 3, 16, 0, NULL, 7,
		{ { 4, 1, 3, 3 }, { 4, 0, 3, 3 } } },
	{ "step 4, shard 1 of 3, behind those of step 4, shard 1 of 3", 3, 16, 0, NULL, 7,
		{ { 4, 1, 3, 3 }, { 4, 1, 3, 3 } } },
	{ "step 5, shard 1 of 3, behind those of step 4, shard 0 of 3", 3, 16, 0, NULL, 7,
		{ { 4, 0, 3, 3 }, { 5, 1, 3, 3 } } },
	{ "step 4, shard 1 of 4, behind those of step 4, shard 0 of 3", 3, 16, 0, NULL, 7,
		{ { 4, 0, 3, 3 }, { 4, 1, 4, 3 } } },
};

/* Few enough bytes that the pipe holds them all. */
static void send_tasks(const struct sent *what, int fd)
{
	struct nn_act_form form = { .layer = what->layer,
		.positions = what->outputs ? 0 : 1,
		.outputs = what->outputs,
		.kernel = what->kernel ? what->kernel : nn_blas_kernel(),
		.layers = "0:3" };
	uint64_t width = what->width;
	struct nn_micro micro = { 0 };
	struct nn_bundle layout = { 0 };
	struct nn_writer *writer;

	must(nn_shape_set(&form.x, 1, &width, &err));
	must(nn_micro_reserve(&micro, &form, 3, &err));
	memset(micro.x, 0, 3 * width * sizeof(float));
	memset(micro.numbers, 0, 3 * sizeof *micro.numbers);
	if (micro.labels)
		memset(micro.labels, 0, 3 * sizeof *micro.labels);
	else
		memset(micro.y, 0, 3 * what->outputs * sizeof *micro.y);
	must(nn_writer_open(&writer, fd, "pipe", &err));
	for (size_t i = 0; i < 3 && what->tasks[i].shards; i++) {
		micro.preamble = (struct nn_preamble){ .step = what->tasks[i].step,
			.shards = what->tasks[i].shards,
			.first = what->tasks[i].first,
			.end = what->tasks[i].first + 1,
			.rows = what->tasks[i].rows,
			.id = what->id };
		must(nn_act_write(writer, &form, 0, &micro, micro.x, &layout, &err));
	}
	must(nn_writer_end(writer, &err));
	nn_writer_close(writer);
	nn_micro_free(&micro);
	nn_bundle_free(&layout);
}

static void test_arrival(const struct sent *what)
{
	struct nn_stage_options options = { .network = parse(mlp), .in_flight = 1, .id = 7 };
	struct nn_bundle params;
	struct nn_stage *stage;
	int ends[2];
	int status;

	must(nn_range_parse(&options.range, "3:", options.network, &err));
	must(nn_network_cut(options.network, &options.range, &err));
	params = bundle_of(options.network);
	options.params = &params;
	if (pipe(ends)) {
		printf("Bail out! no pipe\n");
		exit(1);
	}
	send_tasks(what, ends[1]);
	close(ends[1]);
	options.inputs[0] = (struct nn_stage_input){ .fd = ends[0],
		.name = "pipe",
		.carries = NN_STAGE_FORWARD };
	options.input_count = 1;
	options.out_forward = -1;
	options.out_back = open("/dev/null", O_WRONLY);
	options.out_back_name = "back";
	must(nn_stage_open(&stage, &options, &err));
	status = nn_stage_run(stage, NULL, 0, NN_STAGE_ALL, &err);
	if (what->text)
		ok(status == NN_BAD && strstr(err.text, what->text), "%s", err.text);
	else
		ok(!status && nn_stack_count(nn_stage_sums(stage)) > 0,
			"tasks in their order, some without rows");
	nn_stage_close(stage);
	close(ends[0]);
	close(options.out_back);
	nn_bundle_free(&params);
	nn_network_free(options.network);
}

int main(void)
{
	if (nn_blas_load(NULL, 0, &err)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	test_ranges();
	test_cuts(mlp, "perceptron", 6, 33);
	test_cuts(mlp, "perceptron", 6, 0);
	test_cuts(images, "convolutions", 7, 1);
	test_cuts(images, "convolutions", 7, 130);
	test_cuts(normalized, "batch_norm", 7, 40);
	test_cuts(text, "transformer", 6, 9);
	for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++)
		test_arrival(&sent[i]);
	return tap_done();
}
