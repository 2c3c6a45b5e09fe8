#include "stream/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "stream/wire.h"

static int write_metas(struct nn_buffer *json, const struct nn_bundle *bundle, struct nn_error *err)
{
	int status = nn_buffer_puts(json, "\"__metadata__\":{", err);

	for (size_t i = 0; i < bundle->meta_count && !status; i++) {
		if (i)
			status = nn_buffer_puts(json, ",", err);
		if (!status)
			status = nn_json_put_string(json, bundle->metas[i].key, err);
		if (!status)
			status = nn_buffer_puts(json, ":", err);
		if (!status)
			status = nn_json_put_string(json, bundle->metas[i].value, err);
	}
	return status ? status : nn_buffer_puts(json, "}", err);
}

static int write_tensor(struct nn_buffer *json, const struct nn_tensor *tensor,
	struct nn_error *err)
{
	int status = nn_json_put_string(json, tensor->name, err);

	if (!status)
		status = nn_buffer_printf(json, err, ":{\"dtype\":\"%s\",\"shape\":[",
			nn_dtype_name(tensor->dtype));
	for (unsigned i = 0; i < tensor->ndim && !status; i++)
		status = nn_buffer_printf(json, err, "%s%llu", i ? "," : "",
			(unsigned long long)tensor->shape[i]);
	if (!status)
		status = nn_buffer_printf(json, err, "],\"data_offsets\":[%zu,%zu]}",
			tensor->offset, tensor->offset + tensor->bytes);
	return status;
}

int nn_header_write(struct nn_buffer *out, const struct nn_bundle *bundle, struct nn_error *err)
{
	static const char spaces[NN_ALIGN + 1] =
		"                                                                ";
	size_t start = out->length;
	size_t odd;
	int status = nn_buffer_append(out, spaces, 8, err);

	if (!status)
		status = nn_buffer_puts(out, "{", err);
	if (!status && bundle->meta_count)
		status = write_metas(out, bundle, err);
	for (size_t i = 0; i < bundle->count && !status; i++) {
		if (i || bundle->meta_count)
			status = nn_buffer_puts(out, ",", err);
		if (!status)
			status = write_tensor(out, &bundle->tensors[i], err);
	}
	if (!status)
		status = nn_buffer_puts(out, "}", err);
	odd = (out->length - start) % NN_ALIGN;
	if (!status && odd)
		status = nn_buffer_append(out, spaces, NN_ALIGN - odd, err);
	if (!status && out->length - start - 8 > NN_HEADER_LIMIT)
		status = nn_fail(err, NN_BAD, "a header of %zu bytes: at most %zu are read",
			out->length - start - 8, NN_HEADER_LIMIT);
	if (!status)
		nn_put_u64((unsigned char *)out->data + start, out->length - start - 8);
	return status;
}

static int by_key(const void *a, const void *b)
{
	const struct nn_meta *left = a;
	const struct nn_meta *right = b;

	return strcmp(left->key, right->key);
}

/* All at once: inserted one by one, a million keys in the wrong order would take hours. JSON has no
 * key twice. */
static int parse_metas(const struct nn_json *metas, struct nn_bundle *bundle, struct nn_error *err)
{
	const struct nn_json *meta;

	if (nn_json_type(metas) != NN_JSON_OBJECT)
		return nn_fail(err, NN_BAD, "header: __metadata__ is %s", nn_json_type_name(metas));
	bundle->metas = nn_alloc(nn_json_size(metas), sizeof *bundle->metas, err);
	if (!bundle->metas)
		return NN_FAILED;
	for (meta = nn_json_first(metas); meta; meta = nn_json_next(meta)) {
		struct nn_meta *to = &bundle->metas[bundle->meta_count];
		const char *text;

		if (!nn_json_string(meta, &text))
			return nn_fail(err, NN_BAD, "header: __metadata__.%s is %s, not a string",
				nn_json_key(meta), nn_json_type_name(meta));
		to->key = nn_strdup(nn_json_key(meta), err);
		to->value = nn_strdup(text, err);
		bundle->meta_count++;
		if (!to->key || !to->value)
			return NN_FAILED;
	}
	qsort(bundle->metas, bundle->meta_count, sizeof *bundle->metas, by_key);
	return NN_OK;
}

/* One member of the header: {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}. */
static int parse_tensor(const struct nn_json *entry, struct nn_bundle *bundle, size_t *begin,
	struct nn_error *err)
{
	static const char *const keys[] = { "dtype", "shape", "data_offsets", NULL };
	const char *name = nn_json_key(entry);
	const char *dtype_name;
	enum nn_dtype dtype;
	const struct nn_json *shape = nn_json_get(entry, "shape");
	const struct nn_json *offsets = nn_json_get(entry, "data_offsets");
	const struct nn_json *size;
	uint64_t sizes[NN_MAX_DIMS];
	uint64_t from, to;
	unsigned ndim = 0;
	int status;

