#include "train/shared_slice.h"

#include <stdlib.h>

#include "base/memory.h"

void nn_shared_sources_free(struct nn_shared_sources *sources)
{
	free(sources->list);
	*sources = (struct nn_shared_sources){ 0 };
}

static int make_room(struct nn_shared_sources *sources, uint64_t count, struct nn_error *err)
{
	struct nn_slice_source *list;

	if (count <= sources->room)
		return NN_OK;
	list = nn_realloc(sources->list, (size_t)count, sizeof *list, err);
	if (!list)
		return NN_FAILED;
	sources->list = list;
	sources->room = (size_t)count;
	return NN_OK;
}

int nn_shared_sources_read(struct nn_shared_sources *sources, const struct nn_slicer *slicer,
	const struct nn_shared *shared, struct nn_error *err)
{
	const struct nn_shared_plan *plan = nn_shared_plan(shared);
	uint64_t count = plan->count;
	uint64_t end = 0;

	if (shared->sizes.params !=
			nn_slicer_element(slicer, nn_slicer_blocks(slicer)) * sizeof(float) ||
		shared->sizes.blocks != nn_slicer_blocks(slicer))
		return nn_fail(err, NN_BAD, "the shared memory is made for another model");
	if (count > shared->sizes.buffers)
		count = 0;
	if (make_room(sources, count, err))
		return NN_FAILED;
	for (uint64_t i = 0; i < count; i++) {
		const struct nn_shared_node *node = &plan->nodes[i];

		if (node->buffer >= shared->sizes.buffers || node->range.first != end ||
			!nn_tree_is_node(node->range, plan->shards))
			break;
		sources->list[i] = (struct nn_slice_source){ .range = node->range,
			.sum = nn_shared_buffer(shared, (size_t)node->buffer) };
		end = node->range.end;
	}
	if (!count || end != plan->shards)
		return nn_fail(err, NN_BAD, "the shared memory has no plan for a sum");
	return NN_OK;
}

static struct nn_slice_sum sum_of(const struct nn_shared *shared,
	const struct nn_shared_sources *sources)
{
	return (struct nn_slice_sum){ .sources = sources->list,
		.count = (size_t)nn_shared_plan(shared)->count,
		.squares = nn_shared_squares(shared) };
}

void nn_shared_sum(const struct nn_slicer *slicer, const struct nn_shared *shared,
	const struct nn_shared_sources *sources, size_t buffer, size_t from, size_t to)
{
	const struct nn_slice_sum sum = sum_of(shared, sources);

	nn_slice_sum(slicer, &sum, nn_shared_buffer(shared, buffer), 0, from, to);
}

/* Parameters and state of a copy. */
static struct nn_optim_vectors vectors_of(const struct nn_shared *shared, unsigned which)
{
	struct nn_optim_vectors vectors = { .params = nn_shared_params(shared, which) };

	for (size_t k = 0; k < shared->sizes.slot_count; k++)
		vectors.slots[k] =
			(float *)(void *)(nn_shared_state(shared, which) + shared->sizes.slots[k]);
	return vectors;
}

bool nn_shared_update(const struct nn_slicer *slicer, const struct nn_shared *shared,
	const struct nn_shared_sources *sources, unsigned which, size_t from, size_t to)
{
	const struct nn_shared_plan *plan = nn_shared_plan(shared);
	const struct nn_slice_sum sum = sum_of(shared, sources);
	const struct nn_slice_update update = { .pass = { .options = nn_slicer_options(slicer),
							.lr = plan->lr,
							.divisor = plan->divisor,
							.t = plan->t,
							.weight = plan->weight },
		.from = vectors_of(shared, which),
		.to = vectors_of(shared, !which) };

	return nn_slice_update(slicer, &sum, &update, from, to);
}
