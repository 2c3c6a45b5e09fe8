#include "stream/assembly.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "stream/part.h"

/* What a part has of a tensor. */
struct entry {
	const struct nn_tensor *tensor;
	const struct nn_part_range *range;
	size_t part;
};

/* As tensors lie in a frame, the pieces of one in their order. */
static int by_place(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;
	size_t left_size = nn_dtype_size(left->tensor->dtype);
	size_t right_size = nn_dtype_size(right->tensor->dtype);
	int names = strcmp(left->tensor->name, right->tensor->name);

	if (left_size != right_size)
		return left_size < right_size ? 1 : -1;
	if (names)
		return names;
	if (left->range->first != right->range->first)
		return left->range->first < right->range->first ? -1 : 1;
	return left->part < right->part ? -1 : left->part > right->part;
}

static void add_piece(struct nn_assembly *assembly, struct nn_piece piece)
{
	struct nn_piece *last = assembly->count ? &assembly->pieces[assembly->count - 1] : NULL;

	if (last && !last->shared && !piece.shared && last->part == piece.part)
		last->bytes += piece.bytes;
	else if (piece.bytes)
		assembly->pieces[assembly->count++] = piece;
}

static bool alike(const struct entry *a, const struct entry *b)
{
	return a->tensor->dtype == b->tensor->dtype && a->range->ndim == b->range->ndim &&
		!memcmp(a->range->shape, b->range->shape,
			a->range->ndim * sizeof a->range->shape[0]);
}

static int fail_unlike(const struct entry *a, const struct entry *b, struct nn_error *err)
{
	char left[NN_SHAPE_TEXT];
	char right[NN_SHAPE_TEXT];

	nn_shape_text(a->range->ndim, a->range->shape, left);
	nn_shape_text(b->range->ndim, b->range->shape, right);
	return nn_fail(err, NN_BAD, "tensor %s: %s %s in slice %zu, %s %s in slice %zu",
		a->tensor->name, nn_dtype_name(a->tensor->dtype), left, a->part,
		nn_dtype_name(b->tensor->dtype), right, b->part);
}

/* What all parts have: a scalar of a state. */
static int add_shared(struct nn_assembly *assembly, const struct entry *entries, size_t count,
	size_t parts, struct nn_error *err)
{
	if (count != parts)
		return nn_fail(err, NN_BAD, "tensor %s: only %zu of %zu slices have it",
			entries->tensor->name, count, parts);
	add_piece(assembly, (struct nn_piece){ 0, entries->tensor->bytes, true });
	return NN_OK;
}

/* All pieces of a tensor, by their place. */
static int add_tensor(struct nn_assembly *assembly, const struct entry *entries, size_t count,
	size_t parts, unsigned kind, struct nn_error *err)
{
	const struct entry *first = entries;
	const char *name = first->tensor->name;
	size_t end = 0;
	int status = nn_bundle_add(&assembly->whole, name, first->tensor->dtype, first->range->ndim,
		first->range->shape, err);

	for (size_t i = 1; i < count && !status; i++)
		if (!alike(first, &entries[i]))
			status = fail_unlike(first, &entries[i], err);
	if (!status && !nn_part_parameter(name, kind))
		return add_shared(assembly, entries, count, parts, err);
	for (size_t i = 0; i < count && !status; i++) {
		const struct entry *entry = &entries[i];

		if (i && entry->range->first < end)
			return nn_fail(err, NN_BAD,
				"tensor %s: slices %zu and %zu both have element %zu", name,
				entries[i - 1].part, entry->part, entry->range->first);
		if (i && !entry->tensor->count)
			return nn_fail(err, NN_BAD, "tensor %s: slices %zu and %zu both have it",
				name, entries[i - 1].part, entry->part);
		if (entry->range->first > end)
			return nn_fail(err, NN_BAD, "tensor %s: no slice has elements %zu to %zu",
				name, end, entry->range->first - 1);
		end += entry->tensor->count;
		add_piece(assembly, (struct nn_piece){ entry->part, entry->tensor->bytes, false });
	}
	if (!status && end < first->range->total)
		status = nn_fail(err, NN_BAD, "tensor %s: no slice has elements %zu to %zu", name,
			end, first->range->total - 1);
	return status;
}

