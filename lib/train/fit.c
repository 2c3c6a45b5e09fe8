#include "train/fit.h"

#include <stdio.h>
#include <string.h>

#include "data/meta.h"
#include "tensor/vector.h"

int nn_fit_known(const struct nn_dataset *data, const char *name, struct nn_known_shapes *known,
	struct nn_error *err)
{
	*known = (struct nn_known_shapes){ 0 };
	/* A vector of one number is what rows without a dimension are to a network. */
	if (nn_shape_set(&known->in, data->x_ndim ? data->x_ndim : 1,
		    data->x_ndim ? data->x_shape : (uint64_t[]){ 1 }, err))
		return nn_fail_in(err, "%s: tensor x", name);
	known->outputs = data->has_classes ? data->class_count : data->outputs;
	known->positions = data->positions;
	if (nn_bundle_meta(&data->metas, "tokens"))
		known->tokens = data->class_count;
	return NN_OK;
}

static int check_inputs(const struct nn_network *network, const struct nn_dataset *data,
	const char *name, struct nn_error *err)
{
	const struct nn_shape *in = nn_network_input_shape(network);
	char data_text[NN_SHAPE_TEXT];
	char network_text[NN_SHAPE_TEXT];

	if (data->features == in->count)
		return NN_OK;
	nn_shape_text(data->x_ndim, data->x_shape, data_text);
	nn_shape_text(in->ndim, in->dims, network_text);
	return nn_fail(err, NN_BAD, "%s: its rows are %s, but the model's input is %s", name,
		data_text, network_text);
}

/* The first of these numbers that is not a whole one below `limit`; `count` if there is none. */
static size_t first_strange(const float *numbers, size_t count, float limit)
{
	size_t i = 0;

	while (i < count && numbers[i] >= 0 && numbers[i] < limit &&
		numbers[i] == (float)(uint32_t)numbers[i])
		i++;
	return i;
}

static int fail_token(const struct nn_dataset *data, const char *name, uint64_t row,
	size_t position, float value, uint64_t limit, struct nn_error *err)
{
	char have[64] = "";
	char place[40] = "";

	if (data->features > 1)
		snprintf(place, sizeof place, ", position %zu", position);
	if (nn_bundle_meta(&data->metas, "tokens"))
		snprintf(have, sizeof have, "; the data have %zu tokens", data->class_count);
	return nn_fail(err, NN_BAD,
		"%s: row %llu%s: %.9g, but the model's tokens are whole numbers below %llu%s", name,
		(unsigned long long)row, place, (double)value, (unsigned long long)limit, have);
}

/* Numbers are taken from a frame so many at a time. */
#define CHUNK 1024

static int check_frame_tokens(const struct nn_dataset *data, size_t frame, const char *name,
	uint64_t limit, struct nn_error *err)
{
	const struct nn_tensor *x = nn_bundle_find(&data->frames[frame], "x");
	const unsigned char *elements = nn_bundle_data(&data->frames[frame], x);
	float numbers[CHUNK];

	for (size_t start = 0; start < x->count; start += CHUNK) {
		size_t count = x->count - start < CHUNK ? x->count - start : CHUNK;
		size_t bad;

		nn_tensor_to_f32(numbers, elements + start * nn_dtype_size(x->dtype), x->dtype,
			count);
		nn_vector_scale(numbers, numbers, data->x_scale, count);
		bad = first_strange(numbers, count, (float)limit);
		if (bad < count)
			return fail_token(data, name,
				data->starts[frame] + (start + bad) / data->features,
				(start + bad) % data->features, numbers[bad], limit, err);
	}
	return NN_OK;
}

/* What an embedding takes indexes its weights. */
static int check_tokens(const struct nn_network *network, const struct nn_dataset *data,
	const char *name, struct nn_error *err)
{
	uint64_t limit = nn_network_tokens(network);
	bool whole = data->x_scale == 1.0f;
	int status = NN_OK;

	if (!limit || (whole && data->x_dtype == NN_U8 && limit > UINT8_MAX))
		return NN_OK;
	/* These have been compared with the count of classes when they were loaded. */
	if (whole && nn_bundle_meta(&data->metas, "tokens") && data->class_count <= limit)
		return NN_OK;
	for (size_t i = 0; i < data->frame_count && !status; i++)
		status = check_frame_tokens(data, i, name, limit, err);
	return status;
}

/* Of a tensor's targets the first that a binary loss does not take; its count if there is none. */
static size_t bad_target(const struct nn_tensor *tensor, const char *numbers, float *bad)
{
	float y[CHUNK];

	for (size_t start = 0; start < tensor->count; start += CHUNK) {
		size_t count = tensor->count - start < CHUNK ? tensor->count - start : CHUNK;
		size_t i;

		nn_tensor_to_f32(y, numbers + start * nn_dtype_size(tensor->dtype), tensor->dtype,
			count);
		i = nn_loss_bad_target(y, count);
		if (i == count)
			continue;
		*bad = y[i];
		return start + i;
	}
	return tensor->count;
}

