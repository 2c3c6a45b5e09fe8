/* Dropout: the mask is the one that nn-model(5) describes, and the gradient follows it. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "layer/layer.h"

#include "tap.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

static struct nn_error err;

enum { ROWS = 3, COUNT = 1031 };

struct masks {
	float y[ROWS * COUNT];
	float dx[ROWS * COUNT];
};

/* Every x and dy is 1. */
static void run(struct masks *out, const char *spec, struct nn_pass pass, uint64_t number)
{
	struct nn_json *json = nn_json_parse(spec, strlen(spec), "spec", &err);
	struct nn_shape in;
	struct nn_layer layer;
	struct nn_layer_run run = { .pass = &pass, .rows = ROWS, .y = out->y, .dx = out->dx };
	float *ones = calloc(ROWS * COUNT, sizeof *ones);

	nn_shape_set(&in, 1, &(uint64_t){ COUNT }, &err);
	if (!json ||
		nn_layer_parse(&layer, json, "layer", &in, &(struct nn_layer_known){ 0 }, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	layer.number = number;
	for (size_t i = 0; i < ROWS * COUNT; i++)
		ones[i] = 1;
	run.x = run.dy = ones;
	run.saved = calloc(ROWS * layer.saved, sizeof *run.saved);
	layer.type->forward(&layer, &run);
	if (pass.training)
		layer.type->backward(&layer, &run);
	free(run.saved);
	free(ones);
	nn_json_free(json);
}

#define QUARTER "{\"type\":\"dropout\",\"rate\":0.25}"
static const struct nn_pass base = { .seed = 11, .step = 22, .shard = 3, .training = true };

/* As the manual has it, by Random123 itself. */
static void check_mask(void)
{
	static struct masks got;
	struct nn_random stream = nn_random_stream(11, NN_RANDOM_DROP, 22, 3);
	philox4x32_key_t key = { { stream.key[0], stream.key[1] } };
	size_t wrong = 0;
	double sum = 0;

	run(&got, QUARTER, base, 7);
	for (uint32_t row = 0; row < ROWS; row++)
		for (uint32_t e = 0; e < COUNT; e++) {
			philox4x32_ctr_t counter = { { e / 4, row, 7, 0 } };
			uint32_t word = philox4x32(counter, key).v[e % 4];
			float want = word < UINT32_C(1) << 30 ? 0 : (float)(1 / 0.75);

			wrong += got.y[row * COUNT + e] != want;
			wrong += got.dx[row * COUNT + e] != want;
			sum += (double)got.y[row * COUNT + e];
		}
	ok(!wrong, "the mask is the one that the manual describes, forward and backward");
	ok(fabs(sum / (ROWS * COUNT) - 1) < 0.04, "the mean is kept (%.3f)", sum / (ROWS * COUNT));
	ok(memcmp(got.y, got.y + COUNT, COUNT * sizeof(float)), "rows have masks of their own");
}

static void check_dependence(void)
{
	static struct masks first, other;
	struct nn_pass pass = base;

	run(&first, QUARTER, base, 7);
	run(&other, QUARTER, base, 7);
	ok(!memcmp(&first, &other, sizeof first), "the same task has the same mask");
	run(&other, QUARTER, base, 8);
	ok(memcmp(&first, &other, sizeof first), "another layer has another");
	pass.seed++;
	run(&other, QUARTER, pass, 7);
	ok(memcmp(&first, &other, sizeof first), "another seed");
	pass = base;
	pass.step++;
	run(&other, QUARTER, pass, 7);
	ok(memcmp(&first, &other, sizeof first), "another step");
	pass = base;
	pass.shard++;
	run(&other, QUARTER, pass, 7);
	ok(memcmp(&first, &other, sizeof first), "another shard");
}

static bool all_ones(const float *values)
{
	for (size_t i = 0; i < ROWS * COUNT; i++)
		if (values[i] != 1)
			return false;
	return true;
}

static void check_rates(void)
{
	static struct masks got;
	size_t kept = 0;

	run(&got, "{\"type\":\"dropout\",\"rate\":0}", base, 0);
	ok(all_ones(got.y) && all_ones(got.dx), "a rate of 0 drops nothing");
	run(&got, "{\"type\":\"dropout\"}", base, 0);
	for (size_t i = 0; i < ROWS * COUNT; i++)
		kept += got.y[i] == 2;
	ok(fabs((double)kept / (ROWS * COUNT) - 0.5) < 0.04, "the rate is a half otherwise");
	run(&got, QUARTER, (struct nn_pass){ .seed = 11 }, 0);
	ok(all_ones(got.y), "a network that is used drops nothing");
}

static void check_words(void)
{
	enum { BLOCKS = 100 };
	struct nn_random stream = nn_random_stream(1, NN_RANDOM_DROP, 2, 3);
	philox4x32_key_t key = { { stream.key[0], stream.key[1] } };
	/* The lower words of the counter overflow on the way. */
	uint64_t low = (UINT64_C(5) << 32) - 50;
	uint64_t high = UINT64_C(0x0123456789abcdef);
	size_t wrong = 0;

	for (size_t blocks = 0; blocks <= BLOCKS; blocks++) {
		uint32_t words[4 * BLOCKS + 1];

		words[4 * blocks] = 42;
		nn_random_words(&stream, low, high, words, blocks);
		for (size_t i = 0; i < blocks; i++) {
			philox4x32_ctr_t counter = { { (uint32_t)(low + i),
				(uint32_t)((low + i) >> 32), (uint32_t)high,
				(uint32_t)(high >> 32) } };

			counter = philox4x32(counter, key);
			wrong += memcmp(counter.v, words + 4 * i, sizeof counter.v) != 0;
		}
		wrong += words[4 * blocks] != 42;
	}
	ok(!wrong, "many words at once are Random123's");
}

int main(void)
{
	check_mask();
	check_dependence();
	check_rates();
	check_words();
	return tap_done();
}
