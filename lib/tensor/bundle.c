#include "tensor/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

void nn_shape_text(unsigned ndim, const uint64_t *shape, char *out)
{
	size_t used = 1;

	strcpy(out, "[");
	for (unsigned i = 0; i < ndim; i++)
		used += (size_t)snprintf(out + used, NN_SHAPE_TEXT - used, "%s%llu", i ? ", " : "",
			(unsigned long long)shape[i]);
	snprintf(out + used, NN_SHAPE_TEXT - used, "]");
}

int nn_bundle_add(struct nn_bundle *bundle, const char *name, enum nn_dtype dtype, unsigned ndim,
	const uint64_t *shape, struct nn_error *err)
{
	struct nn_tensor tensor = { .dtype = dtype, .ndim = ndim, .count = 1 };
	struct nn_tensor *tensors;

	if (ndim > NN_MAX_DIMS)
		return nn_fail(err, NN_BAD, "tensor %s: %u dimensions, at most %d are taken", name,
			ndim, NN_MAX_DIMS);
	for (unsigned i = 0; i < ndim; i++) {
		tensor.shape[i] = shape[i];
		if (!nn_mul(tensor.count, shape[i], &tensor.count))
			return nn_fail(err, NN_BAD, "tensor %s: its shape overflows", name);
	}
	if (!nn_mul(tensor.count, nn_dtype_size(dtype), &tensor.bytes) ||
		tensor.bytes > PTRDIFF_MAX)
		return nn_fail(err, NN_BAD, "tensor %s: its shape overflows", name);
	/* Grown at powers of two. */
	if (!(bundle->count & (bundle->count - 1))) {
		tensors = nn_realloc(bundle->tensors, bundle->count ? 2 * bundle->count : 1,
			sizeof *tensors, err);
		if (!tensors)
			return NN_FAILED;
		bundle->tensors = tensors;
	}
	tensor.name = nn_strdup(name, err);
	if (!tensor.name)
		return NN_FAILED;
	bundle->tensors[bundle->count++] = tensor;
	bundle->sorted = false;
	return NN_OK;
}

static int canonical_order(const void *a, const void *b)
{
	const struct nn_tensor *left = a;
	const struct nn_tensor *right = b;
	size_t left_size = nn_dtype_size(left->dtype);
	size_t right_size = nn_dtype_size(right->dtype);

	if (left_size != right_size)
		return left_size < right_size ? 1 : -1;
	return strcmp(left->name, right->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Tensors of unlike element size may share a name without being neighbours in canonical order. */
static int refuse_duplicates(const struct nn_bundle *bundle, struct nn_error *err)
{
	const char **names = nn_alloc(bundle->count, sizeof *names, err);
	int status = NN_OK;

	if (!names)
		return NN_FAILED;
	for (size_t i = 0; i < bundle->count; i++)
		names[i] = bundle->tensors[i].name;
	qsort(names, bundle->count, sizeof *names, by_name);
	for (size_t i = 1; i < bundle->count && !status; i++)
		if (!strcmp(names[i - 1], names[i]))
			status = nn_fail(err, NN_BAD, "tensor %s stands there twice", names[i]);
	free(names);
	return status;
}

int nn_bundle_sort(struct nn_bundle *bundle, struct nn_error *err)
{
	if (bundle->count)
		qsort(bundle->tensors, bundle->count, sizeof *bundle->tensors, canonical_order);
	bundle->sorted = true;
	return refuse_duplicates(bundle, err);
}

int nn_bundle_layout(struct nn_bundle *bundle, struct nn_error *err)
{
	size_t offset = 0;
	int status = nn_bundle_sort(bundle, err);

	if (status)
		return status;
	for (size_t i = 0; i < bundle->count; i++) {
		bundle->tensors[i].offset = offset;
		if (!nn_add(offset, bundle->tensors[i].bytes, &offset) || offset > PTRDIFF_MAX)
			return nn_fail(err, NN_BAD, "the tensors' sizes overflow");
	}
	bundle->bytes = offset;
	return NN_OK;
}

int nn_bundle_alloc(struct nn_bundle *bundle, struct nn_error *err)
{
	bundle->data = nn_alloc_aligned(bundle->bytes, err);
	if (!bundle->data)
		return NN_FAILED;
	memset(bundle->data, 0, bundle->bytes);
	return NN_OK;
}

int nn_bundle_copy_layout(const struct nn_bundle *bundle, struct nn_bundle *copy,
	struct nn_error *err)
{
	int status = NN_OK;

	*copy = (struct nn_bundle){ 0 };
	for (size_t i = 0; i < bundle->count && !status; i++) {
		const struct nn_tensor *tensor = &bundle->tensors[i];

		status = nn_bundle_add(copy, tensor->name, tensor->dtype, tensor->ndim,
			tensor->shape, err);
	}
	if (!status)
		status = nn_bundle_layout(copy, err);
	if (status)
		nn_bundle_free(copy);
	return status;
}

int nn_bundle_same_layout(const struct nn_bundle *a, const struct nn_bundle *b,
	struct nn_error *err)
{
	for (size_t i = 0; i < a->count || i < b->count; i++) {
		const struct nn_tensor *left = i < a->count ? &a->tensors[i] : NULL;
		const struct nn_tensor *right = i < b->count ? &b->tensors[i] : NULL;
		char left_shape[NN_SHAPE_TEXT];
		char right_shape[NN_SHAPE_TEXT];

		if (!left || !right || strcmp(left->name, right->name))
			return nn_fail(err, NN_BAD, "unlike tensors: %s and %s",
				left ? left->name : "none", right ? right->name : "none");
		nn_shape_text(left->ndim, left->shape, left_shape);
		nn_shape_text(right->ndim, right->shape, right_shape);
		if (left->dtype != right->dtype || strcmp(left_shape, right_shape))
			return nn_fail(err, NN_BAD, "tensor %s: %s %s and %s %s", left->name,
				nn_dtype_name(left->dtype), left_shape, nn_dtype_name(right->dtype),
				right_shape);
	}
	return NN_OK;
}

void nn_bundle_free(struct nn_bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++)
		free(bundle->tensors[i].name);
	for (size_t i = 0; i < bundle->meta_count; i++) {
		free(bundle->metas[i].key);
		free(bundle->metas[i].value);
	}
	free(bundle->tensors);
	free(bundle->metas);
	free(bundle->data);
	*bundle = (struct nn_bundle){ 0 };
}

/* In canonical order it is in one of four runs, of one element size each. */
static struct nn_tensor *find_sorted(const struct nn_bundle *bundle, const char *name)
{
	static const enum nn_dtype sizes[] = { NN_F64, NN_F32, NN_F16, NN_U8 };
	struct nn_tensor *found = NULL;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && !found; i++) {
		struct nn_tensor key = { .name = (char *)(size_t)name, .dtype = sizes[i] };

		found = bsearch(&key, bundle->tensors, bundle->count, sizeof key, canonical_order);
	}
	return found;
}