static int check_bits(const struct nn_dataset *data, const char *name, const char *loss,
	struct nn_error *err)
{
	for (size_t i = 0; i < data->frame_count; i++) {
		const struct nn_tensor *tensor = nn_bundle_find(&data->frames[i], "y");
		float target = 0;
		size_t bad = bad_target(tensor, nn_bundle_data(&data->frames[i], tensor), &target);

		if (bad < tensor->count)
			return nn_fail(err, NN_BAD,
				"%s: row %llu (from 0): target %g, but loss %s wants 0 to 1", name,
				(unsigned long long)(data->starts[i] + bad / data->outputs),
				(double)target, loss);
	}
	return NN_OK;
}

static int check_targets(const struct nn_network *network, const struct nn_dataset *data,
	const char *name, struct nn_error *err)
{
	size_t outputs = nn_network_outputs(network);
	const struct nn_loss *type = nn_network_criterion(network)->type;
	const char *loss = type->name;

	if (!data->has_classes && !data->outputs)
		return nn_fail(err, NN_BAD, "%s: its rows have no y to learn or to compare with",
			name);
	if (type->wants_classes && !data->has_classes)
		return nn_fail(err, NN_BAD, "%s: loss %s wants classes, but y are numbers", name,
			loss);
	if (type->binary && data->has_classes)
		return nn_fail(err, NN_BAD,
			"%s: loss %s wants numbers from 0 to 1, but y are classes (nn-import "
			"--target-type number makes numbers of them)",
			name, loss);
	if (!type->wants_classes && data->has_classes)
		return nn_fail(err, NN_BAD, "%s: loss %s wants numbers, but y are classes", name,
			loss);
	if (data->has_classes && data->class_count != outputs)
		return nn_fail(err, NN_BAD, "%s: %zu classes, but the model has %zu outputs", name,
			data->class_count, outputs);
	if (data->has_classes && data->positions != nn_network_positions(network))
		return nn_fail(err, NN_BAD,
			"%s: a row has a class at %zu positions, but the model has outputs for %zu",
			name, data->positions, nn_network_positions(network));
	if (!data->has_classes && data->outputs != outputs)
		return nn_fail(err, NN_BAD,
			"%s: y has %zu numbers a row, but the model has %zu outputs", name,
			data->outputs, outputs);
	return type->binary ? check_bits(data, name, loss, err) : NN_OK;
}

/* Of both lists the first name that is not the other's. */
static int compare_classes(char *const *ours, size_t our_count, const struct nn_dataset *data,
	const char *name, struct nn_error *err)
{
	size_t i = 0;

	while (i < our_count && i < data->class_count && !strcmp(ours[i], data->classes[i]))
		i++;
	if (i == our_count && i == data->class_count)
		return NN_OK;
	if (i == our_count || i == data->class_count)
		return nn_fail(err, NN_BAD, "%s: %zu classes, but the model has %zu", name,
			data->class_count, our_count);
	return nn_fail(err, NN_BAD, "%s: class %zu is \"%s\", but the model's is \"%s\"", name, i,
		data->classes[i], ours[i]);
}

static int check_classes(const struct nn_bundle *metas, const struct nn_dataset *data,
	const char *name, struct nn_error *err)
{
	char **names;
	size_t count;
	int status = nn_data_classes(metas, &names, &count, err);

	if (status)
		return nn_fail_in(err, "the model");
	if (names && data->classes)
		status = compare_classes(names, count, data, name, err);
	nn_data_free_names(names, count);
	return status;
}

/* Bytes of texts are numbered alike, or nothing else need be looked at. */
static int check_numbering(const struct nn_bundle *metas, const struct nn_dataset *data,
	const char *name, struct nn_error *err)
{
	const char *ours = nn_bundle_meta(metas, "classes");
	const char *theirs = nn_bundle_meta(&data->metas, "classes");

	if (!nn_bundle_meta(metas, "tokens") || !nn_bundle_meta(&data->metas, "tokens") || !ours ||
		!theirs || !strcmp(ours, theirs))
		return NN_OK;
	return nn_fail(err, NN_BAD,
		"%s: its bytes are numbered otherwise than the model's (nn-import --like MODEL)",
		name);
}

int nn_fit_data(const struct nn_network *network, const struct nn_bundle *metas,
	const struct nn_dataset *data, const char *name, bool targets, struct nn_error *err)
{
	int status = check_inputs(network, data, name, err);

	if (!status)
		status = check_numbering(metas, data, name, err);
	if (!status)
		status = check_tokens(network, data, name, err);
	if (!status && targets)
		status = check_targets(network, data, name, err);
	return status ? status : check_classes(metas, data, name, err);
}
