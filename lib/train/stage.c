#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "data/sampler.h"
#include "tensor/blas.h"
#include "train/stage-private.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void set_forms(struct nn_stage *stage)
{
	const struct nn_stage_options *options = stage->options;
	const struct nn_network *network = options->network;
	bool classes = nn_network_criterion(network)->type->wants_classes;

	snprintf(stage->layers, sizeof stage->layers, "%zu:%zu", options->range.begin,
		options->range.end);
	stage->in = (struct nn_act_form){ .layer = options->range.begin,
		.x = *nn_network_input_shape(network),
		.positions = classes ? nn_network_positions(network) : 0,
		.outputs = classes ? 0 : nn_network_outputs(network),
		.kernel = nn_blas_kernel(),
		.layers = stage->layers };
	stage->out = stage->in;
	stage->out.layer = options->range.end;
	stage->out.x = *nn_network_output_shape(network);
}

static int make_room(struct nn_stage *stage, struct nn_error *err)
{
	const struct nn_stage_options *options = stage->options;
	int status;

	/* One more may come while all the others are on their way. */
	stage->slot_count = options->in_flight + 1;
	stage->grad_count = options->in_flight > 2 ? options->in_flight : 2;
	stage->slots = nn_alloc(stage->slot_count, sizeof *stage->slots, err);
	stage->grads = nn_alloc(stage->grad_count, sizeof *stage->grads, err);
	stage->flights = nn_alloc(options->in_flight, sizeof *stage->flights, err);
	if (!stage->slots || !stage->grads || !stage->flights)
		return NN_FAILED;
	status = nn_network_layout(options->network, &stage->layout, err);
	return status ? status :
			nn_bundle_set_meta(&stage->layout, "kernel", nn_blas_kernel(), err);
}

int nn_stage_open(struct nn_stage **out, const struct nn_stage_options *options,
	struct nn_error *err)
{
	struct nn_stage *stage = nn_alloc(1, sizeof *stage, err);
	int status;

	*out = NULL;
	if (!stage)
		return NN_FAILED;
	stage->options = options;
	stage->is_first = !options->range.begin;
	stage->is_last = options->range.end == options->range.layers;
	stage->leave = stage->orders_end = -1;
	stage->number = options->range.stages ? options->range.stage : 0;
	pthread_mutex_init(&stage->lock, NULL);
	pthread_mutex_init(&stage->write_lock, NULL);
	pthread_cond_init(&stage->changed, NULL);
	set_forms(stage);
	status = make_room(stage, err);
	if (!status)
		status = nn_stage_open_lines(stage, err);
	if (status) {
		nn_stage_close(stage);
		return status;
	}
	*out = stage;
	return NN_OK;
}

void nn_stage_close(struct nn_stage *stage)
{
	if (!stage)
		return;
	nn_stage_close_lines(stage);
	for (size_t i = 0; i < stage->slot_count && stage->slots; i++)
		nn_micro_free(&stage->slots[i]);
	for (size_t i = 0; i < stage->options->in_flight && stage->flights; i++)
		nn_flight_free(&stage->flights[i]);
	free(stage->flights);
	for (size_t i = 0; i < stage->grad_count && stage->grads; i++)
		free(stage->grads[i].dx);
	free(stage->returns[0].dx);
	free(stage->returns[1].dx);
	free(stage->slots);
	free(stage->grads);
	nn_stack_free(stage->stack);
	nn_bundle_free(&stage->layout);
	pthread_mutex_destroy(&stage->lock);
	pthread_mutex_destroy(&stage->write_lock);
	pthread_cond_destroy(&stage->changed);
	free(stage);
}

struct nn_stack *nn_stage_sums(struct nn_stage *stage)
{
	return stage->stack;
}

const struct nn_preamble *nn_stage_seen(const struct nn_stage *stage)
{
	return &stage->seen;
}

bool nn_stage_place(const struct nn_stage *stage, size_t *part, size_t *parts)
{
	*part = stage->number;
	*parts = stage->is_last ? stage->number + 1 : stage->stages;
	return *parts > *part;
}

