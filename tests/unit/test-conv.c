/* Convolutions and pools: gradients against PyTorch's figures; sizes around those of registers and tiles
 * against plain loops in double; sums over rows; NaN; specs. */
#include "base/random.h"
#include "figures.h"

#include "figures/conv.h"

/* Layers that are refused, and what the message says. */
static const struct {
	const char *input;
	const char *layer;
	const char *text;
} bad[] = {
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"kernel\":3}", "layers[0].filters: missing" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":2}", "layers[0].kernel: missing" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":0,\"kernel\":3}",
		"layers[0].filters: 0 is not a whole number from 1" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":2,\"kernel\":[3,0]}",
		"layers[0].kernel: 0 is not a whole number from 1" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":2,\"kernel\":[3,3,3]}",
		"layers[0].kernel: 3 sizes where [height, width] is wanted" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":2,\"kernel\":3,\"stride\":0}",
		"layers[0].stride: 0 is not a whole number from 1" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":2,\"kernel\":3,\"padding\":-1}",
		"layers[0].padding: -1 is not a whole number from 0" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":2,\"kernel\":3,\"dilation\":2}",
		"layers[0].dilation: unknown key; known are type, filters, kernel, stride, padding, "
		"groups, init, bias" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":2,\"kernel\":[11,3],\"padding\":1}",
		"layers[0]: a kernel of [11, 3] is larger than the padded input, [10, 10]" },
	{ "[3,8,8]", "{\"type\":\"conv2d\",\"filters\":4,\"kernel\":3,\"groups\":2}",
		"layers[0]: 3 channels and 4 filters are not whole numbers of 2 groups" },
	{ "[4,8,8]", "{\"type\":\"conv2d\",\"filters\":3,\"kernel\":3,\"groups\":2}",
		"layers[0]: 4 channels and 3 filters are not whole numbers of 2 groups" },
	{ "[64]", "{\"type\":\"conv2d\",\"filters\":3,\"kernel\":3}",
		"layers[0]: rows of shape [64] where [channels, height, width] is wanted" },
	{ "[1,1,8,8]", "{\"type\":\"conv2d\",\"filters\":3,\"kernel\":3}",
		"layers[0]: rows of shape [1, 1, 8, 8] where [channels, height, width] is wanted" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":2147483647,\"kernel\":3}",
		" are more than 2147483647 numbers in a row" },
	{ "[1,8,8]",
		"{\"type\":\"conv2d\",\"filters\":1,\"kernel\":2147483647,\"padding\":1073741823}",
		"layers[0]: weights [1, 1, 2147483647, 2147483647] and outputs of width" },
	{ "[1,8,8]", "{\"type\":\"conv2d\",\"filters\":1,\"kernel\":1,\"padding\":2147483647}",
		" are more than 2147483647 numbers in a row" },
	{ "[1,8,8]", "{\"type\":\"max_pool\"}", "layers[0].kernel: missing" },
	{ "[1,8,8]", "{\"type\":\"max_pool\",\"kernel\":2,\"stride\":[0,1]}",
		"layers[0].stride: 0 is not a whole number from 1" },
	{ "[1,8,8]", "{\"type\":\"max_pool\",\"kernel\":[2,9]}",
		"layers[0]: a kernel of [2, 9] is larger than the padded input, [8, 8]" },
	{ "[1,8,8]", "{\"type\":\"avg_pool\",\"kernel\":3,\"padding\":[1,2]}",
		"layers[0]: a padding of [1, 2] is more than half of the kernel, [3, 3]" },
	{ "[64]", "{\"type\":\"avg_pool\",\"kernel\":2}",
		"layers[0]: rows of shape [64] where height and width are wanted" },
	{ "[8,8]", "{\"type\":\"global_avg_pool\"}",
		"layers[0]: rows of shape [8, 8] where [channels, height, width] is wanted" },
	{ "[8,8]", "{\"type\":\"global_max_pool\",\"kernel\":2}",
		"layers[0].kernel: unknown key; known are type" },
	{ "[8,8]", "{\"type\":\"flatten\",\"start\":1}",
		"layers[0].start: unknown key; known are type" },
};

static void check_bad_specs(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char spec[400];

		snprintf(spec, sizeof spec,
			"{\"input\":%s,\"layers\":[%s,{\"type\":\"dense\",\"units\":1}],\"loss\":\"mse\"}",
			bad[i].input, bad[i].layer);
		figure_refused(spec, bad[i].text);
	}
}

