/* The synchronous step: each shard's gradient of one and the same model. */
#include "train/local.h"
#include "train/train-private.h"

/* Steps of this round: it ends with the epoch and with the training. 0: no local steps. */
static uint64_t local_steps(const struct training *training)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;
	uint64_t steps = training->run.local_steps;

	if (steps && training->last_step && training->last_step - model->step < steps)
		steps = training->last_step - model->step;
	return nn_local_steps(steps, model->step_in_epoch, model->steps_per_epoch);
}

struct nn_preamble nn_train_task(const struct training *training, uint64_t shard)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;
	bool views = training->options->files == 1;

	return (struct nn_preamble){ .kind = NN_KIND_TASK,
		.step = model->step,
		.epoch = model->epoch,
		.step_in_epoch = model->step_in_epoch,
		.steps_per_epoch = model->steps_per_epoch,
		.seed = model->seed,
		.shards = training->run.shards,
		.first = shard,
		.end = shard + 1,
		.part = views ? 0 : (uint32_t)training->files[shard],
		.parts = (uint32_t)training->options->files,
		.rows = local_steps(training),
		.id = model->id };
}

int nn_train_hand_out(struct training *training, struct nn_error *err)
{
	training->model = training->checkpoint->model.preamble;
	training->model.kind = NN_KIND_MODEL;
	training->model.flags = 0;
	for (uint64_t k = 0; k < training->run.shards; k++)
		training->tasks[k] = nn_train_task(training, k);
	return nn_pool_begin(training->pool, &training->model, &training->checkpoint->model.params,
		training->tasks, (size_t)training->run.shards, err);
}

int nn_train_sync_step(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	int status = nn_train_hand_out(training, err);

	progress->rows = 0;
	progress->validated = false;
	for (uint64_t i = 0; i < training->run.shards && !status; i++) {
		struct nn_answer answer;

		status = nn_pool_next(training->pool, &answer, err);
		if (status)
			break;
		/* All have got their tasks: as many as will be busy in this step. */
		if (!i)
			progress->busy = nn_pool_busy(training->pool) + 1;
		progress->rows += answer.partial.rows;
		status = nn_train_note(training, &answer, answer.partial.sum.data, err);
		if (!status)
			status = nn_updater_add_partial(training->updater, &answer.preamble,
				&answer.partial, answer.from, err);
		else
			nn_partial_free(&answer.partial);
	}
	return status ? status : nn_updater_step(training->updater, err);
}
