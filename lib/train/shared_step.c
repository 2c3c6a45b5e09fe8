#include "train/shared_step-private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/vector.h"
#include "train/finite.h"
#include "train/state.h"

/* Parameters that are worth a message to a worker, in blocks. */
#define LEAST_BLOCKS 8

static size_t log2_up(uint64_t shards)
{
	size_t bits = 0;

	while (bits < 63 && UINT64_C(1) << bits < shards)
		bits++;
	return bits;
}

static void describe(const struct training *training, const struct nn_slicer *slicer,
	struct nn_shared_sizes *sizes)
{
	const struct nn_bundle *params = &training->checkpoint->model.params;
	const struct nn_bundle *state = &training->checkpoint->state;
	const struct nn_optim_options *optim = nn_updater_optim(training->updater);
	const struct nn_optimizer *optimizer = nn_optim_find(optim->method);

	*sizes = (struct nn_shared_sizes){ .params = params->bytes,
		.state = state->bytes,
		.slot_count = nn_optim_slots(optimizer, optim),
		.blocks = nn_slicer_blocks(slicer),
		.parts = nn_pool_size(training->pool) + 1,
		/* Every other shard may have to wait for its neighbour, while workers are at two
		 * more each. */
		.buffers = 2 * nn_pool_size(training->pool) + training->run.shards / 2 + 2 };
	for (size_t i = 0; i < sizes->slot_count; i++)
		sizes->slots[i] =
			(uint64_t)((unsigned char *)nn_state_slot(state, optimizer->slots[i]) -
				state->data);
}

/* The model and its state are what lies in the current copy. */
static void show(struct training *training)
{
	const struct nn_shared *shared = training->options->shared;

	training->checkpoint->model.params.data =
		(unsigned char *)nn_shared_params(shared, shared->current);
	training->checkpoint->state.data = nn_shared_state(shared, shared->current);
}

static void move_in(struct training *training)
{
	struct nn_bundle *params = &training->checkpoint->model.params;
	struct nn_bundle *state = &training->checkpoint->state;
	const struct nn_shared *shared = training->options->shared;

	memcpy(nn_shared_params(shared, 0), params->data, params->bytes);
	memcpy(nn_shared_state(shared, 0), state->data, state->bytes);
	free(params->data);
	free(state->data);
	show(training);
}

int nn_shared_step_open(struct training *training, struct nn_error *err)
{
	struct nn_shared_step *step = nn_alloc(1, sizeof *step, err);
	struct nn_shared_sizes sizes;
	size_t enough = 2 * nn_pool_size(training->pool) + 1 + log2_up(training->run.shards);
	int status;

	if (!step)
		return NN_FAILED;
	training->shared = step;
	step->shared = training->options->shared;
	step->nodes = nn_alloc((size_t)training->run.shards, sizeof *step->nodes, err);
	status = step->nodes ? NN_OK : NN_FAILED;
	if (!status)
		status = nn_slicer_new(&step->slicer, &training->checkpoint->model.params,
			nn_updater_optim(training->updater), err);
	if (status)
		return status;
	describe(training, step->slicer, &sizes);
	status = nn_shared_lay_out(step->shared, &sizes, enough, err);
	if (status)
		return status;
	move_in(training);
	training->step = nn_train_shared_step;
	return NN_OK;
}

static int move_out(struct nn_bundle *bundle, struct nn_error *err)
{
	unsigned char *data = nn_alloc_aligned(bundle->bytes, err);

	if (data)
		memcpy(data, bundle->data, bundle->bytes);
	bundle->data = data;
	return data ? NN_OK : NN_FAILED;
}

int nn_shared_step_close(struct training *training, struct nn_error *err)
{
	struct nn_shared_step *step = training->shared;
	int status = NN_OK;

	if (!step)
		return NN_OK;
	if (training->step == nn_train_shared_step) {
		nn_shared_shrink(step->shared);
		status = move_out(&training->checkpoint->model.params, err);
		if (!status)
			status = move_out(&training->checkpoint->state, err);
		else
			training->checkpoint->state.data = NULL;
	}
	nn_slicer_free(step->slicer);
	nn_shared_sources_free(&step->sources);
	free(step->nodes);
	free(step);
	training->shared = NULL;
	return status;
}

/* left becomes left + right, as the fixed tree has it. */
static void merge(struct nn_shared_step *step, size_t left)
{
	struct node *a = &step->nodes[left];
	struct node *b = a + 1;
	float *sum = nn_shared_buffer(step->shared, a->buffer);

	nn_vector_add(sum, sum, nn_shared_buffer(step->shared, b->buffer),
		(size_t)step->shared->sizes.params / sizeof *sum);
	nn_shared_put(step->shared, b->buffer);
	a->share.range.end = b->share.range.end;
	a->share.rows += b->share.rows;
	a->share.weight += b->share.weight;
	a->share.loss += b->share.loss;
	a->from[0] = '\0';
	step->count--;
	memmove(b, b + 1, (step->count - left - 1) * sizeof *b);
}