static void check_canonical(void)
{
	static const char canonical[] =
		"{\"input\":[12,12],\"layers\":[{\"type\":\"conv2d\",\"filters\":2,\"kernel\":[3,2],"
		"\"stride\":[1,1],\"padding\":[0,0],\"groups\":1,\"init\":\"glorot\",\"bias\":true},"
		"{\"type\":\"max_pool\",\"kernel\":[2,3],\"stride\":[2,3],\"padding\":[0,0]},"
		"{\"type\":\"avg_pool\",\"kernel\":[2,2],\"stride\":[1,1],\"padding\":[1,1]},"
		"{\"type\":\"flatten\"}],\"loss\":\"mse\"}";
	struct nn_network *network = figure_parse(
		"{\"input\":[12,12],\"layers\":[{\"type\":\"conv2d\",\"filters\":2,\"kernel\":[3,2]},"
		"{\"type\":\"max_pool\",\"kernel\":[2,3]},{\"type\":\"avg_pool\",\"kernel\":2,"
		"\"stride\":1,\"padding\":1},{\"type\":\"flatten\"}],\"loss\":\"mse\"}");
	struct nn_network *again;
	const struct nn_layer *layer;

	is_text(nn_network_spec(network), canonical, "written out canonically");
	again = figure_parse(nn_network_spec(network));
	is_text(nn_network_spec(again), canonical, "and read again");
	ok(nn_network_outputs(network) == 2 * 6 * 4, "the sizes of outputs");
	layer = nn_network_layer(network, 0, NULL);
	ok(layer->out.ndim == 3 && layer->out.dims[0] == 2 && layer->out.dims[1] == 10 &&
			layer->out.dims[2] == 11 && layer->params[0].fan_in == 6 &&
			layer->params[0].fan_out == 12,
		"a plane is one channel; fan-in and fan-out");
	nn_network_free(network);
	nn_network_free(again);
}

/* One layer by itself. */
struct bench {
	struct nn_layer layer;
	struct nn_layer_run run;
	size_t rows;
	float *x, *y, *dy, *dx, *weight, *bias, *d_weight, *d_bias, *scratch;
	size_t weights, biases;
};

static float *room(size_t count, size_t seed)
{
	struct nn_random stream = nn_random_stream(seed, NN_RANDOM_INIT, 3, 4);
	float *values = calloc(count + 1, sizeof *values);

	for (size_t i = 0; i < count; i++)
		values[i] = (float)(2 * nn_random_uniform(&stream, i) - 1);
	return values;
}

static void bench_open(struct bench *bench, const char *spec, const char *input, size_t rows)
{
	static const struct nn_pass pass = { .training = true };
	struct nn_json *json = nn_json_parse(spec, strlen(spec), "layer", &figure_err);
	struct nn_shape in;
	uint64_t dims[3];

	if (sscanf(input, "[%lu,%lu,%lu]", &dims[0], &dims[1], &dims[2]) != 3 ||
		nn_shape_set(&in, 3, dims, &figure_err) || !json ||
		nn_layer_parse(&bench->layer, json, "layer", &in, &(struct nn_layer_known){ 0 },
			&figure_err))
		figure_bail();
	nn_json_free(json);
	bench->rows = rows;
	bench->weights = bench->biases = 0;
	if (bench->layer.param_count) {
		bench->weights = 1;
		for (int i = 0; i < 4; i++)
			bench->weights *= bench->layer.params[0].shape[i];
		bench->biases = bench->layer.out.dims[0];
	}
	bench->x = room(rows * in.count, 1);
	bench->dy = room(rows * bench->layer.out.count, 2);
	bench->weight = room(bench->weights, 3);
	bench->bias = room(bench->biases, 4);
	bench->y = room(rows * bench->layer.out.count, 5);
	bench->dx = room(rows * in.count, 6);
	bench->d_weight = room(bench->weights, 7);
	bench->d_bias = room(bench->biases, 8);
	bench->scratch = room(bench->layer.scratch, 9);
	bench->run = (struct nn_layer_run){ .pass = &pass,
		.rows = rows,
		.params = { bench->weight, bench->bias },
		.x = bench->x,
		.y = bench->y,
		.scratch = bench->scratch,
		.dy = bench->dy,
		.dx = bench->dx,
		.grads = { bench->d_weight, bench->d_bias } };
}

