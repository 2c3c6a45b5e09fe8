#include "train/state.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "stream/part.h"

#define UPDATES "updates"

static char *slot_name(const char *slot, const struct nn_tensor *param, struct nn_error *err)
{
	struct nn_buffer name = { 0 };

	if (nn_buffer_printf(&name, err, "%s/%s", slot, param->name)) {
		nn_buffer_free(&name);
		return NULL;
	}
	return name.data;
}

static int add_slot(struct nn_bundle *state, const struct nn_bundle *params, const char *slot,
	struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < params->count && !status; i++) {
		const struct nn_tensor *param = &params->tensors[i];
		char *name = slot_name(slot, param, err);

		status = name ? nn_bundle_add(state, name, NN_F32, param->ndim, param->shape, err) :
				NN_FAILED;
		free(name);
	}
	return status;
}

int nn_state_layout(struct nn_bundle *state, const struct nn_bundle *params,
	const struct nn_optim_options *options, struct nn_error *err)
{
	const struct nn_optimizer *optimizer = nn_optim_find(options->method);
	struct nn_buffer json = { 0 };
	int status = nn_bundle_add(state, UPDATES, NN_U64, 0, NULL, err);

	for (size_t i = 0; i < nn_optim_slots(optimizer, options) && !status; i++)
		status = add_slot(state, params, optimizer->slots[i], err);
	if (!status)
		status = nn_bundle_layout(state, err);
	if (!status)
		status = nn_optim_options_write(&json, options, err);
	if (!status)
		status = nn_bundle_set_meta(state, "optimizer", json.data, err);
	/* Of a slice each slot has the ranges that the parameters have. */
	if (!status && state->count > 1 && nn_bundle_meta(params, NN_PART_META))
		status = nn_bundle_set_meta(state, NN_PART_META,
			nn_bundle_meta(params, NN_PART_META), err);
	nn_buffer_free(&json);
	return status;
}

/* The same text, or none in both. */
static bool same_ranges(const struct nn_bundle *from, const struct nn_bundle *to)
{
	const char *there = nn_bundle_meta(from, NN_PART_META);
	const char *here = nn_bundle_meta(to, NN_PART_META);

	return !there || !here ? there == here : !strcmp(there, here);
}

/* Tensor by tensor. */
static int copy_tensors(const struct nn_bundle *from, struct nn_bundle *to, struct nn_error *err)
{
	for (size_t i = 0; i < to->count; i++) {
		const struct nn_tensor *wanted = &to->tensors[i];
		const struct nn_tensor *have = nn_bundle_find(from, wanted->name);
		char want_shape[NN_SHAPE_TEXT];
		char have_shape[NN_SHAPE_TEXT];

		if (!have)
			continue;
		nn_shape_text(wanted->ndim, wanted->shape, want_shape);
		nn_shape_text(have->ndim, have->shape, have_shape);
		if (have->dtype != wanted->dtype || strcmp(have_shape, want_shape))
			return nn_fail(err, NN_BAD, "state tensor %s: %s %s, but %s %s is wanted",
				have->name, nn_dtype_name(have->dtype), have_shape,
				nn_dtype_name(wanted->dtype), want_shape);
		memcpy(nn_bundle_data(to, wanted), nn_bundle_data(from, have), wanted->bytes);
	}
	return NN_OK;
}

/* What the old state has for the new one: all its data, where both are laid out alike, as they
 * nearly always are. */
static int carry_over(struct nn_bundle *from, struct nn_bundle *to, struct nn_error *err)
{
	int status;

	if (!nn_bundle_find(from, UPDATES))
		return nn_fail(err, NN_BAD, "state: there is no tensor " UPDATES);
	if (from->count > 1 && to->count > 1 && !same_ranges(from, to))
		return nn_fail(err, NN_BAD,
			"state: its slice has other parameters than the model's");
	if (!nn_bundle_same_layout(from, to, NULL)) {
		to->data = from->data;
		from->data = NULL;
		return NN_OK;
	}
	status = nn_bundle_alloc(to, err);
	return status ? status : copy_tensors(from, to, err);
}

int nn_state_prepare(struct nn_bundle *state, const struct nn_bundle *params,
	struct nn_optim_options *options, struct nn_json **document, struct nn_error *err)
{
	const char *json = nn_bundle_meta(state, "optimizer");
	struct nn_optim_options stored;
	struct nn_bundle next = { 0 };
	int status = NN_OK;

	*document = NULL;
	if (!json && state->count)
		return nn_fail(err, NN_BAD, "state: it does not say of which optimizer");
	if (json)
		status = nn_optim_options_read(&stored, document, json, err);
	if (!status)
		status = nn_optim_resolve(options, json ? &stored : NULL, err);
	if (!status)
		status = nn_state_layout(&next, params, options, err);
	if (!status && json && !strcmp(stored.method, options->method))
		status = carry_over(state, &next, err);
	if (!status && !next.data)
		status = nn_bundle_alloc(&next, err);
	if (status) {
		nn_bundle_free(&next);
		return status;
	}
	nn_bundle_free(state);
	*state = next;
	return NN_OK;
}

uint64_t *nn_state_updates(const struct nn_bundle *state)
{
	return nn_bundle_data(state, nn_bundle_find(state, UPDATES));
}

/* Canonical order puts a slot's tensors one behind the other, in the order of the parameters. */
float *nn_state_slot(const struct nn_bundle *state, const char *slot)
{
	size_t length = strlen(slot);

	for (size_t i = 0; i < state->count; i++)
		if (!strncmp(state->tensors[i].name, slot, length) &&
			state->tensors[i].name[length] == '/')
			return nn_bundle_data(state, &state->tensors[i]);
	return NULL;
}
