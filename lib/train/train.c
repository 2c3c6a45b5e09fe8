#include "base/memory.h"
#include "train/rank_step.h"
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

	if (training->stopping.enough)
		return true;
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

void nn_train_say(const struct training *training, const struct nn_error *line)
{
	if (training->pool)
		nn_pool_say(training->pool, line);
	else if (!training->options->ranks || !training->options->ranks->rank)
		training->options->warn("%s", line->text);
}

static size_t workers_of(const struct training *training)
{
	return training->pool ? nn_pool_size(training->pool) : training->options->ranks->size;
}

/* Whole, where ranks have slices of the state. */
static int save_checkpoint(struct training *training, struct nn_error *err)
{
	int status = training->crew ? nn_rank_gather_state(training, err) : NN_OK;

	if (!status)
		status = nn_checkpoint_save(training->checkpoint, training->options->checkpoint,
			err);
	if (training->crew)
		nn_rank_drop_state(training);
	return status;
}

static int write_checkpoint(struct training *training, struct nn_error *err)
{
	uint64_t step = training->checkpoint->model.preamble.step;
	int status;

	if (!training->options->checkpoint || training->saved == step)
		return NN_OK;
	status = nn_stopping_save(training, err);
	if (!status)
		status = save_checkpoint(training, err);
	training->saved_at = now();
	if (!status)
		training->saved = step;
	return status;
}

/* A disk that is full now may have room the next time, and what is there is the last checkpoint: the
 * training goes on. In the end it is the model that matters. */
static int save(struct training *training, bool last, struct nn_error *err)
{
	struct nn_error why;
	int status = training->async ? nn_async_settle(training, err) : NN_OK;

	if (status)
		return status;
	status = write_checkpoint(training, &why);
	if (status && (last || !training->unsaved))
		training->options->unsaved(&why, last);
	training->unsaved = status != NN_OK;
	return NN_OK;
}

/* Is the model to be tried, now that it is `taken` steps further? */
static bool is_due(const struct training *training, uint64_t taken)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;
	uint64_t every = training->options->valid_every;
	uint64_t steps = model->step - training->run.first_step;

	if (is_done(training))
		return true;
	return every ? steps / every > (steps - taken) / every : !model->step_in_epoch;
}

/* Is it time for a checkpoint, now that `before` steps have become more? */
static bool is_time_to_save(const struct training *training, uint64_t before)
{
	const struct nn_train_options *options = training->options;

	if (options->every && training->progress.steps / options->every > before / options->every)
		return true;
	return options->every_seconds > 0 && now() >= training->saved_at + options->every_seconds;
}

static void watch(struct training *training)
{
	struct nn_train_progress *progress = &training->progress;

	if (training->crew) {
		progress->bytes = nn_rank_bytes(training);
		nn_rank_watch(training, training->worker_seconds, training->worker_states);
		return;
	}
	progress->retries = nn_pool_retries(training->pool);
	progress->bytes = nn_pool_bytes(training->pool);
	nn_pool_watch(training->pool, training->worker_seconds, training->worker_states);
}

static int tell(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	const struct nn_preamble *model = &training->checkpoint->model.preamble;
	int status = NN_OK;

	progress->steps += model->step - training->told;
	progress->all_rows += progress->rows;
	if (progress->metric_name && is_due(training, model->step - training->told))
		status = nn_train_validate(training, err);
	if (!status && progress->validated)
		status = nn_stopping_judge(training, err);
	progress->stops = training->stopping.enough;
	progress->best = training->stopping.best;
	progress->best_step = training->stopping.best_step;
	progress->seconds = now() - training->began;
	training->told = model->step;
	watch(training);
	if (!status)
		training->options->progress(progress);
	return status;
}

