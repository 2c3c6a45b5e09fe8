/* What the data are, and what follows from that for the training. */
#include <stdlib.h>

#include "base/memory.h"
#include "train/rank_step.h"
#include "train/train-private.h"

static unsigned long long print(uint64_t number)
{
	return (unsigned long long)number;
}

/* How many shards; of one file the rows must be known. */
static int choose_shards(struct training *training, const struct nn_preamble *answers,
	struct nn_error *err)
{
	const struct nn_train_options *options = training->options;
	struct nn_run *run = &training->run;
	bool views = options->files == 1 && !answers[0].shards;

	training->numbered = answers[0].shards > 0;
	if (!views && run->shards && run->shards != options->files && options->files == 1)
		return nn_fail(err, NN_USAGE,
			"%llu shards are wanted, but %s is shard %llu of %llu already: --shards "
			"cuts a whole set",
			print(run->shards), options->paths[0], print(answers[0].first),
			print(answers[0].shards));
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
	return views ? NN_OK :
		       nn_train_number_files(training->files, answers, options->paths,
			       options->files, err);
}

/* Views are as good as alike, and nobody has to know the rows to know that. */
static int size_shards(struct training *training, const struct nn_preamble *answers,
	struct nn_error *err)
{
	bool views = training->options->files == 1;
	size_t shards = (size_t)training->run.shards;

	training->sizes = nn_alloc(shards, sizeof *training->sizes, err);
	if (!training->sizes)
		return NN_FAILED;
	for (size_t k = 0; k < shards; k++)
		training->sizes[k] = views ? 1 : (double)answers[training->files[k]].rows;
	if (training->pool)
		nn_pool_set_sizes(training->pool, training->sizes);
	return NN_OK;
}

static void count_rows(struct training *training, uint64_t rows)
{
	training->rows += rows;
	if (training->largest < rows)
		training->largest = rows;
}

/* What is held here is what workers would answer. */
static void look_at_supply(struct training *training, struct nn_preamble *answers)
{
	const struct nn_supply *supply = training->options->supply;

	for (size_t i = 0; i < supply->count; i++) {
		const struct nn_dataset *data = &supply->data[i];

		answers[i] = (struct nn_preamble){ .rows = data->rows,
			.shards = data->shards,
			.first = data->shard,
			.id = data->id };
		count_rows(training, data->rows);
	}
}

/* Asks the workers, who see the data, how many rows there are. */
static int ask_rows(struct training *training, struct nn_preamble *answers, struct nn_error *err)
{
	size_t count = training->options->files;
	struct nn_preamble *tasks = nn_alloc(count, sizeof *tasks, err);
	struct nn_answer answer;
	int status = tasks ? NN_OK : NN_FAILED;

	training->questions = tasks;
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
			count_rows(training, answer.preamble.rows);
		}
	}
	return status;
}

static int ask_ranks(struct training *training, struct nn_preamble *answers, struct nn_error *err)
{
	int status = nn_rank_survey(training, answers, err);

	for (size_t i = 0; i < training->options->files && !status; i++)
		count_rows(training, answers[i].rows);
	return status;
}

static void take_answers(struct training *training, struct nn_preamble *answers)
{
	for (size_t i = 0; i < training->options->files; i++) {
		answers[i] = training->answers[i];
		count_rows(training, answers[i].rows);
	}
}

/* Whoever names the same path on two hosts may have meant one set. */
static void warn_of_twins(const struct training *training, const struct nn_preamble *answers)
{
	const struct nn_train_options *options = training->options;
	struct nn_error line;

	for (size_t i = 1; i < options->files; i++)
		for (size_t k = 0; k < i; k++) {
			if (answers[i].shards || !answers[i].rows || answers[i].id != answers[k].id)
				continue;
			nn_fail(&line, NN_OK,
				"%s and %s hold the same %llu rows, which count twice: as views of "
				"one file, name it once",
				options->paths[k], options->paths[i], print(answers[i].rows));
			nn_train_say(training, &line);
			return;
		}
}

int nn_train_survey(struct training *training, struct nn_error *err)
{
	struct nn_preamble *answers = nn_alloc(training->options->files, sizeof *answers, err);
	struct nn_supply *supply = training->options->supply;
	int status = answers ? NN_OK : NN_FAILED;

	if (!status && training->answers)
		take_answers(training, answers);
	else if (!status && training->options->ranks)
		status = ask_ranks(training, answers, err);
	else if (!status && supply)
		look_at_supply(training, answers);
	else if (!status)
		status = ask_rows(training, answers, err);
	if (!status && !training->rows)
		status = nn_fail(err, NN_BAD, "%s: there are no rows in it",
			training->options->paths[0]);
	if (!status && training->run.rows && training->run.rows != training->rows)
		status = nn_fail(err, NN_BAD, "the data have %llu rows, but %s was begun with %llu",
			print(training->rows), training->options->checkpoint,
			print(training->run.rows));
	training->run.rows = training->rows;
	if (!status)
		status = choose_shards(training, answers, err);
	if (!status)
		warn_of_twins(training, answers);
	if (!status && supply)
		status = nn_supply_cut(supply, training->run.shards, training->run.method,
			training->run.shard_seed, err);
	if (!status)
		status = size_shards(training, answers, err);
	free(answers);
	return status;
}

/* A model that was trained on other rows, or in other batches, and not to the end of an epoch. */
static void leave_epoch(struct training *training, uint64_t steps)
{
	struct nn_preamble *model = &training->checkpoint->model.preamble;
	struct nn_error line;

	nn_fail(&line, NN_OK,
		"the model is at step %llu of an epoch of %llu steps, and these rows and batches make "
		"%llu: it begins with epoch %llu",
		print(model->step_in_epoch), print(model->steps_per_epoch), print(steps),
		print(model->epoch + 1));
	nn_train_say(training, &line);
	model->step_in_epoch = 0;
	model->epoch++;
	training->run.first_epoch = model->epoch;
}

/* S, and where the training ends. */
int nn_train_plan(struct training *training, struct nn_error *err)
{
	const struct nn_train_options *options = training->options;
	struct nn_preamble *model = &training->checkpoint->model.preamble;
	struct nn_run *run = &training->run;
	uint64_t largest = training->largest;
	uint64_t steps =
		run->batch ? training->rows / run->batch + (training->rows % run->batch > 0) : 1;

	if (model->step_in_epoch && model->steps_per_epoch != steps)
		leave_epoch(training, steps);
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
