/* Two stages, as nn-train has them, at trainings that compute next to nothing. */
#include <stdio.h>

#include "plan/measure-private.h"

#define STAGES 2
#define ROUNDS 3 /* the best of them: the others were disturbed */
#define MANY 16

/* A number a row to the next stage, and 512. */
static const struct nn_trial tiny = { 1, 1, 600, 1 };
static const struct nn_trial wide = { 8, 1, 300, 512 };

static int run(const char *tool, const struct nn_trial_files *files, size_t tasks, double *us,
	struct nn_error *err)
{
	char stage_text[24], task_text[24], row_text[24], step_text[24];
	const char *const arguments[] = { tool, "--stages", stage_text, "--shards", task_text, "-b",
		row_text, "-n", step_text, "--lr", "0.001", "--log", files->log, "-o", "/dev/null",
		files->model, files->data, NULL };

	snprintf(stage_text, sizeof stage_text, "%d", STAGES);
	snprintf(task_text, sizeof task_text, "%zu", tasks);
	snprintf(row_text, sizeof row_text, "%d", NN_TRIAL_ROWS);
	snprintf(step_text, sizeof step_text, "%zu", files->trial->steps);
	for (int i = 0; i < ROUNDS; i++) {
		double found, beside;

		if (nn_trial_run(files, (char *const *)(size_t)arguments, NULL, &found, &beside,
			    err))
			return nn_fail_in(err, "a short training of %d stages", STAGES);
		*us = !i || found < *us ? found : *us;
	}
	return NN_OK;
}

/* Of m tasks a step takes m + 1 times a message, and what is between steps. */
static int small(struct nn_profile_stages *stages, const char *tool,
	const struct nn_trial_files *files, struct nn_error *err)
{
	double few, many;
	int status = run(tool, files, STAGES, &few, err);

	if (!status)
		status = run(tool, files, MANY, &many, err);
	if (status)
		return status;
	stages->bytes[0] = 4.0 * NN_TRIAL_ROWS / MANY;
	stages->message_us[0] = many > few ? (many - few) / (MANY - STAGES) : 0;
	few -= (STAGES + 1) * stages->message_us[0];
	stages->step_us = few > 0 ? few : 0;
	return NN_OK;
}

/* One task: there and back. */
static int large(struct nn_profile_host *host, struct nn_profile_stages *stages, const char *tool,
	const struct nn_trial_files *files, struct nn_error *err)
{
	struct nn_plan_way way = { .kind = NN_PLAN_STAGES, .workers = 1, .stages = STAGES };
	double found, wanted;
	int status = run(tool, files, 1, &found, err);

	stages->bytes[1] = 4.0 * NN_TRIAL_ROWS * (double)wide.hidden;
	stages->message_us[1] = stages->message_us[0];
	/* As long as nothing is known of messages they are taken to come at once. */
	host->stages = *stages;
	host->stages.message_us[0] = host->stages.message_us[1] = 0;
	if (!status)
		status = nn_trial_expect(host, files->trial, &way, 1, NN_TRIAL_ROWS, &wanted, err);
	if (!status && (found - wanted) / 2 > stages->message_us[0])
		stages->message_us[1] = (found - wanted) / 2;
	return status;
}

int nn_measure_pipeline(struct nn_profile_host *host, const char *tool, const char *folder,
	nn_measure_tell *tell, struct nn_error *err)
{
	struct nn_profile_stages stages = { .there = true };
	struct nn_trial_files files;
	int status;

	nn_trial_name(&files, folder);
	tell("stages");
	status = nn_trial_set_up(&files, &tiny, err);
	if (!status)
		status = small(&stages, tool, &files, err);
	if (!status)
		status = nn_trial_set_up(&files, &wide, err);
	if (!status)
		status = large(host, &stages, tool, &files, err);
	nn_trial_remove(&files);
	host->stages = status ? (struct nn_profile_stages){ 0 } : stages;
	return status;
}
