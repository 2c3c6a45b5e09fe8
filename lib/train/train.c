#include "train/train.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "loss/metrics.h"
#include "tensor/blas.h"
#include "train/evaluate.h"

struct training {
	const struct nn_train_options *options;
	struct nn_updater *updater;
	struct nn_pool *pool;
	struct nn_checkpoint *checkpoint;
	struct nn_run run;
	uint64_t rows;             /* of all data */
	uint64_t largest;          /* of a file */
	size_t *files;             /* [run.shards]: which file holds a shard */
	struct nn_preamble model;  /* of the step at hand */
	struct nn_preamble *tasks; /* [run.shards] of the step at hand */
	uint64_t steps_per_epoch;
	uint64_t last_step; /* 0: last_epoch counts */
	uint64_t last_epoch;
	struct nn_evaluation evaluation; /* of the validation data */
	struct nn_train_progress progress;
	double began;
	uint64_t saved; /* the step that the checkpoint has */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static unsigned long long print(uint64_t number)
{
	return (unsigned long long)number;
}

/* Files that nn-shard wrote know their numbers; others are numbered in their order. */
static int number_shards(struct training *training, const struct nn_preamble *answers,
	struct nn_error *err)
{
	const struct nn_train_options *options = training->options;
	size_t count = options->files;

	for (size_t i = 0; i < count; i++) {
		training->files[i] = (size_t)-1;
		if (!answers[i].shards != !answers[0].shards)
			return nn_fail(err, NN_BAD, "%s is a shard, %s is none",
				options->paths[answers[i].shards ? i : 0],
				options->paths[answers[i].shards ? 0 : i]);
	}
	for (size_t i = 0; i < count; i++) {
		size_t number = answers[i].shards ? (size_t)answers[i].first : i;

		if (answers[i].shards && answers[i].shards != count)
			return nn_fail(err, NN_BAD, "%s is one of %llu shards: give all of them",
				options->paths[i], print(answers[i].shards));
		if (training->files[number] != (size_t)-1)
			return nn_fail(err, NN_BAD, "%s and %s are both shard %zu of %zu",
				options->paths[training->files[number]], options->paths[i], number,
				count);
		training->files[number] = i;
	}
	return NN_OK;
}

/* How many shards; of one file the rows must be known. */
static int choose_shards(struct training *training, const struct nn_preamble *answers,
	struct nn_error *err)
{
	const struct nn_train_options *options = training->options;
	struct nn_run *run = &training->run;
	bool views = options->files == 1 && !answers[0].shards;

