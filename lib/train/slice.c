#include "train/slice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/vector.h"

#define DEPTH 65 /* of the tree over at most 2^64 shards */

struct block {
	size_t start; /* element */
	size_t count;
	bool statistic; /* see optim.h */
};

struct nn_slicer {
	const struct nn_bundle *params;
	const struct nn_optim_options *options;
	const struct nn_optimizer *optimizer;
	struct block *blocks;
	size_t count;
	float *scratch; /* [DEPTH][NN_SLICE_BLOCK] */
};

static size_t count_blocks(const struct nn_tensor *tensor)
{
	return tensor->count / NN_SLICE_BLOCK + (tensor->count % NN_SLICE_BLOCK > 0);
}

static void cut(struct nn_slicer *slicer)
{
	size_t number = 0;

	for (size_t i = 0; i < slicer->params->count; i++) {
		const struct nn_tensor *tensor = &slicer->params->tensors[i];

		for (size_t at = 0; at < tensor->count; at += NN_SLICE_BLOCK) {
			size_t left = tensor->count - at;

			slicer->blocks[number++] = (struct block){
				tensor->offset / sizeof(float) + at,
				left < NN_SLICE_BLOCK ? left : NN_SLICE_BLOCK,
				nn_is_statistic(tensor->name),
			};
		}
	}
}

int nn_slicer_new(struct nn_slicer **slicer, const struct nn_bundle *params,
	const struct nn_optim_options *options, struct nn_error *err)
{
	struct nn_slicer *new = nn_alloc(1, sizeof *new, err);

	if (!new)
		return NN_FAILED;
	new->params = params;
	new->options = options;
	new->optimizer = nn_optim_find(options->method);
	for (size_t i = 0; i < params->count; i++)
		new->count += count_blocks(&params->tensors[i]);
	new->blocks = nn_alloc(new->count, sizeof *new->blocks, err);
	new->scratch = nn_alloc_aligned(DEPTH * NN_SLICE_BLOCK * sizeof(float), err);
	if (!new->blocks || !new->scratch) {
		nn_slicer_free(new);
		return NN_FAILED;
	}
	cut(new);
	*slicer = new;
	return NN_OK;
}

void nn_slicer_free(struct nn_slicer *slicer)
{
	if (!slicer)
		return;
	free(slicer->blocks);
	free(slicer->scratch);
	free(slicer);
}

size_t nn_slicer_blocks(const struct nn_slicer *slicer)
{
	return slicer->count;
}

/* A block of the sum of the nodes [first, first + count), which make up a node of the tree: what a
 * node has, or the sum of its halves, into scratch of this level. The nodes' ranges say where the
 * halves part: a half is a power of two of shards, and the left one is the larger. */
static const float *sum_block(const struct nn_slicer *slicer, const struct nn_shared *shared,
	const struct nn_shared_node *nodes, size_t count, const struct block *block, size_t level)
{
	uint64_t first = nodes[0].range.first;
	uint64_t shards = nodes[count - 1].range.end - first;
	float *out = slicer->scratch + level * NN_SLICE_BLOCK;
	const float *left;
	const float *right;
	uint64_t half = 1;
	size_t split = 0;

	if (count == 1)
		return nn_shared_buffer(shared, (size_t)nodes[0].buffer) + block->start;
	while (shards - half > half)
		half *= 2;
	while (split < count && nodes[split].range.first < first + half)
		split++;
	left = sum_block(slicer, shared, nodes, split, block, level + 1);
	if (left == out + NN_SLICE_BLOCK) {
		/* The right half works in the same scratch. */
		memcpy(out, left, block->count * sizeof *out);
		left = out;
	}
	right = sum_block(slicer, shared, nodes + split, count - split, block, level + 1);
	nn_vector_add(out, left, right, block->count);
	return out;
}

/* Statistics count in no norm, unless they are no numbers: then there is none. */
static double squares_of(const float *sum, const struct block *block)
{
	double squares = nn_vector_square_sum(sum, block->count);

	return block->statistic && isfinite(squares) ? 0 : squares;
}

