/* Profiles there and back; forecasts of machines that are made up, counted by hand. */
#include <math.h>
#include <stdlib.h>

#include "optim/optim.h"
#include "plan/predict.h"

#include "tap.h"

static struct nn_error err;

static bool is_near(double got, double want, const char *name)
{
	bool passed = ok(fabs(got - want) <= 1e-6 * fabs(want), "%s: %.6g", name, got);

	if (!passed)
		printf("#      got: %.9g\n# expected: %.9g\n", got, want);
	return passed;
}

/* 100 GFLOP/s, whatever the product, and nothing else takes time. */
static void make_host(struct nn_profile_host *host, double processors)
{
	size_t at = 0;

	memset(host, 0, sizeof *host);
	strcpy(host->name, NN_PROFILE_HERE);
	strcpy(host->kernel, "Test");
	strcpy(host->cpu, "Test");
	host->processors = processors;
	host->memory_bytes = 1e9;
	for (size_t r = 0; r < NN_PROFILE_ROWS; r++)
		for (size_t i = 0; i < NN_PROFILE_SIZES; i++)
			for (size_t o = 0; o < NN_PROFILE_SIZES; o++, at++)
				host->forward_us[at] = host->weights_us[at] = host->inputs_us[at] =
					2 * nn_profile_rows[r] * nn_profile_sizes[i] *
					nn_profile_sizes[o] / 1e5;
	host->copy_bytes_per_second = 1e30;
	host->convolution_flops_per_second = host->attention_flops_per_second = 1e11;
	host->share_count = (size_t)processors;
	for (size_t i = 0; i < host->share_count; i++)
		host->share[i] = 1;
}

static void make_line(struct nn_profile_line *line, double latency_us, double bytes_a_second)
{
	*line = (struct nn_profile_line){ .there = true, .latency_us = latency_us, .count = 2 };
	for (size_t i = 0; i < 2; i++) {
		line->bytes[i] = i ? 1e6 : 1e3;
		line->down_us[i] = line->up_us[i] =
			latency_us + 1e6 * line->bytes[i] / bytes_a_second;
	}
}

static void test_profile(void)
{
	struct nn_profile profile = { .version = "1" };
	struct nn_profile back;
	struct nn_profile_host *host = nn_profile_add(&profile, &err);
	struct nn_buffer text = { 0 }, again = { 0 };

	make_host(host, 3);
	host->exchange_count = 2;
	host->exchange_workers[1] = 2;
	host->near_task_ns[3] = 0.25;
	host->update_far_ns[2] = 1.23456;
	make_line(&host->line, 100, 1e6);
	host->ranks = (struct nn_profile_ranks){ true, 0.5, { 1, 2, 3 }, { 4, 5, 6 } };
	host->models[0] = (struct nn_profile_model){ .spec = 0x123456789abcdef0,
		.count = 1,
		.rows = { 4 },
		.us = { 7 } };
	host->model_count = 1;
	ok(!nn_profile_write(&profile, &text, &err), "a profile is written");
	ok(!nn_profile_read(&back, text.data, text.length, "text", &err), "... and read: %s",
		err.text);
	ok(back.count == 1 && back.hosts[0].models[0].spec == 0x123456789abcdef0 &&
			back.hosts[0].line.there && !back.hosts[0].pipe.there &&
			fabs(back.hosts[0].update_far_ns[2] - 1.235) < 1e-9,
		"what it says is what it said, to four digits");
	ok(back.hosts[0].ranks.there && back.hosts[0].ranks.memory_us[2] > 2 &&
			back.hosts[0].ranks.messages_us[0] > 3,
		"... of ranks of MPI too");
	nn_profile_write(&back, &again, &err);
	is_text(again.data, text.data, "and written again it is the same text");
	ok(nn_profile_find(&back, "alice") == NULL && nn_profile_find(&back, ":") == back.hosts,
		"hosts are found by name");
	nn_buffer_free(&text);
	nn_buffer_free(&again);
	nn_profile_free(&back);
	nn_profile_free(&profile);
}

static const char spec[] = "{\"input\":[256],\"layers\":[{\"type\":\"dense\",\"units\":256,"
			   "\"bias\":false},{\"type\":\"dense\",\"units\":256,\"bias\":false}],"
			   "\"loss\":\"mse\"}";
#define FLOPS (2.0 * 65536 * 5) /* a row: two forward, two and one backward */
#define BYTES (4.0 * 2 * 65536)