static void bench_run(struct bench *bench)
{
	bench->layer.type->forward(&bench->layer, &bench->run);
	bench->layer.type->backward(&bench->layer, &bench->run);
}

static void bench_close(struct bench *bench)
{
	float *const rooms[] = { bench->x, bench->y, bench->dy, bench->dx, bench->weight,
		bench->bias, bench->d_weight, bench->d_bias, bench->scratch };

	for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
		free(rooms[i]);
}

/* A convolution as its definition has it. */
struct plain {
	double *y, *dx, *d_weight, *d_bias;
};

static void plain_conv(const struct bench *bench, const long *p, struct plain *plain)
{
	/* filters, kernel, stride, padding, groups */
	long filters = p[0], kh = p[1], kw = p[2], sh = p[3], sw = p[4], ph = p[5], pw = p[6];
	long groups = p[7];
	long channels = (long)bench->layer.in.dims[0] / groups;
	long height = (long)bench->layer.in.dims[1], width = (long)bench->layer.in.dims[2];
	long oh = (long)bench->layer.out.dims[1], ow = (long)bench->layer.out.dims[2];
	long out = 0;

	for (long row = 0; row < (long)bench->rows; row++)
		for (long f = 0; f < filters; f++)
			for (long i = 0; i < oh * ow; i++, out++) {
				long group = f / (filters / groups);

				plain->y[out] = (double)bench->bias[f];
				plain->d_bias[f] += (double)bench->dy[out];
				for (long k = 0; k < channels * kh * kw; k++) {
					long c = group * channels + k / (kh * kw);
					long r = i / ow * sh + k / kw % kh - ph;
					long s = i % ow * sw + k % kw - pw;
					long w = f * channels * kh * kw + k;
					long at = (row * channels * groups + c) * height * width +
						r * width + s;

					if (r < 0 || r >= height || s < 0 || s >= width)
						continue;
					plain->y[out] +=
						(double)bench->weight[w] * (double)bench->x[at];
					plain->d_weight[w] +=
						(double)bench->dy[out] * (double)bench->x[at];
					plain->dx[at] +=
						(double)bench->dy[out] * (double)bench->weight[w];
				}
			}
}