static const float *take_sum(const struct nn_slicer *slicer, const struct nn_shared *shared,
	size_t number)
{
	const struct nn_shared_plan *plan = nn_shared_plan(shared);
	const struct block *block = &slicer->blocks[number];
	const float *sum = sum_block(slicer, shared, plan->nodes, (size_t)plan->count, block, 0);

	nn_shared_squares(shared)[number] = squares_of(sum, block);
	return sum;
}

void nn_slice_sum(struct nn_slicer *slicer, struct nn_shared *shared, size_t buffer, size_t from,
	size_t to)
{
	float *out = nn_shared_buffer(shared, buffer);

	for (size_t i = from; i < to; i++) {
		const float *sum = take_sum(slicer, shared, i);

		if (sum != out + slicer->blocks[i].start)
			memcpy(out + slicer->blocks[i].start, sum,
				slicer->blocks[i].count * sizeof *out);
	}
}

/* Parameters and state of a copy, from element `start` on. */
static struct nn_optim_vectors vectors_of(const struct nn_shared *shared, unsigned which,
	size_t start)
{
	struct nn_optim_vectors vectors = { .params = nn_shared_params(shared, which) + start };

	for (size_t k = 0; k < shared->sizes.slot_count; k++)
		vectors.slots[k] =
			(float *)(void *)(nn_shared_state(shared, which) + shared->sizes.slots[k]) +
			start;
	return vectors;
}

bool nn_slice_update(struct nn_slicer *slicer, struct nn_shared *shared, unsigned which,
	size_t from, size_t to)
{
	const struct nn_shared_plan *plan = nn_shared_plan(shared);
	const struct nn_optim_pass pass = { .options = slicer->options,
		.lr = plan->lr,
		.divisor = plan->divisor,
		.t = plan->t,
		.weight = plan->weight };
	bool finite = true;

	for (size_t i = from; i < to; i++) {
		const struct block *block = &slicer->blocks[i];
		const struct nn_optim_vectors old = vectors_of(shared, which, block->start);
		const struct nn_optim_vectors new = vectors_of(shared, !which, block->start);
		const float *sum = take_sum(slicer, shared, i);

		(block->statistic ? nn_optim_move_statistics : slicer->optimizer->update)(&pass,
			&new, &old, sum, block->count);
		finite = finite && nn_vector_nonfinite(new.params, block->count) == block->count;
	}
	return finite;
}

static double add_tensors(const struct nn_slicer *slicer, const double *squares, size_t first,
	size_t count)
{
	size_t left = 1;
	size_t skip = 0;

	if (count == 1)
		return nn_tree_sum(squares, count_blocks(&slicer->params->tensors[first]));
	while (2 * left < count)
		left *= 2;
	for (size_t i = first; i < first + left; i++)
		skip += count_blocks(&slicer->params->tensors[i]);
	return add_tensors(slicer, squares, first, left) +
		add_tensors(slicer, squares + skip, first + left, count - left);
}

double nn_slicer_norm(const struct nn_slicer *slicer, const struct nn_shared *shared)
{
	return sqrt(add_tensors(slicer, nn_shared_squares(shared), 0, slicer->params->count));
}

int nn_slicer_check(const struct nn_slicer *slicer, const struct nn_shared *shared,
	struct nn_error *err)
{
	const struct nn_shared_plan *plan = nn_shared_plan(shared);
	uint64_t end = 0;

	if (shared->sizes.params != slicer->params->bytes || shared->sizes.blocks != slicer->count)
		return nn_fail(err, NN_BAD, "the shared memory is made for another model");
	for (uint64_t i = 0; i < plan->count && i < shared->sizes.buffers; i++) {
		const struct nn_shared_node *node = &plan->nodes[i];

		if (node->buffer >= shared->sizes.buffers || node->range.first != end ||
			!nn_tree_is_node(node->range, plan->shards))
			break;
		end = node->range.end;
	}
	if (!plan->count || end != plan->shards)
		return nn_fail(err, NN_BAD, "the shared memory has no plan for a sum");
	return NN_OK;
}
