/* What transformers are made of: gradients against PyTorch's figures and against differences of a plain
 * forward pass in double; rows in one task or in several; tokens that are none; specs. */
#include "figures.h"

#include "base/random.h"

#include "figures/attention.h"

#define EMBEDDING "{\"type\":\"embedding\",\"vocabulary\":5,\"units\":6}"
#define DENSE "{\"type\":\"dense\",\"units\":2,\"per_position\":true}"

/* What is refused, and what the message says. */
static const struct {
	const char *spec;
	const char *text;
} bad[] = {
	{ "{\"input\":[7],\"layers\":[{\"type\":\"embedding\",\"units\":6}],\"loss\":\"mse\"}",
		"layers[0].vocabulary: missing" },
	{ "{\"input\":[7],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":6}],\"loss\":\"mse\"}",
		"layers[0].units: missing" },
	{ "{\"input\":[7],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":0,\"units\":6}],"
	  "\"loss\":\"mse\"}",
		"layers[0].vocabulary: 0 is not a whole number from 1" },
	{ "{\"input\":[7],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":16777217,\"units\":1}],"
	  "\"loss\":\"mse\"}",
		"layers[0]: a vocabulary of more than 16777216, which floats cannot count" },
	{ "{\"input\":[28,28],\"layers\":[" EMBEDDING "],\"loss\":\"mse\"}",
		"layers[0]: embedding wants rows of [positions], but they are [28, 28]" },
	{ "{\"input\":[1,7],\"layers\":[" EMBEDDING "],\"loss\":\"mse\"}",
		"layers[0]: embedding wants rows of [positions], but they are [1, 7]" },
	{ "{\"input\":[400000000],\"layers\":[" EMBEDDING "],\"loss\":\"mse\"}",
		" are more than 2147483647 numbers in a row" },
	{ "{\"input\":[7],\"layers\":[{\"type\":\"tanh\"}," EMBEDDING "],\"loss\":\"mse\"}",
		"layers[1]: embedding takes the numbers of tokens, so it must be first" },
	{ "{\"input\":[7],\"layers\":[{\"type\":\"position_embedding\"}],\"loss\":\"mse\"}",
		"layers[0]: position_embedding wants [positions, units], but what comes in is [7]" },
	{ "{\"input\":[2,3,4],\"layers\":[{\"type\":\"position_embedding\"}],\"loss\":\"mse\"}",
		"position_embedding wants [positions, units], but what comes in is [2, 3, 4]" },
	{ "{\"input\":[2,3],\"layers\":[{\"type\":\"position_embedding\",\"units\":3}],"
	  "\"loss\":\"mse\"}",
		"layers[0].units: unknown key; known are type" },
	{ "{\"input\":[7,6],\"layers\":[{\"type\":\"attention\"}],\"loss\":\"mse\"}",
		"layers[0].heads: missing" },
	{ "{\"input\":[7,6],\"layers\":[{\"type\":\"attention\",\"heads\":4}],\"loss\":\"mse\"}",
		"layers[0]: 6 units are no multiple of 4 heads" },
	{ "{\"input\":[7,6],\"layers\":[{\"type\":\"attention\",\"heads\":12}],\"loss\":\"mse\"}",
		"layers[0]: 6 units are no multiple of 12 heads" },
	{ "{\"input\":[7,6],\"layers\":[{\"type\":\"attention\",\"heads\":0}],\"loss\":\"mse\"}",
		"layers[0].heads: 0 is not a whole number from 1" },
	{ "{\"input\":[6],\"layers\":[{\"type\":\"attention\",\"heads\":2}],\"loss\":\"mse\"}",
		"layers[0]: attention wants [positions, units], but what comes in is [6]" },
	{ "{\"input\":[7,6,2],\"layers\":[{\"type\":\"attention\",\"heads\":2}],\"loss\":\"mse\"}",
		"attention wants [positions, units], but what comes in is [7, 6, 2]" },
	{ "{\"input\":[7,6],\"layers\":[{\"type\":\"attention\",\"heads\":2,\"causal\":1}],"
	  "\"loss\":\"mse\"}",
		"layers[0].causal: a number where true or false is wanted" },
	{ "{\"input\":[7,6],\"layers\":[{\"type\":\"attention\",\"heads\":2,\"mask\":true}],"
	  "\"loss\":\"mse\"}",
		"layers[0].mask: unknown key; known are type, heads, causal, init, bias" },
	{ "{\"input\":[30000,30000],\"layers\":[{\"type\":\"attention\",\"heads\":2}],"
	  "\"loss\":\"mse\"}",
		" are more than 2147483647 numbers in a row" },
};

