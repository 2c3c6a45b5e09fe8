/* y = x m / (1 - rate), each m being 0 with probability `rate`, else 1; a network that is used, not
 * trained, drops nothing (N. Srivastava et al., "Dropout", JMLR 15, 2014).
 *
 * Element e of row r has word e mod 4 that Philox makes of the stream (seed, NN_RANDOM_DROP, step, shard)
 * and the counter (2^32 r + e / 4, layer), and is dropped if the word is below 2^32 rate: nn-model(5)
 * says so. */
#include <string.h>

#include "base/random.h"
#include "layer/activation.h"
#include "layer/types.h"

enum { RATE }; /* key */

static const struct nn_layer_key keys[] = {
	[RATE] = { .name = "rate", .type = NN_KEY_NUMBER, .number = 0.5, .low = 0, .high = 1 },
	{ .name = NULL },
};

/* A byte for each element says whether it is kept. */
static int shape(struct nn_layer *layer, struct nn_error *err)
{
	if (nn_layer_number(layer, RATE) >= 1)
		return nn_fail(err, NN_BAD, "a rate of 1 leaves nothing");
	layer->out = layer->in;
	layer->causal = true;
	layer->saved = (layer->in.count + sizeof(float) - 1) / sizeof(float);
	return NN_OK;
}

static float scale_of(const struct nn_layer *layer)
{
	return (float)(1 / (1 - nn_layer_number(layer, RATE)));
}

NN_CLONES static void drop(float *restrict y, unsigned char *restrict kept, const float *restrict x,
	const uint32_t *restrict words, uint32_t threshold, float scale, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		kept[i] = words[i] >= threshold;
		y[i] = x[i] * (words[i] >= threshold ? scale : 0.0f);
	}
}

/* dx may be dy. */
NN_CLONES static void backward_loop(float *dx, const float *dy, const unsigned char *restrict kept,
	float scale, size_t n)
{
	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++)
		dx[i] = dy[i] * (kept[i] ? scale : 0.0f);
}

#define WORDS 512

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	const struct nn_pass *pass = run->pass;
	struct nn_random stream =
		nn_random_stream(pass->seed, NN_RANDOM_DROP, pass->step, pass->shard);
	uint32_t threshold = (uint32_t)(nn_layer_number(layer, RATE) * 0x1p32);
	float scale = scale_of(layer);
	size_t count = layer->in.count;
	uint32_t words[WORDS];

	if (!pass->training) {
		memcpy(run->y, run->x, run->rows * count * sizeof *run->y);
		return;
	}
	for (size_t row = 0; row < run->rows; row++)
		for (size_t i = 0; i < count; i += WORDS) {
			size_t n = count - i < WORDS ? count - i : WORDS;
			unsigned char *kept =
				(unsigned char *)(run->saved + row * layer->saved) + i;

			nn_random_words(&stream, (uint64_t)(run->first + row) << 32 | i / 4,
				layer->number, words, (n + 3) / 4);
			drop(run->y + row * count + i, kept, run->x + row * count + i, words,
				threshold, scale, n);
		}
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t count = layer->in.count;

	for (size_t row = 0; row < run->rows && run->dx; row++)
		backward_loop(run->dx + row * count, run->dy + row * count,
			(const unsigned char *)(run->saved + row * layer->saved), scale_of(layer),
			count);
}

const struct nn_layer_type nn_layer_dropout = {
	.name = "dropout",
	.keys = keys,
	.in_place = true,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
