#include "stream/cut.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "stream/part.h"

/* A tensor among those of its group: the parameters, or a slot of a state. */
struct place {
	const struct nn_tensor *tensor;
	size_t group; /* NONE: it has no parameter */
	size_t start; /* element of the group */
	size_t block; /* of the group, its first */
};
#define NONE SIZE_MAX

struct nn_cut {
	const struct nn_bundle *layout;
	unsigned kind;
	uint32_t parts;
	struct place *places; /* by tensor of the layout */
	size_t *bounds;       /* [groups][parts + 1], elements of the group */
};

static size_t blocks_of(const struct nn_tensor *tensor)
{
	return tensor->count / NN_PART_BLOCK + (tensor->count % NN_PART_BLOCK > 0);
}

/* By slot, then by name; tensors without a parameter first. The slot ends where the parameter
 * begins. */
static int by_parameter(const void *a, const void *b)
{
	const struct place *left = *(struct place *const *)a;
	const struct place *right = *(struct place *const *)b;

	if ((left->group == NONE) != (right->group == NONE))
		return left->group == NONE ? -1 : 1;
	return strcmp(left->tensor->name, right->tensor->name);
}

static bool same_slot(const struct nn_tensor *a, const struct nn_tensor *b, unsigned kind)
{
	size_t length = (size_t)(nn_part_parameter(a->name, kind) - a->name);

	return (size_t)(nn_part_parameter(b->name, kind) - b->name) == length &&
		!strncmp(a->name, b->name, length);
}

/* The bound of a block of the group that `sorted` begins with. */
static size_t element_of(struct place *const *sorted, size_t count, size_t block)
{
	size_t low = 0;
	size_t high = count;
	size_t inside;

	/* The last tensor that begins at this block or before, and has one. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle]->block <= block)
			low = middle;
		else
			high = middle;
	}
	inside = (block - sorted[low]->block) * NN_PART_BLOCK;
	return sorted[low]->start +
		(inside < sorted[low]->tensor->count ? inside : sorted[low]->tensor->count);
}

/* The block whose bound is nearest to an element; of two the lower one. */
static size_t nearest(struct place *const *sorted, size_t count, size_t blocks, size_t element)
{
	size_t low = 0;
	size_t high = blocks;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (element_of(sorted, count, middle) <= element)
			low = middle;
		else
			high = middle;
	}
	return element - element_of(sorted, count, low) <=
			element_of(sorted, count, high) - element ?
		low :
		high;
}

static int cut_group(struct nn_cut *cut, struct place **sorted, size_t count, size_t group,
	struct nn_error *err)
{
	size_t *bounds = cut->bounds + group * ((size_t)cut->parts + 1);
	size_t elements = 0;
	size_t blocks = 0;
	size_t last = 0;

	for (size_t i = 0; i < count; i++) {
		sorted[i]->group = group;
		sorted[i]->start = elements;
		sorted[i]->block = blocks;
		elements += sorted[i]->tensor->count;
		blocks += blocks_of(sorted[i]->tensor);
	}
	if (blocks < cut->parts)
		return nn_fail(err, NN_USAGE,
			"%zu parameters are cut at each %d of a tensor: that makes at most %zu "
			"slices, not %u",
			elements, NN_PART_BLOCK, blocks, (unsigned)cut->parts);
	for (uint32_t part = 1; part < cut->parts; part++) {
		size_t wanted = (size_t)((unsigned __int128)elements * part / cut->parts);
		size_t most = blocks - (cut->parts - part);
		size_t block = nearest(sorted, count, blocks, wanted);

		last = block <= last ? last + 1 : block < most ? block : most;
		bounds[part] = element_of(sorted, count, last);
	}
	bounds[cut->parts] = elements;
	return NN_OK;
}

static int cut_groups(struct nn_cut *cut, struct place **sorted, size_t count, struct nn_error *err)
{
	size_t groups = 0;
	size_t size;

	for (size_t i = 0; i < count; i++)
		groups += !i || !same_slot(sorted[i - 1]->tensor, sorted[i]->tensor, cut->kind);
	if (!nn_mul(groups, (size_t)cut->parts + 1, &size))
		return nn_fail(err, NN_BAD, "its slots are too many");
	cut->bounds = nn_alloc(size, sizeof *cut->bounds, err);
	if (!cut->bounds)
		return NN_FAILED;
	for (size_t from = 0, to, group = 0; from < count; from = to, group++) {
		int status;

		for (to = from + 1; to < count; to++)
			if (!same_slot(sorted[from]->tensor, sorted[to]->tensor, cut->kind))
				break;
		status = cut_group(cut, sorted + from, to - from, group, err);
		if (status)
			return status;
	}
	return NN_OK;
}