static int stopped(struct training *training, int signal, struct nn_error *err)
{
	const char *checkpoint = training->options->checkpoint;
	int status = training->async ? nn_async_settle(training, err) : NN_OK;

	if (!status)
		status = write_checkpoint(training, err);
	if (status)
		return status;
	return nn_fail(err, NN_FAILED, "stopped by signal %d (%s) after step %llu%s%s%s", signal,
		strsignal(signal), print(training->checkpoint->model.preamble.step),
		checkpoint ? ": --resume goes on from " : ", and nothing is kept (--checkpoint)",
		checkpoint ? checkpoint : "", "");
}

static int loop(struct training *training, struct nn_error *err)
{
	struct nn_error ignored;
	struct nn_error why;
	int status = NN_OK;

	while (!status && !is_done(training)) {
		uint64_t before = training->progress.steps;
		int signal;

		status = training->step(training, err);
		if (!status)
			status = tell(training, err);
		if (!status && is_time_to_save(training, before))
			status = save(training, false, err);
		signal = training->options->stop();
		if (!signal && training->crew)
			signal = nn_rank_signal(training);
		if (!status && signal && !is_done(training))
			return stopped(training, signal, err);
	}
	if (!status)
		return save(training, true, err);
	/* A step that failed halfway has not touched what was reached, unless it was the update. */
	if (training->progress.steps && !training->async && nn_updater_intact(training->updater) &&
		!write_checkpoint(training, &ignored) && training->options->checkpoint &&
		err->status == NN_FAILED) {
		why = *err;
		nn_fail(err, NN_FAILED, "%s; --resume goes on after step %llu", why.text,
			print(training->checkpoint->model.preamble.step));
	}
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

static int make_room(struct training *training, struct nn_error *err)
{
	size_t workers = workers_of(training);

	training->worker_seconds = nn_alloc(workers, sizeof *training->worker_seconds, err);
	training->worker_states = nn_alloc(workers + 1, 1, err);
	training->progress.workers = workers;
	training->progress.worker_seconds = training->worker_seconds;
	training->progress.worker_states = training->worker_states;
	return training->worker_seconds && training->worker_states ? NN_OK : NN_FAILED;
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
	else if (!status && training->options->ranks)
		status = nn_rank_open(training, err);
	if (!status && training->options->ranks && training->options->ranks->rank)
		return NN_OK;
	if (!status)
		status = nn_run_write(&training->run, &training->checkpoint->state, err);
	if (!status)
		status = nn_train_open_validation(training, err);
	if (!status)
		status = nn_stopping_open(training, err);
	if (!status)
		status = make_room(training, err);
	if (status)
		return status;
	start = (struct nn_train_start){ .rows = training->rows,
		.shards = training->run.shards,
		.files = training->options->files,
		.steps_per_epoch = training->steps_per_epoch,
		.batch = training->run.batch ? training->run.batch : training->rows,
		.kernel = nn_bundle_meta(&training->checkpoint->model.params, "kernel"),
		.workers = workers_of(training),
		.ranks = training->crew ? nn_rank_way(training) : NULL,
		.steps = steps_left(training),
		.last_epoch = training->last_epoch,
		.local_steps = training->run.local_steps,
		.numbered = training->numbered,
		.optim = nn_updater_optim(training->updater) };
	training->options->started(&start);
	training->began = training->saved_at = now();
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

	if (!status && options->ranks && options->ranks->rank)
		status = nn_rank_follow(&training, err);
	else if (!status && !options->rehearse)
		status = loop(&training, err);
	/* They may still read what is freed now. */
	if (pool)
		nn_pool_stop(pool);
	closed = training.crew ? nn_rank_close(&training, status, status ? &ignored : err) :
				 nn_shared_step_close(&training, status ? &ignored : err);
	if (!status)
		status = closed;
	nn_async_close(&training);
	if (!status && !options->rehearse)
		nn_stopping_choose(&training);
	nn_stopping_close(&training);
	free(training.worker_seconds);
	free(training.worker_states);
	if (options->valid)
		nn_evaluation_close(&training.evaluation);
	free(training.questions);
	free(training.files);
	free(training.sizes);
	free(training.tasks);
	return status;
}
