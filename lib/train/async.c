/* Asynchronous steps: each gradient is an update of its own, as soon as it comes, and its shard goes
 * on with the model of that moment. No shard is more than `max_staleness` steps ahead of the slowest
 * (stale synchronous parallel: Q. Ho et al., NIPS 2013), nor beyond the end of the epoch. The model's
 * step is that of the slowest shard. What comes out depends on who was when how fast. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/train-private.h"

/* Parameters as they were when tasks were given out: workers still read them. */
struct snapshot {
	struct nn_preamble preamble;
	struct nn_bundle params; /* names and metadata are the model's; data are ours */
	size_t users;
};

struct nn_async {
	uint64_t *done; /* [shards]: steps */
	size_t *reads;  /* [shards]: which snapshot its task has; NOBODY: it has none */
	struct snapshot **snapshots; /* [snapshot_count] */
	size_t snapshot_count;
	size_t newest; /* NOBODY: there is none of the model as it is */
	bool begun;    /* the pool knows the tasks */
	double loss;   /* of the step at hand */
	double weight;
};

#define NOBODY ((size_t)-1)

int nn_async_open(struct training *training, struct nn_error *err)
{
	struct nn_async *async = nn_alloc(1, sizeof *async, err);
	size_t shards = (size_t)training->run.shards;

	if (!async)
		return NN_FAILED;
	training->async = async;
	training->step = nn_train_async_step;
	async->newest = NOBODY;
	async->done = nn_alloc(shards, sizeof *async->done, err);
	async->reads = nn_alloc(shards, sizeof *async->reads, err);
	if (!async->done || !async->reads)
		return NN_FAILED;
	for (size_t k = 0; k < shards; k++) {
		async->done[k] = training->checkpoint->model.preamble.step;
		async->reads[k] = NOBODY;
	}
	return NN_OK;
}

void nn_async_close(struct training *training)
{
	struct nn_async *async = training->async;

	if (!async)
		return;
	for (size_t i = 0; i < async->snapshot_count; i++) {
		free(async->snapshots[i]->params.data);
		free(async->snapshots[i]);
	}
	free(async->snapshots);
	free(async->done);
	free(async->reads);
	free(async);
	training->async = NULL;
}

/* One that nobody reads, or a new one. */
static int find_snapshot(struct nn_async *async, size_t *found, size_t bytes, struct nn_error *err)
{
	struct snapshot **list;
	struct snapshot *new;

	for (*found = 0; *found < async->snapshot_count; ++*found)
		if (!async->snapshots[*found]->users && *found != async->newest)
			return NN_OK;
	list = nn_realloc(async->snapshots, async->snapshot_count + 1, sizeof *list, err);
	if (!list)
		return NN_FAILED;
	async->snapshots = list;
	new = nn_alloc(1, sizeof *new, err);
	if (!new)
		return NN_FAILED;
	new->params.data = nn_alloc_aligned(bytes, err);
	if (!new->params.data) {
		free(new);
		return NN_FAILED;
	}
	list[async->snapshot_count++] = new;
	return NN_OK;
}

static int take_snapshot(struct training *training, struct nn_error *err)
{
	struct nn_async *async = training->async;
	struct nn_model *model = &training->checkpoint->model;
	struct snapshot *snapshot;
	unsigned char *data;
	int status;

	if (async->newest != NOBODY)
		return NN_OK;
	status = find_snapshot(async, &async->newest, model->params.bytes, err);
	if (status)
		return status;
	snapshot = async->snapshots[async->newest];
	data = snapshot->params.data;
	memcpy(data, model->params.data, model->params.bytes);
	snapshot->params = model->params;
	snapshot->params.data = data;
	snapshot->preamble = model->preamble;
	snapshot->preamble.kind = NN_KIND_MODEL;
	snapshot->preamble.flags = 0;
	snapshot->preamble.id = nn_bundle_id(&snapshot->params);
	return NN_OK;
}

