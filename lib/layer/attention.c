/* Multi-head self-attention (A. Vaswani et al., "Attention is all you need", NeurIPS 2017), with the
 * parameters of torch.nn.MultiheadAttention. Of x [positions, units] the first projection makes
 * queries, keys and values [positions, 3 units], each of as many heads side by side; a head of h
 * numbers puts out P V, P = softmax(Q K^T / sqrt(h)); the second projection takes all heads.
 *
 * P has positions^2 numbers and is never kept: a block of queries' rows at a time is made, in a buffer
 * that stays in the cache, and made again in backward from what is left of each row, its greatest
 * number and the inverse of its sum (T. Dao et al., "FlashAttention", NeurIPS 2022). If causal, a
 * position sees none behind it: what is beyond the block's last query is not even multiplied. */
#include <math.h>
#include <string.h>

#include "layer/layer.h"
#include "layer/linear.h"
#include "layer/product.h"
#include "layer/softmax.h"
#include "layer/types.h"
#include "tensor/vector.h"

enum { HEADS, CAUSAL, INIT, BIAS };                   /* keys */
enum { IN_WEIGHT, IN_BIAS, OUT_WEIGHT, OUT_BIAS };    /* parameters, with bias */
enum { BARE_IN_WEIGHT, BARE_OUT_WEIGHT, BARE_COUNT }; /* and without */

#define LANES NN_SOFTMAX_LANES

/* Queries in a block. */
#define QUERIES 32

static const struct nn_layer_key keys[] = {
	[HEADS] = { .name = "heads", .type = NN_KEY_SIZE, .required = true, .least = 1 },
	[CAUSAL] = { .name = "causal", .type = NN_KEY_FLAG },
	[INIT] = { .name = "init", .type = NN_KEY_CHOICE, .choices = nn_init_names },
	[BIAS] = { .name = "bias", .type = NN_KEY_FLAG, .otherwise = true },
	{ .name = NULL },
};

struct sizes {
	size_t positions;
	size_t units;
	size_t heads;
	size_t head;    /* units of a head */
	size_t rows;    /* that go through all steps together, while they are in the cache */
	size_t queries; /* in a block */
	size_t stride;  /* of a row of P */
};

static struct sizes sizes_of(const struct nn_layer *layer)
{
	struct sizes n = { .positions = (size_t)layer->in.dims[0],
		.units = (size_t)layer->in.dims[1],
		.heads = (size_t)layer->values[HEADS] };

	n.head = n.units / n.heads;
	n.rows = n.positions < NN_LINEAR_BLOCK ? NN_LINEAR_BLOCK / n.positions : 1;
	n.queries = n.positions < QUERIES ? n.positions : QUERIES;
	n.stride = (n.positions + LANES - 1) / LANES * LANES;
	return n;
}

static struct nn_layer_param matrix(const char *name, const struct nn_layer *layer, uint64_t out)
{
	uint64_t units = layer->in.dims[1];

	return (struct nn_layer_param){ .name = name,
		.ndim = 2,
		.shape = { out, units },
		.init = nn_init_of[layer->values[INIT]],
		.fan_in = units,
		.fan_out = out };
}

static struct nn_layer_param offsets(const char *name, uint64_t out)
{
	return (struct nn_layer_param){ .name = name,
		.ndim = 1,
		.shape = { out },
		.init = NN_INIT_ZEROS };
}

static void name_params(struct nn_layer *layer)
{
	bool bias = layer->values[BIAS];
	uint64_t units = layer->in.dims[1];

	layer->params[bias ? IN_WEIGHT : BARE_IN_WEIGHT] =
		matrix("in_proj_weight", layer, 3 * units);
	layer->params[bias ? OUT_WEIGHT : BARE_OUT_WEIGHT] =
		matrix("out_proj.weight", layer, units);
	layer->param_count = BARE_COUNT;
	if (bias) {
		layer->params[IN_BIAS] = offsets("in_proj_bias", 3 * units);
		layer->params[OUT_BIAS] = offsets("out_proj.bias", units);
		layer->param_count += 2;
	}
}