	if (nn_json_type(entry) != NN_JSON_OBJECT)
		return nn_fail(err, NN_BAD, "header: %s is %s", name, nn_json_type_name(entry));
	status = nn_json_only_keys(entry, name, keys, err);
	if (status)
		return nn_fail_in(err, "header");
	if (!nn_json_string(nn_json_get(entry, "dtype"), &dtype_name))
		return nn_fail(err, NN_BAD, "header: %s has no dtype", name);
	if (!nn_dtype_parse(dtype_name, &dtype))
		return nn_fail(err, NN_BAD, "header: %s: unknown dtype \"%s\"", name, dtype_name);
	if (!shape || nn_json_type(shape) != NN_JSON_ARRAY || nn_json_size(shape) > NN_MAX_DIMS)
		return nn_fail(err, NN_BAD, "header: %s: no shape of at most %d dimensions", name,
			NN_MAX_DIMS);
	for (size = nn_json_first(shape); size; size = nn_json_next(size))
		if (!nn_json_u64(size, &sizes[ndim++]))
			return nn_fail(err, NN_BAD,
				"header: %s: a size in its shape is no whole number", name);
	if (!offsets || nn_json_type(offsets) != NN_JSON_ARRAY || nn_json_size(offsets) != 2 ||
		!nn_json_u64(nn_json_first(offsets), &from) ||
		!nn_json_u64(nn_json_next(nn_json_first(offsets)), &to) || to < from)
		return nn_fail(err, NN_BAD, "header: %s: no data_offsets [begin, end]", name);
	status = nn_bundle_add(bundle, name, dtype, ndim, sizes, err);
	if (status)
		return nn_fail_in(err, "header");
	if (bundle->tensors[bundle->count - 1].bytes != to - from) {
		char text[NN_SHAPE_TEXT];

		nn_shape_text(ndim, sizes, text);
		return nn_fail(err, NN_BAD, "header: %s: %s %s takes %zu bytes, not %llu", name,
			dtype_name, text, bundle->tensors[bundle->count - 1].bytes,
			(unsigned long long)(to - from));
	}
	*begin = (size_t)from;
	return NN_OK;
}

struct place {
	size_t begin;
	size_t bytes;
	const char *name;
};

static int by_begin(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;

	if (left->begin != right->begin)
		return left->begin < right->begin ? -1 : 1;
	return (left->bytes > right->bytes) - (left->bytes < right->bytes);
}

/* The tensors must cover the data section without holes or overlaps. `places` are by tensor. */
static int check_places(struct place *places, size_t count, struct nn_error *err)
{
	size_t offset = 0;

	qsort(places, count, sizeof *places, by_begin);
	for (size_t i = 0; i < count; i++) {
		if (places[i].begin != offset)
			return nn_fail(err, NN_BAD, "header: %s begins at %zu, not at %zu",
				places[i].name, places[i].begin, offset);
		offset += places[i].bytes;
	}
	return NN_OK;
}

/* `begins` are in the order of the text; the layout puts the tensors in canonical order. */
static int lay_out(struct nn_bundle *bundle, const size_t *begins, size_t **places,
	struct nn_error *err)
{
	size_t count = bundle->count;
	struct place *by_text = nn_alloc(count, sizeof *by_text, err);
	size_t *list = NULL;
	bool canonical = true;
	int status;

	if (!by_text)
		return NN_FAILED;
	/* Until it is laid out, a tensor's offset is free to carry its place in the file. */
	for (size_t i = 0; i < count; i++) {
		bundle->tensors[i].offset = begins[i];
		by_text[i] = (struct place){ begins[i], bundle->tensors[i].bytes,
			bundle->tensors[i].name };
	}
	status = check_places(by_text, count, err);
	for (size_t i = 0; i < count; i++)
		by_text[i].name = NULL;
	if (!status)
		status = nn_bundle_sort(bundle, err);
	for (size_t i = 0; i < count && !status; i++)
		by_text[i].begin = bundle->tensors[i].offset;
	if (!status)
		status = nn_bundle_layout(bundle, err);
	for (size_t i = 0; i < count && !status; i++)
		canonical &= by_text[i].begin == bundle->tensors[i].offset;
	if (!status && !canonical && !places)
		status = nn_fail(err, NN_BAD, "header: the tensors are not in canonical order");
	if (!status && !canonical) {
		list = nn_alloc(count, sizeof *list, err);
		status = list ? NN_OK : NN_FAILED;
		for (size_t i = 0; i < count && list; i++)
			list[i] = by_text[i].begin;
	}
	if (places)
		*places = list;
	free(by_text);
	return status;
}

int nn_header_parse(const char *text, size_t length, struct nn_bundle *bundle, size_t **places,
	struct nn_error *err)
{
	struct nn_json *json = nn_json_parse(text, length, "header", err);
	const struct nn_json *entry;
	size_t *begins;
	int status = NN_OK;

	*bundle = (struct nn_bundle){ 0 };
	if (!json)
		return err ? (int)err->status : NN_BAD;
	if (nn_json_type(json) != NN_JSON_OBJECT) {
		status = nn_fail(err, NN_BAD, "header: is %s, not an object",
			nn_json_type_name(json));
		nn_json_free(json);
		return status;
	}
	begins = nn_alloc(nn_json_size(json), sizeof *begins, err);
	if (!begins)
		status = NN_FAILED;
	for (entry = nn_json_first(json); entry && !status; entry = nn_json_next(entry))
		status = strcmp(nn_json_key(entry), "__metadata__") ?
			parse_tensor(entry, bundle, &begins[bundle->count], err) :
			parse_metas(entry, bundle, err);
	if (!status)
		status = lay_out(bundle, begins, places, err);
	free(begins);
	nn_json_free(json);
	if (status)
		nn_bundle_free(bundle);
	return status;
}
