#include "plan/measure-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "layer/linear.h"
#include "model/cost.h"
#include "optim/optim.h"
#include "tensor/vector.h"
#include "train/places.h"

/* A try is long enough for the clock, and all of them together for the machine to calm down. */
#define TRY 100e-6
#define ALL 3e-3
#define TRIES 15
#define LEAST_TRIES 3
/* Gradients that are written in turns, as a training's are. */
#define TURNS 8
#define FAR_FLOATS ((size_t)4 << 20) /* more than a core's caches hold */
#define NEAR_FLOATS ((size_t)1 << 14)

/* Processor time: others who are at work here must not count. */
double nn_measure_busy(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double nn_measure_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

double nn_measure_seconds(void (*work)(void *context), void *context)
{
	double tries[TRIES];
	double start = nn_measure_busy();
	double one;
	size_t count = 0;
	size_t calls;

	work(context);
	work(context);
	one = (nn_measure_busy() - start) / 2;
	calls = one > 0 && one < TRY ? (size_t)(TRY / one) + 1 : 1;
	start = nn_measure_busy();
	while (count < TRIES && (count < LEAST_TRIES || nn_measure_busy() < start + ALL)) {
		double begin = nn_measure_busy();

		for (size_t i = 0; i < calls; i++)
			work(context);
		tries[count++] = (nn_measure_busy() - begin) / (double)calls;
	}
	qsort(tries, count, sizeof *tries, by_size);
	return tries[(count - 1) / 2];
}

struct room {
	/* As workers share them. */
	float *a;     /* [FAR_FLOATS + LARGEST]: parameters */
	float *grads; /* [GRAD_FLOATS] */
	/* A process's own. */
	float *b, *c; /* [FAR_FLOATS] */
	size_t turn;
};
struct product {
	struct room *room;
	size_t rows, in, out;
	struct nn_linear linear;
};

static void forward(void *context)
{
	struct product *product = context;

	nn_linear_forward(&product->linear, product->room->b, product->room->c, product->rows);
}

static void weights(void *context)
{
	struct product *product = context;
	float *grad = product->room->grads +
		product->room->turn++ % TURNS * (product->in + 1) * product->out;

	nn_linear_gradients(&product->linear, product->room->b, product->room->c, product->rows,
		grad, grad + product->in * product->out, false);
}

static void inputs(void *context)
{
	struct product *product = context;

	nn_linear_backward(&product->linear, product->room->c, product->room->b, product->rows);
}

/* Zeros would stay so, and subnormal numbers are slow: all products begin with numbers around 1. */
static void fill(float *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		values[i] = (float)((i * 2654435761u >> 8) & 0xffff) / 65536.0f - 0.5f;
}

static void measure_products(struct nn_profile_host *host, struct room *room)
{
	size_t at = 0;

	for (size_t r = 0; r < NN_PROFILE_ROWS; r++)
		for (size_t i = 0; i < NN_PROFILE_SIZES; i++)
			for (size_t j = 0; j < NN_PROFILE_SIZES; j++, at++) {
				struct product product = { .room = room,
					.rows = (size_t)nn_profile_rows[r],
					.in = (size_t)nn_profile_sizes[i],
					.out = (size_t)nn_profile_sizes[j] };

				product.linear = (struct nn_linear){ .in = product.in,
					.out = product.out,
					.weight = room->a,
					.bias = room->a };
				fill(room->b, product.rows * product.in);
				host->forward_us[at] = 1e6 * nn_measure_seconds(forward, &product);
				host->weights_us[at] = 1e6 * nn_measure_seconds(weights, &product);
				host->inputs_us[at] = 1e6 * nn_measure_seconds(inputs, &product);
			}
}

static void copy(void *context)
{
	struct room *room = context;

	memcpy(room->c, room->b, FAR_FLOATS * sizeof(float));
}

static void add(void *context)
{
	struct room *room = context;

	nn_vector_add(room->a, room->a, room->b, FAR_FLOATS);
}

static void scale(void *context)
{
	struct room *room = context;

	nn_vector_scale(room->c, room->b, 0.5f, NEAR_FLOATS);
}

#define GATHER 784
static void gather(void *context)
{
	struct room *room = context;
	const unsigned char *bytes = (const unsigned char *)room->a;
	size_t row = room->turn++ * 7919 % (FAR_FLOATS * sizeof(float) / GATHER);

	nn_tensor_to_f32(room->b, bytes + row * GATHER, NN_U8, GATHER);
	nn_vector_scale(room->b, room->b, 1.0f / 255, GATHER);
}

static void measure_memory(struct nn_profile_host *host, struct room *room)
{
	double far = (double)FAR_FLOATS;

	fill(room->a, FAR_FLOATS);
	fill(room->b, FAR_FLOATS);
	host->copy_bytes_per_second = far * sizeof(float) / nn_measure_seconds(copy, room);
	host->add_ns = 1e9 * nn_measure_seconds(add, room) / far;
	/* There and back. */
	host->number_ns = 2e9 * nn_measure_seconds(scale, room) / (double)NEAR_FLOATS;
	host->gather_ns = 1e9 * nn_measure_seconds(gather, room) / GATHER;
}

struct update {
	const struct nn_optimizer *optimizer;
	struct nn_optim_options options;
	struct room *room;
	size_t n;
};

static void update(void *context)
{
	struct update *update = context;
	struct nn_optim_pass pass = { .options = &update->options,
		.lr = 1e-6,
		.divisor = 1000,
		.t = 10,
		.weight = 1000 };
	struct room *room = update->room;
	size_t part = update->n;
	/* From one copy of parameters and state to another. */
	struct nn_optim_vectors from = { room->grads,
		{ room->grads + part, room->grads + 2 * part } };
	struct nn_optim_vectors to = { room->grads + 3 * part,
		{ room->grads + 4 * part, room->grads + 5 * part } };

	update->optimizer->update(&pass, &to, &from, room->a, part);
}

static int measure_updates(struct nn_profile_host *host, struct room *room, struct nn_error *err)
{
	for (size_t i = 0; nn_optim_names[i] && i < NN_PROFILE_METHODS; i++) {
		struct update work = { .optimizer = nn_optim_find(nn_optim_names[i]),
			.options = nn_optim_no_options,
			.room = room };

		work.options.method = nn_optim_names[i];
		if (nn_optim_resolve(&work.options, NULL, err))
			return NN_FAILED;
		for (size_t k = 0; k < 6 * FAR_FLOATS / 4; k++)
			room->grads[k] = 0.5f;
		work.n = NEAR_FLOATS;
		host->update_ns[i] = 1e9 * nn_measure_seconds(update, &work) / (double)work.n;
		work.n = FAR_FLOATS / 4;
		host->update_far_ns[i] = 1e9 * nn_measure_seconds(update, &work) / (double)work.n;
	}
	return NN_OK;
}

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
	fill(x, floats);
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

static int measure_networks(struct nn_profile_host *host, struct nn_error *err)
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

void nn_measure_cpu(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[512];

	snprintf(name, size, "unknown");
	while (file && fgets(line, sizeof line, file)) {
		char *value = strchr(line, ':');

		if (!value || strncmp(line, "model name", 10) != 0)
			continue;
		value += 1 + strspn(value + 1, " \t");
		value[strcspn(value, "\n")] = '\0';
		snprintf(name, size, "%.*s", (int)size - 1, value);
		break;
	}
	if (file)
		fclose(file);
}

/* Memory as workers share it: its pages are small. */
static float *map_floats(size_t count, struct nn_error *err)
{
	void *place = mmap(NULL, count * sizeof(float), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED) {
		nn_fail_errno(err, NN_FAILED, "no room to measure in");
		return NULL;
	}
	fill(place, count);
	return place;
}

#define LARGEST 2048
#define WEIGHT_FLOATS (FAR_FLOATS + LARGEST)
#define GRAD_FLOATS (TURNS * (size_t)(LARGEST + 1) * LARGEST)

static int make_room(struct room *room, struct nn_error *err)
{
	room->a = map_floats(WEIGHT_FLOATS, err);
	room->grads = room->a ? map_floats(GRAD_FLOATS, err) : NULL;
	room->b = nn_alloc_aligned(FAR_FLOATS * sizeof(float), err);
	room->c = nn_alloc_aligned(FAR_FLOATS * sizeof(float), err);
	if (!room->grads || !room->b || !room->c)
		return NN_FAILED;
	fill(room->b, FAR_FLOATS);
	fill(room->c, FAR_FLOATS);
	return NN_OK;
}

static void free_room(struct room *room)
{
	if (room->a)
		munmap(room->a, WEIGHT_FLOATS * sizeof(float));
	free(room->b);
	free(room->c);
	if (room->grads)
		munmap(room->grads, GRAD_FLOATS * sizeof(float));
}

int nn_measure_host(struct nn_profile_host *host, nn_measure_tell *tell, struct nn_error *err)
{
	struct room room = { 0 };
	int status = nn_blas_load(NULL, 0, err);

	if (!status)
		status = make_room(&room, err);
	if (!status) {
		snprintf(host->kernel, sizeof host->kernel, "%s", nn_blas_kernel());
		nn_measure_cpu(host->cpu, sizeof host->cpu);
		host->processors = nn_processors();
		host->memory_bytes =
			(double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
		tell("memory");
		measure_memory(host, &room);
		tell("products");
		measure_products(host, &room);
		tell("updates");
		status = measure_updates(host, &room, err);
	}
	free_room(&room);
	if (!status)
		tell("networks");
	if (!status)
		status = measure_networks(host, err);
	if (!status)
		tell("processes side by side");
	if (!status)
		status = nn_measure_share(host, err);
	return status ? status : nn_measure_frames(host, err);
}