/* Two nodes side by side whose sum is a node: the first of them, or `count`. */
static size_t find_pair(const struct nn_shared_step *step, uint64_t shards)
{
	for (size_t i = 0; i + 1 < step->count; i++) {
		struct nn_node left;
		struct nn_node right;

		if (step->nodes[i].share.range.end != step->nodes[i + 1].share.range.first)
			continue;
		nn_tree_parent(step->nodes[i].share.range, shards, &left, &right);
		if (left.first == step->nodes[i].share.range.first &&
			right.end == step->nodes[i + 1].share.range.end &&
			left.end == step->nodes[i].share.range.end)
			return i;
	}
	return step->count;
}

/* A gradient that came by a pipe is moved to where the others are. */
static int place(struct nn_shared_step *step, struct nn_answer *answer, struct nn_error *err)
{
	if (answer->buffer != NN_NO_BUFFER)
		return NN_OK;
	answer->buffer = nn_shared_take(step->shared, NN_NOBODY, true);
	if (answer->buffer == NN_NO_BUFFER)
		return nn_fail(err, NN_FAILED, "no room for another gradient");
	memcpy(nn_shared_buffer(step->shared, answer->buffer), answer->partial.sum.data,
		answer->partial.sum.bytes);
	return NN_OK;
}

/* Takes over what the answer has. While there is room, sums wait to be made by those who update:
 * each adds its slice. */
static int add(struct training *training, struct nn_answer *answer, struct nn_error *err)
{
	struct nn_shared_step *step = training->shared;
	const struct nn_partial *partial = &answer->partial;
	int status = place(step, answer, err);
	size_t at = step->count;

	if (!status)
		status = nn_train_note(training, answer,
			nn_shared_buffer(step->shared, answer->buffer), err);
	if (status)
		return status;
	while (at > 0 && step->nodes[at - 1].share.range.first > partial->range.first) {
		step->nodes[at] = step->nodes[at - 1];
		at--;
	}
	step->nodes[at] =
		(struct node){ { partial->range, partial->rows, partial->weight, partial->loss },
			answer->buffer, "" };
	snprintf(step->nodes[at].from, sizeof step->nodes[at].from, "%s", answer->from);
	step->count++;
	while (nn_shared_is_full(step->shared) &&
		(at = find_pair(step, training->run.shards)) < step->count)
		merge(step, at);
	return NN_OK;
}

static int collect(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	struct nn_shared_step *step = training->shared;
	int status = NN_OK;

	step->count = 0;
	progress->rows = 0;
	progress->validated = false;
	for (uint64_t i = 0; i < training->run.shards && !status; i++) {
		struct nn_answer answer;

		status = nn_pool_next(training->pool, &answer, err);
		if (status)
			break;
		if (!i)
			progress->busy = nn_pool_busy(training->pool) + 1;
		progress->rows += answer.partial.rows;
		nn_shared_check_loss(training, &answer);
		status = add(training, &answer, err);
		nn_partial_free(&answer.partial);
	}
	if (!status && step->doubtful) {
		*err = step->doubt;
		status = NN_BAD;
	}
	return status;
}

static int write_plan(struct nn_shared_step *step, uint64_t shards,
	const struct nn_optim_pass *pass, struct nn_error *err)
{
	struct nn_shared_plan *plan = nn_shared_plan(step->shared);

	plan->turn = step->turn + 1;
	plan->shards = shards;
	plan->lr = pass->lr;
	plan->divisor = pass->divisor;
	plan->weight = pass->weight;
	plan->t = pass->t;
	plan->count = step->count;
	for (size_t i = 0; i < step->count; i++)
		plan->nodes[i] = (struct nn_shared_node){ step->nodes[i].share.range,
			step->nodes[i].buffer };
	return nn_shared_sources_read(&step->sources, step->slicer, step->shared, err);
}

struct slice {
	struct nn_shared_step *step;
	enum nn_shared_op op;
	size_t with;
};

static bool my_slice(void *context, size_t from, size_t to)
{
	const struct slice *slice = context;
	struct nn_shared_step *step = slice->step;

	if (slice->op == NN_SHARED_UPDATE)
		return nn_shared_update(step->slicer, step->shared, &step->sources,
			(unsigned)slice->with, from, to);
	nn_shared_sum(step->slicer, step->shared, &step->sources, slice->with, from, to);
	return true;
}

/* The update's slices, and behind them the tasks of the step to come: the workers go on while we do
 * what there is to do after a step. A worker that gets its model by a pipe cannot. */
