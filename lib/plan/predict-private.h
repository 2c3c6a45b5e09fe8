/* What the files of the forecast share: predict.c makes a simulation of a way, simulated.c runs it; stages.c
 * and ranks.c count what has a closed form; loss.c says what keeps n workers from being n times as fast. */
#ifndef NN_PLAN_PREDICT_PRIVATE_H
#define NN_PLAN_PREDICT_PRIVATE_H

#include "plan/predict.h"

#define NN_PLAN_MOST_HOSTS 64

/* A way, taken apart. */
struct nn_plan_parts {
	struct nn_sim sim;
	struct nn_sim_host hosts[NN_PLAN_MOST_HOSTS + 1];
	size_t near;       /* workers that share memory with the coordinator */
	double task;       /* seconds of a task on the first host, alone */
	double rows;       /* of a task */
	double grad_bytes; /* as they cross */
	double model_bytes;
	double rounds; /* steps that one of the simulation's stands for */
	bool packed;
};

int nn_plan_take_apart(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_plan_parts *parts, struct nn_error *err);
/* Of all others: step_seconds, busy, line, retries. */
int nn_plan_simulate(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_plan_parts *parts, struct nn_error *err);
/* Of NN_PLAN_STAGES and NN_PLAN_MPI: step_seconds, messages, memory. */
int nn_plan_stages(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_error *err);
void nn_plan_mpi(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast);
/* Which of the hosts' processors there are for `processes` of them; false: more than that. */
bool nn_plan_room(const struct nn_plan_setting *setting, double processes, double *processors);
/* The line that they talk by: a pipe, unless there are several hosts. */
const struct nn_profile_line *nn_plan_line(const struct nn_plan_setting *setting, bool there);
/* Seconds of a step: whoever fails ends it for all, who go on from the checkpoint (as in sched/simulate.h, J. Daly,
 * 2006). */
double nn_plan_failures(const struct nn_plan_setting *setting, double processes, double step);
/* What passing a gradient on, or keeping it till it is added, takes beside making it, in seconds: of a task, or
 * of an update; where so many workers share memory. Between the sizes that were tried, by their logarithm. */
double nn_plan_passing(const struct nn_profile_host *host, size_t workers, double params,
	bool task);
/* Bytes of optimizer state for so many parameters. */
double nn_plan_state(const struct nn_plan_setting *setting, double params);
/* Rows a step, and steps an epoch. */
double nn_plan_batch(const struct nn_plan_setting *setting);
/* Workers that compute at once, and how fast the slowest host's are then. */
enum nn_plan_loss nn_plan_find_loss(const struct nn_plan_setting *setting,
	const struct nn_plan_forecast *forecast, const struct nn_plan_parts *parts);

#endif
