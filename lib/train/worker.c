/* The gradients of all shards at hand, merged in the fixed tree. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/blas.h"
#include "tensor/vector.h"
#include "train/fit.h"
#include "train/local.h"
#include "train/step.h"
#include "train/task.h"

#define DEPTH 65 /* levels of the tree over at most 2^64 shards */

struct nn_worker {
	const struct nn_shards *shards;
	const struct nn_task_options *options;
	struct nn_network *network; /* of the last model */
	char *classes;              /* its metadata; NULL: none */
	struct nn_task_space space;
	struct nn_local *local;            /* NULL: no local steps */
	bool told;                         /* that an option is not used */
	struct nn_partial partials[DEPTH]; /* sums still waiting for their right halves */
};

struct nn_worker *nn_worker_new(const struct nn_shards *shards,
	const struct nn_task_options *options, struct nn_error *err)
{
	struct nn_worker *worker = nn_alloc(1, sizeof *worker, err);

	if (!worker)
		return NULL;
	worker->shards = shards;
	worker->options = options;
	if (options->local_steps) {
		worker->local = nn_local_new(options->inner, options->keep_inner, err);
		if (!worker->local) {
			free(worker);
			return NULL;
		}
	}
	return worker;
}

static void forget_network(struct nn_worker *worker)
{
	nn_network_free(worker->network);
	free(worker->classes);
	worker->network = NULL;
	worker->classes = NULL;
	for (size_t i = 0; i < DEPTH; i++)
		nn_partial_free(&worker->partials[i]);
}

void nn_worker_free(struct nn_worker *worker)
{
	if (!worker)
		return;
	forget_network(worker);
	nn_task_space_free(&worker->space);
	nn_local_free(worker->local);
	free(worker);
}

/* A model like the last one needs no new network, and the data still fit it. */
static bool is_like_last(const struct nn_worker *worker, const struct nn_bundle *params)
{
	const char *classes = nn_bundle_meta(params, "classes");

	return worker->network && nn_network_is_of(worker->network, params) &&
		!classes == !worker->classes && (!classes || !strcmp(classes, worker->classes));
}

static int take_network(struct nn_worker *worker, const struct nn_bundle *params, const char *name,
	struct nn_error *err)
{
	const char *classes = nn_bundle_meta(params, "classes");
	int status;

	forget_network(worker);
	if (classes) {
		worker->classes = nn_strdup(classes, err);
		if (!worker->classes)
			return NN_FAILED;
	}
	status = nn_network_of_model(&worker->network, params, name, err);
	for (size_t i = 0; i < worker->shards->count && !status; i++) {
		const struct nn_shard *shard = &worker->shards->list[i];

		if (!i || shard->data != shard[-1].data)
			status = nn_fit_data(worker->network, params, shard->data, shard->name,
				true, err);
	}
	return status;
}

static int prepare(struct nn_worker *worker, const struct nn_model *model, const char *name,
	struct nn_error *err)
{
	int status = NN_OK;

	if (!is_like_last(worker, &model->params))
		status = take_network(worker, &model->params, name, err);
	else if (nn_network_check_params(worker->network, &model->params, err))
		status = nn_fail_in(err, "%s", name);
	return status ? status : nn_blas_load(nn_bundle_meta(&model->params, "kernel"), 0, err);
}

static int ready_partial(struct nn_worker *worker, struct nn_partial *partial, struct nn_error *err)
{
	int status;

	if (partial->sum.data)
		return NN_OK;
	status = nn_network_layout(worker->network, &partial->sum, err);
	if (!status)
		status = nn_bundle_alloc(&partial->sum, err);
	if (!status)
		status = nn_bundle_set_meta(&partial->sum, "kernel", nn_blas_kernel(), err);
	return status;
}