static int add_tensors(struct nn_assembly *assembly, struct entry *entries, size_t count,
	size_t parts, unsigned kind, struct nn_error *err)
{
	int status = NN_OK;

	if (count)
		qsort(entries, count, sizeof *entries, by_place);
	for (size_t from = 0, to; from < count && !status; from = to) {
		for (to = from + 1; to < count; to++)
			if (strcmp(entries[from].tensor->name, entries[to].tensor->name))
				break;
		status = add_tensor(assembly, entries + from, to - from, parts, kind, err);
	}
	return status ? status : nn_bundle_layout(&assembly->whole, err);
}

/* Parts must agree on all metadata but where they lie. */
static int check_metas(const struct nn_bundle *a, const struct nn_bundle *b, size_t part,
	struct nn_error *err)
{
	for (size_t i = 0; i < a->meta_count; i++) {
		const char *key = a->metas[i].key;
		const char *there = nn_bundle_meta(b, key);

		if (strcmp(key, NN_PART_META) && (!there || strcmp(a->metas[i].value, there)))
			return nn_fail(err, NN_BAD, "metadata `%.60s` of slices 0 and %zu differ",
				key, part);
	}
	return NN_OK;
}

static int take_metas(struct nn_assembly *assembly, const struct nn_bundle *const *layouts,
	size_t count, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t part = 1; part < count && !status; part++) {
		status = check_metas(layouts[0], layouts[part], part, err);
		if (!status)
			status = check_metas(layouts[part], layouts[0], part, err);
	}
	for (size_t i = 0; i < layouts[0]->meta_count && !status; i++)
		if (strcmp(layouts[0]->metas[i].key, NN_PART_META))
			status = nn_bundle_set_meta(&assembly->whole, layouts[0]->metas[i].key,
				layouts[0]->metas[i].value, err);
	return status;
}

/* entries[] of all parts, ranges[part] to be freed. */
static int collect(struct entry *entries, struct nn_part_range **ranges,
	const struct nn_bundle *const *layouts, size_t count, unsigned kind, struct nn_error *err)
{
	for (size_t part = 0; part < count; part++) {
		int status = nn_part_ranges(&ranges[part], layouts[part], kind, err);

		if (status)
			return status == NN_BAD ? nn_fail_in(err, "slice %zu", part) : status;
		for (size_t i = 0; i < layouts[part]->count; i++)
			*entries++ = (struct entry){ &layouts[part]->tensors[i], &ranges[part][i],
				part };
	}
	return NN_OK;
}

int nn_assembly_make(struct nn_assembly *assembly, const struct nn_bundle *const *layouts,
	size_t count, unsigned kind, struct nn_error *err)
{
	struct nn_part_range **ranges = nn_alloc(count, sizeof *ranges, err);
	struct entry *entries = NULL;
	size_t total = 0;
	int status = ranges ? NN_OK : NN_FAILED;

	*assembly = (struct nn_assembly){ 0 };
	for (size_t part = 0; part < count; part++)
		total += layouts[part]->count;
	if (!status) {
		entries = nn_alloc(total, sizeof *entries, err);
		assembly->pieces = nn_alloc(total, sizeof *assembly->pieces, err);
		status = entries && assembly->pieces ? NN_OK : NN_FAILED;
	}
	if (!status)
		status = collect(entries, ranges, layouts, count, kind, err);
	if (!status)
		status = add_tensors(assembly, entries, total, count, kind, err);
	if (!status)
		status = take_metas(assembly, layouts, count, err);
	for (size_t part = 0; ranges && part < count; part++)
		free(ranges[part]);
	free(ranges);
	free(entries);
	if (status)
		nn_assembly_free(assembly);
	return status;
}

void nn_assembly_free(struct nn_assembly *assembly)
{
	nn_bundle_free(&assembly->whole);
	free(assembly->pieces);
	*assembly = (struct nn_assembly){ 0 };
}