double nn_stage_idle(struct nn_stage *stage)
{
	double idle = stage->idle;

	stage->idle = 0;
	return idle;
}

int nn_stage_orders_end(const struct nn_stage *stage)
{
	return stage->orders_end;
}

bool nn_stage_is_victim(const struct nn_stage *stage)
{
	return stage->victim;
}

enum move { FORWARD, BACKWARD, DONE, FAILED, NOTHING };

/* What can be done now, with the lock: see stage.h. */
static enum move choose(const struct nn_stage *stage, uint64_t end)
{
	bool more = stage->forward < end;
	bool here = stage->is_first || stage->filled > stage->forward;
	bool room = stage->backward - stage->returned < 2 || !stage->out_back;
	uint64_t gone = stage->out_forward ? stage->sent : stage->backward;

	if (stage->status)
		return FAILED;
	if (stage->backward >= end)
		return DONE;
	if (stage->ended == NN_STAGE_ORDERS)
		return FAILED;
	if (!stage->is_last && stage->came_back > stage->backward && room)
		return BACKWARD;
	/* The first stage fills its slots itself: the one it wants must be free. */
	if (stage->is_first && stage->forward - gone >= stage->slot_count)
		here = false;
	if (more && here && stage->forward - stage->backward < stage->options->in_flight &&
		(room || !stage->is_last))
		return FORWARD;
	if (!stage->is_first && stage->ended & NN_STAGE_FORWARD &&
		stage->filled == stage->forward && stage->forward == stage->backward)
		return end == UINT64_MAX ? DONE : FAILED;
	if (!stage->is_last && stage->ended & NN_STAGE_BACK &&
		stage->came_back == stage->backward && stage->forward > stage->backward)
		return FAILED;
	return NOTHING;
}

/* The last gradient, which was left lying for what others wait for. */
static void add_up(struct nn_stage *stage)
{
	if (stage->to_add)
		nn_stack_push(stage->stack);
	stage->to_add = false;
}

static enum move next_move(struct nn_stage *stage, uint64_t end, struct nn_error *err)
{
	enum move move;
	double began = 0;

	pthread_mutex_lock(&stage->lock);
	while ((move = choose(stage, end)) == NOTHING) {
		if (stage->to_add) {
			pthread_mutex_unlock(&stage->lock);
			add_up(stage);
			pthread_mutex_lock(&stage->lock);
			continue;
		}
		if (!(began > 0))
			began = now();
		pthread_cond_wait(&stage->changed, &stage->lock);
	}
	if (began > 0)
		stage->idle += now() - began;
	if (move == FAILED && stage->status)
		*err = stage->why;
	else if (move == FAILED) {
		nn_fail(err, NN_FAILED, "layers %s: %s ended before all had come", stage->layers,
			stage->ended == NN_STAGE_ORDERS         ? "orders" :
				stage->ended & NN_STAGE_FORWARD ? "the stage before" :
								  "the stage behind");
		stage->victim = true;
	}
	pthread_mutex_unlock(&stage->lock);
	return move;
}

/* The rows of the next task, from the data. */
static int gather(struct nn_stage *stage, struct nn_micro *micro, const struct nn_step *step,
	const struct nn_shard *shard, struct nn_error *err)
{
	struct nn_step_rows range =
		nn_sampler_range(shard->count, step->step_in_epoch, step->steps_per_epoch);
	size_t count = (size_t)(range.end - range.begin);

	if (nn_micro_reserve(micro, &stage->in, count, err))
		return nn_fail_in(err, "%s", shard->name);
	nn_sampler_rows(range, shard->count, step->seed, step->epoch, shard->number,
		micro->numbers);
	for (size_t i = 0; i < count && shard->rows; i++)
		micro->numbers[i] = shard->rows[micro->numbers[i]];
	nn_dataset_gather(shard->data, micro->numbers, count, micro->x, micro->y, micro->labels);
	micro->preamble = (struct nn_preamble){ .step = step->step,
		.epoch = step->epoch,
		.step_in_epoch = step->step_in_epoch,
		.steps_per_epoch = step->steps_per_epoch,
		.seed = step->seed,
		.shards = stage->options->data->shards,
		.first = shard->number,
		.end = shard->number + 1,
		.rows = count,
		.id = stage->options->id };
	return NN_OK;
}