static void check_plain_conv(const char *input, const long *p, size_t rows)
{
	struct bench bench;
	struct plain plain;
	char spec[300];

	snprintf(spec, sizeof spec,
		"{\"type\":\"conv2d\",\"filters\":%ld,\"kernel\":[%ld,%ld],\"stride\":[%ld,%ld],"
		"\"padding\":[%ld,%ld],\"groups\":%ld}",
		p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
	bench_open(&bench, spec, input, rows);
	plain.y = calloc(rows * bench.layer.out.count, sizeof *plain.y);
	plain.dx = calloc(rows * bench.layer.in.count, sizeof *plain.dx);
	plain.d_weight = calloc(bench.weights, sizeof *plain.d_weight);
	plain.d_bias = calloc(bench.biases, sizeof *plain.d_bias);
	plain_conv(&bench, p, &plain);
	bench_run(&bench);
	ok(figure_agree(bench.y, plain.y, rows * bench.layer.out.count, 1) &&
			figure_agree(bench.dx, plain.dx, rows * bench.layer.in.count, 1) &&
			figure_agree(bench.d_weight, plain.d_weight, bench.weights, 1) &&
			figure_agree(bench.d_bias, plain.d_bias, bench.biases, 1),
		"%zu rows of %s: %s", rows, input, spec);
	free(plain.y);
	free(plain.dx);
	free(plain.d_weight);
	free(plain.d_bias);
	bench_close(&bench);
}

static void check_plain_convs(void)
{
	static const struct {
		const char *input;
		long p[8];
		size_t rows;
	} cases[] = {
		{ "[1,28,28]", { 16, 5, 5, 1, 1, 0, 0, 1 }, 3 },
		{ "[16,12,12]", { 32, 5, 5, 1, 1, 0, 0, 1 }, 35 },
		{ "[3,17,33]", { 17, 3, 3, 1, 1, 1, 1, 1 }, 2 },
		{ "[31,15,9]", { 33, 3, 3, 1, 1, 1, 1, 1 }, 2 },
		{ "[16,7,7]", { 15, 3, 3, 2, 2, 1, 1, 1 }, 9 },
		{ "[64,4,4]", { 64, 3, 3, 1, 1, 1, 1, 1 }, 19 },
		{ "[12,2,2]", { 7, 2, 2, 1, 1, 0, 0, 1 }, 133 },
		{ "[40,1,1]", { 5, 1, 1, 1, 1, 0, 0, 1 }, 129 },
		{ "[40,9,9]", { 8, 1, 1, 1, 1, 0, 0, 1 }, 3 },
		{ "[40,9,9]", { 8, 1, 1, 2, 2, 0, 0, 1 }, 3 },
		{ "[8,9,65]", { 4, 1, 7, 1, 1, 0, 3, 1 }, 2 },
		{ "[8,65,9]", { 4, 7, 1, 1, 3, 3, 0, 2 }, 2 },
		{ "[70,23,40]", { 70, 3, 3, 1, 1, 1, 1, 1 }, 1 },
		{ "[6,19,18]", { 12, 3, 3, 1, 1, 1, 1, 6 }, 2 },
		{ "[2,5,3]", { 3, 5, 3, 1, 1, 0, 0, 1 }, 130 },
		{ "[27,6,3]", { 2, 3, 2, 1, 2, 2, 1, 1 }, 4 },
		{ "[1,300,7]", { 30, 9, 4, 1, 1, 0, 0, 1 }, 1 },
		{ "[1,90,90]", { 1, 3, 3, 1, 1, 1, 1, 1 }, 2 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_plain_conv(cases[i].input, cases[i].p, cases[i].rows);
}

/* Pools as their definitions have them, in float: these agree to the bit but for the mean. */
static void check_plain_pool(bool max, const char *input, const long *p, size_t rows, bool ties)
{
	long kh = p[0], kw = p[1], sh = p[2], sw = p[3], ph = p[4], pw = p[5];
	struct bench bench;
	double *y, *dx;
	char spec[200];
	long height, width, oh, ow;

	snprintf(spec, sizeof spec,
		"{\"type\":\"%s\",\"kernel\":[%ld,%ld],\"stride\":[%ld,%ld],\"padding\":[%ld,%ld]}",
		max ? "max_pool" : "avg_pool", kh, kw, sh, sw, ph, pw);
	bench_open(&bench, spec, input, rows);
	for (size_t i = 0; i < rows * bench.layer.in.count && ties; i++)
		bench.x[i] = roundf(bench.x[i]);
	y = calloc(rows * bench.layer.out.count, sizeof *y);
	dx = calloc(rows * bench.layer.in.count, sizeof *dx);
	height = (long)bench.layer.in.dims[1];
	width = (long)bench.layer.in.dims[2];
	oh = (long)bench.layer.out.dims[1];
	ow = (long)bench.layer.out.dims[2];
	for (long out = 0; out < (long)(rows * bench.layer.out.count); out++) {
		long plane = out / (oh * ow) * height * width;
		long row = out / ow % oh * sh - ph, column = out % ow * sw - pw;
		long best = -1;

		for (long k = 0; k < kh * kw; k++) {
			long r = row + k / kw, s = column + k % kw;
			long at = plane + r * width + s;

			if (r < 0 || r >= height || s < 0 || s >= width)
				continue;
			if (best < 0 || bench.x[at] > bench.x[best])
				best = at;
			y[out] += max ? 0 : (double)bench.x[at] / (double)(kh * kw);
			dx[at] += max ? 0 : (double)bench.dy[out] / (double)(kh * kw);
		}
		if (max) {
			y[out] = (double)bench.x[best];
			dx[best] += (double)bench.dy[out];
		}
	}
	bench_run(&bench);
	ok(figure_agree(bench.y, y, rows * bench.layer.out.count, 1) &&
			figure_agree(bench.dx, dx, rows * bench.layer.in.count, 1),
		"%zu rows of %s%s: %s", rows, input, ties ? ", many equal" : "", spec);
	free(y);
	free(dx);
	bench_close(&bench);
}

static void check_plain_pools(void)
{
	static const struct {
		const char *input;
		long p[6];
	} cases[] = {
		{ "[3,24,24]", { 2, 2, 2, 2, 0, 0 } },
		{ "[2,9,67]", { 2, 2, 2, 2, 0, 0 } },
		{ "[1,2,35]", { 2, 2, 2, 2, 0, 0 } },
		{ "[3,17,39]", { 3, 3, 2, 2, 1, 1 } },
		{ "[3,17,39]", { 3, 3, 1, 1, 1, 1 } },
		{ "[2,8,41]", { 2, 5, 1, 3, 1, 2 } },
		{ "[2,5,5]", { 5, 5, 5, 5, 0, 0 } },
		{ "[2,3,3]", { 6, 6, 1, 1, 3, 3 } },
		{ "[2,6,6]", { 1, 1, 4, 4, 0, 0 } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		check_plain_pool(true, cases[i].input, cases[i].p, 2, false);
		check_plain_pool(true, cases[i].input, cases[i].p, 2, true);
		check_plain_pool(false, cases[i].input, cases[i].p, 2, false);
	}
}

/* What is no number wins wherever it stands, and takes the gradient; -infinity alone wins too. */
static void check_nan(const char *spec, size_t side)
{
	struct bench bench;
	bool good = true;

	bench_open(&bench, spec, side == 4 ? "[1,4,4]" : "[1,5,5]", 1);
	for (size_t at = 0; at < 4; at++) {
		size_t place = at / 2 * side + at % 2;
		float dx = 0;

		for (size_t i = 0; i < side * side; i++)
			bench.x[i] = i < side * side / 2 ? -INFINITY : (float)i;
		bench.x[place] = NAN;
		bench_run(&bench);
		for (size_t i = 0; i < bench.layer.out.count; i++)
			dx += bench.dy[i];
		for (size_t i = 0; i < side * side; i++)
			dx -= bench.dx[i];
		good = good && isnan(bench.y[0]) && bench.dx[place] != 0 && fabsf(dx) < 1e-5f;
	}
	ok(good, "NaN wins: %s", spec);
	bench_close(&bench);
}

/* Parts of the rows, added up. */
static void check_split(const char *spec, size_t rows, size_t part)
{
	static const struct nn_pass pass = { .training = true };
	struct nn_network *network = figure_parse(spec);
	struct nn_random stream = nn_random_stream(2, NN_RANDOM_INIT, 5, 6);
	size_t inputs = nn_network_inputs(network);
	float *x = room(rows * inputs, 11);
	int32_t *labels = calloc(rows, sizeof *labels);
	struct nn_bundle params, whole, parts;
	struct nn_loss_sum sum;
	double largest = 0, worst = 0;

	for (size_t i = 0; i < rows; i++)
		labels[i] = (int32_t)(nn_random_u64(&stream, i) % nn_network_outputs(network));
	figure_alloc(network, &params);
	figure_alloc(network, &whole);
	figure_alloc(network, &parts);
	nn_network_init(network, 3, &params);
	nn_network_reserve(network, rows, &figure_err);
	nn_network_gradient(network, &params,
		&(struct nn_batch){ .x = x, .labels = labels, .rows = rows }, &pass, false, &whole,
		&sum, &figure_err);
	for (size_t i = 0; i < rows; i += part)
		nn_network_gradient(network, &params,
			&(struct nn_batch){ .x = x + i * inputs,
				.labels = labels + i,
				.rows = rows - i < part ? rows - i : part },
			&pass, i > 0, &parts, &sum, &figure_err);
	for (size_t t = 0; t < whole.count; t++) {
		const float *a = nn_bundle_data(&whole, &whole.tensors[t]);
		const float *b = nn_bundle_data(&parts, &parts.tensors[t]);

		largest = 0;
		for (size_t i = 0; i < whole.tensors[t].count; i++)
			largest = fmax(largest, fabs((double)a[i]));
		for (size_t i = 0; i < whole.tensors[t].count; i++)
			worst = fmax(worst, fabs((double)a[i] - (double)b[i]) / largest);
	}
	ok(worst <= 1e-6, "%zu rows by %zu: the parts' sum is the gradient (off by %.2g)", rows,
		part, worst);
	nn_bundle_free(&params);
	nn_bundle_free(&whole);
	nn_bundle_free(&parts);
	nn_network_free(network);
	free(x);
	free(labels);
}

static void check_splits(void)
{
	static const char lenet[] =
		"{\"input\":[28,28],\"layers\":[{\"type\":\"conv2d\",\"filters\":16,\"kernel\":5},"
		"{\"type\":\"relu\"},{\"type\":\"max_pool\",\"kernel\":2},{\"type\":\"conv2d\","
		"\"filters\":32,\"kernel\":5},{\"type\":\"relu\"},{\"type\":\"max_pool\",\"kernel\":2},"
		"{\"type\":\"flatten\"},{\"type\":\"dense\",\"units\":10}],\"loss\":\"cross_entropy\"}";
	static const char small[] =
		"{\"input\":[9,7,5],\"layers\":[{\"type\":\"conv2d\",\"filters\":20,\"kernel\":3,"
		"\"padding\":1},{\"type\":\"tanh\"},{\"type\":\"avg_pool\",\"kernel\":2},"
		"{\"type\":\"conv2d\",\"filters\":24,\"kernel\":3,\"padding\":1},"
		"{\"type\":\"global_avg_pool\"},{\"type\":\"dense\",\"units\":4}],"
		"\"loss\":\"cross_entropy\"}";

	static const char blocks[] =
		"{\"input\":[3,24,24],\"layers\":[{\"type\":\"conv2d\",\"filters\":16,\"kernel\":3,"
		"\"padding\":1},{\"type\":\"relu\"},{\"type\":\"residual\",\"layers\":[{\"type\":\"conv2d\","
		"\"filters\":16,\"kernel\":3,\"padding\":1},{\"type\":\"relu\"},{\"type\":\"conv2d\","
		"\"filters\":16,\"kernel\":3,\"padding\":1}]},{\"type\":\"relu\"},{\"type\":\"max_pool\","
		"\"kernel\":2},{\"type\":\"residual\",\"layers\":[{\"type\":\"conv2d\",\"filters\":32,"
		"\"kernel\":3,\"stride\":2,\"padding\":1},{\"type\":\"relu\"},{\"type\":\"conv2d\","
		"\"filters\":32,\"kernel\":3,\"padding\":1}],\"shortcut\":[{\"type\":\"conv2d\",\"filters\":32,"
		"\"kernel\":1,\"stride\":2},{\"type\":\"tanh\"}]},{\"type\":\"relu\"},"
		"{\"type\":\"global_avg_pool\"},{\"type\":\"dense\",\"units\":5}],"
		"\"loss\":\"cross_entropy\"}";

	check_split(lenet, 150, 64);
	check_split(lenet, 37, 1);
	check_split(small, 700, 64);
	check_split(small, 101, 3);
	check_split(blocks, 45, 1);
	check_split(blocks, 45, 16);
}

/* A loss that is no number, behind a view that has nothing before it. */
static void check_blame(void)
{
	static const struct nn_pass pass = { .training = true };
	struct nn_network *network = figure_parse(
		"{\"input\":[2,2],\"layers\":[{\"type\":\"flatten\"},{\"type\":\"dense\","
		"\"units\":1}],\"loss\":\"mse\"}");
	struct nn_batch batch = { .x = (float[4]){ 1, 2, 3, 4 }, .y = (float[1]){ 0 }, .rows = 1 };
	struct nn_bundle params, grad;
	struct nn_loss_sum sum;

	figure_alloc(network, &params);
	figure_alloc(network, &grad);
	((float *)nn_bundle_data(&params, nn_bundle_find(&params, "1.bias")))[0] = NAN;
	nn_network_reserve(network, 1, &figure_err);
	nn_network_gradient(network, &params, &batch, &pass, false, &grad, &sum, &figure_err);
	ok(nn_network_blame(network, &batch, sum.loss, &figure_err) == NN_BAD &&
			strstr(figure_err.text, "what comes out of layer 1 dense, where row 0"),
		"flatten is not blamed for a loss that is no number");
	nn_bundle_free(&params);
	nn_bundle_free(&grad);
	nn_network_free(network);
}

int main(void)
{
	check_bad_specs();
	check_canonical();
	check_figures(figures, sizeof figures / sizeof figures[0]);
	check_plain_convs();
	check_plain_pools();
	check_nan("{\"type\":\"max_pool\",\"kernel\":2}", 4);
	check_nan("{\"type\":\"max_pool\",\"kernel\":2}", 5);
	check_nan("{\"type\":\"max_pool\",\"kernel\":3,\"stride\":1,\"padding\":1}", 4);
	check_nan("{\"type\":\"max_pool\",\"kernel\":3,\"stride\":2,\"padding\":1}", 5);
	check_nan("{\"type\":\"global_max_pool\"}", 4);
	check_splits();
	check_blame();
	return tap_done();
}
