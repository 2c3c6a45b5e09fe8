#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "stream/join.h"
#include "tensor/vector.h"
#include "train/finite.h"
#include "train/reduction.h"

/* Bytes of each input at a time: a few of them stay in a core's second-level cache, and one is
 * enough for a read(2) to cost little more than its copy. */
#define BLOCK ((size_t)256 << 10)
/* Blocks that are held at once: one for each level of the tree. */
#define LEVELS 65

/* One input of a round. */
struct leaf {
	struct nn_reader *reader;
	const struct nn_frame *frame;
	uint64_t number; /* of the reader */
	struct nn_node range;
	unsigned merges; /* how many sums its arrival lets merge, going through them in order */
};

struct lockstep {
	struct nn_reduction reduction;
	struct nn_reader *const *readers;
	size_t count;
	const struct nn_frame **frames;
	struct leaf *leaves; /* of this round, by range */
	float *blocks[LEVELS];
};

static int by_range(const void *a, const void *b)
{
	const struct leaf *left = a;
	const struct leaf *right = b;

	if (left->range.first != right->range.first)
		return left->range.first < right->range.first ? -1 : 1;
	return left->number < right->number ? -1 : left->number > right->number;
}

static uint64_t tree_size(const struct lockstep *lockstep)
{
	uint64_t shards = lockstep->frames[0]->preamble.shards;

	return lockstep->reduction.kind == NN_KIND_GRAD && shards ? shards : lockstep->count;
}

/* A step of all readers: the first one's next frame says of which kind the others' must be. */
static int next_round(struct lockstep *lockstep, bool *more, struct nn_error *err)
{
	const struct nn_frame **frames = lockstep->frames;
	unsigned kind = lockstep->reduction.kind;
	int status;

	if (kind)
		return nn_join_next(lockstep->readers, lockstep->count, kind, frames, more, err);
	do
		status = nn_reader_next(lockstep->readers[0], &frames[0], err);
	while (!status && frames[0] && !nn_reduction_takes(frames[0]->preamble.kind));
	if (!status && !frames[0])
		status = nn_fail(err, NN_BAD, "%s: no gradient, model or delta in it",
			nn_reader_name(lockstep->readers[0]));
	if (status)
		return status;
	kind = frames[0]->preamble.kind;
	*more = true;
	for (size_t i = 1; i < lockstep->count && !status; i++) {
		char name[16];

		status = nn_reader_find(lockstep->readers[i], kind, &frames[i], err);
		if (!status && !frames[i])
			status = nn_fail(err, NN_BAD, "%s: no %s in it, but %s has one",
				nn_reader_name(lockstep->readers[i]), nn_kind_name(kind, name),
				nn_reader_name(lockstep->readers[0]));
	}
	if (!status)
		status = nn_reduction_start(&lockstep->reduction, kind, err);
	if (!status && lockstep->reduction.options->weights &&
		lockstep->reduction.options->weight_count != lockstep->count)
		status = nn_fail(err, NN_USAGE, "%zu weights for %zu inputs",
			lockstep->reduction.options->weight_count, lockstep->count);
	return status;
}

static int check_round(struct lockstep *lockstep, struct nn_error *err)
{
	lockstep->reduction.has_reference = false;
	for (size_t i = 0; i < lockstep->count; i++) {
		const struct nn_frame *frame = lockstep->frames[i];

		if (nn_reduction_check(&lockstep->reduction, lockstep->readers[i], frame, err))
			return NN_BAD;
		lockstep->leaves[i] = (struct leaf){ lockstep->readers[i], frame, i,
			nn_reduction_range(&frame->preamble, i), 0 };
	}
	qsort(lockstep->leaves, lockstep->count, sizeof *lockstep->leaves, by_range);
	return NN_OK;
}

/* Can the round go through block by block? */
static bool streams(const struct lockstep *lockstep)
{
	uint64_t shards = tree_size(lockstep);

	if (lockstep->reduction.options->skip_nonfinite || !lockstep->reduction.method->tree)
		return false;
	for (size_t i = 0; i < lockstep->count; i++) {
		const struct leaf *leaf = &lockstep->leaves[i];

		if (leaf->frame->preamble.flags & NN_FLAG_MORE || !leaf->frame->ordered ||
			!nn_bundle_is_f32(leaf->frame->layout) ||
			!nn_tree_is_node(leaf->range, shards) ||
			(i && leaf[-1].range.end > leaf->range.first))
			return false;
	}
	return true;
}