/* Kept a row: queries, keys and values [positions, 3 units]; what the heads put out [positions,
 * units]; of each position and head what P is made from again. */
static size_t saved_of(const struct sizes *n)
{
	return n->positions * (4 * n->units + 2 * n->heads);
}

static int shape(struct nn_layer *layer, struct nn_error *err)
{
	const struct nn_shape *in = &layer->in;
	unsigned long long heads = layer->values[HEADS];
	char text[NN_SHAPE_TEXT];
	struct nn_shape inner;
	struct sizes n;

	if (in->ndim != 2) {
		nn_shape_text(in->ndim, in->dims, text);
		return nn_fail(err, NN_BAD,
			"attention wants [positions, units], but what comes in is %s", text);
	}
	if (in->dims[1] % heads)
		return nn_fail(err, NN_BAD, "%llu units are no multiple of %llu heads",
			(unsigned long long)in->dims[1], heads);
	if (nn_shape_set(&inner, 2, (uint64_t[]){ in->dims[0], 3 * in->dims[1] }, err))
		return nn_fail_in(err, "its queries, keys and values");
	name_params(layer);
	n = sizes_of(layer);
	layer->out = *in;
	layer->causal = layer->values[CAUSAL];
	layer->saved = saved_of(&n);
	layer->rows = nn_linear_rows(n.units, 3 * n.units, n.positions);
	/* Two blocks of P; keys and values; gradients of the rows that go together. */
	layer->scratch = 2 * (n.queries + n.head) * n.stride + 4 * n.rows * n.positions * n.units;
	return NN_OK;
}

static double flops(const struct nn_layer *layer)
{
	struct sizes n = sizes_of(layer);
	double positions = (double)n.positions, units = (double)n.units;
	double seen = layer->values[CAUSAL] ? (positions + 1) / 2 : positions;

	return positions * (8 * units * units + 4 * units * seen);
}

static struct nn_linear linear_of(const struct nn_layer *layer, const struct nn_layer_run *run,
	bool first)
{
	size_t units = (size_t)layer->in.dims[1];

	if (layer->values[BIAS])
		return (struct nn_linear){ .in = units,
			.out = first ? 3 * units : units,
			.weight = run->params[first ? IN_WEIGHT : OUT_WEIGHT],
			.bias = run->params[first ? IN_BIAS : OUT_BIAS] };
	return (struct nn_linear){ .in = units,
		.out = first ? 3 * units : units,
		.weight = run->params[first ? BARE_IN_WEIGHT : BARE_OUT_WEIGHT] };
}

/* One head of one row. Rows of inputs and d_inputs are 3 units long, those of out and d_out one; what
 * belongs to keys and values is `units` and twice `units` behind what belongs to queries. */
struct head {
	struct sizes n;
	bool causal;
	const float *inputs;
	float *out;
	struct nn_softmax_rest *rests;
	const float *d_out;
	float *d_inputs;
	float *scores; /* [queries, stride] */
	float *d_scores;
	float *keys;   /* [head, stride]: transposed, which makes the products with them faster */
	float *values; /* the same */
};

/* Queries start .. start + count - 1, and the keys 0 .. seen - 1 that one of them sees. */
struct block {
	size_t start;
	size_t count;
	size_t seen;
};

static struct block block_at(const struct head *head, size_t start)
{
	size_t left = head->n.positions - start;
	size_t count = left < head->n.queries ? left : head->n.queries;

	return (struct block){ start, count, head->causal ? start + count : head->n.positions };
}

static struct nn_softmax_rows rows_of(const struct head *head, const struct block *block)
{
	return (struct nn_softmax_rows){ .count = block->count,
		.stride = head->n.stride,
		.width = block->seen,
		.length = head->causal ? block->start + 1 : block->seen,
		.more = head->causal };
}

static float scale_of(const struct sizes *n)
{
	return (float)(1 / sqrt((double)n->head));
}

