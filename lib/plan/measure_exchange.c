/* Workers that share memory, as nn-train has them, at trainings that compute next to nothing. */
#include <stdio.h>
#include <string.h>

#include "plan/measure-private.h"

static const struct nn_trial tiny = { 1, 1, 600, 0 };
static const struct nn_trial near[NN_PROFILE_NEAR] = { { 256, 256, 200, 0 },
	{ 1024, 1024, 18, 0 } };

static int train_once(const char *tool, const struct nn_trial_files *files, size_t workers,
	size_t tasks, double *us, struct nn_error *err)
{
	char worker_text[24], task_text[24], row_text[24], step_text[24];
	const char *const arguments[] = { tool, "-w", worker_text, "--shards", task_text, "-b",
		row_text, "-n", step_text, "--lr", "0.001", "--log", files->log, "-o", "/dev/null",
		files->model, files->data, NULL };
	double beside;

	snprintf(worker_text, sizeof worker_text, "%zu", workers);
	snprintf(task_text, sizeof task_text, "%zu", tasks);
	snprintf(row_text, sizeof row_text, "%zu",
		files->trial == &tiny ? NN_TRIAL_ROWS : NN_TRIAL_TASK_ROWS * tasks);
	snprintf(step_text, sizeof step_text, "%zu", files->trial->steps);
	if (nn_trial_run(files, (char *const *)(size_t)arguments, NULL, us, &beside, err))
		return nn_fail_in(err, "a short training of %zu workers", workers);
	return NN_OK;
}

/* The better of two: the other one was disturbed. */
static int train(const char *tool, const struct nn_trial_files *files, size_t workers, size_t tasks,
	double *us, struct nn_error *err)
{
	double again;
	int status = train_once(tool, files, workers, tasks, us, err);

	if (!status)
		status = train_once(tool, files, workers, tasks, &again, err);
	*us = !status && again < *us ? again : *us;
	return status;
}

static int measure(struct nn_profile_host *host, const char *tool,
	const struct nn_trial_files *files, size_t workers, struct nn_error *err)
{
	size_t few = workers;
	size_t many = few < NN_TRIAL_ROWS / 16 ? 16 * few : NN_TRIAL_ROWS;
	double few_us, many_us;
	double *step = &host->exchange_step_us[host->exchange_count];
	double *task = &host->exchange_task_us[host->exchange_count];
	int status = train(tool, files, workers, few, &few_us, err);

	if (!status)
		status = train(tool, files, workers, many, &many_us, err);
	if (status)
		return status;
	*task = many_us > few_us ? (many_us - few_us) / (double)(many - few) : 0;
	*step = few_us > *task * (double)few ? few_us - *task * (double)few : 0;
	host->exchange_workers[host->exchange_count++] = (double)workers;
	return NN_OK;
}

/* What is more than that, by two numbers of tasks: the part that grows with them, and the rest. */
static int measure_near(struct nn_profile_host *host, const char *tool,
	const struct nn_trial_files *files, size_t which, size_t at, struct nn_error *err)
{
	size_t workers = (size_t)host->exchange_workers[at];
	struct nn_plan_way way = { .kind = NN_PLAN_SYNC, .workers = workers };
	double running = host->exchange_workers[at] < host->processors ?
		host->exchange_workers[at] :
		host->processors;
	size_t tasks[] = { workers,
		4 * workers < NN_TRIAL_ROWS / NN_TRIAL_TASK_ROWS ?
			NN_TRIAL_ROWS / NN_TRIAL_TASK_ROWS :
			4 * workers };
	double params = (double)((files->trial->in + 1) * files->trial->out);
	double more[2];
	double task, update;

	for (size_t i = 0; i < 2; i++) {
		double found, wanted;
		int status = train(tool, files, workers, tasks[i], &found, err);

		if (!status)
			status = nn_trial_expect(host, files->trial, &way, tasks[i],
				NN_TRIAL_TASK_ROWS * tasks[i], &wanted, err);
		if (status)
			return status;
		more[i] = 1e3 * (found - wanted) / params;
	}
	task = (more[1] - more[0]) / ((double)(tasks[1] - tasks[0]) / running);
	task = task > 0 ? task : 0;
	update = more[0] - task * (double)tasks[0] / running;
	host->near_task_ns[which * host->exchange_count + at] = task;
	host->near_update_ns[which * host->exchange_count + at] = update > 0 ? update : 0;
	return NN_OK;
}

int nn_measure_exchange(struct nn_profile_host *host, const char *tool, const char *folder,
	nn_measure_tell *tell, struct nn_error *err)
{
	size_t most = (size_t)host->processors;
	struct nn_trial_files files;
	int status;

	nn_trial_name(&files, folder);
	tell("workers that share memory");
	status = nn_trial_set_up(&files, &tiny, err);
	/* Up to twice as many as there are processors: they take turns then. */
	for (size_t workers = 1;
		!status && workers <= 2 * most && workers < NN_TRIAL_ROWS / NN_TRIAL_TASK_ROWS &&
		host->exchange_count < NN_PROFILE_POINTS;
		workers *= 2)
		status = measure(host, tool, &files, workers, err);
	/* As long as nothing is known of it, it is taken to be nothing. */
	for (size_t which = 0; which < NN_PROFILE_NEAR && !status; which++) {
		status = nn_trial_set_up(&files, &near[which], err);
		for (size_t at = 0; at < host->exchange_count && !status; at++)
			status = measure_near(host, tool, &files, which, at, err);
	}
	nn_trial_remove(&files);
	return status;
}
