#include "stream/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "json/json.h"

/* Tensors of which a part has a range. nn-slice cuts two at most: the first and the last. */
#define MOST_CUTS 64

bool nn_part_kind(unsigned kind)
{
	return kind == NN_KIND_MODEL || kind == NN_KIND_STATE || kind == NN_KIND_GRAD ||
		kind == NN_KIND_DELTA;
}

bool nn_is_part(const struct nn_preamble *preamble, const struct nn_bundle *layout)
{
	return nn_part_kind(preamble->kind) &&
		(preamble->parts > 1 || (layout && nn_bundle_meta(layout, NN_PART_META)));
}

const char *nn_part_text(const struct nn_preamble *preamble, char out[static NN_PART_TEXT])
{
	if (preamble->parts)
		snprintf(out, NN_PART_TEXT, "slice %u of %u", (unsigned)preamble->part,
			(unsigned)preamble->parts);
	else
		snprintf(out, NN_PART_TEXT, "whole");
	return out;
}

int nn_part_refuse(const struct nn_preamble *preamble, const struct nn_bundle *layout,
	struct nn_error *err)
{
	char kind[16];
	char text[NN_PART_TEXT];

	if (!nn_is_part(preamble, layout))
		return NN_OK;
	return nn_fail(err, NN_BAD,
		"is %s of a %s: the whole is needed here (nn-join puts slices together)",
		preamble->parts > 1 ? nn_part_text(preamble, text) : "a slice",
		nn_kind_name(preamble->kind, kind));
}

const char *nn_part_parameter(const char *name, unsigned kind)
{
	const char *slash;

	if (kind != NN_KIND_STATE)
		return name;
	slash = strchr(name, '/');
	return slash ? slash + 1 : NULL;
}

/* {"first": 4096, "shape": [784, 512]} */
static int parse_range(const struct nn_json *entry, struct nn_part_range *range,
	struct nn_error *err)
{
	static const char *const keys[] = { "first", "shape", NULL };
	const struct nn_json *shape = nn_json_get(entry, "shape");
	const struct nn_json *size;
	uint64_t first;

	*range = (struct nn_part_range){ .total = 1, .cut = true };
	if (nn_json_type(entry) != NN_JSON_OBJECT ||
		nn_json_only_keys(entry, NN_PART_META, keys, NULL) ||
		!nn_json_u64(nn_json_get(entry, "first"), &first) || !shape ||
		nn_json_type(shape) != NN_JSON_ARRAY || nn_json_size(shape) > NN_MAX_DIMS)
		return nn_fail(err, NN_BAD, "%s: not {\"first\", \"shape\"}", nn_json_key(entry));
	for (size = nn_json_first(shape); size; size = nn_json_next(size)) {
		if (!nn_json_u64(size, &range->shape[range->ndim]) ||
			!nn_mul(range->total, range->shape[range->ndim], &range->total))
			return nn_fail(err, NN_BAD, "%s: its shape makes no sense",
				nn_json_key(entry));
		range->ndim++;
	}
	range->first = (size_t)first;
	return NN_OK;
}

/* Does the range lie within the whole, on bounds of blocks, and is it what the tensor has? */
static int check_range(const struct nn_tensor *tensor, const struct nn_part_range *range,
	struct nn_error *err)
{
	size_t end;

	if (tensor->ndim == 1 && range->first % NN_PART_BLOCK == 0 &&
		nn_add(range->first, tensor->count, &end) && end <= range->total &&
		(end % NN_PART_BLOCK == 0 || end == range->total) && tensor->count &&
		tensor->count < range->total)
		return NN_OK;
	return nn_fail(err, NN_BAD, "%s: %zu elements from %zu of %zu are no range of blocks",
		tensor->name, tensor->count, range->first, range->total);
}

static void take_whole(struct nn_part_range *range, const struct nn_tensor *tensor)
{
	*range = (struct nn_part_range){ .total = tensor->count, .ndim = tensor->ndim };
	memcpy(range->shape, tensor->shape, sizeof range->shape);
}

