/* Each number of a row, a token, becomes a vector of its own: the token's row of the weights. */
#include <string.h>

#include "layer/layer.h"
#include "layer/types.h"
#include "tensor/vector.h"

enum { VOCABULARY, UNITS }; /* keys */

/* Positions whose gradients are sorted by token in one go. */
#define BLOCK 16384

/* Whole numbers that a float holds all of. */
#define MOST (1 << 24)

static const struct nn_layer_key keys[] = {
	[VOCABULARY] = { .name = "vocabulary", .type = NN_KEY_TOKENS, .required = true },
	[UNITS] = { .name = "units", .type = NN_KEY_SIZE, .required = true, .least = 1 },
	{ .name = NULL },
};

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	const struct nn_shape *in = &layer->in;
	uint64_t vocabulary = layer->values[VOCABULARY];
	uint64_t units = layer->values[UNITS];
	char text[NN_SHAPE_TEXT];

	if (vocabulary > MOST)
		return nn_fail(err, NN_BAD,
			"a vocabulary of more than %d, which floats cannot count", MOST);
	if (in->ndim != 1) {
		nn_shape_text(in->ndim, in->dims, text);
		return nn_fail(err, NN_BAD, "embedding wants rows of [positions], but they are %s",
			text);
	}
	layer->params[0] = (struct nn_layer_param){ .name = "weight",
		.ndim = 2,
		.shape = { vocabulary, units },
		.init = NN_INIT_SMALL };
	layer->param_count = 1;
	layer->tokens = vocabulary;
	layer->causal = true;
	/* Backward goes through the vocabulary. */
	layer->rows = (size_t)(1 + vocabulary / (16 * in->dims[0]));
	layer->scratch = 2 * BLOCK + (size_t)vocabulary + 1;
	return nn_shape_set(&layer->out, 2, (uint64_t[]){ in->dims[0], units }, err);
}

/* Data are checked before: what is no token here is only kept within the weights. */
static size_t token_of(float x, size_t vocabulary)
{
	if (!(x > 0))
		return 0;
	return x < (float)vocabulary ? (size_t)x : vocabulary - 1;
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t vocabulary = (size_t)layer->values[VOCABULARY];
	size_t units = (size_t)layer->values[UNITS];

	for (size_t i = 0; i < run->rows * layer->in.count; i++)
		memcpy(run->y + i * units, run->params[0] + token_of(run->x[i], vocabulary) * units,
			units * sizeof *run->y);
}

/* Units whose sums are held at a time. */
#define COLUMNS 64

/* to[j] += the sum of dy[places[i]][j], in double and in this order: a token may stand at thousands
 * of positions. */
NN_CLONES static void add_places(float *to, const float *dy, const uint32_t *places, size_t count,
	size_t stride, size_t width)
{
	double sums[COLUMNS] = { 0 };

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < width; j++)
			sums[j] += (double)dy[places[i] * stride + j];
	for (size_t j = 0; j < width; j++)
		to[j] = (float)((double)to[j] + sums[j]);
}

/* Sorts the positions of the block by token, by counting, and adds up those of each. */
static void add_block(const struct nn_layer *layer, const struct nn_layer_run *run, size_t start,
	size_t count)
{
	size_t vocabulary = (size_t)layer->values[VOCABULARY];
	size_t units = (size_t)layer->values[UNITS];
	uint32_t *tokens = (uint32_t *)(void *)run->scratch;
	uint32_t *places = tokens + BLOCK;
	uint32_t *ends = places + BLOCK; /* ends[t + 1]: where those of token t go on */
	uint32_t first = 0;

	memset(ends, 0, (vocabulary + 1) * sizeof *ends);
	for (size_t i = 0; i < count; i++) {
		tokens[i] = (uint32_t)token_of(run->x[start + i], vocabulary);
		ends[tokens[i] + 1]++;
	}
	for (size_t t = 0; t < vocabulary; t++)
		ends[t + 1] += ends[t];
	for (size_t i = 0; i < count; i++)
		places[ends[tokens[i]]++] = (uint32_t)i;
	/* Now ends[t] is behind the last of token t. */
	for (size_t t = 0; t < vocabulary; first = ends[t++])
		for (size_t j = 0; j < units && ends[t] > first; j += COLUMNS)
			add_places(run->grads[0] + t * units + j, run->dy + start * units + j,
				places + first, ends[t] - first, units,
				units - j < COLUMNS ? units - j : COLUMNS);
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	size_t positions = run->rows * layer->in.count;
	size_t weights = (size_t)layer->values[VOCABULARY] * (size_t)layer->values[UNITS];

	if (!run->accumulate)
		memset(run->grads[0], 0, weights * sizeof *run->grads[0]);
	for (size_t start = 0; start < positions; start += BLOCK)
		add_block(layer, run, start, positions - start < BLOCK ? positions - start : BLOCK);
	/* There is no slope along whole numbers. */
	if (run->dx)
		memset(run->dx, 0, positions * sizeof *run->dx);
}

const struct nn_layer_type nn_layer_embedding = {
	.name = "embedding",
	.keys = keys,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
