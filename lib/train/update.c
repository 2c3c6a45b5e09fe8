#include "train/update-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "json/json.h"
#include "train/finite.h"
#include "train/local.h"
#include "train/state.h"

/* Ends the messages about numbers that are none. */
static const char divergence_hint[] = "; a smaller --lr may help";

void nn_update_note_changes(const struct nn_update_options *how, const char *name,
	const struct nn_optim_options *before, const struct nn_optim_options *now)
{
	struct nn_buffer text = { 0 };

	if (strcmp(before->method, now->method) != 0)
		how->note("%s: the optimizer is %s from now on: its state begins anew", name,
			now->method);
	else if (!nn_optim_changes(&text, before, now, NULL) && text.length)
		how->note("%s: from now on %s", name, text.data);
	nn_buffer_free(&text);
}

static void note_changes(const struct nn_updater *updater, const char *json)
{
	struct nn_optim_options before;
	struct nn_json *document;
	struct nn_error ignored;

	if (nn_optim_options_read(&before, &document, json, &ignored))
		return;
	nn_update_note_changes(updater->options, updater->name, &before, &updater->optim);
	nn_json_free(document);
}

static int prepare_state(struct nn_updater *updater, struct nn_error *err)
{
	struct nn_checkpoint *checkpoint = updater->checkpoint;
	const char *json = nn_bundle_meta(&checkpoint->state, "optimizer");
	char *before = json ? nn_strdup(json, NULL) : NULL;
	int status = nn_state_prepare(&checkpoint->state, &checkpoint->model.params,
		&updater->optim, &updater->document, err);

	if (!status && before)
		note_changes(updater, before);
	free(before);
	if (status)
		return status == NN_BAD ? nn_fail_in(err, "%s", updater->name) : status;
	checkpoint->state_preamble = (struct nn_preamble){ 0 };
	return NN_OK;
}

int nn_updater_new(struct nn_updater **updater, struct nn_checkpoint *checkpoint, const char *name,
	const struct nn_update_options *options, struct nn_error *err)
{
	struct nn_updater *new = nn_alloc(1, sizeof *new, err);
	int status;

	if (!new)
		return NN_FAILED;
	new->checkpoint = checkpoint;
	new->name = name;
	new->options = options;
	new->optim = options->optim;
	new->reduce = (struct nn_reduce_options){ .skip_nonfinite = options->skip_nonfinite,
		.mixed_kernels = options->mixed_kernels,
		.warn = options->warn };
	new->reduction.options = &new->reduce;
	status = nn_reduction_start(&new->reduction, NN_KIND_GRAD, err);
	if (!status)
		status = prepare_state(new, err);
	if (!status)
		status = nn_updater_check_options(new, err);
	if (status) {
		nn_updater_free(new);
		return status;
	}
	*updater = new;
	return NN_OK;
}

void nn_updater_free(struct nn_updater *updater)
{
	if (!updater)
		return;
	nn_accumulator_free(updater->accumulator);
	nn_json_free(updater->document);
	free(updater);
}

struct nn_checkpoint *nn_updater_checkpoint(const struct nn_updater *updater)
{
	return updater->checkpoint;
}

uint64_t nn_updater_quorum(const struct nn_updater *updater)
{
	return updater->options->quorum;
}

bool nn_updater_intact(const struct nn_updater *updater)
{
	return !updater->broken;
}

void nn_updater_spoil(struct nn_updater *updater)
{
	updater->broken = true;
}

/* A plain safetensors file says nothing but the numbers: they are taken as a mean gradient of the
 * model at hand. */
static void say_for_it(struct nn_preamble *preamble, const struct nn_preamble *model)
{
	preamble->weight = 1;
	preamble->step = model->step;
	preamble->epoch = model->epoch;
	preamble->step_in_epoch = model->step_in_epoch;
	preamble->steps_per_epoch = model->steps_per_epoch;
	preamble->seed = model->seed;
}