/* to [head, stride] is the transpose of a head's part of keys or values. */
NN_CLONES static void turn(const struct sizes *n, float *restrict to, const float *restrict from)
{
	size_t across = 3 * n->units;
	size_t whole = n->positions / LANES * LANES;

	for (size_t i = 0; i < whole; i += LANES)
		for (size_t j = 0; j < n->head; j++)
			for (size_t lane = 0; lane < LANES; lane++)
				to[j * n->stride + i + lane] = from[(i + lane) * across + j];
	for (size_t i = whole; i < n->positions; i++)
		for (size_t j = 0; j < n->head; j++)
			to[j * n->stride + i] = from[i * across + j];
}

static void make_scores(const struct head *head, const struct block *block)
{
	const struct sizes *n = &head->n;
	size_t across = 3 * n->units;

	nn_product(false, block->count, block->seen, n->head, scale_of(n),
		head->inputs + block->start * across, across, head->keys, n->stride, 0.0f,
		head->scores, n->stride);
}

/* The inverse sums are applied to what comes out, which is less than P. */
static void forward_head(const struct head *head)
{
	const struct sizes *n = &head->n;

	turn(n, head->keys, head->inputs + n->units);
	for (size_t start = 0; start < n->positions; start += n->queries) {
		struct block block = block_at(head, start);
		struct nn_softmax_rows rows = rows_of(head, &block);
		float *out = head->out + start * n->units;

		make_scores(head, &block);
		nn_softmax_exponentials(&rows, head->scores, head->rests + start);
		nn_product(false, block.count, n->head, block.seen, 1.0f, head->scores, n->stride,
			head->inputs + 2 * n->units, 3 * n->units, 0.0f, out, n->units);
		for (size_t i = 0; i < block.count; i++)
			nn_vector_scale(out + i * n->units, out + i * n->units,
				head->rests[start + i].inverse, n->head);
	}
}

/* The sums of p d over rows of P: of what came out, times the gradient with respect to it. */
NN_CLONES static void make_dots(float *dots, const float *out, const float *d_out, size_t count,
	size_t stride, size_t n)
{
	for (size_t i = 0; i < count; i++) {
		double sum = 0;

		for (size_t j = 0; j < n; j++)
			sum += (double)out[i * stride + j] * (double)d_out[i * stride + j];
		dots[i] = (float)sum;
	}
}

/* Gradients with respect to a block's queries, and its part of those with respect to the keys and values
 * that it sees. */
static void backward_block(const struct head *head, const struct block *block, bool first)
{
	const struct sizes *n = &head->n;
	struct nn_softmax_rows rows = rows_of(head, block);
	size_t across = 3 * n->units;
	const float *queries = head->inputs + block->start * across;
	const float *seen = head->inputs + n->units;
	const float *d_out = head->d_out + block->start * n->units;
	float beta = first ? 0.0f : 1.0f;
	float dots[QUERIES];

	make_scores(head, block);
	nn_product(false, block->count, block->seen, n->head, 1.0f, d_out, n->units, head->values,
		n->stride, 0.0f, head->d_scores, n->stride);
	make_dots(dots, head->out + block->start * n->units, d_out, block->count, n->units,
		n->head);
	nn_softmax_backward(&rows, head->scores, head->d_scores, head->rests + block->start, dots);
	nn_product(true, block->seen, n->head, block->count, 1.0f, head->scores, n->stride, d_out,
		n->units, beta, head->d_inputs + 2 * n->units, across);
	nn_product(true, block->seen, n->head, block->count, scale_of(n), head->d_scores, n->stride,
		queries, across, beta, head->d_inputs + n->units, across);
	nn_product(false, block->count, n->head, block->seen, scale_of(n), head->d_scores,
		n->stride, seen, across, 0.0f, head->d_inputs + block->start * across, across);
}

/* From the last block on: that one sees all keys. */
static void backward_head(const struct head *head)
{
	size_t last = (head->n.positions - 1) / head->n.queries;

	turn(&head->n, head->keys, head->inputs + head->n.units);
	turn(&head->n, head->values, head->inputs + 2 * head->n.units);
	for (size_t i = last + 1; i-- > 0;) {
		struct block block = block_at(head, i * head->n.queries);

		backward_block(head, &block, i == last);
	}
}

/* Some rows, which go through all steps together. */
struct part {
	size_t start;
	size_t rows;
};

