/* Optimizers, schedules and clipping against PyTorch in double precision. */
#include <math.h>
#include <stdlib.h>

#include "json/json.h"
#include "optim/optim.h"
#include "tap.h"

#define N 3
#define STEPS 10

struct figure {
	struct nn_optim_options options; /* 0 and NULL: not given */
	double params[STEPS][N];
};
#include "optim-figures.h"

/* In the tables above 0 stands for what was not given. */
static struct nn_optim_options given(struct nn_optim_options options)
{
	double *numbers[] = { &options.lr, &options.momentum, &options.beta1, &options.beta2,
		&options.alpha, &options.epsilon, &options.weight_decay, &options.clip };

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (*numbers[i] == 0)
			*numbers[i] = NAN;
	options.warmup = NN_NOT_GIVEN;
	return options;
}

/* A sum over rows of total weight 4, whose mean is what PyTorch was given. */
static void make_gradient(float *grad, int t)
{
	for (int i = 0; i < N; i++)
		grad[i] = 4 * (float)((7 * t + 5 * i) % 11 - 5) / 8;
}

static double worst_error(const struct figure *figure)
{
	struct nn_optim_options options = given(figure->options);
	const struct nn_optimizer *optimizer;
	struct nn_bundle grad = { 0 };
	struct nn_error err;
	float params[N] = { 0.5f, -1.25f, 2.0f };
	float first[N] = { 0 };
	float second[N] = { 0 };
	struct nn_optim_vectors place = { params, { first, second } };
	double worst = 0;

	if (nn_optim_resolve(&options, NULL, &err) ||
		nn_bundle_add(&grad, "w", NN_F32, 1, &(uint64_t){ N }, &err) ||
		nn_bundle_layout(&grad, &err) || nn_bundle_alloc(&grad, &err))
		return INFINITY;
	optimizer = nn_optim_find(options.method);
	for (int t = 0; t < STEPS; t++) {
		struct nn_optim_pass pass = { &options, nn_schedule_rate(&options, (uint64_t)t), 4,
			(uint64_t)t + 1, 4 };

		make_gradient((float *)(void *)grad.data, t);
		pass.divisor /= nn_clip_factor(nn_gradient_norm(&grad) / 4, options.clip);
		optimizer->update(&pass, &place, &place, (float *)(void *)grad.data, N);
		for (int i = 0; i < N; i++)
			worst = fmax(worst,
				fabs((double)params[i] - figure->params[t][i]) /
					fmax(0.1, fabs(figure->params[t][i])));
	}
	nn_bundle_free(&grad);
	return worst;
}

static void test_resolve(void)
{
	struct nn_optim_options options = nn_optim_no_options;
	struct nn_optim_options stored = nn_optim_no_options;
	struct nn_error err;

	ok(!nn_optim_resolve(&options, NULL, &err) && !strcmp(options.method, "sgd") &&
			options.lr == 0.01,
		"without options: sgd");
	stored.method = "adam";
	stored.lr = 0.5;
	nn_optim_resolve(&stored, NULL, &err);
	options = nn_optim_no_options;
	options.beta1 = 0.7;
	ok(!nn_optim_resolve(&options, &stored, &err) && !strcmp(options.method, "adam") &&
			options.lr == 0.5 && options.beta1 == 0.7 && options.beta2 == 0.999,
		"what is stored need not be repeated, what is given counts");
	options = nn_optim_no_options;
	options.method = "adagrad";
	ok(!nn_optim_resolve(&options, &stored, &err) && options.lr == 0.01,
		"another method begins with its own defaults");
	options = nn_optim_no_options;
	options.momentum = 0.9;
	ok(nn_optim_resolve(&options, NULL, &err) == NN_USAGE, "sgd takes no momentum");
	is_text(err.text, "sgd has no momentum", "and says so");
	options = nn_optim_no_options;
	options.lr = -1;
	ok(nn_optim_resolve(&options, NULL, &err) == NN_USAGE, "a negative learning rate");
}

static void test_json(void)
{
	struct nn_optim_options options = nn_optim_no_options;
	struct nn_optim_options back;
	struct nn_json *document;
	struct nn_buffer text = { 0 };
	struct nn_buffer again = { 0 };
	struct nn_error err;

	options.method = "adamw";
	options.schedule = "cosine:100:1e-5";
	options.warmup = 7;
	nn_optim_resolve(&options, NULL, &err);
	nn_optim_options_write(&text, &options, &err);
	is_text(text.data,
		"{\"method\":\"adamw\",\"lr\":0.001,\"beta1\":0.9,\"beta2\":0.999,"
		"\"epsilon\":1e-08,\"weight_decay\":0.01,\"clip\":0,"
		"\"schedule\":\"cosine:100:1e-5\",\"warmup\":7}",
		"options as JSON");
	ok(!nn_optim_options_read(&back, &document, text.data, &err) &&
			!nn_optim_options_write(&again, &back, &err) &&
			!strcmp(again.data, text.data),
		"and back");
	nn_json_free(document);
	ok(nn_optim_options_read(&back, &document,
		   "{\"method\":\"lion\",\"schedule\":\"constant\","
		   "\"warmup\":0}",
		   &err) == NN_BAD,
		"a method that is not known");
	ok(nn_optim_options_read(&back, &document, "[1]", &err) == NN_BAD, "no object");
	nn_buffer_free(&text);
	nn_buffer_free(&again);
}

