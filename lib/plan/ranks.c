/* Ranks of MPI: each sums its slice of all gradients, updates it, and hands it to all others (R. Thakur, R.
 * Rabenseifner, W. Gropp, "Optimization of collective communication operations in MPICH", 2005). */
#include <math.h>

#include "plan/predict-private.h"

/* Between the sizes that were tried; what is larger takes as much more as it has bytes. */
static double on_curve(const double *us, double params)
{
	size_t i = 1;

	while (i + 1 < NN_PROFILE_RANKS && params > nn_profile_ranks[i])
		i++;
	return 1e-6 *
		fmax(us[0],
			us[i - 1] +
				(us[i] - us[i - 1]) * (params - nn_profile_ranks[i - 1]) /
					(nn_profile_ranks[i] - nn_profile_ranks[i - 1]));
}

/* Seconds: rounds of few bytes, as many as the ranks have doublings, and what each of them moves, which is
 * (R - 1) / R of a model and of a gradient: with the two ranks that were measured half of them. */
static double exchange(const struct nn_plan_setting *setting, double ranks, bool there)
{
	const struct nn_profile_host *host = setting->hosts[0].host;
	const struct nn_profile_line *line = nn_plan_line(setting, there);
	double raw = 4 * setting->model->params;
	double part = (ranks - 1) / ranks;
	double rounds = ceil(log2(ranks));
	double latency = 1e-6 * line->latency_us;
	double seconds = 0;
	bool near = there;

	for (size_t i = 0; i < setting->host_count; i++)
		near = near && setting->hosts[i].here;
	if (ranks < 2)
		return 0;
	if (host->ranks.there && near) {
		double few = 1e-6 * host->ranks.memory_us[0];
		double all = on_curve(host->ranks.memory_us, setting->model->params);

		return few * rounds + 2 * part * (all - few);
	}
	if (near)
		return 2e-6 * setting->coordinator->pipe.latency_us * rounds +
			4 * part * raw / host->copy_bytes_per_second;
	/* What messages take where they have no way to go is on top of the way. */
	if (host->ranks.there)
		seconds = 1e-6 * host->ranks.messages_us[0] * rounds;
	return seconds + 2 * latency * rounds +
		2 * part * fmax(1e-9, nn_plan_message(line, raw, true) - latency);
}

void nn_plan_mpi(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast)
{
	const struct nn_plan_model *model = setting->model;
	const struct nn_profile_host *host = setting->hosts[0].host;
	double ranks = (double)forecast->way.workers;
	double tasks = ceil((double)forecast->shards / ranks);
	double rows = fmax(1, nn_plan_batch(setting) / (double)forecast->shards);
	double raw = 4 * model->params;
	double processors, running;

	forecast->there = nn_plan_room(setting, ranks, &processors);
	running = fmin(ranks, processors);
	forecast->step_seconds = fmax(1, ranks / processors) * tasks *
			(nn_plan_gradient(model, host, rows) +
				1e-9 * host->gather_ns * rows * model->inputs) /
			nn_plan_share(host, running) +
		exchange(setting, ranks, forecast->there) +
		nn_plan_update(host, setting->optimizer, model->params, (double)forecast->shards) /
			ranks;
	forecast->step_seconds = nn_plan_failures(setting, ranks, forecast->step_seconds);
	forecast->messages = 2 * ranks;
	forecast->message_bytes = raw * (ranks - 1) / ranks;
	forecast->bytes = forecast->messages * forecast->message_bytes;
	forecast->worker_bytes = 2 * raw + raw * tasks / 2 +
		nn_plan_state(setting, model->params) / ranks +
		4 * (2 * model->kept * rows + model->kept_once) +
		4 * model->inputs * (rows + setting->rows / ranks);
	forecast->coordinator_bytes = 0;
}
