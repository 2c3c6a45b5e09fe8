/* Where parameters are cut, and that what is cut comes together again: on layouts and numbers of
 * slices that Philox chooses, against a search through all bounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "optim/optim.h"
#include "stream/assembly.h"
#include "stream/cut.h"
#include "stream/part.h"
#include "tests/unit/tap.h"
#include "train/sums-private.h"

#define MOST_TENSORS 12
#define MOST_SLICES 9
#define ROUNDS 400

static struct nn_error err;

static void must(int status)
{
	if (!status)
		return;
	printf("Bail out! %s\n", err.text);
	exit(1);
}

struct dice {
	struct nn_random stream;
	uint64_t next;
};

static size_t roll(struct dice *dice, size_t below)
{
	return (size_t)(nn_random_u64(&dice->stream, dice->next++) % below);
}

/* Tensors of no, few, about a block's and many elements. */
static void layout_of(struct nn_bundle *layout, const char *prefix, struct dice *dice)
{
	size_t count = 1 + roll(dice, MOST_TENSORS);

	for (size_t i = 0; i < count; i++) {
		static const size_t sizes[] = { 1, 20, NN_PART_BLOCK, 6 * NN_PART_BLOCK };
		char name[32];
		uint64_t shape[2] = { roll(dice, sizes[roll(dice, 4)] + 1), 1 + roll(dice, 3) };

		snprintf(name, sizeof name, "%zu.%sp", (i * 7) % 13, prefix);
		must(nn_bundle_add(layout, name, NN_F32, 2, shape, &err));
	}
}

/* The bounds by trying all: elements of the whole, by name. -1: there are too few blocks. */
static int bounds_by_search(const struct nn_bundle *layout, uint32_t parts, size_t *bounds)
{
	static size_t blocks[MOST_TENSORS * 40];
	size_t count = 0;
	size_t total = 0;
	size_t last = 0;

	for (size_t i = 0; i < layout->count; i++) {
		for (size_t at = 0; at < layout->tensors[i].count; at += NN_PART_BLOCK)
			blocks[count++] = total + at;
		total += layout->tensors[i].count;
	}
	blocks[count] = total;
	if (count < parts)
		return -1;
	bounds[0] = 0;
	for (uint32_t part = 1; part < parts; part++) {
		size_t wanted = total * part / parts;
		size_t best = last + 1;

		for (size_t i = last + 1; i + (parts - part) <= count; i++) {
			size_t here = blocks[i] > wanted ? blocks[i] - wanted : wanted - blocks[i];
			size_t there = blocks[best] > wanted ? blocks[best] - wanted :
							       wanted - blocks[best];

			if (here < there)
				best = i;
		}
		last = best;
		bounds[part] = blocks[best];
	}
	bounds[parts] = total;
	return 0;
}

/* Has each slice, of each tensor, what lies between its bounds? */
static bool as_searched(const struct nn_bundle *layout, const struct nn_cut *cut, uint32_t parts,
	const size_t *bounds)
{
	size_t start = 0;

	for (size_t i = 0; i < layout->count; i++) {
		size_t count = layout->tensors[i].count;
		size_t have = 0;
		unsigned times = 0;

		for (uint32_t k = 0; k < parts; k++) {
			size_t first;
			size_t end;

			if (!nn_cut_range(cut, i, k, &first, &end))
				continue;
			times++;
			if (first != have || (count && start + first < bounds[k]) ||
				start + end > bounds[k + 1])
				return false;
			have = end;
		}
		if (have != count || (!count && times != 1))
			return false;
		start += count;
	}
	return true;
}

/* The slices' layouts make the whole's again. */
static bool comes_together(const struct nn_bundle *layout, const struct nn_cut *cut, uint32_t parts,
	unsigned kind)
{
	struct nn_bundle slices[MOST_SLICES];
	const struct nn_bundle *list[MOST_SLICES];
	struct nn_assembly assembly;
	bool same;

	for (uint32_t k = 0; k < parts; k++) {
		must(nn_cut_layout(cut, k, &slices[k], &err));
		list[k] = &slices[k];
	}
	must(nn_assembly_make(&assembly, list, parts, kind, &err));
	same = !nn_bundle_same_layout(&assembly.whole, layout, &err);
	nn_assembly_free(&assembly);
	for (uint32_t k = 0; k < parts; k++)
		nn_bundle_free(&slices[k]);
	return same;
}