/* Ranks on a host that was measured: what two exchange grows with parameters, and with (R - 1) / R. */
static void test_ranks(void)
{
	struct nn_profile_host here;
	struct nn_plan_host place = { &here, 4, true };
	struct nn_plan_setting setting = { .hosts = &place,
		.host_count = 1,
		.coordinator = &here,
		.rows = 65536,
		.batch = 1024,
		.shards = 64 };
	struct nn_plan_way way = { .kind = NN_PLAN_MPI, .workers = 2 };
	struct nn_plan_forecast f;
	struct nn_plan_model model;
	struct nn_network *network;
	double alone = 1024 * FLOPS / 1e11;

	make_host(&here, 4);
	make_line(&setting.line, 1000, 1e6);
	nn_network_parse(&network, spec, strlen(spec), "spec", &err);
	nn_plan_model_new(&model, network, &err);
	setting.model = &model;
	nn_plan_predict(&setting, &way, &f, &err);
	is_near(f.step_seconds, alone / 2, "two ranks that were not measured exchange in no time");
	here.ranks = (struct nn_profile_ranks){ true, 0.5, { 10, 65802, 1049610 }, { 20, 20, 20 } };
	nn_plan_predict(&setting, &way, &f, &err);
	/* By the three points: 10 us, and about one more for each 1 parameter. */
	ok(fabs(f.step_seconds - (alone / 2 + 1e-6 * (2 * 65536 + 10))) < 1e-8,
		"measured, by memory: %.6g", f.step_seconds);
	way.workers = 4;
	nn_plan_predict(&setting, &way, &f, &err);
	ok(fabs(f.step_seconds - (alone / 4 + 1e-6 * (1.5 * 2 * 65536 + 20))) < 1e-8,
		"four: two rounds, and 3/4 of the bytes instead of 1/2: %.6g", f.step_seconds);
	way.workers = 8;
	nn_plan_predict(&setting, &way, &f, &err);
	ok(!f.there && f.step_seconds > 6 * 1e-3 + 2 * 7 / 8.0 * BYTES / 1e6,
		"more than the host has: by the line, and messages: %.6g", f.step_seconds);
	nn_plan_model_free(&model);
	nn_network_free(network);
}

static void test_predict(void)
{
	struct nn_profile_host here, far;
	struct nn_plan_host hosts[2] = { { &here, 64, true }, { &far, 4, false } };
	struct nn_plan_setting setting = { .hosts = hosts,
		.host_count = 1,
		.coordinator = &here,
		.rows = 65536,
		.batch = 1024,
		.shards = 64,
		.grad_ratio = 0.5,
		.model_ratio = 0.5 };
	struct nn_plan_way way = { .kind = NN_PLAN_SYNC, .workers = 1 };
	struct nn_plan_forecast f;
	struct nn_plan_model model;
	struct nn_network *network;

	make_host(&here, 64);
	make_host(&far, 4);
	make_line(&far.line, 1000, 1e6);
	make_line(&setting.line, 1000, 1e6);
	nn_network_parse(&network, spec, strlen(spec), "spec", &err);
	nn_plan_model_new(&model, network, &err);
	setting.model = &model;
	ok(!nn_plan_predict(&setting, &way, &f, &err), "one worker: %s", err.text);
	is_near(f.step_seconds, 1024 * FLOPS / 1e11, "its time is that of its products");
	for (way.workers = 2; way.workers <= 64; way.workers *= 2) {
		nn_plan_predict(&setting, &way, &f, &err);
		is_near(f.speedup, (double)way.workers, "n x T holds where nothing is lost");
	}
	ok(f.loss == NN_PLAN_NOTHING && f.bytes <= 0, "... and nothing crosses");
	ok(!nn_plan_alone(&setting, &setting.alone, &err) && setting.alone > 0 &&
			!nn_plan_predict(&setting, &way, &f, &err),
		"what one takes can be found out beforehand");
	is_near(f.speedup * f.step_seconds, setting.alone, "... and speed-ups are against that");
	setting.alone = 0;
	/* A task takes 10 us or so, and nobody lives as long. */
	setting.mtbf = 1e-7;
	ok(!nn_plan_predict(&setting, &way, &f, &err) && isinf(f.step_seconds) &&
			f.loss == NN_PLAN_FAILURES,
		"tasks longer than any worker lives never end");
	setting.mtbf = 0;
	way.workers = 48;
	nn_plan_predict(&setting, &way, &f, &err);
	is_near(f.speedup, 32, "64 shards take 48 workers two rounds");
	ok(f.loss == NN_PLAN_SHARDS, "... which is said: %s", nn_plan_loss_text(f.loss));

	/* C = k b: 2 models and 4 gradients through one line of 1 MB/s; the gradients go while others are
	 * computed, two at a time. */
	setting.hosts = &hosts[1];
	setting.shards = 4;
	way.workers = 2;
	nn_plan_predict(&setting, &way, &f, &err);
	is_near(f.messages, 6, "k is a model a worker and a gradient a shard");
	is_near(f.bytes, 6 * BYTES, "C = k b");
	ok(f.step_seconds > 6 * BYTES / 1e6 && f.step_seconds < 6 * BYTES / 1e6 + 0.05,
		"... and the line takes that time: %.3f s", f.step_seconds);
	ok(f.loss == NN_PLAN_LINE, "the line is full");
	way.kind = NN_PLAN_PACKED;
	nn_plan_predict(&setting, &way, &f, &err);
	is_near(f.bytes, 3 * BYTES, "packed: half of it");
	way.kind = NN_PLAN_LOCAL;
	way.local_steps = 10;
	nn_plan_predict(&setting, &way, &f, &err);
	is_near(f.bytes, 0.6 * BYTES, "ten local steps: a tenth of it");
	ok(!f.same_bits, "... and another model");

	way = (struct nn_plan_way){ .kind = NN_PLAN_STAGES, .workers = 1, .stages = 3 };
	ok(nn_plan_predict(&setting, &way, &f, &err) == NN_USAGE, "more stages than layers");
	way.workers = 0;
	ok(nn_plan_predict(&setting, &way, &f, &err) == NN_USAGE, "no workers");
	nn_plan_model_free(&model);
	nn_network_free(network);
}

int main(void)
{
	test_profile();
	test_ranks();
	test_predict();
	return tap_done();
}
