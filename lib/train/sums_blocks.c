/* Sums of squares of a slice's blocks, and the norm that those of all slices make. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "json/json.h"
#include "optim/optim.h"
#include "stream/part.h"
#include "tensor/vector.h"
#include "train/sums-private.h"

#define RANGES "blocks" /* {"TENSOR": [first, all]}: of which there are not all blocks */

static size_t blocks_of(size_t elements)
{
	return elements / NN_PART_BLOCK + (elements % NN_PART_BLOCK > 0);
}

static int put_range(struct nn_buffer *json, const char *name, const struct nn_part_range *range,
	struct nn_error *err)
{
	int status = nn_buffer_puts(json, json->length ? "," : "{", err);

	if (!status)
		status = nn_json_put_string(json, name, err);
	return status ? status :
			nn_buffer_printf(json, err, ":[%zu,%zu]", range->first / NN_PART_BLOCK,
				blocks_of(range->total));
}

/* A tensor of sums for each of the slice's, and which blocks they are of. */
static int lay_out(struct nn_bundle *sums, const struct nn_bundle *slice,
	const struct nn_part_range *ranges, struct nn_error *err)
{
	struct nn_buffer json = { 0 };
	int status = NN_OK;

	for (size_t i = 0; i < slice->count && !status; i++) {
		uint64_t blocks = blocks_of(slice->tensors[i].count);

		status = nn_bundle_add(sums, slice->tensors[i].name, NN_F64, 1, &blocks, err);
		if (!status && ranges[i].cut)
			status = put_range(&json, slice->tensors[i].name, &ranges[i], err);
	}
	if (!status && json.length)
		status = nn_buffer_puts(&json, "}", err);
	if (!status && json.length)
		status = nn_bundle_set_meta(sums, RANGES, json.data, err);
	nn_buffer_free(&json);
	if (!status)
		status = nn_bundle_layout(sums, err);
	return status ? status : nn_bundle_alloc(sums, err);
}

/* Statistics count in no norm. */
static void fill(struct nn_bundle *sums, const struct nn_bundle *slice)
{
	for (size_t i = 0; i < slice->count; i++) {
		const struct nn_tensor *tensor = &slice->tensors[i];
		const float *values = nn_bundle_data(slice, tensor);
		double *to = nn_bundle_data(sums, &sums->tensors[i]);

		if (nn_is_statistic(tensor->name))
			continue;
		for (size_t at = 0; at < tensor->count; at += NN_PART_BLOCK) {
			size_t left = tensor->count - at;

			*to++ = nn_vector_square_sum(values + at,
				left < NN_PART_BLOCK ? left : NN_PART_BLOCK);
		}
	}
}

/* The slice is F32, so its tensors and those of the sums are in the order of their names. */
int nn_sums_make(struct nn_bundle *sums, const struct nn_bundle *slice, struct nn_error *err)
{
	struct nn_part_range *ranges;
	int status = nn_part_ranges(&ranges, slice, NN_KIND_GRAD, err);

	if (status)
		return status;
	status = lay_out(sums, slice, ranges, err);
	if (!status)
		fill(sums, slice);
	free(ranges);
	return status;
}

/* Blocks of a tensor that one slice has. */
struct piece {
	const char *name;
	const double *sums;
	uint64_t first;
	uint64_t count;
	uint64_t all;
};

static int by_place(const void *a, const void *b)
{
	const struct piece *left = a;
	const struct piece *right = b;
	int names = strcmp(left->name, right->name);

	return names ? names : (left->first > right->first) - (left->first < right->first);
}

static int take_pieces(struct piece *pieces, const struct nn_bundle *bundle, struct nn_error *err)
{
	const char *text = nn_bundle_meta(bundle, RANGES);
	struct nn_json *ranges = text ? nn_json_parse(text, strlen(text), RANGES, err) : NULL;
	int status = text && !ranges ? NN_BAD : NN_OK;

	for (size_t i = 0; i < bundle->count && !status; i++) {
		const struct nn_tensor *tensor = &bundle->tensors[i];
		const struct nn_json *range = ranges ? nn_json_get(ranges, tensor->name) : NULL;

		pieces[i] = (struct piece){ tensor->name, nn_bundle_data(bundle, tensor), 0,
			tensor->count, tensor->count };
		if (tensor->dtype != NN_F64 ||
			(range &&
				(!nn_json_u64(nn_json_first(range), &pieces[i].first) ||
					!nn_json_u64(nn_json_next(nn_json_first(range)),
						&pieces[i].all))))
			status = nn_fail(err, NN_BAD, "tensor %s: no sums of blocks", tensor->name);
	}
	nn_json_free(ranges);
	return status;
}

/* The sums of the pieces [0, count) of one tensor, which must be all of it. */
static int add_tensor(const struct piece *pieces, size_t count, double *square,
	struct nn_error *err)
{
	uint64_t have = 0;
	double *all;

	for (size_t i = 0; i < count; i++) {
		if (pieces[i].first != have || pieces[i].all != pieces[0].all)
			break;
		have += pieces[i].count;
	}
	if (have != pieces[0].all)
		return nn_fail(err, NN_BAD, "tensor %s: slices have %llu of %llu blocks",
			pieces[0].name, (unsigned long long)have,
			(unsigned long long)pieces[0].all);
	all = nn_alloc((size_t)have, sizeof *all, err);
	if (!all)
		return NN_FAILED;
	have = 0;
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].count)
			memcpy(all + have, pieces[i].sums, (size_t)pieces[i].count * sizeof *all);
		have += pieces[i].count;
	}
	*square = nn_tree_sum(all, (size_t)have);
	free(all);
	return NN_OK;
}

static int add_all(struct piece *pieces, size_t count, double *norm, struct nn_error *err)
{
	double *squares = nn_alloc(count, sizeof *squares, err);
	size_t tensors = 0;
	int status = squares ? NN_OK : NN_FAILED;

	if (count)
		qsort(pieces, count, sizeof *pieces, by_place);
	for (size_t from = 0, to; from < count && !status; from = to) {
		for (to = from + 1; to < count; to++)
			if (strcmp(pieces[from].name, pieces[to].name))
				break;
		status = add_tensor(pieces + from, to - from, &squares[tensors++], err);
	}
	if (!status)
		*norm = sqrt(nn_tree_sum(squares, tensors));
	free(squares);
	return status;
}

int nn_sums_add(const struct nn_bundle *bundles, size_t bundle_count, double *norm,
	struct nn_error *err)
{
	struct piece *pieces;
	size_t count = 0;
	int status = NN_OK;

	for (size_t k = 0; k < bundle_count; k++)
		count += bundles[k].count;
	pieces = nn_alloc(count, sizeof *pieces, err);
	if (!pieces)
		return NN_FAILED;
	count = 0;
	for (size_t k = 0; k < bundle_count && !status; k++) {
		status = take_pieces(pieces + count, &bundles[k], err);
		count += bundles[k].count;
	}
	if (!status)
		status = add_all(pieces, count, norm, err);
	free(pieces);
	return status;
}