static void test_cuts(void)
{
	unsigned searched = 0;
	unsigned together = 0;
	unsigned few = 0;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct dice dice = { nn_random_stream(5, NN_RANDOM_INIT, round, 0), 0 };
		uint32_t parts = 1 + (uint32_t)roll(&dice, MOST_SLICES);
		size_t bounds[MOST_SLICES + 1];
		struct nn_bundle layout = { 0 };
		struct nn_cut *cut;
		int status;

		layout_of(&layout, "", &dice);
		must(nn_bundle_layout(&layout, &err));
		status = nn_cut_new(&cut, &layout, NN_KIND_GRAD, parts, &err);
		if (bounds_by_search(&layout, parts, bounds)) {
			few += status == NN_USAGE;
			searched += status == NN_USAGE;
			together += status == NN_USAGE;
		} else {
			must(status);
			searched += as_searched(&layout, cut, parts, bounds);
			together += comes_together(&layout, cut, parts, NN_KIND_GRAD);
			nn_cut_free(cut);
		}
		nn_bundle_free(&layout);
	}
	ok(searched == ROUNDS, "%u of %d cuts are the nearest (%u with too few blocks)", searched,
		ROUNDS, few);
	ok(together == ROUNDS, "%u of %d come together again", together, ROUNDS);
	ok(few > 10 && few < ROUNDS / 2, "both kinds were tried");
}

/* A state is cut as its parameters are: each slot, and what is no slot is everybody's. */
static void test_state(void)
{
	static const uint64_t sizes[] = { 5, 9000, 20, 30000 };
	struct nn_bundle params = { 0 };
	struct nn_bundle state = { 0 };
	struct nn_cut *cut;
	struct nn_cut *state_cut;
	bool same = true;

	must(nn_bundle_add(&state, "updates", NN_U64, 0, NULL, &err));
	for (size_t i = 0; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof name, "m/%zu", i);
		must(nn_bundle_add(&params, name + 2, NN_F32, 1, &sizes[i], &err));
		must(nn_bundle_add(&state, name, NN_F32, 1, &sizes[i], &err));
		name[0] = 'v';
		must(nn_bundle_add(&state, name, NN_F32, 1, &sizes[i], &err));
	}
	must(nn_bundle_layout(&params, &err) || nn_bundle_layout(&state, &err));
	must(nn_cut_new(&cut, &params, NN_KIND_MODEL, 4, &err));
	must(nn_cut_new(&state_cut, &state, NN_KIND_STATE, 4, &err));
	for (uint32_t k = 0; k < 4; k++) {
		size_t first[3];
		size_t end[3];

		same = same && nn_cut_range(state_cut, 0, k, &first[0], &end[0]) && end[0] == 1;
		for (size_t i = 0; i < 4; i++) {
			bool has = nn_cut_range(cut, i, k, &first[0], &end[0]);

			same = same && nn_cut_range(state_cut, 1 + i, k, &first[1], &end[1]) == has;
			same = same && nn_cut_range(state_cut, 5 + i, k, &first[2], &end[2]) == has;
			same = same &&
				(!has ||
					(first[1] == first[0] && end[1] == end[0] &&
						first[2] == first[0] && end[2] == end[0]));
		}
	}
	ok(same, "slots of a state are cut as the parameters are");
	ok(comes_together(&state, state_cut, 4, NN_KIND_STATE), "the state comes together again");
	nn_cut_free(cut);
	nn_cut_free(state_cut);
	nn_bundle_free(&params);
	nn_bundle_free(&state);
}

/* Sums of squares by slices make the norm of the whole, bit for bit. */
static void test_norms(void)
{
	unsigned same = 0;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct dice dice = { nn_random_stream(6, NN_RANDOM_INIT, round, 0), 0 };
		uint32_t parts = 2 + (uint32_t)roll(&dice, MOST_SLICES - 1);
		struct nn_bundle grad = { 0 };
		struct nn_bundle sums[MOST_SLICES] = { { 0 } };
		struct nn_cut *cut;
		double norm = -1;

		layout_of(&grad, roll(&dice, 2) ? "" : "running_", &dice);
		must(nn_bundle_layout(&grad, &err) || nn_bundle_alloc(&grad, &err));
		for (size_t i = 0; i < grad.bytes / sizeof(float); i++)
			((float *)(void *)grad.data)[i] =
				(float)nn_random_uniform(&dice.stream, i) - 0.3f;
		if (nn_cut_new(&cut, &grad, NN_KIND_GRAD, parts, &err)) {
			nn_bundle_free(&grad);
			same++;
			continue;
		}
		for (uint32_t k = 0, at = 0; k < parts; k++) {
			struct nn_bundle slice;

			must(nn_cut_layout(cut, k, &slice, &err) || nn_bundle_alloc(&slice, &err));
			memcpy(slice.data, grad.data + at, slice.bytes);
			at += (uint32_t)slice.bytes;
			must(nn_sums_make(&sums[k], &slice, &err));
			nn_bundle_free(&slice);
		}
		must(nn_sums_add(sums, parts, &norm, &err));
		same += norm == nn_gradient_norm(&grad);
		for (uint32_t k = 0; k < parts; k++)
			nn_bundle_free(&sums[k]);
		nn_cut_free(cut);
		nn_bundle_free(&grad);
	}
	ok(same == ROUNDS, "%u of %d norms are the whole's", same, ROUNDS);
}

int main(void)
{
	test_cuts();
	test_state();
	test_norms();
	return tap_done();
}
