/* What keeps n workers from being n times as fast. */
#include <math.h>

#include "plan/predict-private.h"

#define ENOUGH 0.9

const char *nn_plan_loss_text(enum nn_plan_loss loss)
{
	switch (loss) {
	case NN_PLAN_NOTHING:
		return "nothing is lost";
	case NN_PLAN_SHARDS:
		return "the shards do not go round";
	case NN_PLAN_PROCESSORS:
		return "the processors are shared";
	case NN_PLAN_SMALL:
		return "tasks are too small";
	case NN_PLAN_LINE:
		return "the line is full";
	case NN_PLAN_LATENCY:
		return "the way there and back";
	case NN_PLAN_SUM:
		return "sums and update";
	case NN_PLAN_STRAGGLERS:
		return "stragglers";
	case NN_PLAN_FAILURES:
		return "failures";
	case NN_PLAN_BUBBLE:
		return "stages wait for each other";
	}
	return "?";
}

/* Seconds of a step that each of them takes, more or less: the largest is what is said. */
enum nn_plan_loss nn_plan_find_loss(const struct nn_plan_setting *setting,
	const struct nn_plan_forecast *forecast, const struct nn_plan_parts *parts)
{
	const struct nn_profile_host *host = setting->hosts[0].host;
	double workers = (double)forecast->way.workers;
	double shards = (double)forecast->shards;
	double seconds[NN_PLAN_BUBBLE + 1] = { 0 };
	double tasks = ceil(shards / workers);
	double task, whole, processors = 0;
	enum nn_plan_loss loss = NN_PLAN_NOTHING;

	if (forecast->efficiency >= ENOUGH)
		return NN_PLAN_NOTHING;
	if (forecast->way.kind == NN_PLAN_STAGES)
		workers *= (double)forecast->way.stages;
	for (size_t i = 0; i < setting->host_count; i++)
		processors +=
			fmin((double)setting->hosts[i].workers, setting->hosts[i].host->processors);
	if (!forecast->there)
		processors = fmax(processors, workers);
	if (forecast->way.kind == NN_PLAN_STAGES) {
		double slot = forecast->step_seconds * (1 - forecast->bubble);

		seconds[NN_PLAN_BUBBLE] = forecast->step_seconds * forecast->bubble;
		seconds[NN_PLAN_PROCESSORS] = slot * (1 - fmin(1, processors / workers));
		return seconds[NN_PLAN_PROCESSORS] > seconds[NN_PLAN_BUBBLE] ? NN_PLAN_PROCESSORS :
									       NN_PLAN_BUBBLE;
	}
	task = parts->task / parts->rounds;
	/* As large a task as one worker would have. */
	whole = nn_plan_gradient(setting->model, host, nn_plan_batch(setting));
	seconds[NN_PLAN_SHARDS] = (tasks - shards / workers) * task;
	seconds[NN_PLAN_PROCESSORS] = tasks * task *
		(fmax(1, workers / processors) / nn_plan_share(host, fmin(workers, processors)) -
			1);
	seconds[NN_PLAN_SMALL] = tasks * task - whole * tasks / shards;
	seconds[NN_PLAN_LINE] = forecast->line * forecast->step_seconds;
	seconds[NN_PLAN_SUM] = parts->sim.update_seconds / parts->rounds +
		parts->sim.handle_seconds * shards / parts->rounds;
	seconds[NN_PLAN_LATENCY] = parts->sim.begin_seconds / parts->rounds;
	for (size_t i = 0; i < parts->sim.host_count; i++)
		seconds[NN_PLAN_LATENCY] = fmax(seconds[NN_PLAN_LATENCY],
			2 * parts->sim.hosts[i].latency / parts->rounds);
	if (setting->tail != NN_SIM_STEADY)
		seconds[NN_PLAN_STRAGGLERS] = fmax(0,
			forecast->step_seconds - tasks * task - seconds[NN_PLAN_LINE] -
				seconds[NN_PLAN_SUM] - seconds[NN_PLAN_LATENCY]);
	if (setting->mtbf > 0)
		seconds[NN_PLAN_FAILURES] = forecast->retries * (task + setting->restart_seconds);
	for (int i = 1; i <= NN_PLAN_BUBBLE; i++)
		if (seconds[i] > seconds[loss])
			loss = (enum nn_plan_loss)i;
	return loss;
}
