/* Layers and losses: gradients against PyTorch's figures, and against differences of a plain
 * forward pass in double that shares nothing with the library. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "model/network.h"
#include "tensor/blas.h"

#include "figures/gradients.h"
#include "tap.h"

static struct nn_error err;
static const struct nn_pass pass = { .training = true };

static struct nn_network *parse(const char *spec)
{
	struct nn_network *network;

	if (nn_network_parse(&network, spec, strlen(spec), "spec", &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return network;
}

/* The numbers of figures/gradients.py. */
static void fill(float *values, size_t count, size_t start)
{
	for (size_t i = 0; i < count; i++)
		values[i] = (float)((int)((i * 37 + start * 29 + 11) % 61) - 30) / 16;
}

static float *tensor_of(const struct nn_bundle *bundle, const char *name)
{
	return nn_bundle_data(bundle, nn_bundle_find(bundle, name));
}

/* Every element to 1e-5 of its size; those that cancel to almost nothing, of the tensor's. */
static bool agree(const float *got, const double *want, size_t count)
{
	double largest = 0;
	bool good = true;

	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, fabs(want[i]));
	for (size_t i = 0; i < count; i++) {
		double error = fabs((double)got[i] - want[i]);

		if (!(error <= 1e-5 * fabs(want[i]) || error <= 1e-6 * largest)) {
			printf("# [%zu]: %.9g, wanted %.9g\n", i, (double)got[i], want[i]);
			good = false;
		}
	}
	return good;
}

#define ROWS 5
#define IN 3
#define HIDDEN 4
#define OUT 3

static void check_figure(const struct figure *figure)
{
	static const char *const names[] = { "0.weight", "0.bias", "2.weight", "2.bias" };
	static const size_t counts[] = { HIDDEN * IN, HIDDEN, OUT * HIDDEN, OUT };
	const double *const wants[] = { figure->weight0, figure->bias0, figure->weight2,
		figure->bias2 };
	int32_t labels[ROWS];
	float x[ROWS * IN], y[ROWS * OUT];
	struct nn_bundle params = { 0 };
	struct nn_bundle grad = { 0 };
	struct nn_network *network;
	char spec[256];
	struct nn_loss_sum sum;

	snprintf(spec, sizeof spec,
		"{\"input\":[%d],\"layers\":[{\"type\":\"dense\",\"units\":%d},{\"type\":\"%s\"},"
		"{\"type\":\"dense\",\"units\":%d}],\"loss\":\"%s\"}",
		IN, HIDDEN, figure->activation, OUT, figure->loss);
	network = parse(spec);
	nn_network_layout(network, &params, &err);
	nn_network_layout(network, &grad, &err);
	nn_bundle_alloc(&params, &err);
	nn_bundle_alloc(&grad, &err);
	fill(x, ROWS * IN, 1);
	fill(y, ROWS * OUT, 2);
	for (size_t i = 0; i < 4; i++)
		fill(tensor_of(&params, names[i]), counts[i], i + 3);
	for (int i = 0; i < ROWS; i++)
		labels[i] = i * 2 % OUT;
	nn_network_reserve(network, ROWS, &err);
	nn_network_gradient(network, &params,
		&(struct nn_batch){ .x = x, .y = y, .labels = labels, .rows = ROWS }, &pass, false,
		&grad, &sum, &err);
	ok(fabs(sum.loss - figure->value) <= 1e-6 * figure->value, "%s, %s: the loss is PyTorch's",
		figure->activation, figure->loss);
	for (size_t i = 0; i < 4; i++)
		ok(agree(tensor_of(&grad, names[i]), wants[i], counts[i]),
			"%s, %s: the gradient of %s is PyTorch's", figure->activation, figure->loss,
			names[i]);
	nn_bundle_free(&params);
	nn_bundle_free(&grad);
	nn_network_free(network);
}

/* A plain forward pass of dense, activation, dense, activation, dense, in double. */

enum { TALL = 19, WIDTHS = 4 };
static const size_t widths[WIDTHS] = { 21, 37, 18, 11 };
#define WIDEST 37

struct plain {
	double *weights[WIDTHS - 1];
	double *biases[WIDTHS - 1];
	double (*activation)(double x);
	bool classes;
	const float *x;
	const float *y;
	const int32_t *labels;
};

static double plain_relu(double x)
{
	return x > 0 ? x : 0;
}

static double plain_sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static double plain_gelu(double x)
{
	return x * erfc(-x / sqrt(2)) / 2;
}

static double plain_identity(double x)
{
	return x;
}

static double row_loss(const struct plain *net, const double *out, size_t row)
{
	double sum = 0;

	for (size_t i = 0; i < widths[WIDTHS - 1]; i++)
		sum += net->classes ? exp(out[i]) :
				      pow(out[i] - (double)net->y[row * widths[WIDTHS - 1] + i], 2);
	return net->classes ? log(sum) - out[net->labels[row]] : sum / (double)widths[WIDTHS - 1];
}