static void check_bad_specs(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		figure_refused(bad[i].spec, bad[i].text);
}

static void check_canonical(void)
{
	static const char spec[] =
		"{\"input\":[3],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":5,\"units\":6},"
		"{\"type\":\"position_embedding\"},{\"type\":\"attention\",\"heads\":2,"
		"\"causal\":true,\"init\":\"he\",\"bias\":false},{\"type\":\"attention\",\"heads\":1,"
		"\"causal\":false,\"init\":\"glorot\",\"bias\":true}],\"loss\":\"cross_entropy\"}";
	struct nn_network *network = figure_parse(spec);
	struct nn_bundle params;

	is_text(nn_network_spec(network), spec, "specs are written out canonically");
	ok(nn_network_tokens(network) == 5 && nn_network_positions(network) == 3 &&
			nn_network_outputs(network) == 6,
		"tokens, positions, outputs");
	figure_alloc(network, &params);
	nn_network_init(network, 3, &params);
	ok(params.count == 8 && nn_bundle_find(&params, "2.in_proj_weight")->shape[0] == 18 &&
			nn_bundle_find(&params, "3.in_proj_bias")->shape[0] == 18 &&
			nn_bundle_find(&params, "3.out_proj.weight")->shape[1] == 6 &&
			nn_bundle_find(&params, "3.out_proj.bias")->shape[0] == 6 &&
			!nn_bundle_find(&params, "2.out_proj.bias"),
		"parameters are named and shaped as PyTorch's");
	nn_bundle_free(&params);
	nn_network_free(network);
}

/* One gradient of a network of its own. */
struct once {
	struct nn_network *network;
	struct nn_bundle params;
	struct nn_bundle grad;
	struct nn_loss_sum sum;
};

static void set_up(struct once *once, const char *spec, size_t rows)
{
	once->network = figure_parse(spec);
	figure_alloc(once->network, &once->params);
	figure_alloc(once->network, &once->grad);
	nn_network_init(once->network, 7, &once->params);
	if (nn_network_reserve(once->network, rows, &figure_err))
		figure_bail();
}

static void run(struct once *once, const float *x, const float *y, const int32_t *labels,
	size_t rows, bool accumulate)
{
	static const struct nn_pass pass = { .training = true };

	if (nn_network_gradient(once->network, &once->params,
		    &(struct nn_batch){ .x = x, .y = y, .labels = labels, .rows = rows }, &pass,
		    accumulate, &once->grad, &once->sum, &figure_err))
		figure_bail();
}

static void tear_down(struct once *once)
{
	nn_bundle_free(&once->params);
	nn_bundle_free(&once->grad);
	nn_network_free(once->network);
}

static float *values_of(const struct nn_bundle *bundle, const char *name)
{
	return nn_bundle_data(bundle, nn_bundle_find(bundle, name));
}

static void draw(float *values, size_t count, uint64_t stream, double size)
{
	struct nn_random random = nn_random_stream(11, NN_RANDOM_ORDER, stream, 0);

	for (size_t i = 0; i < count; i++)
		values[i] = (float)(size * (2 * nn_random_uniform(&random, i) - 1));
}

static void draw_tokens(float *values, size_t count, uint64_t stream, uint64_t vocabulary)
{
	struct nn_random random = nn_random_stream(11, NN_RANDOM_ORDER, stream, 0);

	for (size_t i = 0; i < count; i++)
		values[i] = (float)(nn_random_u64(&random, i) % vocabulary);
}