/* Shard k's next step, with the model as it is. */
static int give(struct training *training, size_t k, struct nn_error *err)
{
	struct nn_async *async = training->async;
	const struct nn_preamble *model = &training->checkpoint->model.preamble;
	struct nn_preamble *task = &training->tasks[k];
	struct snapshot *snapshot;
	int status = take_snapshot(training, err);

	if (status)
		return status;
	snapshot = async->snapshots[async->newest];
	*task = nn_train_task(training, k);
	task->step = async->done[k];
	task->step_in_epoch = model->step_in_epoch + (async->done[k] - model->step);
	task->id = snapshot->preamble.id;
	async->reads[k] = async->newest;
	snapshot->users++;
	nn_pool_again(training->pool, k, task, &snapshot->preamble, &snapshot->params);
	return NN_OK;
}

/* To all shards that have none and are below `limit`. */
static int give_all(struct training *training, uint64_t limit, struct nn_error *err)
{
	struct nn_async *async = training->async;
	int status = NN_OK;

	if (!async->begun)
		status = nn_pool_begin(training->pool, NULL, NULL, NULL,
			(size_t)training->run.shards, err);
	async->begun = true;
	for (size_t k = 0; k < training->run.shards && !status; k++)
		if (async->reads[k] == NOBODY && async->done[k] < limit)
			status = give(training, k, err);
	return status;
}

static int take(struct training *training, struct nn_error *err)
{
	struct nn_async *async = training->async;
	struct nn_answer answer;
	int status = nn_pool_next(training->pool, &answer, err);

	if (status)
		return status;
	async->snapshots[async->reads[answer.task]]->users--;
	async->reads[answer.task] = NOBODY;
	async->done[answer.task]++;
	async->loss += answer.partial.loss;
	async->weight += answer.partial.weight;
	training->progress.rows += answer.partial.rows;
	if (answer.partial.weight > 0) {
		async->newest = NOBODY;
		status = nn_updater_apply(training->updater, &answer.partial,
			(double)training->run.shards, err);
	}
	nn_partial_free(&answer.partial);
	return status;
}

static uint64_t slowest(const struct training *training)
{
	uint64_t least = UINT64_MAX;

	for (size_t k = 0; k < training->run.shards; k++)
		if (training->async->done[k] < least)
			least = training->async->done[k];
	return least;
}

/* The step that no shard may pass before all have got there. */
static uint64_t barrier(const struct training *training)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;
	uint64_t end = model->step + (model->steps_per_epoch - model->step_in_epoch);

	return training->last_step && training->last_step < end ? training->last_step : end;
}

static int advance(struct training *training, uint64_t target, bool settle, struct nn_error *err)
{
	struct nn_async *async = training->async;
	uint64_t end = barrier(training);
	int status = NN_OK;

	training->progress.rows = 0;
	training->progress.validated = false;
	while (!status && slowest(training) < target) {
		uint64_t limit = slowest(training) + 1 + training->options->max_staleness;

		status = give_all(training, settle ? target : limit < end ? limit : end, err);
		if (!status)
			status = take(training, err);
	}
	if (status)
		return status;
	training->progress.busy = nn_pool_busy(training->pool);
	nn_updater_passed(training->updater, slowest(training), async->loss, async->weight);
	async->loss = async->weight = 0;
	return NN_OK;
}

int nn_train_async_step(struct training *training, struct nn_error *err)
{
	return advance(training, training->checkpoint->model.preamble.step + 1, false, err);
}

int nn_async_settle(struct training *training, struct nn_error *err)
{
	struct nn_async *async = training->async;
	uint64_t most = 0;
	uint64_t rows = training->progress.rows;
	int status = NN_OK;

	for (size_t k = 0; k < training->run.shards; k++) {
		uint64_t reached = async->done[k] + (async->reads[k] != NOBODY);

		if (most < reached)
			most = reached;
	}
	if (slowest(training) < most) {
		status = advance(training, most, true, err);
		training->progress.rows += rows;
	}
	return status;
}