/* Where the gradient of a task goes. */
static int begin_sum(struct nn_stage *stage, const struct nn_preamble *task,
	struct nn_partial **partial, struct nn_error *err)
{
	uint64_t shards = stage->options->shards ? stage->options->shards : task->shards;

	if (!stage->stack)
		stage->stack = nn_stack_new(&stage->layout, shards, err);
	if (!stage->stack)
		return NN_FAILED;
	add_up(stage);
	return nn_stack_next(stage->stack, partial, err);
}

static void end_sum(struct nn_stage *stage, struct nn_partial *partial,
	const struct nn_preamble *task)
{
	partial->range = (struct nn_node){ task->first, task->end };
	partial->rows = task->rows;
	partial->weight = task->weight;
	partial->loss = task->loss;
	stage->seen = *task;
	stage->to_add = true;
}

static int fail_task(const struct nn_preamble *task, struct nn_error *err)
{
	return nn_fail_in(err, "step %llu, shard %llu", (unsigned long long)task->step,
		(unsigned long long)task->first);
}

/* With the loss: forward and back at once, part by part. */
static int turn(struct nn_stage *stage, struct nn_micro *slot, struct nn_error *err)
{
	struct nn_network *network = stage->options->network;
	struct nn_act_grad *back = &stage->returns[stage->backward % 2];
	struct nn_preamble *task = &slot->preamble;
	struct nn_pass pass = { task->seed, task->step, task->first, true };
	struct nn_batch batch = { .x = slot->x,
		.y = slot->y,
		.labels = slot->labels,
		.rows = (size_t)task->rows,
		.numbers = slot->numbers };
	struct nn_partial *partial;
	struct nn_loss_sum sum;
	int status = begin_sum(stage, task, &partial, err);

	if (!status)
		status = nn_network_reserve(network, nn_network_at_once(network, batch.rows), err);
	if (!status && stage->out_back)
		status = nn_act_reserve(back, &stage->in, batch.rows, err);
	if (!status)
		status = nn_network_turn(network, stage->options->params, &batch, &pass, false,
			&partial->sum, stage->out_back ? back->dx : NULL, &sum, err);
	if (!status && !isfinite(sum.loss))
		status = nn_network_blame(network, &batch, sum.loss, err);
	if (status)
		return fail_task(task, err);
	task->weight = sum.weight;
	task->loss = sum.loss;
	back->preamble = *task;
	back->preamble.part = (uint32_t)stage->number;
	back->preamble.parts = (uint32_t)stage->number + 1;
	end_sum(stage, partial, task);
	return NN_OK;
}

static int go_forward(struct nn_stage *stage, struct nn_micro *slot, struct nn_error *err)
{
	const struct nn_stage_options *options = stage->options;
	const struct nn_preamble *task = &slot->preamble;
	struct nn_pass pass = { task->seed, task->step, task->first, true };
	struct nn_flight *flight = &stage->flights[stage->forward % options->in_flight];
	int status = nn_flight_reserve(flight, options->network, (size_t)task->rows,
		options->recompute, err);

	if (!status)
		status = nn_stage_forward(options->network, options->params, flight, slot->x,
			(size_t)task->rows, &pass, err);
	return status ? fail_task(task, err) : NN_OK;
}

static int go_back(struct nn_stage *stage, struct nn_error *err)
{
	const struct nn_stage_options *options = stage->options;
	struct nn_flight *flight = &stage->flights[stage->backward % options->in_flight];
	const struct nn_act_grad *grad = &stage->grads[stage->backward % stage->grad_count];
	struct nn_act_grad *back = &stage->returns[stage->backward % 2];
	struct nn_partial *partial;
	int status = begin_sum(stage, &grad->preamble, &partial, err);

	if (!status && stage->out_back)
		status = nn_act_reserve(back, &stage->in, (size_t)grad->preamble.rows, err);
	if (status)
		return fail_task(&grad->preamble, err);
	nn_stage_backward(options->network, options->params, flight, grad->dx,
		grad->preamble.weight, &partial->sum, stage->out_back ? back->dx : NULL);
	back->preamble = grad->preamble;
	end_sum(stage, partial, &grad->preamble);
	return NN_OK;
}