/* What the preambles and headers show before anything is written. */
static int check_contents(const struct lockstep *lockstep, struct nn_error *err)
{
	for (size_t i = 0; i < lockstep->count; i++)
		if (nn_reduction_check_loss(lockstep->frames[i]->preamble.loss, err))
			return nn_reader_blame(lockstep->readers[i], err);
	for (size_t i = 1; i < lockstep->count; i++) {
		if (!nn_bundle_same_layout(lockstep->frames[i]->layout, lockstep->frames[0]->layout,
			    err))
			continue;
		nn_fail_in(err, "unlike %s", lockstep->reduction.reference_name);
		return nn_reader_blame(lockstep->readers[i], err);
	}
	return NN_OK;
}

/* Goes through the leaves from `from` on as the sum will, up to where nothing merges with what came
 * before. *to is one behind the last leaf of that sum, *sum what it is. The order of the additions
 * is that of the accumulator: a node is made as soon as both halves are there. */
static void plan_sum(struct lockstep *lockstep, size_t from, size_t *to, struct nn_partial *sum)
{
	uint64_t shards = tree_size(lockstep);
	struct nn_partial stack[LEVELS];
	size_t top = 0;

	*to = from;
	for (size_t i = from; i < lockstep->count && top < LEVELS; i++) {
		struct leaf *leaf = &lockstep->leaves[i];
		const struct nn_preamble *preamble = &leaf->frame->preamble;
		bool weighs = lockstep->reduction.kind != NN_KIND_GRAD;

		stack[top++] = (struct nn_partial){ leaf->range, preamble->rows,
			weighs ? nn_reduction_weight(&lockstep->reduction, leaf->number) :
				 preamble->weight,
			preamble->loss, { 0 } };
		leaf->merges = 0;
		while (top > 1) {
			struct nn_partial *left = &stack[top - 2];
			struct nn_partial *right = &stack[top - 1];
			struct nn_node halves[2];

			nn_tree_parent(right->range, shards, &halves[0], &halves[1]);
			if (memcmp(&halves[0], &left->range, sizeof left->range) ||
				memcmp(&halves[1], &right->range, sizeof right->range))
				break;
			left->range.end = right->range.end;
			left->rows += right->rows;
			left->weight += right->weight;
			left->loss += right->loss;
			leaf->merges++;
			top--;
		}
		if (top == 1) {
			*to = i + 1;
			*sum = stack[0];
		}
	}
}

/* The next `bytes` of a leaf, weighed. */
static int take_block(const struct lockstep *lockstep, const struct leaf *leaf, float *block,
	size_t offset, size_t bytes, struct nn_error *err)
{
	size_t count = bytes / sizeof *block;
	double weight = nn_reduction_weight(&lockstep->reduction, leaf->number);
	int status = nn_reader_take(leaf->reader, block, bytes, err);

	if (status)
		return status;
	if (nn_check_finite(leaf->frame->layout, offset / sizeof *block, block, count, err))
		return nn_reader_blame(leaf->reader, err);
	if (lockstep->reduction.options->weights)
		nn_vector_scale(block, block, (float)weight, count);
	return NN_OK;
}

/* The same block of leaves [from, to), summed into blocks[0]. */
static int sum_block(const struct lockstep *lockstep, size_t from, size_t to, size_t offset,
	size_t bytes, struct nn_error *err)
{
	float *const *blocks = lockstep->blocks;
	size_t top = 0;

	for (size_t i = from; i < to; i++) {
		int status =
			take_block(lockstep, &lockstep->leaves[i], blocks[top], offset, bytes, err);

		if (status)
			return status;
		top++;
		for (unsigned merge = 0; merge < lockstep->leaves[i].merges; merge++) {
			top--;
			nn_vector_add(blocks[top - 1], blocks[top - 1], blocks[top],
				bytes / sizeof(float));
		}
	}
	return NN_OK;
}

static int write_header(struct lockstep *lockstep, size_t from, size_t to,
	const struct nn_partial *sum, struct nn_error *err)
{
	struct nn_preamble preamble =
		nn_reduction_preamble(&lockstep->reduction, sum, to < lockstep->count);
	struct nn_bundle layout;
	int status = nn_bundle_copy_layout(lockstep->frames[0]->layout, &layout, err);

	if (status)
		return status;
	status = nn_bundle_copy_metas(lockstep->leaves[from].frame->layout, &layout, err);
	for (size_t i = from + 1; i < to; i++)
		nn_reduce_metas(&layout, lockstep->leaves[i].frame->layout);
	if (!status)
		status = nn_writer_begin(lockstep->reduction.writer, &preamble, &layout, err);
	nn_bundle_free(&layout);
	return status;
}