static const char transformer[] =
	"{\"input\":[33],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":13,\"units\":12},"
	"{\"type\":\"position_embedding\"},{\"type\":\"residual\",\"layers\":[{\"type\":\"layer_norm\"},{\"type\":\"attention\","
	"\"heads\":3,\"causal\":true}]},{\"type\":\"residual\",\"layers\":[{\"type\":\"layer_norm\"},{\"type\":\"dense\","
	"\"units\":24,\"per_position\":true},{\"type\":\"gelu\"},{\"type\":\"dense\",\"units\":12,"
	"\"per_position\":true}]},{\"type\":\"dense\",\"units\":13,\"per_position\":true}],"
	"\"loss\":\"cross_entropy\"}";

/* Is the sum of the parts' gradients, in double, the whole's, tensor by tensor? */
static void check_sums(const struct once *whole, const double *sums, double loss, const char *name)
{
	double worst = 0;

	for (size_t t = 0; t < whole->grad.count; t++) {
		const struct nn_tensor *tensor = &whole->grad.tensors[t];
		const float *values = nn_bundle_data(&whole->grad, tensor);
		size_t first = tensor->offset / sizeof(float);
		double largest = 0, off = 0;

		for (size_t i = 0; i < tensor->count; i++) {
			largest = fmax(largest, fabs((double)values[i]));
			off = fmax(off, fabs((double)values[i] - sums[first + i]));
		}
		worst = fmax(worst, off / largest);
	}
	ok(worst <= 1e-6, "%s: parts add up to the whole's gradient (off by %.2g)", name, worst);
	ok(fabs(loss - whole->sum.loss) <= 1e-6 * loss, "%s: and to its loss", name);
}

/* Rows in one task, and in three of unlike sizes. */
static void check_parts(const char *spec, size_t rows, const char *name)
{
	struct once once;
	struct nn_bundle kept;
	size_t ends[] = { rows / 7, rows / 2, rows };
	size_t positions, start = 0, count;
	double *sums, loss = 0;
	float *x;
	int32_t *labels;

	set_up(&once, spec, rows);
	figure_alloc(once.network, &kept);
	positions = nn_network_inputs(once.network);
	count = once.grad.bytes / sizeof(float);
	sums = calloc(count, sizeof *sums);
	x = calloc(rows * positions, sizeof *x);
	labels = calloc(rows * positions, sizeof *labels);
	draw_tokens(x, rows * positions, 1, nn_network_tokens(once.network));
	for (size_t i = 0; i < rows * positions; i++)
		labels[i] = (int32_t)(i * i % nn_network_outputs(once.network));
	for (size_t part = 0; part < 3; part++) {
		run(&once, x + start * positions, NULL, labels + start * positions,
			ends[part] - start, false);
		for (size_t i = 0; i < count; i++)
			sums[i] += (double)((float *)(void *)once.grad.data)[i];
		loss += once.sum.loss;
		start = ends[part];
	}
	run(&once, x, NULL, labels, rows, false);
	check_sums(&once, sums, loss, name);
	memcpy(kept.data, once.grad.data, kept.bytes);
	run(&once, x, NULL, labels, rows, false);
	ok(!memcmp(kept.data, once.grad.data, kept.bytes), "%s: the same task, the same bits",
		name);
	run(&once, x, NULL, labels, rows, true);
	for (size_t i = 0; i < count; i++)
		sums[i] = 2 * (double)((float *)(void *)kept.data)[i];
	once.sum.loss *= 2;
	loss = once.sum.loss;
	check_sums(&once, sums, loss, "added to itself");
	free(sums);
	free(x);
	free(labels);
	nn_bundle_free(&kept);
	tear_down(&once);
}

/* A row's outputs are its own, whatever else is in the task; and, if causal, those of a position do not
 * know what is behind it. */
