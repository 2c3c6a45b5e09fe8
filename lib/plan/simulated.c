/* How long to simulate a way, so that forecasts take no longer themselves. */
#include <math.h>

#include "plan/predict-private.h"

/* Events that a forecast may take: thousands of workers in some milliseconds. */
#define EVENTS 100000
#define STEPS 12
#define PATIENCE 8  /* times as many as there should be: then it comes to no end */
#define HOPELESS 20 /* mean times between failures: not even once in 1e8 it takes so long */

/* Do tasks, or the steps between two checkpoints, nearly never end before somebody fails? */
static bool is_hopeless(const struct nn_plan_parts *parts)
{
	const struct nn_sim *sim = &parts->sim;
	double fastest = 0, all = 0;
	double most;

	for (size_t i = 0; i < sim->host_count; i++) {
		fastest = fmax(fastest, sim->hosts[i].speed);
		all += sim->hosts[i].speed * (double)sim->hosts[i].workers;
	}
	/* What is drawn may be shorter; but at the mean all tasks must have their time. */
	most = sim->task_seconds / fastest;
	if (sim->tail == NN_SIM_STEADY && sim->mtbf > 0 && most > HOPELESS * sim->mtbf)
		return true;
	most = sim->task_seconds / all * (double)sim->tasks * (double)sim->checkpoint_every;
	return sim->tail == NN_SIM_STEADY && sim->coordinator_mtbf > 0 &&
		most > HOPELESS * sim->coordinator_mtbf;
}

int nn_plan_simulate(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_plan_parts *parts, struct nn_error *err)
{
	struct nn_sim_result result;
	double events = 4.0 * (double)forecast->shards + (double)forecast->way.workers;
	double steps = setting->steps ? (double)setting->steps : fmin(STEPS, EVENTS / events);
	double limit;
	int status;

	/* What happens rarely wants more of them. */
	if (!setting->steps && (setting->tail != NN_SIM_STEADY || setting->mtbf > 0))
		steps = fmin(50 * STEPS, 3 * EVENTS / events);
	parts->sim.steps = (uint64_t)fmax(steps, 2);
	limit = (fmax(steps, 2) + 2) * events;
	limit = fmin(PATIENCE * limit, fmax(2 * limit, PATIENCE * 5 * EVENTS));
	status = is_hopeless(parts) ? nn_fail(err, NN_BAD, "failures are too frequent") :
				      nn_simulate(&parts->sim, (uint64_t)limit, &result, err);
	if (status == NN_BAD)
		forecast->step_seconds = INFINITY;
	if (status)
		return status == NN_BAD ? NN_OK : status;
	/* Failures are too rare for the few steps to be left out of the first. */
	forecast->step_seconds =
		(setting->mtbf > 0 ? result.seconds / (double)parts->sim.steps : result.step) /
		parts->rounds;
	forecast->busy = result.busy;
	forecast->line = result.link;
	forecast->retries = (double)result.retries / (double)parts->sim.steps;
	return NN_OK;
}
