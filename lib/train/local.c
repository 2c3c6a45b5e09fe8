#include "train/local.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "train/finite.h"

/* The optimizer's state of a shard. */
struct inner {
	uint64_t shard;
	uint64_t shards;
	uint64_t next; /* step at which it may go on */
	uint64_t updates;
	float *slots[NN_MAX_SLOTS];
};

struct nn_local {
	const struct nn_optim_options *options;
	const struct nn_optimizer *optimizer;
	bool keep;
	struct nn_bundle params; /* as they are after some steps */
	struct inner *inners;    /* one, or with `keep` one for each shard */
	size_t inner_count;
};

struct nn_local *nn_local_new(const struct nn_optim_options *options, bool keep,
	struct nn_error *err)
{
	struct nn_local *local = nn_alloc(1, sizeof *local, err);

	if (!local)
		return NULL;
	local->options = options;
	local->optimizer = nn_optim_find(options->method);
	local->keep = keep;
	return local;
}

static void forget(struct nn_local *local)
{
	for (size_t i = 0; i < local->inner_count; i++)
		for (size_t k = 0; k < NN_MAX_SLOTS; k++)
			free(local->inners[i].slots[k]);
	free(local->inners);
	local->inners = NULL;
	local->inner_count = 0;
	nn_bundle_free(&local->params);
}

void nn_local_free(struct nn_local *local)
{
	if (!local)
		return;
	forget(local);
	free(local);
}

static int copy_params(struct nn_local *local, const struct nn_bundle *params, struct nn_error *err)
{
	int status = NN_OK;

	if (local->params.data && nn_bundle_same_layout(&local->params, params, err))
		forget(local);
	if (!local->params.data) {
		status = nn_bundle_copy_layout(params, &local->params, err);
		if (!status)
			status = nn_bundle_alloc(&local->params, err);
	}
	if (!status)
		memcpy(local->params.data, params->data, params->bytes);
	return status;
}

static int add_inner(struct nn_local *local, struct nn_error *err)
{
	struct inner *inners =
		nn_realloc(local->inners, local->inner_count + 1, sizeof *inners, err);
	struct inner *inner;

	if (!inners)
		return NN_FAILED;
	local->inners = inners;
	inner = &inners[local->inner_count++];
	*inner = (struct inner){ .next = UINT64_MAX };
	for (size_t k = 0; k < nn_optim_slots(local->optimizer, local->options); k++) {
		inner->slots[k] = nn_alloc_aligned(local->params.bytes, err);
		if (!inner->slots[k])
			return NN_FAILED;
	}
	return NN_OK;
}

/* The state that a shard's steps go on with. */
static int find_inner(struct nn_local *local, const struct nn_shard *shard, uint64_t step,
	struct inner **found, struct nn_error *err)
{
	size_t i = 0;
	struct inner *inner;
	int status = NN_OK;

	while (local->keep && i < local->inner_count && local->inners[i].shard != shard->number)
		i++;
	if (i == local->inner_count)
		status = add_inner(local, err);
	if (status)
		return status;
	inner = &local->inners[i];
	if (!local->keep || inner->next != step || inner->shard != shard->number) {
		inner->updates = 0;
		for (size_t k = 0; k < nn_optim_slots(local->optimizer, local->options); k++)
			memset(inner->slots[k], 0, local->params.bytes);
	}
	inner->shard = shard->number;
	*found = inner;
	return NN_OK;
}

static int update(struct nn_local *local, struct inner *inner, const struct nn_partial *partial,
	uint64_t step, struct nn_error *err)
{
	double norm = local->options->clip > 0 ? nn_gradient_norm(&partial->sum) : 0;
	struct nn_optim_pass pass = { .options = local->options,
		.lr = nn_schedule_rate(local->options, step),
		.divisor = partial->weight /
			nn_clip_factor(norm / partial->weight, local->options->clip),
		.t = ++inner->updates,
		.weight = partial->weight };
	struct nn_optim_vectors place = { .params = (float *)(void *)local->params.data };

	memcpy(place.slots, inner->slots, sizeof place.slots);
	nn_optim_update(local->optimizer, &pass, &local->params, 0,
		local->params.bytes / sizeof(float), &place, &place,
		(const float *)(const void *)partial->sum.data);
	if (nn_check_finite_bundle(&local->params, err))
		return nn_fail(err, NN_BAD, "after local step %llu: %s; a smaller --lr may help",
			(unsigned long long)step, err->text);
	return NN_OK;
}

static void advance(struct nn_step *step)
{
	step->step++;
	if (++step->step_in_epoch >= step->steps_per_epoch) {
		step->step_in_epoch = 0;
		step->epoch++;
	}
}

/* rows * (before - after) */
static void take_change(const struct nn_local *local, const struct nn_bundle *params,
	struct nn_partial *partial)
{
	const float *before = (const float *)(const void *)params->data;
	const float *after = (const float *)(const void *)local->params.data;
	float *sum = (float *)(void *)partial->sum.data;
	float rows = (float)partial->weight;

	for (size_t i = 0; i < params->bytes / sizeof(float); i++)
		sum[i] = rows * (before[i] - after[i]);
}

int nn_local_gradient(struct nn_local *local, struct nn_network *network,
	const struct nn_bundle *params, const struct nn_shard *shard, const struct nn_step *step,
	uint64_t steps, struct nn_task_space *space, struct nn_partial *partial,
	struct nn_error *err)
{
	struct nn_step now = *step;
	uint64_t rows = 0;
	double weight = 0;
	double loss = 0;
	struct inner *inner;
	int status = copy_params(local, params, err);

	if (!status)
		status = find_inner(local, shard, step->step, &inner, err);
	for (uint64_t i = 0; i < steps && !status; i++, advance(&now)) {
		status =
			nn_task_gradient(network, &local->params, shard, &now, space, partial, err);
		if (!status && !isfinite(partial->loss))
			status = nn_task_blame(network, space, &now, partial, err);
		if (status || !(partial->weight > 0))
			continue;
		rows += partial->rows;
		weight += partial->weight;
		loss += partial->loss;
		status = update(local, inner, partial, now.step, err);
	}
	if (status)
		return status;
	inner->next = now.step;
	partial->rows = rows;
	partial->weight = weight;
	partial->loss = loss;
	take_change(local, params, partial);
	return nn_local_mark(&partial->sum, steps, err);
}

uint64_t nn_local_steps(uint64_t wanted, uint64_t step_in_epoch, uint64_t steps_per_epoch)
{
	uint64_t left = steps_per_epoch ? steps_per_epoch - step_in_epoch : wanted;

	return wanted < left ? wanted : left;
}

int nn_local_mark(struct nn_bundle *grad, uint64_t steps, struct nn_error *err)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)steps);
	return nn_bundle_set_meta(grad, NN_LOCAL_STEPS, text, err);
}

uint64_t nn_local_marked(const struct nn_bundle *grad)
{
	const char *text = nn_bundle_meta(grad, NN_LOCAL_STEPS);
	uint64_t steps;

	return text && nn_parse_u64(text, &steps) && steps ? steps : 1;
}