/* The first gradient of a step says of how many shards it is. */
static int begin_step(struct nn_updater *updater, const struct nn_preamble *grad,
	struct nn_error *err)
{
	if (updater->accumulator)
		return NN_OK;
	updater->shards = grad->shards;
	updater->unnumbered = 0;
	updater->reduction.has_reference = false;
	/* No learning rate has made the first model. */
	updater->reduce.hint = grad->step ? divergence_hint : NULL;
	updater->accumulator = nn_accumulator_new(updater->shards, err);
	return updater->accumulator ? NN_OK : NN_FAILED;
}

int nn_updater_add(struct nn_updater *updater, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
{
	struct nn_frame grad = *frame;
	int status;

	if (grad.plain)
		say_for_it(&grad.preamble, &updater->checkpoint->model.preamble);
	status = nn_updater_check_model(updater, &grad, err);
	if (!status)
		status = nn_updater_check_shapes(updater, grad.layout, err);
	if (status)
		return nn_reader_blame(reader, err);
	status = begin_step(updater, &grad.preamble, err);
	if (!status)
		status = nn_reduction_check(&updater->reduction, reader, &grad, err);
	if (!status)
		status = nn_reduction_add(&updater->reduction, updater->accumulator, reader, &grad,
			updater->unnumbered, err);
	if (!status && !updater->shards)
		updater->unnumbered++;
	return status;
}

int nn_updater_add_partial(struct nn_updater *updater, const struct nn_preamble *grad,
	struct nn_partial *partial, const char *name, struct nn_error *err)
{
	struct nn_frame frame = { .preamble = *grad, .layout = &partial->sum };
	int status = nn_updater_check_model(updater, &frame, err);

	if (!status)
		status = nn_updater_check_shapes(updater, &partial->sum, err);
	if (!status)
		status = begin_step(updater, grad, err);
	if (!status)
		status = nn_reduction_compare(&updater->reduction, &frame, name, err);
	if (!status)
		status = nn_accumulator_add(updater->accumulator, partial, err);
	else
		nn_partial_free(partial);
	return status ? nn_fail_in(err, "%s", name) : NN_OK;
}

bool nn_updater_ready(const struct nn_updater *updater)
{
	uint64_t quorum = updater->options->quorum;

	if (!updater->accumulator)
		return false;
	if (!updater->shards || nn_accumulator_complete(updater->accumulator))
		return true;
	return quorum && nn_accumulator_covered(updater->accumulator) >= quorum;
}

bool nn_updater_missing(const struct nn_updater *updater, uint64_t *shard, uint64_t *shards)
{
	const struct nn_accumulator *accumulator = updater->accumulator;

	*shard = 0;
	*shards = updater->shards;
	if (!accumulator || nn_updater_ready(updater))
		return false;
	for (size_t i = 0; i < nn_accumulator_count(accumulator); i++) {
		struct nn_node range = nn_accumulator_node(accumulator, i)->range;

		if (range.first != *shard)
			break;
		*shard = range.end;
	}
	return true;
}

/* Says which shard is the first that is missing. */
static int fail_missing(const struct nn_updater *updater, struct nn_error *err)
{
	unsigned long long step = updater->checkpoint->model.preamble.step;
	uint64_t shard;
	uint64_t shards;

	if (!nn_updater_missing(updater, &shard, &shards))
		return nn_fail(err, NN_BAD, "no gradient of step %llu came", step);
	return nn_fail(err, NN_BAD,
		"step %llu: only %llu of %llu shards came: the first that is missing is %llu "
		"(--quorum takes fewer)",
		step, (unsigned long long)nn_accumulator_covered(updater->accumulator),
		(unsigned long long)shards, (unsigned long long)shard);
}

/* With a quorum there may be several nodes: they are added from the left. */
static const struct nn_partial *total(struct nn_updater *updater)
{
	struct nn_accumulator *accumulator = updater->accumulator;

	if (!updater->shards)
		nn_accumulator_close(accumulator, updater->unnumbered);
	return nn_accumulator_join(accumulator);
}

void nn_preamble_advance(struct nn_preamble *model)
{
	model->step++;
	model->step_in_epoch++;
	if (model->steps_per_epoch && model->step_in_epoch >= model->steps_per_epoch) {
		model->step_in_epoch = 0;
		model->epoch++;
	}
}

void nn_updater_pass(const struct nn_updater *updater, double weight, double norm,
	struct nn_optim_pass *pass)
{
	uint64_t updates = *nn_state_updates(&updater->checkpoint->state);

	*pass = (struct nn_optim_pass){ .options = &updater->optim,
		.lr = nn_schedule_rate(&updater->optim, updates),
		.divisor = weight / nn_clip_factor(norm / weight, updater->optim.clip),
		.t = updates + 1,
		.weight = weight };
}

static void apply(struct nn_updater *updater, const struct nn_partial *sum,
	const struct nn_optim_pass *pass)
{
	struct nn_bundle *params = &updater->checkpoint->model.params;
	const struct nn_bundle *state = &updater->checkpoint->state;
	const struct nn_optimizer *optimizer = nn_optim_find(updater->optim.method);
	struct nn_optim_vectors place = { .params = (float *)(void *)params->data };

	for (size_t i = 0; i < nn_optim_slots(optimizer, &updater->optim); i++)
		place.slots[i] = nn_state_slot(state, optimizer->slots[i]);
	nn_optim_update(optimizer, pass, params, 0, params->bytes / sizeof(float), &place, &place,
		(const float *)(const void *)sum->sum.data);
}

const struct nn_optim_options *nn_updater_optim(const struct nn_updater *updater)
{
	return &updater->optim;
}

void nn_updater_made(struct nn_updater *updater, const struct nn_optim_pass *pass, uint64_t steps,
	double loss, double weight, double norm)
{
	struct nn_checkpoint *checkpoint = updater->checkpoint;
	struct nn_preamble *model = &checkpoint->model.preamble;
	struct nn_update_report report = { .loss = loss / weight,
		.lr = pass->lr,
		.norm = norm / weight };

	*nn_state_updates(&checkpoint->state) = pass->t;
	while (steps--)
		nn_preamble_advance(model);
	model->id = 0;
	report.step = model->step;
	report.epoch = model->epoch;
	updater->options->report(&report);
}

/* The first gradient says which kernel the model is trained with. */
static int adopt_kernel(struct nn_updater *updater, const struct nn_bundle *sum,
	struct nn_error *err)
{
	struct nn_bundle *params = &updater->checkpoint->model.params;
	const char *kernel = nn_bundle_meta(sum, "kernel");

	if (!kernel || nn_bundle_meta(params, "kernel"))
		return NN_OK;
	return nn_bundle_set_meta(params, "kernel", kernel, err);
}

int nn_updater_diverged(const struct nn_updater *updater, const char *what, struct nn_error *err)
{
	nn_fail_in(err, "step %llu: %s",
		(unsigned long long)updater->checkpoint->model.preamble.step, what);
	return nn_fail(err, err->status, "%s%s", err->text, divergence_hint);
}

/* Local steps end with the epoch. */
static int check_steps(const struct nn_updater *updater, uint64_t steps, struct nn_error *err)
{
	const struct nn_preamble *grad = &updater->reduction.reference;

	if (steps == 1 ||
		(grad->step_in_epoch < grad->steps_per_epoch &&
			steps <= grad->steps_per_epoch - grad->step_in_epoch))
		return NN_OK;
	return nn_fail(err, NN_BAD,
		"a change of %llu local steps, from step %llu of an epoch of %llu",
		(unsigned long long)steps, (unsigned long long)grad->step_in_epoch,
		(unsigned long long)grad->steps_per_epoch);
}

/* The norm of the sum; of a slice that is asked of nobody it is not known. */
static int find_norm(struct nn_updater *updater, const struct nn_partial *sum, struct nn_error *err)
{
	struct nn_preamble grad = updater->reduction.reference;

	if (!nn_model_is_part(&updater->checkpoint->model))
		updater->norm = nn_gradient_norm(&sum->sum);
	else if (!updater->options->sums)
		updater->norm = NAN;
	else
		return nn_sums_norm(updater->options->sums, &grad, sum, &updater->norm, err);
	return NN_OK;
}

int nn_updater_gather(struct nn_updater *updater, struct nn_error *err)
{
	struct nn_model *model = &updater->checkpoint->model;
	const struct nn_partial *sum;
	int status;

	if (!nn_updater_ready(updater))
		return fail_missing(updater, err);
	sum = total(updater);
	if (!(sum->weight > 0))
		return nn_fail(err, NN_BAD,
			"step %llu: the total weight is zero: there is nothing to divide by",
			(unsigned long long)model->preamble.step);
	/* Finite numbers can have an infinite sum. */
	status = nn_check_finite_bundle(&sum->sum, err);
	if (status)
		return nn_updater_diverged(updater, "the sum of the gradients", err);
	status = check_steps(updater, nn_local_marked(&sum->sum), err);
	if (!status)
		status = find_norm(updater, sum, err);
	updater->gathered = !status;
	return status;
}

int nn_updater_step(struct nn_updater *updater, struct nn_error *err)
{
	struct nn_model *model = &updater->checkpoint->model;
	struct nn_optim_pass pass;
	const struct nn_partial *sum;
	double norm;
	int status = updater->gathered ? NN_OK : nn_updater_gather(updater, err);

	if (status)
		return status;
	updater->gathered = false;
	norm = updater->norm;
	sum = nn_accumulator_join(updater->accumulator);
	updater->broken = true;
	nn_updater_pass(updater, sum->weight, norm, &pass);
	apply(updater, sum, &pass);
	status = nn_check_finite_bundle(&model->params, err);
	if (status)
		return nn_updater_diverged(updater, "the learning rate is too high: updated", err);
	status = adopt_kernel(updater, &sum->sum, err);
	if (status)
		return status;
	/* The model goes on as it was trained. */
	model->preamble.steps_per_epoch = updater->reduction.reference.steps_per_epoch;
	model->preamble.seed = updater->reduction.reference.seed;
	updater->broken = false;
	nn_updater_made(updater, &pass, nn_local_marked(&sum->sum), sum->loss, sum->weight, norm);
	if (!nn_model_is_part(model))
		model->preamble.id = nn_bundle_id(&model->params);
	nn_accumulator_free(updater->accumulator);
	updater->accumulator = NULL;
	return NN_OK;
}

int nn_updater_apply(struct nn_updater *updater, const struct nn_partial *grad, double shards,
	struct nn_error *err)
{
	struct nn_optim_pass pass;

	nn_updater_pass(updater, grad->weight, nn_gradient_norm(&grad->sum), &pass);
	pass.divisor *= shards;
	pass.weight *= shards;
	updater->broken = true;
	apply(updater, grad, &pass);
	if (nn_check_finite_bundle(&updater->checkpoint->model.params, err))
		return nn_updater_diverged(updater, "the learning rate is too high: updated", err);
	*nn_state_updates(&updater->checkpoint->state) = pass.t;
	updater->checkpoint->model.preamble.id = 0;
	updater->broken = false;
	return NN_OK;
}

void nn_updater_passed(struct nn_updater *updater, uint64_t step, double loss, double weight)
{
	struct nn_preamble *model = &updater->checkpoint->model.preamble;
	uint64_t updates = *nn_state_updates(&updater->checkpoint->state);
	struct nn_update_report report = { .loss = weight > 0 ? loss / weight : 0,
		.lr = nn_schedule_rate(&updater->optim, updates ? updates - 1 : 0) };

	while (model->step < step)
		nn_preamble_advance(model);
	report.step = model->step;
	report.epoch = model->epoch;
	updater->options->report(&report);
}