int nn_cut_new(struct nn_cut **cut, const struct nn_bundle *layout, unsigned kind, uint32_t parts,
	struct nn_error *err)
{
	struct nn_cut *new = nn_alloc(1, sizeof *new, err);
	struct place **sorted = nn_alloc(layout->count, sizeof *sorted, err);
	size_t alone = 0; /* tensors without a parameter */
	int status = NN_FAILED;

	if (new)
		new->places = nn_alloc(layout->count, sizeof *new->places, err);
	if (new &&sorted &&new->places) {
		*new = (struct nn_cut){ layout, kind, parts, new->places, NULL };
		for (size_t i = 0; i < layout->count; i++) {
			const struct nn_tensor *tensor = &layout->tensors[i];
			bool has = nn_part_parameter(tensor->name, kind) != NULL;

			new->places[i] = (struct place){ tensor, has ? 0 : NONE, 0, 0 };
			sorted[i] = &new->places[i];
			alone += !has;
		}
		qsort(sorted, layout->count, sizeof *sorted, by_parameter);
		status = cut_groups(new, sorted + alone, layout->count - alone, err);
	}
	free(sorted);
	if (status) {
		nn_cut_free(new);
		return status;
	}
	*cut = new;
	return NN_OK;
}

void nn_cut_free(struct nn_cut *cut)
{
	if (!cut)
		return;
	free(cut->places);
	free(cut->bounds);
	free(cut);
}

bool nn_cut_range(const struct nn_cut *cut, size_t i, uint32_t part, size_t *first, size_t *end)
{
	const struct place *place = &cut->places[i];
	size_t count = place->tensor->count;
	const size_t *bounds;
	size_t from;
	size_t to;

	*first = 0;
	*end = count;
	if (place->group == NONE)
		return true;
	bounds = cut->bounds + place->group * ((size_t)cut->parts + 1) + part;
	from = bounds[0] > place->start ? bounds[0] - place->start : 0;
	to = bounds[1] > place->start ? bounds[1] - place->start : 0;
	*first = from < count ? from : count;
	*end = to < count ? to : count;
	if (!count)
		return bounds[0] <= place->start &&
			(place->start < bounds[1] || part + 1 == cut->parts);
	return *first < *end;
}

int nn_cut_layout(const struct nn_cut *cut, uint32_t part, struct nn_bundle *slice,
	struct nn_error *err)
{
	const struct nn_bundle *whole = cut->layout;
	struct nn_part_range *ranges = nn_alloc(whole->count, sizeof *ranges, err);
	int status = ranges ? NN_OK : NN_FAILED;
	size_t first;
	size_t end;

	*slice = (struct nn_bundle){ 0 };
	/* The slice's tensors stay in the order of the whole's, which is canonical. */
	for (size_t i = 0; i < whole->count && !status; i++) {
		const struct nn_tensor *tensor = &whole->tensors[i];
		uint64_t length;

		if (!nn_cut_range(cut, i, part, &first, &end))
			continue;
		length = end - first;
		ranges[slice->count] = (struct nn_part_range){ .first = first,
			.total = tensor->count,
			.ndim = tensor->ndim,
			.cut = length < tensor->count };
		memcpy(ranges[slice->count].shape, tensor->shape, sizeof tensor->shape);
		status = length < tensor->count ?
			nn_bundle_add(slice, tensor->name, tensor->dtype, 1, &length, err) :
			nn_bundle_add(slice, tensor->name, tensor->dtype, tensor->ndim,
				tensor->shape, err);
	}
	if (!status)
		status = nn_bundle_layout(slice, err);
	if (!status)
		status = nn_bundle_copy_metas(whole, slice, err);
	if (!status)
		status = nn_part_describe(slice, ranges, cut->kind, err);
	free(ranges);
	if (status)
		nn_bundle_free(slice);
	return status;
}