static void test_schedule(void)
{
	static const char *const bad[] = { "", "linear", "step", "step:3", "step:0:0.5", "step:3:x",
		"step:3:0.5:1", "cosine", "cosine:", "cosine:0", "cosine:9:", "cosine:-1",
		"constant:1", "constant:", "step:3:-1" };
	struct nn_optim_options options = { .lr = 2, .schedule = "cosine:8:0.5" };
	double worst = 0;
	bool refused = true;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		refused = refused && nn_schedule_check(bad[i], NULL) == NN_USAGE;
	ok(refused, "what is no schedule is refused");
	for (uint64_t t = 0; t < 8; t++)
		worst = fmax(worst,
			fabs(nn_schedule_rate(&options, t) -
				(0.5 + 1.5 * (1 + cos(M_PI * (double)t / 8)) / 2)));
	ok(worst < 1e-15, "cosine: the C library's cosine to the last bits");
	ok(nn_schedule_rate(&options, 8) == 0.5 && nn_schedule_rate(&options, 1000) == 0.5,
		"then its floor");
	options.schedule = "constant";
	options.warmup = 4;
	ok(nn_schedule_rate(&options, 0) == 0.5 && nn_schedule_rate(&options, 3) == 2 &&
			nn_schedule_rate(&options, 4) == 2,
		"warm-up");
	ok(nn_power(0.5, 10) == 0x1p-10 && nn_power(3, 0) == 1, "powers");
}

/* "a" [3], "b.running_mean" [2], "b.running_var" [1], "c" [5]: sums of two rows. */
static void test_statistics(void)
{
	static const struct {
		const char *name;
		uint64_t count;
	} tensors[] = { { "a", 3 }, { "b.running_mean", 2 }, { "b.running_var", 1 }, { "c", 5 } };
	struct nn_optim_options options = { .method = "adam", .lr = 0.5 };
	struct nn_optim_pass pass = { .options = &options,
		.lr = 0.5,
		.divisor = 7,
		.t = 1,
		.weight = 2 };
	enum { ALL = 11 };
	float params[ALL], first[ALL], second[ALL], whole[ALL];
	float pieces[ALL], piece_first[ALL], piece_second[ALL];
	struct nn_optim_vectors from = { params, { first, second } };
	struct nn_bundle grad = { 0 };
	struct nn_error err;
	float *values;
	bool same = true;

	options = given(options);
	nn_optim_resolve(&options, NULL, &err);
	for (size_t i = 0; i < 4; i++)
		nn_bundle_add(&grad, tensors[i].name, NN_F32, 1, &tensors[i].count, &err);
	nn_bundle_layout(&grad, &err);
	nn_bundle_alloc(&grad, &err);
	values = (float *)(void *)grad.data;
	for (size_t i = 0; i < ALL; i++) {
		params[i] = (float)i;
		first[i] = second[i] = 0.25f;
		values[i] = 2;
	}
	ok(nn_gradient_norm(&grad) == sqrt(32), "statistics count in no norm");
	memcpy(pieces, params, sizeof params);
	for (size_t at = 0; at < ALL; at++)
		for (size_t n = 1; n <= ALL - at; n++) {
			struct nn_optim_vectors to = { whole + at,
				{ piece_first + at, piece_second + at } };
			struct nn_optim_vectors here = { params + at, { first + at, second + at } };

			memset(whole, 0, sizeof whole);
			nn_optim_update(nn_optim_find("adam"), &pass, &grad, at, n, &to, &here,
				values + at);
			for (size_t i = at; i < at + n; i++) {
				bool statistic = i >= 3 && i < 6;

				same = same && (whole[i] == params[i] - 1) == statistic &&
					(piece_first[i] == 0.25f) == statistic &&
					(piece_second[i] == 0.25f) == statistic &&
					whole[i] < params[i];
			}
			for (size_t i = 0; i < ALL; i++)
				same = same && ((i >= at && i < at + n) || whole[i] == 0);
		}
	ok(same, "of any range the statistics move by their sum over the weight, and no more");
	nn_optim_update(nn_optim_find("adam"), &pass, &grad, 0, ALL, &from, &from, values);
	ok(params[3] == 2 && first[3] == 0.25f && params[6] < 6 && first[6] != 0.25f,
		"in place too");
	ok(nn_is_statistic("running_x") && nn_is_statistic("1.0.running_mean") &&
			!nn_is_statistic("running.weight") &&
			!nn_is_statistic("0.my_running_mean") && !nn_is_statistic("") &&
			!nn_is_statistic("0.runnin"),
		"a statistic is known by the last part of its name");
	nn_bundle_free(&grad);
}

int main(void)
{
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
		double error = worst_error(&figures[i]);

		ok(error < 1e-6, "case %zu, %s: ten steps of PyTorch, off by %.1e", i,
			figures[i].options.method, error);
	}
	test_resolve();
	test_json();
	test_statistics();
	test_schedule();
	return tap_done();
}
