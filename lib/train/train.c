#include "train/shared_step.h"
#include "train/train-private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned long long print(uint64_t number)
{
	return (unsigned long long)number;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool is_done(const struct training *training)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;

	return training->last_step ? model->step >= training->last_step :
				     model->epoch >= training->last_epoch;
}

bool nn_train_goes_on(const struct training *training)
{
	struct nn_preamble next = training->checkpoint->model.preamble;

	nn_preamble_advance(&next);
	return training->last_step ? next.step < training->last_step :
				     next.epoch < training->last_epoch;
}

static int save(struct training *training, struct nn_error *err)
{
	uint64_t step;
	int status = training->async ? nn_async_settle(training, err) : NN_OK;

	if (status)
		return status;
	step = training->checkpoint->model.preamble.step;
	if (!training->options->checkpoint || training->saved == step)
		return NN_OK;
	status = nn_checkpoint_save(training->checkpoint, training->options->checkpoint, err);
	if (!status)
		training->saved = step;
	return status;
}

static int tell(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	const struct nn_preamble *model = &training->checkpoint->model.preamble;
	int status = NN_OK;

	progress->steps += model->step - training->told;
	training->told = model->step;
	progress->all_rows += progress->rows;
	if (progress->metric_name && (!model->step_in_epoch || is_done(training)))
		status = nn_train_validate(training, err);
	progress->seconds = now() - training->began;
	progress->retries = nn_pool_retries(training->pool);
	if (!status)
		training->options->progress(progress);
	return status;
}

static int stopped(struct training *training, int signal, struct nn_error *err)
{
	const char *checkpoint = training->options->checkpoint;
	int status = save(training, err);

	if (status)
		return status;
	return nn_fail(err, NN_FAILED, "stopped by signal %d (%s) after step %llu%s%s%s", signal,
		strsignal(signal), print(training->checkpoint->model.preamble.step),
		checkpoint ? ": --resume goes on from " : ", and nothing is kept (--checkpoint)",
		checkpoint ? checkpoint : "", "");
}

static int loop(struct training *training, struct nn_error *err)
{
	uint64_t every = training->options->every;
	struct nn_error ignored;
	int status = NN_OK;

	while (!status && !is_done(training)) {
		uint64_t before = training->progress.steps;
		int signal;

		status = training->step(training, err);
		if (!status)
			status = tell(training, err);
		if (!status && every && training->progress.steps / every > before / every)
			status = save(training, err);
		signal = training->options->stop();
		if (!status && signal && !is_done(training))
			return stopped(training, signal, err);
	}
	if (!status)
		return save(training, err);
	/* A step that failed halfway has not touched what was reached, unless it was the update. */
	if (training->progress.steps && !training->async && nn_updater_intact(training->updater))
		save(training, &ignored);
	return status;
}

static uint64_t steps_left(const struct training *training)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;

	if (is_done(training))
		return 0;
	if (training->last_step)
		return training->last_step - model->step;
	return (training->last_epoch - model->epoch) * training->steps_per_epoch -
		model->step_in_epoch;
}

static int begin(struct training *training, struct nn_error *err)
{
	struct nn_train_start start;
	int status = nn_train_survey(training, err);

	if (!status)
		status = nn_train_plan(training, err);
	training->told = training->checkpoint->model.preamble.step;
	if (!status && training->options->async)
		status = nn_async_open(training, err);
	else if (!status && training->options->shared)
		status = nn_shared_step_open(training, err);
	if (!status)
		status = nn_run_write(&training->run, &training->checkpoint->state, err);
	if (!status)
		status = nn_train_open_validation(training, err);
	if (status)
		return status;
	start = (struct nn_train_start){ .rows = training->rows,
		.shards = training->run.shards,
		.steps_per_epoch = training->steps_per_epoch,
		.batch = training->run.batch ? training->run.batch : training->rows,
		.kernel = nn_bundle_meta(&training->checkpoint->model.params, "kernel"),
		.workers = nn_pool_size(training->pool),
		.steps = steps_left(training),
		.last_epoch = training->last_epoch };
	training->options->started(&start);
	training->began = now();
	return NN_OK;
}

int nn_train(struct nn_updater *updater, struct nn_pool *pool,
	const struct nn_train_options *options, struct nn_error *err)
{
	struct training training = { .options = options,
		.updater = updater,
		.pool = pool,
		.checkpoint = nn_updater_checkpoint(updater),
		.run = options->run,
		.saved = UINT64_MAX,
		.step = nn_train_sync_step };
	int status = begin(&training, err);
	struct nn_error ignored;
	int closed;

	if (!status)
		status = loop(&training, err);
	/* They may still read what is freed now. */
	nn_pool_stop(pool);
	closed = nn_shared_step_close(&training, status ? &ignored : err);
	if (!status)
		status = closed;
	nn_async_close(&training);
	if (options->valid)
		nn_evaluation_close(&training.evaluation);
	free(training.files);
	free(training.sizes);
	free(training.tasks);
	return status;
}