static void check_causal(void)
{
	struct once once;
	float x[2 * 33], kept[33 * 13];
	const float *out;
	bool same = true;

	set_up(&once, transformer, 2);
	draw_tokens(x, 2 * 33, 2, 13);
	out = nn_network_forward(once.network, &once.params, x, 2);
	memcpy(kept, out + 33 * 13, sizeof kept);
	for (size_t i = 33 + 20; i < 2 * 33; i++)
		x[i] = (float)(((int)x[i] + 1) % 13);
	out = nn_network_forward(once.network, &once.params, x, 2);
	for (size_t i = 0; i < 20 * 13; i++)
		same = same && kept[i] == out[33 * 13 + i];
	ok(same, "causal: a position's outputs do not depend on what is behind it");
	ok(kept[20 * 13] != out[33 * 13 + 20 * 13], "but on itself");
	tear_down(&once);
}

/* Nothing is read or written out of bounds: the sanitizers look. */
static void check_strange_tokens(void)
{
	struct once once;
	float x[33] = { -1, 13, 1e30F, -1e30F, 12.999F, 0.5F };
	int32_t labels[33] = { 0 };

	x[6] = (float)NAN;
	x[7] = (float)INFINITY;
	x[8] = -(float)INFINITY;
	set_up(&once, transformer, 1);
	run(&once, x, NULL, labels, 1, false);
	ok(isfinite(once.sum.loss), "numbers that are no tokens index nothing");
	tear_down(&once);
}

/* Differences of a plain forward pass: dense, attention, dense, mean squared error. */

enum { PLAIN_T = 67, PLAIN_IN = 2, PLAIN_D = 9, PLAIN_HEADS = 3, PLAIN_ROWS = 2 };
#define PLAIN_H (PLAIN_D / PLAIN_HEADS)

struct plain {
	bool causal;
	const float *x;
	const float *y;
	double first_weight[PLAIN_D * PLAIN_IN], first_bias[PLAIN_D];
	double in_weight[3 * PLAIN_D * PLAIN_D], in_bias[3 * PLAIN_D];
	double out_weight[PLAIN_D * PLAIN_D], out_bias[PLAIN_D];
};

static void plain_linear(double *out, const double *in, const double *weight, const double *bias,
	size_t outs, size_t ins)
{
	for (size_t o = 0; o < outs; o++) {
		out[o] = bias[o];
		for (size_t i = 0; i < ins; i++)
			out[o] += weight[o * ins + i] * in[i];
	}
}

static double plain_row(const struct plain *net, const float *x, const float *y)
{
	static double qkv[PLAIN_T][3 * PLAIN_D];
	double loss = 0;

	for (size_t t = 0; t < PLAIN_T; t++) {
		double in[PLAIN_IN], hidden[PLAIN_D];

		for (size_t i = 0; i < PLAIN_IN; i++)
			in[i] = (double)x[t * PLAIN_IN + i];
		plain_linear(hidden, in, net->first_weight, net->first_bias, PLAIN_D, PLAIN_IN);
		plain_linear(qkv[t], hidden, net->in_weight, net->in_bias, 3 * PLAIN_D, PLAIN_D);
	}
	for (size_t t = 0; t < PLAIN_T; t++) {
		double heads[PLAIN_D] = { 0 }, out[PLAIN_D];

		for (size_t h = 0; h < PLAIN_D; h += PLAIN_H) {
			double sum = 0;

			for (size_t s = 0; s <= (net->causal ? t : PLAIN_T - 1); s++) {
				double score = 0, e;

				for (size_t i = h; i < h + PLAIN_H; i++)
					score += qkv[t][i] * qkv[s][PLAIN_D + i];
				e = exp(score / sqrt(PLAIN_H));
				sum += e;
				for (size_t i = h; i < h + PLAIN_H; i++)
					heads[i] += e * qkv[s][2 * PLAIN_D + i];
			}
			for (size_t i = h; i < h + PLAIN_H; i++)
				heads[i] /= sum;
		}
		plain_linear(out, heads, net->out_weight, net->out_bias, PLAIN_D, PLAIN_D);
		for (size_t i = 0; i < PLAIN_D; i++)
			loss += pow(out[i] - (double)y[t * PLAIN_D + i], 2);
	}
	return loss / (PLAIN_T * PLAIN_D);
}