struct nn_tensor *nn_bundle_find(const struct nn_bundle *bundle, const char *name)
{
	if (bundle->sorted && bundle->count)
		return find_sorted(bundle, name);
	for (size_t i = 0; i < bundle->count; i++)
		if (!strcmp(bundle->tensors[i].name, name))
			return &bundle->tensors[i];
	return NULL;
}

void *nn_bundle_data(const struct nn_bundle *bundle, const struct nn_tensor *tensor)
{
	return bundle->data + tensor->offset;
}

bool nn_bundle_is_f32(const struct nn_bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++)
		if (bundle->tensors[i].dtype != NN_F32)
			return false;
	return true;
}

/* The place of `key` in metas, or where it would be inserted. */
static size_t meta_place(const struct nn_bundle *bundle, const char *key)
{
	size_t low = 0;
	size_t high = bundle->meta_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(bundle->metas[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool meta_is(const struct nn_bundle *bundle, size_t place, const char *key)
{
	return place < bundle->meta_count && !strcmp(bundle->metas[place].key, key);
}

int nn_bundle_set_meta(struct nn_bundle *bundle, const char *key, const char *value,
	struct nn_error *err)
{
	size_t place = meta_place(bundle, key);
	char *value_copy = nn_strdup(value, err);
	char *key_copy;
	struct nn_meta *metas;

	if (!value_copy)
		return NN_FAILED;
	if (meta_is(bundle, place, key)) {
		free(bundle->metas[place].value);
		bundle->metas[place].value = value_copy;
		return NN_OK;
	}
	key_copy = nn_strdup(key, err);
	metas = key_copy ? nn_realloc(bundle->metas, bundle->meta_count + 1, sizeof *metas, err) :
			   NULL;
	if (!metas) {
		free(key_copy);
		free(value_copy);
		return NN_FAILED;
	}
	bundle->metas = metas;
	memmove(metas + place + 1, metas + place, (bundle->meta_count - place) * sizeof *metas);
	metas[place] = (struct nn_meta){ key_copy, value_copy };
	bundle->meta_count++;
	return NN_OK;
}

const char *nn_bundle_meta(const struct nn_bundle *bundle, const char *key)
{
	size_t place = meta_place(bundle, key);

	return meta_is(bundle, place, key) ? bundle->metas[place].value : NULL;
}

int nn_bundle_copy_metas(const struct nn_bundle *from, struct nn_bundle *to, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < from->meta_count && !status; i++)
		status = nn_bundle_set_meta(to, from->metas[i].key, from->metas[i].value, err);
	return status;
}

uint64_t nn_bundle_id(const struct nn_bundle *bundle)
{
	uint64_t id = nn_hash(bundle->data, bundle->bytes);

	return id ? id : 1;
}
