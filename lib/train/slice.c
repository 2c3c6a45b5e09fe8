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

/* A block of the sum of the sources [first, first + count), which make up a node of the tree: what a
 * source has, or the sum of its halves, into scratch of this level. The ranges say where the halves
 * part: a half is a power of two of shards, and the left one is the larger. */
static const float *sum_block(const struct nn_slicer *slicer, const struct nn_slice_source *sources,
	size_t count, const struct block *block, size_t level)
{
	uint64_t first = sources[0].range.first;
	uint64_t shards = sources[count - 1].range.end - first;
	float *out = slicer->scratch + level * NN_SLICE_BLOCK;
	const float *left;
	const float *right;
	uint64_t half = 1;
	size_t split = 0;

	if (count == 1)
		return sources[0].sum + (block->start - sources[0].first);
	while (shards - half > half)
		half *= 2;
	while (split < count && sources[split].range.first < first + half)
		split++;
	left = sum_block(slicer, sources, split, block, level + 1);
	if (left == out + NN_SLICE_BLOCK) {
		/* The right half works in the same scratch. */
		memcpy(out, left, block->count * sizeof *out);
		left = out;
	}
	right = sum_block(slicer, sources + split, count - split, block, level + 1);
	nn_vector_add(out, left, right, block->count);
	return out;
}

/* Statistics count in no norm, unless they are no numbers: then there is none. */
static double squares_of(const float *sum, const struct block *block)
{
	double squares = nn_vector_square_sum(sum, block->count);

	return block->statistic && isfinite(squares) ? 0 : squares;
}

static const float *take_sum(const struct nn_slicer *slicer, const struct nn_slice_sum *sum,
	size_t number)
{
	const struct block *block = &slicer->blocks[number];
	const float *values = sum_block(slicer, sum->sources, sum->count, block, 0);

	sum->squares[number] = squares_of(values, block);
	return values;
}

void nn_slice_sum(const struct nn_slicer *slicer, const struct nn_slice_sum *sum, float *out,
	size_t first, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct block *block = &slicer->blocks[i];
		const float *values = take_sum(slicer, sum, i);
		float *place = out + (block->start - first);

		if (values != place)
			memcpy(place, values, block->count * sizeof *out);
	}
}

static struct nn_optim_vectors behind(const struct nn_optim_vectors *vectors, size_t skip)
{
	struct nn_optim_vectors place = { .params = vectors->params + skip };

	for (size_t k = 0; k < NN_MAX_SLOTS; k++)
		place.slots[k] = vectors->slots[k] ? vectors->slots[k] + skip : NULL;
	return place;
}

bool nn_slice_update(const struct nn_slicer *slicer, const struct nn_slice_sum *sum,
	const struct nn_slice_update *update, size_t from, size_t to)
{
	bool finite = true;

	for (size_t i = from; i < to; i++) {
		const struct block *block = &slicer->blocks[i];
		const struct nn_optim_vectors old =
			behind(&update->from, block->start - update->first);
		const struct nn_optim_vectors new =
			behind(&update->to, block->start - update->first);
		const float *values = take_sum(slicer, sum, i);

		(block->statistic ? nn_optim_move_statistics :
				    slicer->optimizer->update)(&update->pass, &new, &old, values,
			block->count);
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

double nn_slicer_norm(const struct nn_slicer *slicer, const double *squares)
{
	return sqrt(add_tensors(slicer, squares, 0, slicer->params->count));
}

size_t nn_slicer_element(const struct nn_slicer *slicer, size_t block)
{
	return block < slicer->count ? slicer->blocks[block].start :
				       slicer->params->bytes / sizeof(float);
}

const struct nn_optim_options *nn_slicer_options(const struct nn_slicer *slicer)
{
	return slicer->options;
}

size_t nn_slicer_cut(const struct nn_slicer *slicer, size_t part, size_t parts)
{
	uint64_t elements = slicer->params->bytes / sizeof(float);
	uint64_t want = (uint64_t)((unsigned __int128)elements * part / parts);
	size_t low = 0;
	size_t high = slicer->count;

	/* The first block that begins there or behind. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slicer->blocks[middle].start < want)
			low = middle + 1;
		else
			high = middle;
	}
	return part == parts ? slicer->count : low;
}