static double plain_loss(const struct plain *net)
{
	double loss = 0;

	for (size_t row = 0; row < PLAIN_ROWS; row++)
		loss += plain_row(net, net->x + row * PLAIN_T * PLAIN_IN,
			net->y + row * PLAIN_T * PLAIN_D);
	return loss;
}

static double difference(const struct plain *net, double *param)
{
	double kept = *param;
	double step = 1e-5;
	double up, down;

	*param = kept + step;
	up = plain_loss(net);
	*param = kept - step;
	down = plain_loss(net);
	*param = kept;
	return (up - down) / (2 * step);
}

static void check_differences(bool causal)
{
	static float x[PLAIN_ROWS * PLAIN_T * PLAIN_IN], y[PLAIN_ROWS * PLAIN_T * PLAIN_D];
	static struct plain net;
	struct {
		const char *name;
		double *params;
		size_t count;
	} tensors[] = { { "0.weight", net.first_weight, PLAIN_D * PLAIN_IN },
		{ "0.bias", net.first_bias, PLAIN_D },
		{ "1.in_proj_weight", net.in_weight, 3 * PLAIN_D * PLAIN_D },
		{ "1.in_proj_bias", net.in_bias, 3 * PLAIN_D },
		{ "1.out_proj.weight", net.out_weight, PLAIN_D * PLAIN_D },
		{ "1.out_proj.bias", net.out_bias, PLAIN_D } };
	double want[3 * PLAIN_D * PLAIN_D];
	struct once once;
	char spec[400];

	snprintf(spec, sizeof spec,
		"{\"input\":[%d,%d],\"layers\":[{\"type\":\"dense\",\"units\":%d,"
		"\"per_position\":true},{\"type\":\"attention\",\"heads\":%d,\"causal\":%s}],"
		"\"loss\":\"mse\"}",
		PLAIN_T, PLAIN_IN, PLAIN_D, PLAIN_HEADS, causal ? "true" : "false");
	set_up(&once, spec, PLAIN_ROWS);
	draw(x, sizeof x / sizeof x[0], 3, 1.5);
	draw(y, sizeof y / sizeof y[0], 4, 1);
	net.causal = causal;
	net.x = x;
	net.y = y;
	for (size_t t = 0; t < sizeof tensors / sizeof tensors[0]; t++) {
		float *values = values_of(&once.params, tensors[t].name);

		draw(values, tensors[t].count, 10 + t, 0.8);
		for (size_t i = 0; i < tensors[t].count; i++)
			tensors[t].params[i] = (double)values[i];
	}
	run(&once, x, y, NULL, PLAIN_ROWS, false);
	ok(fabs(once.sum.loss - plain_loss(&net)) <= 1e-6 * once.sum.loss,
		"%s: the loss is that of a plain pass", causal ? "causal" : "not causal");
	for (size_t t = 0; t < sizeof tensors / sizeof tensors[0]; t++) {
		for (size_t i = 0; i < tensors[t].count; i++)
			want[i] = difference(&net, &tensors[t].params[i]);
		ok(figure_agree(values_of(&once.grad, tensors[t].name), want, tensors[t].count, 1),
			"%s: the gradient of %s is the loss's difference",
			causal ? "causal" : "not causal", tensors[t].name);
	}
	tear_down(&once);
}

int main(void)
{
	static const char one_word[] =
		"{\"input\":[128],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":2,\"units\":70},"
		"{\"type\":\"dense\",\"units\":3,\"per_position\":true}],\"loss\":\"cross_entropy\"}";

	check_bad_specs();
	check_canonical();
	check_figures(figures, sizeof figures / sizeof figures[0]);
	check_parts(transformer, 37, "a transformer");
	check_parts(one_word, 100, "two tokens thousands of times");
	check_causal();
	check_strange_tokens();
	check_differences(false);
	check_differences(true);
	return tap_done();
}