/* A slot of a state may have none of the parameters that are cut. */
static int fill(struct nn_part_range *ranges, const struct nn_bundle *layout, unsigned kind,
	const struct nn_json *cuts, struct nn_error *err)
{
	size_t found = 0;

	for (size_t i = 0; i < layout->count; i++) {
		const struct nn_tensor *tensor = &layout->tensors[i];
		const char *parameter = nn_part_parameter(tensor->name, kind);
		const struct nn_json *entry =
			cuts && parameter ? nn_json_get(cuts, parameter) : NULL;
		int status = NN_OK;

		take_whole(&ranges[i], tensor);
		if (entry)
			status = parse_range(entry, &ranges[i], err);
		if (entry && !status)
			status = check_range(tensor, &ranges[i], err);
		if (status)
			return status;
		found += entry != NULL;
	}
	if (cuts && kind != NN_KIND_STATE && found < nn_json_size(cuts))
		return nn_fail(err, NN_BAD, "it names a tensor that is not there");
	return NN_OK;
}

int nn_part_ranges(struct nn_part_range **ranges, const struct nn_bundle *layout, unsigned kind,
	struct nn_error *err)
{
	const char *text = nn_bundle_meta(layout, NN_PART_META);
	struct nn_json *cuts = NULL;
	int status = NN_OK;

	*ranges = nn_alloc(layout->count, sizeof **ranges, err);
	if (!*ranges)
		return NN_FAILED;
	if (text) {
		cuts = nn_json_parse(text, strlen(text), NN_PART_META, err);
		status = cuts ? NN_OK : NN_BAD;
	}
	if (cuts && nn_json_type(cuts) != NN_JSON_OBJECT)
		status = nn_fail(err, NN_BAD, "is %s, not an object", nn_json_type_name(cuts));
	if (!status && cuts && nn_json_size(cuts) > MOST_CUTS)
		status = nn_fail(err, NN_BAD, "%zu tensors are cut, at most %d are taken",
			nn_json_size(cuts), MOST_CUTS);
	if (!status)
		status = fill(*ranges, layout, kind, cuts, err);
	nn_json_free(cuts);
	if (status) {
		free(*ranges);
		*ranges = NULL;
		return status == NN_BAD ? nn_fail_in(err, "metadata " NN_PART_META) : status;
	}
	return NN_OK;
}

static int put_range(struct nn_buffer *json, const char *parameter,
	const struct nn_part_range *range, struct nn_error *err)
{
	int status = nn_buffer_puts(json, json->length ? "," : "{", err);

	if (!status)
		status = nn_json_put_string(json, parameter, err);
	if (!status)
		status = nn_buffer_printf(json, err, ":{\"first\":%zu,\"shape\":[", range->first);
	for (unsigned k = 0; k < range->ndim && !status; k++)
		status = nn_buffer_printf(json, err, "%s%llu", k ? "," : "",
			(unsigned long long)range->shape[k]);
	return status ? status : nn_buffer_puts(json, "]}", err);
}

/* Has a tensor before this one the same parameter? Slots of a state are cut alike. */
static bool is_described(const struct nn_bundle *layout, const struct nn_part_range *ranges,
	size_t i, unsigned kind)
{
	const char *parameter = nn_part_parameter(layout->tensors[i].name, kind);

	if (kind != NN_KIND_STATE)
		return false;
	for (size_t k = 0; k < i; k++) {
		const char *other = nn_part_parameter(layout->tensors[k].name, kind);

		if (ranges[k].cut && other && !strcmp(other, parameter))
			return true;
	}
	return false;
}

int nn_part_describe(struct nn_bundle *layout, const struct nn_part_range *ranges, unsigned kind,
	struct nn_error *err)
{
	struct nn_buffer json = { 0 };
	int status = NN_OK;

	for (size_t i = 0; i < layout->count && !status; i++)
		if (ranges[i].cut && !is_described(layout, ranges, i, kind))
			status = put_range(&json, nn_part_parameter(layout->tensors[i].name, kind),
				&ranges[i], err);
	if (!status && json.length)
		status = nn_buffer_puts(&json, "}", err);
	if (!status && json.length)
		status = nn_bundle_set_meta(layout, NN_PART_META, json.data, err);
	nn_buffer_free(&json);
	return status;
}