	if (!views && run->shards && run->shards != options->files)
		return nn_fail(err, NN_USAGE,
			"%llu shards are wanted, but the data are %zu files, a shard each",
			print(run->shards), options->files);
	if (!views)
		run->shards = options->files;
	else if (!run->shards)
		run->shards = nn_run_default_shards(run->batch, training->rows);
	if (run->shards > SIZE_MAX / sizeof *training->tasks)
		return nn_fail(err, NN_USAGE, "%llu shards are too many", print(run->shards));
	training->files = nn_alloc((size_t)run->shards, sizeof *training->files, err);
	training->tasks = nn_alloc((size_t)run->shards, sizeof *training->tasks, err);
	if (!training->files || !training->tasks)
		return NN_FAILED;
	return views ? NN_OK : number_shards(training, answers, err);
}

/* Asks the workers, who see the data, how many rows there are. */
static int ask_rows(struct training *training, struct nn_preamble *answers, struct nn_error *err)
{
	size_t count = training->options->files;
	struct nn_preamble *tasks = nn_alloc(count, sizeof *tasks, err);
	struct nn_answer answer;
	int status = tasks ? NN_OK : NN_FAILED;

	for (size_t i = 0; i < count && !status; i++)
		tasks[i] = (struct nn_preamble){ .kind = NN_KIND_TASK,
			.part = (uint32_t)i,
			.parts = (uint32_t)count };
	if (!status)
		status = nn_pool_begin(training->pool, NULL, NULL, tasks, count, err);
	for (size_t i = 0; i < count && !status; i++) {
		status = nn_pool_next(training->pool, &answer, err);
		if (!status) {
			answers[answer.task] = answer.preamble;
			training->rows += answer.preamble.rows;
			if (training->largest < answer.preamble.rows)
				training->largest = answer.preamble.rows;
		}
	}
	free(tasks);
	return status;
}

static int survey(struct training *training, struct nn_error *err)
{
	struct nn_preamble *answers = nn_alloc(training->options->files, sizeof *answers, err);
	int status = answers ? ask_rows(training, answers, err) : NN_FAILED;

	if (!status && !training->rows)
		status = nn_fail(err, NN_BAD, "%s: there are no rows in it",
			training->options->paths[0]);
	if (!status)
		status = choose_shards(training, answers, err);
	free(answers);
	return status;
}

/* S, and where the training ends. */
static int plan(struct training *training, struct nn_error *err)
{
	const struct nn_train_options *options = training->options;
	struct nn_preamble *model = &training->checkpoint->model.preamble;
	struct nn_run *run = &training->run;
	uint64_t largest = training->largest;
	uint64_t steps =
		run->batch ? training->rows / run->batch + (training->rows % run->batch > 0) : 1;

	if (model->step_in_epoch && model->steps_per_epoch != steps)
		return nn_fail(err, NN_BAD,
			"the model is at step %llu of an epoch of %llu steps, and %llu rows in "
			"batches of %llu make %llu: --batch can change between epochs only",
			print(model->step_in_epoch), print(model->steps_per_epoch),
			print(training->rows), print(run->batch ? run->batch : training->rows),
			print(steps));
	if (options->files == 1)
		largest = training->rows / run->shards + (training->rows % run->shards > 0);
	if (largest < steps)
		return nn_fail(err, NN_USAGE,
			"%llu rows in %llu shards are too few for %llu steps an epoch: some steps "
			"would have no rows",
			print(training->rows), print(run->shards), print(steps));
	training->steps_per_epoch = steps;
	model->steps_per_epoch = steps;
	training->last_step = options->steps ? run->first_step + options->steps : 0;
	training->last_epoch = run->first_epoch + options->epochs;
	return NN_OK;
}

static int open_validation(struct training *training, struct nn_error *err)
{
	struct nn_evaluation *evaluation = &training->evaluation;
	int status;

	if (!training->options->valid)
		return NN_OK;
	status = nn_evaluation_copy(evaluation, &training->checkpoint->model, "model", err);
	if (!status)
		status = nn_evaluation_add(evaluation, training->options->valid, true, err);
	if (!status)
		status = nn_evaluation_start(evaluation, NULL, err);
	training->progress.metric_name =
		!status && evaluation->loss->wants_classes ? "accuracy" : "rmse";
	return status;
}

static int validate(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	struct nn_tally tally;
	int status;

	nn_evaluation_renew(&training->evaluation, &training->checkpoint->model.params);
	status = nn_evaluation_tally(&training->evaluation, &tally, NULL, err);
	if (status)
		return status;
	progress->validated = true;
	progress->valid_loss = tally.loss / (double)tally.rows;
	progress->metric = nn_metric_find(progress->metric_name)->value(&tally);
	nn_tally_free(&tally);
	return NN_OK;
}

static bool is_done(const struct training *training)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;

	return training->last_step ? model->step >= training->last_step :
				     model->epoch >= training->last_epoch;
}

static int save(struct training *training, struct nn_error *err)
{
	uint64_t step = training->checkpoint->model.preamble.step;
	int status;

	if (!training->options->checkpoint || training->saved == step)
		return NN_OK;
	status = nn_checkpoint_save(training->checkpoint, training->options->checkpoint, err);
	if (!status)
		training->saved = step;
	return status;
}

/* The tasks of the step that the model is at. */
static int hand_out(struct training *training, struct nn_error *err)
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

static int do_step(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	int status = hand_out(training, err);

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

static int tell(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	int status = NN_OK;

	progress->steps++;
	progress->all_rows += progress->rows;
	if (progress->metric_name &&
		(!training->checkpoint->model.preamble.step_in_epoch || is_done(training)))
		status = validate(training, err);
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
		int signal;

		status = do_step(training, err);
		if (!status)
			status = tell(training, err);
		if (!status && every && training->progress.steps % every == 0)
			status = save(training, err);
		signal = training->options->stop();
		if (!status && signal && !is_done(training))
			return stopped(training, signal, err);
	}
	if (!status)
		return save(training, err);
	/* A step that failed halfway has not touched what was reached, unless it was the update. */
	if (training->progress.steps && nn_updater_intact(training->updater))
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
	int status = survey(training, err);

	if (!status)
		status = plan(training, err);
	if (!status)
		status = nn_run_write(&training->run, &training->checkpoint->state, err);
	if (!status)
		status = open_validation(training, err);
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
		.saved = UINT64_MAX };
	int status = begin(&training, err);

	if (!status)
		status = loop(&training, err);
	if (options->valid)
		nn_evaluation_close(&training.evaluation);
	free(training.files);
	free(training.tasks);
	return status;
}