/* How many of the shards at hand are below `number`. */
static size_t shards_below(const struct nn_worker *worker, uint64_t number)
{
	size_t low = 0;
	size_t high = worker->shards->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (worker->shards->list[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where the node's right half begins: the left one is the largest power of two below its size. */
static uint64_t middle_of(struct nn_node node)
{
	uint64_t left = 1;

	while (left < node.end - node.first - left)
		left *= 2;
	return node.first + left;
}

static void merge(struct nn_partial *left, const struct nn_partial *right)
{
	float *sum = (float *)(void *)left->sum.data;

	nn_vector_add(sum, sum, (const float *)(const void *)right->sum.data,
		left->sum.bytes / sizeof(float));
	left->range.end = right->range.end;
	left->rows += right->rows;
	left->weight += right->weight;
	left->loss += right->loss;
}

static int answer_shard(struct nn_worker *worker, const struct nn_bundle *params,
	const struct nn_step *step, const struct nn_shard *shard, struct nn_partial *partial,
	struct nn_error *err)
{
	struct nn_error why;
	int status;

	if (!worker->local) {
		status = nn_task_gradient(worker->network, params, shard, step, &worker->space,
			partial, err);
		/* Whoever gets the gradient decides what it is worth. */
		if (!status && !isfinite(partial->loss) && worker->options->warn) {
			nn_task_blame(worker->network, &worker->space, step, partial, &why);
			worker->options->warn("%s", why.text);
		}
		return status;
	}
	return nn_local_gradient(worker->local, worker->network, params, shard, step,
		nn_local_steps(worker->options->local_steps, step->step_in_epoch,
			step->steps_per_epoch),
		&worker->space, partial, err);
}

/* The sum over a node all of whose shards are at hand, into partials[depth]. */
static int sum_node(struct nn_worker *worker, const struct nn_bundle *params,
	const struct nn_step *step, struct nn_node node, size_t depth, struct nn_error *err)
{
	struct nn_partial *partial = &worker->partials[depth];
	uint64_t middle;
	int status = ready_partial(worker, partial, err);

	if (status)
		return status;
	if (node.end - node.first == 1)
		return answer_shard(worker, params, step,
			&worker->shards->list[shards_below(worker, node.first)], partial, err);
	middle = middle_of(node);
	status = sum_node(worker, params, step, (struct nn_node){ node.first, middle }, depth, err);
	if (!status)
		status = sum_node(worker, params, step, (struct nn_node){ middle, node.end },
			depth + 1, err);
	if (!status)
		merge(partial, &worker->partials[depth + 1]);
	return status;
}

static int write_partial(const struct nn_worker *worker, const struct nn_model *model,
	const struct nn_step *step, struct nn_writer *writer, struct nn_error *err)
{
	const struct nn_partial *partial = &worker->partials[0];
	bool last = shards_below(worker, partial->range.end) == worker->shards->count;
	struct nn_preamble preamble = { .kind = NN_KIND_GRAD,
		.flags = last ? 0 : NN_FLAG_MORE,
		.step = step->step,
		.epoch = step->epoch,
		.step_in_epoch = step->step_in_epoch,
		.steps_per_epoch = step->steps_per_epoch,
		.seed = step->seed,
		.shards = worker->shards->shards,
		.first = partial->range.first,
		.end = partial->range.end,
		.rows = partial->rows,
		.weight = partial->weight,
		.loss = partial->loss,
		.id = model->preamble.id };

	return nn_writer_frame(writer, &preamble, &partial->sum, err);
}

/* The largest nodes below `node` all of whose shards are at hand, a frame each. */
static int answer_node(struct nn_worker *worker, const struct nn_model *model,
	const struct nn_step *step, struct nn_node node, struct nn_writer *writer,
	struct nn_error *err)
{
	size_t held = shards_below(worker, node.end) - shards_below(worker, node.first);
	uint64_t middle;
	int status;

	if (!held)
		return NN_OK;
	if (held == node.end - node.first) {
		status = sum_node(worker, &model->params, step, node, 0, err);
		return status ? status : write_partial(worker, model, step, writer, err);
	}
	middle = middle_of(node);
	status = answer_node(worker, model, step, (struct nn_node){ node.first, middle }, writer,
		err);
	return status ?
		status :
		answer_node(worker, model, step, (struct nn_node){ middle, node.end }, writer, err);
}

int nn_worker_answer(struct nn_worker *worker, const struct nn_model *model, const char *name,
	struct nn_writer *writer, struct nn_error *err)
{
	struct nn_step step;
	int status = prepare(worker, model, name, err);

	if (!status)
		status = nn_step_resolve(&step, &model->preamble, name, worker->shards,
			worker->options, &worker->told, err);
	return status ? status :
			answer_node(worker, model, &step,
				(struct nn_node){ 0, worker->shards->shards }, writer, err);
}
