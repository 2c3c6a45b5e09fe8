/* The synchronous step: each shard's gradient of one and the same model. */
#include "train/train-private.h"

int nn_train_hand_out(struct training *training, struct nn_error *err)
{
	struct nn_preamble *model = &training->checkpoint->model.preamble;
	uint64_t shards = training->run.shards;
	bool views = training->options->files == 1;

	training->model = *model;
	training->model.kind = NN_KIND_MODEL;
	training->model.flags = 0;
	for (uint64_t k = 0; k < shards; k++)
		training->tasks[k] = (struct nn_preamble){ .kind = NN_KIND_TASK,
			.step = model->step,
			.epoch = model->epoch,
			.step_in_epoch = model->step_in_epoch,
			.steps_per_epoch = model->steps_per_epoch,
			.seed = model->seed,
			.shards = shards,
			.first = k,
			.end = k + 1,
			.part = views ? 0 : (uint32_t)training->files[k],
			.parts = (uint32_t)training->options->files,
			.id = model->id };
	return nn_pool_begin(training->pool, &training->model, &training->checkpoint->model.params,
		training->tasks, (size_t)shards, err);
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
		status = nn_updater_add_partial(training->updater, &answer.preamble,
			&answer.partial, answer.from, err);
	}
	return status ? status : nn_updater_step(training->updater, err);
}
