/* Two ranks of MPI, as mpirun starts them, at trainings that compute next to nothing. */
#include <stdio.h>
#include <string.h>

#include "plan/measure-private.h"

#define RANKS 2
#define ROUNDS 3 /* the best of them: the others were disturbed */

/* As nn_profile_ranks has their parameters. */
static const struct nn_trial trials[NN_PROFILE_RANKS] = { { 1, 1, 600, 0 }, { 256, 256, 300, 0 },
	{ 1024, 1024, 40, 0 } };

/* Open MPI wants to be told that root may, and that two ranks may share a processor. */
static const char *const alone[] = { "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
	"OMPI_MCA_rmaps_base_oversubscribe=1", NULL };
static const char *const several[] = { "OMPI_ALLOW_RUN_AS_ROOT=1",
	"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", NULL };

static int run(const struct nn_profile_host *host, const char *tool,
	const struct nn_trial_files *files, const char *exchange, double *us, double *beside,
	struct nn_error *err)
{
	char rank_text[24], row_text[24], step_text[24];
	const char *const arguments[] = { "mpirun", "-q", "-n", rank_text, tool, "--exchange",
		exchange, "--shards", rank_text, "-b", row_text, "-n", step_text, "--lr", "0.001",
		"--log", files->log, "-o", "/dev/null", files->model, files->data, NULL };

	snprintf(rank_text, sizeof rank_text, "%d", RANKS);
	snprintf(row_text, sizeof row_text, "%d", NN_TRIAL_TASK_ROWS * RANKS);
	snprintf(step_text, sizeof step_text, "%zu", files->trial->steps);
	if (nn_trial_run(files, (char *const *)(size_t)arguments,
		    host->processors < RANKS ? alone : several, us, beside, err))
		return nn_fail_in(err, "mpirun: a short training of %d ranks", RANKS);
	return NN_OK;
}

/* What a step takes besides gradients, sum and update. */
static int exchange(struct nn_profile_host *host, const char *tool,
	const struct nn_trial_files *files, bool messages, double least, double *us, double *start,
	struct nn_error *err)
{
	struct nn_plan_way way = { .kind = NN_PLAN_MPI, .workers = RANKS };
	double best = 0;
	double found, beside, wanted;
	int status = nn_trial_expect(host, files->trial, &way, RANKS, NN_TRIAL_TASK_ROWS * RANKS,
		&wanted, err);

	for (int i = 0; i < ROUNDS && !status; i++) {
		status = run(host, tool, files, messages ? "messages" : "memory", &found, &beside,
			err);
		best = !status && (!i || found < best) ? found : best;
		*start = !status && (!i || beside < *start) ? beside : *start;
	}
	/* More takes no less time: that was noise. */
	*us = best - wanted > least ? best - wanted : least;
	return status;
}

int nn_measure_ranks(struct nn_profile_host *host, const char *tool, const char *folder,
	nn_measure_tell *tell, struct nn_error *err)
{
	struct nn_profile_ranks ranks = { .there = true };
	struct nn_trial_files files;
	int status = NN_OK;

	nn_trial_name(&files, folder);
	tell("ranks of MPI");
	/* As long as nothing is known of what they exchange, it is taken to be nothing. */
	host->ranks = ranks;
	for (size_t i = 0; i < NN_PROFILE_RANKS && !status; i++) {
		double start = 0;

		status = nn_trial_set_up(&files, &trials[i], err);
		if (!status)
			status =
				exchange(host, tool, &files, true, i ? ranks.messages_us[i - 1] : 0,
					&ranks.messages_us[i], &start, err);
		if (!status)
			status = exchange(host, tool, &files, false, i ? ranks.memory_us[i - 1] : 0,
				&ranks.memory_us[i], &start, err);
		if (!i)
			ranks.start_seconds = start;
	}
	nn_trial_remove(&files);
	ranks.there = !status;
	host->ranks = status ? (struct nn_profile_ranks){ 0 } : ranks;
	return status;
}
