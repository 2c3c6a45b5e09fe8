/* What the files of measuring share. */
#ifndef NN_PLAN_MEASURE_PRIVATE_H
#define NN_PLAN_MEASURE_PRIVATE_H

#include "plan/measure.h"
#include "plan/predict.h"

/* Numbers around 0, none of them subnormal, which would be slow. */
void nn_measure_fill(float *values, size_t count);

/* A layer that short trainings try, and how many steps of it are enough. */
struct nn_trial {
	size_t in, out;
	size_t steps;
	size_t hidden; /* a layer of so many before it; 0: none */
};
struct nn_trial_files {
	char model[512];
	char data[512];
	char log[512];
	const struct nn_trial *trial; /* that model and data are of */
};
#define NN_TRIAL_ROWS 64
#define NN_TRIAL_TASK_ROWS 4 /* where tasks have something to write */

/* measure_trial.c: their files in `folder`; the network; a run of nn-train that writes the log: microseconds of a
 * step, and the seconds of the run beside its steps. */
void nn_trial_name(struct nn_trial_files *files, const char *folder);
int nn_trial_network(struct nn_network **network, const struct nn_trial *trial,
	struct nn_error *err);
int nn_trial_set_up(struct nn_trial_files *files, const struct nn_trial *trial,
	struct nn_error *err);
int nn_trial_run(const struct nn_trial_files *files, char *const *arguments,
	const char *const *environment, double *us, double *beside, struct nn_error *err);
void nn_trial_remove(const struct nn_trial_files *files);
/* What a step of the trial should take, as far as is known; by SGD, so many rows a step. */
int nn_trial_expect(const struct nn_profile_host *host, const struct nn_trial *trial,
	const struct nn_plan_way *way, size_t tasks, size_t rows, double *us, struct nn_error *err);

/* measure_networks.c: convolutions, attention, a loss; measure_share.c: processes that multiply at once; measure_frames.c: frames, packed or not. */
int nn_measure_networks(struct nn_profile_host *host, struct nn_error *err);
int nn_measure_share(struct nn_profile_host *host, struct nn_error *err);
int nn_measure_frames(struct nn_profile_host *host, struct nn_error *err);

#endif