static int hand_out_ahead(struct training *training, struct nn_error *err)
{
	struct nn_preamble now = training->checkpoint->model.preamble;
	struct nn_preamble *model = &training->checkpoint->model.preamble;
	int status;

	if (!nn_pool_is_shared(training->pool) || !nn_train_goes_on(training))
		return NN_OK;
	nn_preamble_advance(model);
	status = nn_train_hand_out(training, err);
	*model = now;
	if (status)
		return status;
	nn_pool_ahead(training->pool);
	training->shared->ahead = true;
	return NN_OK;
}

static int slice(struct training *training, enum nn_shared_op op, size_t with, bool *finite,
	struct nn_error *err)
{
	struct slice mine = { training->shared, op, with };
	struct nn_pool_slices slices = { .op = op,
		.with = with,
		.blocks = (size_t)training->shared->shared->sizes.blocks,
		.least = LEAST_BLOCKS,
		.mine = my_slice,
		.context = &mine };
	int status = NN_OK;

	nn_pool_slice(training->pool, &slices);
	if (op == NN_SHARED_UPDATE)
		status = hand_out_ahead(training, err);
	nn_pool_sliced(training->pool, &slices, finite);
	return status;
}

/* The sum is made before the update if that must know its norm. */
static int sum_first(struct training *training, double *norm, struct nn_error *err)
{
	struct nn_shared_step *step = training->shared;
	size_t buffer = step->nodes[0].buffer;
	bool finite;
	int status;

	if (step->count > 1)
		buffer = nn_shared_take(step->shared, NN_NOBODY, true);
	status = slice(training, NN_SHARED_SUM, buffer, &finite, err);
	if (status)
		return status;
	*norm = nn_slicer_norm(step->slicer, nn_shared_squares(step->shared));
	if (!isfinite(*norm)) {
		if (step->count > 1)
			nn_shared_put(step->shared, buffer);
		return nn_shared_blame(training, err);
	}
	for (size_t i = 0; i < step->count && step->count > 1; i++)
		nn_shared_put(step->shared, step->nodes[i].buffer);
	step->count = 1;
	step->nodes[0].buffer = buffer;
	step->nodes[0].share.range = (struct nn_node){ 0, training->run.shards };
	return NN_OK;
}

static int check_update(struct training *training, bool finite, struct nn_error *err)
{
	const struct nn_shared *shared = training->shared->shared;
	struct nn_bundle params = training->checkpoint->model.params;

	if (finite)
		return NN_OK;
	params.data = (unsigned char *)nn_shared_params(shared, !shared->current);
	if (!nn_check_finite_bundle(&params, err))
		nn_fail(err, NN_BAD, "a parameter is no number");
	return nn_updater_diverged(training->updater, "the learning rate is too high: updated",
		err);
}

static int update(struct training *training, const struct nn_share *sum, struct nn_error *err)
{
	struct nn_shared_step *step = training->shared;
	const struct nn_optim_options *optim = nn_updater_optim(training->updater);
	struct nn_optim_pass pass = { 0 };
	double norm = 0;
	bool finite;
	int status = write_plan(step, training->run.shards, &pass, err);

	if (!status && optim->clip > 0)
		status = sum_first(training, &norm, err);
	if (status)
		return status;
	nn_updater_pass(training->updater, sum->weight, norm, &pass);
	status = write_plan(step, training->run.shards, &pass, err);
	if (!status)
		status = slice(training, NN_SHARED_UPDATE, step->shared->current, &finite, err);
	if (status)
		return status;
	norm = nn_slicer_norm(step->slicer, nn_shared_squares(step->shared));
	status = isfinite(norm) ? check_update(training, finite, err) :
				  nn_shared_blame(training, err);
	if (status)
		return status;
	for (size_t i = 0; i < step->count; i++)
		nn_shared_put(step->shared, step->nodes[i].buffer);
	step->shared->current = !step->shared->current;
	step->turn++;
	show(training);
	nn_updater_made(training->updater, &pass, 1, sum->loss, sum->weight, norm);
	return NN_OK;
}

static int attempt(struct training *training, struct nn_error *err)
{
	struct nn_model *model = &training->checkpoint->model;
	struct nn_share sum;
	int status = training->shared->ahead ? NN_OK : nn_train_hand_out(training, err);

	training->shared->ahead = false;
	if (!status)
		status = collect(training, err);
	if (status)
		return status;
	sum = nn_tree_total(training->shared->nodes, sizeof *training->shared->nodes,
		training->shared->count);
	if (!(sum.weight > 0))
		return nn_fail(err, NN_BAD,
			"step %llu: the total weight is zero: there is nothing to divide by",
			(unsigned long long)model->preamble.step);
	return update(training, &sum, err);
}

int nn_train_shared_step(struct training *training, struct nn_error *err)
{
	struct nn_model *model = &training->checkpoint->model;
	int status;

	if (!model->preamble.id && !nn_pool_is_shared(training->pool))
		model->preamble.id = nn_bundle_id(&model->params);
	status = attempt(training, err);
	return training->shared->doubtful ? nn_shared_try_again(training, attempt, err) : status;
}