static struct part part_at(const struct sizes *n, const struct nn_layer_run *run, size_t start)
{
	size_t left = run->rows - start;

	return (struct part){ start, left < n->rows ? left : n->rows };
}

/* Where head `number` of a row is, in what is kept. */
static struct head head_of(const struct nn_layer *layer, const struct nn_layer_run *run, size_t row,
	size_t number)
{
	struct sizes n = sizes_of(layer);
	size_t vectors = run->rows * n.positions;
	float *inputs = run->saved;
	float *out = inputs + 3 * vectors * n.units;
	float *rests = out + vectors * n.units;
	size_t at = row * n.positions;

	return (struct head){ .n = n,
		.causal = layer->values[CAUSAL],
		.inputs = inputs + 3 * at * n.units + number * n.head,
		.out = out + at * n.units + number * n.head,
		.rests = (struct nn_softmax_rest *)(void *)rests +
			(row * n.heads + number) * n.positions,
		.scores = run->scratch,
		.d_scores = run->scratch + n.queries * n.stride,
		.keys = run->scratch + 2 * n.queries * n.stride,
		.values = run->scratch + (2 * n.queries + n.head) * n.stride };
}

static void forward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct nn_linear first = linear_of(layer, run, true);
	struct nn_linear second = linear_of(layer, run, false);
	struct sizes n = sizes_of(layer);
	size_t count = layer->in.count;

	for (struct part part = part_at(&n, run, 0); part.rows;
		part = part_at(&n, run, part.start + part.rows)) {
		size_t vectors = part.rows * n.positions;
		float *inputs = run->saved + 3 * part.start * count;
		float *out = run->saved + (3 * run->rows + part.start) * count;

		nn_linear_forward(&first, run->x + part.start * count, inputs, vectors);
		for (size_t i = 0; i < part.rows * n.heads; i++) {
			struct head head =
				head_of(layer, run, part.start + i / n.heads, i % n.heads);

			forward_head(&head);
		}
		nn_linear_forward(&second, out, run->y + part.start * count, vectors);
	}
}

static void backward_part(const struct nn_layer *layer, const struct nn_layer_run *run,
	const struct part *part)
{
	struct nn_linear first = linear_of(layer, run, true);
	struct nn_linear second = linear_of(layer, run, false);
	struct sizes n = sizes_of(layer);
	size_t count = layer->in.count;
	size_t vectors = part->rows * n.positions;
	const float *dy = run->dy + part->start * count;
	float *d_out = run->scratch + 2 * (n.queries + n.head) * n.stride;
	float *d_inputs = d_out + n.rows * count;
	bool accumulate = part->start || run->accumulate;
	bool bias = layer->values[BIAS];

	nn_linear_gradients(&second, run->saved + (3 * run->rows + part->start) * count, dy,
		vectors, run->grads[bias ? OUT_WEIGHT : BARE_OUT_WEIGHT],
		bias ? run->grads[OUT_BIAS] : NULL, accumulate);
	nn_linear_backward(&second, dy, d_out, vectors);
	for (size_t i = 0; i < part->rows * n.heads; i++) {
		size_t row = i / n.heads;
		struct head head = head_of(layer, run, part->start + row, i % n.heads);

		head.d_out = d_out + row * count + i % n.heads * n.head;
		head.d_inputs = d_inputs + 3 * row * count + i % n.heads * n.head;
		backward_head(&head);
	}
	nn_linear_gradients(&first, run->x + part->start * count, d_inputs, vectors,
		run->grads[bias ? IN_WEIGHT : BARE_IN_WEIGHT], bias ? run->grads[IN_BIAS] : NULL,
		accumulate);
	if (run->dx)
		nn_linear_backward(&first, d_inputs, run->dx + part->start * count, vectors);
}

static void backward(const struct nn_layer *layer, const struct nn_layer_run *run)
{
	struct sizes n = sizes_of(layer);

	for (struct part part = part_at(&n, run, 0); part.rows;
		part = part_at(&n, run, part.start + part.rows))
		backward_part(layer, run, &part);
}

const struct nn_layer_type nn_layer_attention = {
	.name = "attention",
	.keys = keys,
	.spares_y = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.flops = flops,
};