/* One output frame, from leaves [from, to). */
static int stream_sum(struct lockstep *lockstep, size_t from, size_t to,
	const struct nn_partial *sum, struct nn_error *err)
{
	const struct nn_reduction *reduction = &lockstep->reduction;
	size_t bytes = lockstep->frames[0]->layout->bytes;
	int status = nn_reduction_can_finish(reduction, sum, err);

	if (!status)
		status = write_header(lockstep, from, to, sum, err);
	for (size_t offset = 0; offset < bytes && !status; offset += BLOCK) {
		size_t piece = bytes - offset < BLOCK ? bytes - offset : BLOCK;

		status = sum_block(lockstep, from, to, offset, piece, err);
		if (!status && reduction->method->finish)
			reduction->method->finish(lockstep->blocks[0], piece / sizeof(float),
				sum->weight);
		if (!status)
			status = nn_writer_put(reduction->writer, lockstep->blocks[0], piece, err);
	}
	for (size_t i = from; i < to && !status; i++)
		status = nn_reader_verify(lockstep->leaves[i].reader, err);
	return status ? status : nn_writer_finish(reduction->writer, err);
}

static int stream_round(struct lockstep *lockstep, struct nn_error *err)
{
	struct nn_partial sum;
	size_t to;
	int status = check_contents(lockstep, err);

	for (size_t from = 0; from < lockstep->count && !status; from = to) {
		plan_sum(lockstep, from, &to, &sum);
		status = stream_sum(lockstep, from, to, &sum, err);
	}
	return status;
}

/* All frames of a reader's step: the round's, and while one says so the next. */
static int add_frames(struct lockstep *lockstep, struct nn_accumulator *accumulator,
	const struct leaf *leaf, struct nn_error *err)
{
	struct nn_reduction *reduction = &lockstep->reduction;
	const struct nn_frame *frame = leaf->frame;
	int status =
		nn_reduction_add(reduction, accumulator, leaf->reader, frame, leaf->number, err);

	while (!status && frame->preamble.flags & NN_FLAG_MORE) {
		status = nn_reader_next(leaf->reader, &frame, err);
		if (status)
			return status;
		if (!frame || frame->preamble.kind != NN_KIND_GRAD) {
			nn_fail(err, NN_BAD, "the frame before it promised more of its step");
			return nn_reader_blame(leaf->reader, err);
		}
		status = nn_reduction_check(reduction, leaf->reader, frame, err);
		if (!status)
			status = nn_reduction_add(reduction, accumulator, leaf->reader, frame,
				leaf->number, err);
	}
	return status;
}

/* The round as whole frames, in memory. */
static int load_round(struct lockstep *lockstep, struct nn_error *err)
{
	struct nn_accumulator *accumulator = nn_accumulator_new(tree_size(lockstep), err);
	int status = accumulator ? NN_OK : NN_FAILED;

	for (size_t i = 0; i < lockstep->count && !status; i++)
		status = add_frames(lockstep, accumulator, &lockstep->leaves[i], err);
	if (!status)
		status = nn_reduction_write(&lockstep->reduction, accumulator, err);
	nn_accumulator_free(accumulator);
	return status;
}

static int reduce_rounds(struct lockstep *lockstep, struct nn_error *err)
{
	bool more;
	int status;

	for (;;) {
		status = next_round(lockstep, &more, err);
		if (!status && !more)
			return nn_writer_end(lockstep->reduction.writer, err);
		if (!status)
			status = check_round(lockstep, err);
		if (!status)
			status = streams(lockstep) ? stream_round(lockstep, err) :
						     load_round(lockstep, err);
		if (status)
			return status;
	}
}

/* As many blocks as `count` inputs in a binary tree can keep waiting, and one more. */
static int alloc_blocks(struct lockstep *lockstep, struct nn_error *err)
{
	size_t levels = 2;

	for (size_t count = lockstep->count; count > 1; count /= 2)
		levels++;
	for (size_t i = 0; i < levels && i < LEVELS; i++) {
		lockstep->blocks[i] = nn_alloc_aligned(BLOCK, err);
		if (!lockstep->blocks[i])
			return NN_FAILED;
	}
	return NN_OK;
}

int nn_reduce_lockstep(struct nn_reader *const *readers, size_t count, struct nn_writer *writer,
	const struct nn_reduce_options *options, struct nn_error *err)
{
	struct lockstep lockstep = {
		.reduction = { .options = options, .writer = writer },
		.readers = readers,
		.count = count,
		.frames = nn_alloc(count, sizeof *lockstep.frames, err),
		.leaves = nn_alloc(count, sizeof *lockstep.leaves, err),
	};
	int status = NN_FAILED;

	if (lockstep.frames && lockstep.leaves)
		status = alloc_blocks(&lockstep, err);
	if (!status)
		status = reduce_rounds(&lockstep, err);
	for (size_t i = 0; i < LEVELS; i++)
		free(lockstep.blocks[i]);
	free(lockstep.frames);
	free(lockstep.leaves);
	return status;
}