static void count(struct nn_stage *stage, bool forward, bool backward)
{
	pthread_mutex_lock(&stage->lock);
	stage->forward += forward;
	stage->backward += backward;
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->lock);
}

static int run_forward(struct nn_stage *stage, const struct nn_step *step,
	const struct nn_shard *shard, struct nn_error *err)
{
	struct nn_micro *slot = &stage->slots[stage->forward % stage->slot_count];
	int status = stage->is_first ? gather(stage, slot, step, shard, err) : NN_OK;

	if (!status)
		status = stage->is_last ? turn(stage, slot, err) : go_forward(stage, slot, err);
	if (!status)
		count(stage, true, stage->is_last);
	return status;
}

int nn_stage_run(struct nn_stage *stage, const struct nn_step *step, size_t first, uint64_t tasks,
	struct nn_error *err)
{
	uint64_t begin = stage->backward;
	uint64_t end = tasks == NN_STAGE_ALL ? UINT64_MAX : begin + tasks;
	int status = NN_OK;

	while (!status) {
		enum move move = next_move(stage, end, err);

		if (move == DONE) {
			add_up(stage);
			break;
		}
		if (move == FAILED)
			return (int)err->status;
		if (move == FORWARD)
			status = run_forward(stage, step,
				stage->is_first ?
					&stage->options->data
						 ->list[first + (size_t)(stage->forward - begin)] :
					NULL,
				err);
		else
			status = go_back(stage, err);
		if (!status && move == BACKWARD)
			count(stage, false, true);
	}
	return status;
}

/* Until all has been written and, if `answered`, the stage behind has nothing left to say. */
static int settle(struct nn_stage *stage, bool answered, struct nn_error *err)
{
	int status;

	pthread_mutex_lock(&stage->lock);
	while (!stage->status &&
		((stage->out_forward && stage->sent < stage->forward) ||
			(stage->out_back && stage->returned < stage->backward) ||
			(answered && !stage->is_last && !(stage->ended & NN_STAGE_BACK))))
		pthread_cond_wait(&stage->changed, &stage->lock);
	status = stage->status;
	if (status)
		*err = stage->why;
	pthread_mutex_unlock(&stage->lock);
	return status;
}

int nn_stage_end_forward(struct nn_stage *stage, struct nn_error *err)
{
	int status = settle(stage, false, err);

	return status || !stage->out_forward ? status :
					       nn_writer_end(stage->out_forward->writer, err);
}

int nn_stage_end_back(struct nn_stage *stage, struct nn_error *err)
{
	int status = settle(stage, true, err);

	return status || !stage->out_back ? status : nn_writer_end(stage->out_back->writer, err);
}

void nn_stage_leave(struct nn_stage *stage)
{
	struct nn_error ignored;

	if (stage->out_forward)
		nn_writer_end(stage->out_forward->writer, &ignored);
	if (stage->out_back)
		nn_writer_end(stage->out_back->writer, &ignored);
}

int nn_stage_await(struct nn_stage *stage, struct nn_reader **reader, const struct nn_frame **frame,
	struct nn_error *err)
{
	int status;

	pthread_mutex_lock(&stage->lock);
	while (!stage->status && !stage->order && !(stage->ended & NN_STAGE_ORDERS))
		pthread_cond_wait(&stage->changed, &stage->lock);
	*reader = stage->order_reader;
	*frame = stage->order;
	/* What had come before the failure still counts. */
	status = stage->order ? NN_OK : stage->status;
	if (status)
		*err = stage->why;
	pthread_mutex_unlock(&stage->lock);
	return status;
}

void nn_stage_taken(struct nn_stage *stage)
{
	pthread_mutex_lock(&stage->lock);
	stage->order = NULL;
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->lock);
}
