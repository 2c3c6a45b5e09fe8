#include "data/meta.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "json/json.h"

/* Rows without a value are as many as somebody says, in no bytes at all. */
static bool has_values(const struct nn_tensor *tensor)
{
	for (unsigned i = 1; i < tensor->ndim; i++)
		if (!tensor->shape[i])
			return false;
	return true;
}

int nn_data_check_frame(const struct nn_bundle *layout, const struct nn_preamble *preamble,
	uint64_t *rows, struct nn_error *err)
{
	const struct nn_tensor *x = nn_bundle_find(layout, "x");
	const struct nn_tensor *y = nn_bundle_find(layout, "y");

	if (!x)
		return nn_fail(err, NN_BAD, "a data frame without a tensor x");
	for (size_t i = 0; i < layout->count; i++)
		if (&layout->tensors[i] != x && &layout->tensors[i] != y)
			return nn_fail(err, NN_BAD, "tensor %s: a data frame holds x and y only",
				layout->tensors[i].name);
	if (!x->ndim || (y && !y->ndim))
		return nn_fail(err, NN_BAD, "tensor %s: a scalar, not rows", x->ndim ? "y" : "x");
	if (!has_values(x) || (y && !has_values(y)))
		return nn_fail(err, NN_BAD, "tensor %s: rows without a value",
			has_values(x) ? "y" : "x");
	if (y && y->shape[0] != x->shape[0])
		return nn_fail(err, NN_BAD, "%llu rows of x and %llu of y",
			(unsigned long long)x->shape[0], (unsigned long long)y->shape[0]);
	if (preamble->rows && preamble->rows != x->shape[0])
		return nn_fail(err, NN_BAD, "the preamble says %llu rows, the tensors %llu",
			(unsigned long long)preamble->rows, (unsigned long long)x->shape[0]);
	if (preamble->shards && preamble->end != preamble->first + 1)
		return nn_fail(err, NN_BAD, "rows of shards %llu to %llu at once",
			(unsigned long long)preamble->first, (unsigned long long)preamble->end);
	*rows = x->shape[0];
	return NN_OK;
}

int nn_data_lay_out(const struct nn_bundle *like, uint64_t rows, struct nn_bundle *out,
	struct nn_error *err)
{
	int status = NN_OK;

	for (size_t t = 0; t < like->count && !status; t++) {
		const struct nn_tensor *tensor = &like->tensors[t];
		uint64_t shape[NN_MAX_DIMS];

		memcpy(shape, tensor->shape, sizeof shape);
		shape[0] = rows;
		status = nn_bundle_add(out, tensor->name, tensor->dtype, tensor->ndim, shape, err);
	}
	if (!status)
		status = nn_bundle_layout(out, err);
	return status ? status : nn_bundle_copy_metas(like, out, err);
}

static bool same_row_shape(const struct nn_tensor *a, const struct nn_tensor *b)
{
	if (!a || !b)
		return !a && !b;
	if (a->dtype != b->dtype || a->ndim != b->ndim)
		return false;
	for (unsigned i = 1; i < a->ndim; i++)
		if (a->shape[i] != b->shape[i])
			return false;
	return true;
}

static int compare_tensor(const struct nn_bundle *first, const struct nn_bundle *other,
	const char *name, struct nn_error *err)
{
	const struct nn_tensor *a = nn_bundle_find(first, name);
	const struct nn_tensor *b = nn_bundle_find(other, name);
	char before[NN_SHAPE_TEXT] = "none";
	char now[NN_SHAPE_TEXT] = "none";

	if (same_row_shape(a, b))
		return NN_OK;
	if (a)
		nn_shape_text(a->ndim, a->shape, before);
	if (b)
		nn_shape_text(b->ndim, b->shape, now);
	return nn_fail(err, NN_BAD, "tensor %s: %s %s, in the first frame %s %s", name,
		b ? nn_dtype_name(b->dtype) : "", now, a ? nn_dtype_name(a->dtype) : "", before);
}

int nn_data_same_rows(const struct nn_bundle *first, const struct nn_bundle *other,
	struct nn_error *err)
{
	int status =
		compare_tensor(first, other, "x", err) || compare_tensor(first, other, "y", err);

	if (status)
		return NN_BAD;
	for (size_t i = 0; i < first->meta_count || i < other->meta_count; i++) {
		const struct nn_meta *a = i < first->meta_count ? &first->metas[i] : NULL;
		const struct nn_meta *b = i < other->meta_count ? &other->metas[i] : NULL;

		if (!a || !b || strcmp(a->key, b->key) || strcmp(a->value, b->value))
			return nn_fail(err, NN_BAD,
				"metadata `%s` differs from the first frame's: rows of another set",
				b ? b->key : a->key);
	}
	return NN_OK;
}

int nn_data_total(const struct nn_bundle *metas, uint64_t *rows, bool *said, struct nn_error *err)
{
	const char *text = nn_bundle_meta(metas, "rows");

	*said = text != NULL;
	if (text && !nn_parse_u64(text, rows))
		return nn_fail(err, NN_BAD, "metadata `rows`: '%.40s' is no whole number", text);
	return NN_OK;
}

int nn_data_scale(const struct nn_bundle *metas, float *scale, struct nn_error *err)
{
	const char *text = nn_bundle_meta(metas, "x_scale");
	double value = 1.0;

	if (text &&
		(!nn_parse_f64(text, &value) || !(value > 0.0) || value > (double)FLT_MAX ||
			(float)value == 0.0f))
		return nn_fail(err, NN_BAD, "metadata `x_scale`: '%.40s' is no number above 0",
			text);
	*scale = (float)value;
	return NN_OK;
}

static int copy_names(const struct nn_json *array, char **names, size_t *count,
	struct nn_error *err)
{
	for (const struct nn_json *item = nn_json_first(array); item; item = nn_json_next(item)) {
		const char *name;

		if (!nn_json_string(item, &name))
			return nn_fail(err, NN_BAD, "metadata `classes`: %s instead of a name",
				nn_json_type_name(item));
		names[*count] = nn_strdup(name, err);
		if (!names[*count])
			return NN_FAILED;
		(*count)++;
	}
	return NN_OK;
}

int nn_data_classes(const struct nn_bundle *metas, char ***names, size_t *count,
	struct nn_error *err)
{
	const char *text = nn_bundle_meta(metas, "classes");
	struct nn_json *array;
	int status;

	*names = NULL;
	*count = 0;
	if (!text)
		return NN_OK;
	array = nn_json_parse(text, strlen(text), "metadata `classes`", err);
	if (!array)
		return err ? (int)err->status : NN_BAD;
	if (nn_json_type(array) != NN_JSON_ARRAY || !nn_json_size(array)) {
		status = nn_fail(err, NN_BAD, "metadata `classes`: not an array of names");
	} else {
		*names = nn_alloc(nn_json_size(array), sizeof **names, err);
		status = *names ? copy_names(array, *names, count, err) : NN_FAILED;
	}
	nn_json_free(array);
	if (status) {
		nn_data_free_names(*names, *count);
		*names = NULL;
		*count = 0;
	}
	return status;
}

void nn_data_free_names(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

int nn_data_put_names(struct nn_buffer *out, char *const *names, size_t count, struct nn_error *err)
{
	int status = nn_buffer_puts(out, "[", err);

	for (size_t i = 0; i < count && !status; i++) {
		if (i)
			status = nn_buffer_puts(out, ",", err);
		if (!status)
			status = nn_json_put_string(out, names[i], err);
	}
	return status ? status : nn_buffer_puts(out, "]", err);
}