static double plain_loss(const struct plain *net)
{
	double loss = 0;

	for (size_t row = 0; row < TALL; row++) {
		double a[WIDEST], b[WIDEST];

		for (size_t i = 0; i < widths[0]; i++)
			a[i] = (double)net->x[row * widths[0] + i];
		for (size_t l = 0; l + 1 < WIDTHS; l++) {
			for (size_t o = 0; o < widths[l + 1]; o++) {
				b[o] = net->biases[l][o];
				for (size_t i = 0; i < widths[l]; i++)
					b[o] += net->weights[l][o * widths[l] + i] * a[i];
			}
			for (size_t o = 0; o < widths[l + 1]; o++)
				a[o] = l + 2 < WIDTHS ? net->activation(b[o]) : b[o];
		}
		loss += row_loss(net, a, row);
	}
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

static double *to_double(const float *values, size_t count)
{
	double *copy = calloc(count, sizeof *copy);

	for (size_t i = 0; i < count; i++)
		copy[i] = (double)values[i];
	return copy;
}

static void check_tensor(const struct plain *net, double *params, const float *got, size_t count,
	const char *activation, const char *name)
{
	double *want = calloc(count, sizeof *want);

	for (size_t i = 0; i < count; i++)
		want[i] = difference(net, &params[i]);
	ok(agree(got, want, count), "%s, %s: the gradient of %s is the loss's difference",
		activation, net->classes ? "cross_entropy" : "mse", name);
	free(want);
}

static void check_differences(const char *name, double (*activation)(double x), bool classes)
{
	struct nn_random stream = nn_random_stream(7, NN_RANDOM_INIT, 1, 2);
	float x[TALL * 21], y[TALL * 11];
	int32_t labels[TALL];
	struct plain net = { .activation = activation,
		.classes = classes,
		.x = x,
		.y = y,
		.labels = labels };
	struct nn_bundle params = { 0 };
	struct nn_bundle grad = { 0 };
	struct nn_network *network;
	char spec[400], text[16];
	struct nn_loss_sum sum;

	snprintf(spec, sizeof spec,
		"{\"input\":[%zu],\"layers\":[{\"type\":\"dense\",\"units\":%zu},{\"type\":\"%s\"},"
		"{\"type\":\"dense\",\"units\":%zu,\"init\":\"he\"},{\"type\":\"%s\"},"
		"{\"type\":\"dense\",\"units\":%zu}],\"loss\":\"%s\"}",
		widths[0], widths[1], name, widths[2], name, widths[3],
		classes ? "cross_entropy" : "mse");
	network = parse(spec);
	nn_network_layout(network, &params, &err);
	nn_network_layout(network, &grad, &err);
	nn_bundle_alloc(&params, &err);
	nn_bundle_alloc(&grad, &err);
	nn_network_init(network, 42, &params);
	for (size_t i = 0; i < TALL * 21; i++)
		x[i] = (float)(3 * nn_random_uniform(&stream, i) - 1.5);
	for (size_t i = 0; i < TALL * 11; i++)
		y[i] = (float)nn_random_uniform(&stream, 1000 + i);
	for (size_t i = 0; i < TALL; i++)
		labels[i] = (int32_t)(nn_random_u64(&stream, 2000 + i) % 11);
	nn_network_reserve(network, TALL, &err);
	nn_network_gradient(network, &params,
		&(struct nn_batch){ .x = x, .y = y, .labels = labels, .rows = TALL }, &pass, false,
		&grad, &sum, &err);
	for (size_t l = 0; l + 1 < WIDTHS; l++) {
		snprintf(text, sizeof text, "%zu.weight", 2 * l);
		net.weights[l] = to_double(tensor_of(&params, text), widths[l] * widths[l + 1]);
		snprintf(text, sizeof text, "%zu.bias", 2 * l);
		net.biases[l] = to_double(tensor_of(&params, text), widths[l + 1]);
	}
	ok(fabs(sum.loss - plain_loss(&net)) <= 1e-6 * sum.loss,
		"%s, %s: the loss is that of a plain pass", name,
		classes ? "cross_entropy" : "mse");
	for (size_t l = 0; l + 1 < WIDTHS; l++) {
		snprintf(text, sizeof text, "%zu.weight", 2 * l);
		check_tensor(&net, net.weights[l], tensor_of(&grad, text),
			widths[l] * widths[l + 1], name, text);
		snprintf(text, sizeof text, "%zu.bias", 2 * l);
		check_tensor(&net, net.biases[l], tensor_of(&grad, text), widths[l + 1], name,
			text);
	}
	for (size_t l = 0; l + 1 < WIDTHS; l++) {
		free(net.weights[l]);
		free(net.biases[l]);
	}
	nn_bundle_free(&params);
	nn_bundle_free(&grad);
	nn_network_free(network);
}

int main(void)
{
	static const struct {
		const char *name;
		double (*plain)(double x);
	} activations[] = { { "relu", plain_relu }, { "tanh", tanh }, { "sigmoid", plain_sigmoid },
		{ "gelu", plain_gelu }, { "identity", plain_identity } };

	if (nn_blas_load(NULL, 0, &err)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
		check_figure(&figures[i]);
	for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++) {
		check_differences(activations[i].name, activations[i].plain, true);
		check_differences(activations[i].name, activations[i].plain, false);
	}
	return tap_done();
}
