/* Ways whose time is counted, not simulated: pipelines of stages, ranks of MPI. */
#include <math.h>
#include <stdlib.h>

#include "plan/predict-private.h"

/* Which of the hosts' processors there are for `processes` of them; false: more than that. */
static bool room_for(const struct nn_plan_setting *setting, double processes, double *processors)
{
	double workers = 0;

	*processors = 0;
	for (size_t i = 0; i < setting->host_count; i++) {
		workers += (double)setting->hosts[i].workers;
		*processors +=
			fmin((double)setting->hosts[i].workers, setting->hosts[i].host->processors);
	}
	if (processes > workers)
		*processors = processes;
	return processes <= workers;
}

/* The line that activations cross: a pipe, unless there are several hosts. */
static const struct nn_profile_line *line_of(const struct nn_plan_setting *setting, bool there)
{
	for (size_t i = 0; i < setting->host_count; i++)
		if (setting->hosts[i].host->line.there && !setting->hosts[i].here)
			return &setting->hosts[i].host->line;
	return there && setting->coordinator->pipe.there ? &setting->coordinator->pipe :
							   &setting->line;
}

struct stage {
	double longest; /* seconds of a micro-batch in the slowest stage */
	double all;     /* in all of them */
	double params;  /* of the largest */
	double memory;  /* of the largest */
	double message; /* the largest activations, bytes */
	double passed;  /* all activations of a micro-batch, and their gradients */
};

static void measure_stages(const struct nn_plan_setting *setting, const size_t *ends, size_t stages,
	double rows, const struct nn_profile_line *line, struct stage *most)
{
	const struct nn_plan_model *model = setting->model;
	const struct nn_profile_host *host = setting->hosts[0].host;
	double whole = nn_plan_range(model, host, rows, 0, model->layers);
	double own = nn_plan_gradient(model, host, rows);
	size_t start = 0;

	for (size_t i = 0; i < stages; start = ends[i++]) {
		/* What the model takes itself, where it was timed, is shared out as layers are. */
		double seconds = nn_plan_range(model, host, rows, start, ends[i]) * own / whole;
		double params = 0, kept = 0;
		double out = 4 * rows * (double)model->costs[ends[i] - 1].out;

		for (size_t k = start; k < ends[i]; k++) {
			params += (double)model->costs[k].params;
			kept += (double)model->costs[k].kept;
		}
		if (ends[i] < model->layers) {
			most->passed += 2 * out;
			most->message = fmax(most->message, out);
			/* Digests of what goes and of what comes back. */
			seconds += 2e-9 * host->digest_ns * out + 2e-6 * line->latency_us;
		}
		most->longest = fmax(most->longest, seconds);
		most->all += seconds;
		most->params = fmax(most->params, params);
		most->memory = fmax(most->memory,
			4 * params * 3 + nn_plan_state(setting, params) +
				4 * kept * rows * (double)stages);
	}
}

int nn_plan_stages(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_error *err)
{
	size_t stages = forecast->way.stages;
	double pipelines = (double)forecast->way.workers;
	double tasks = ceil((double)forecast->shards / pipelines);
	double rows = fmax(1, nn_plan_batch(setting) / (double)forecast->shards);
	double processes = pipelines * (double)stages;
	const struct nn_profile_line *line;
	struct stage most = { 0 };
	double processors, turns, slot;
	size_t *ends = nn_alloc(stages, sizeof *ends, err);
	int status = ends ?
		nn_cost_cut(setting->model->costs, setting->model->layers, stages, ends, err) :
		NN_FAILED;

	if (status) {
		free(ends);
		return status;
	}
	forecast->there = room_for(setting, processes, &processors);
	line = line_of(setting, forecast->there);
	measure_stages(setting, ends, stages, rows, line, &most);
	free(ends);
	turns = fmin(processes, processors);
	/* One forward, one backward: the slowest stage sets the pace, or the line does (D. Narayanan et al.,
	 * "PipeDream", SOSP 2019); the first task has to get to the last stage, and back. */
	slot = fmax(most.longest,
		nn_plan_message(line, most.message, false) - 1e-6 * line->latency_us);
	forecast->step_seconds = fmax((tasks + (double)stages - 1) * slot,
		tasks * pipelines * most.all / processors);
	forecast->step_seconds /= nn_plan_share(setting->hosts[0].host, turns);
	forecast->step_seconds +=
		nn_plan_update(setting->coordinator, setting->optimizer, most.params, tasks) +
		(pipelines - 1) * nn_plan_message(line, 4 * most.params, true);
	forecast->bubble = ((double)stages - 1) / (tasks + (double)stages - 1);
	forecast->busy = 1 - forecast->bubble;
	forecast->messages = 2 * ((double)stages - 1) * (double)forecast->shards;
	forecast->bytes = most.passed * (double)forecast->shards;
	if (stages > 1)
		forecast->message_bytes = forecast->bytes / forecast->messages;
	forecast->worker_bytes = most.memory;
	return NN_OK;
}

/* A rank sums its slice of all gradients, updates it, and hands it to all others (R. Thakur, R.
 * Rabenseifner, W. Gropp, "Optimization of collective communication operations in MPICH", 2005). */
void nn_plan_mpi(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast)
{
	const struct nn_plan_model *model = setting->model;
	const struct nn_profile_host *host = setting->hosts[0].host;
	double ranks = (double)forecast->way.workers;
	double tasks = ceil((double)forecast->shards / ranks);
	double rows = fmax(1, nn_plan_batch(setting) / (double)forecast->shards);
	double raw = 4 * model->params;
	double moved = 2 * raw * (ranks - 1) / ranks;
	double processors, bytes_a_second, latency, running;
	const struct nn_profile_line *line;

	forecast->there = room_for(setting, ranks, &processors);
	line = line_of(setting, forecast->there);
	running = fmin(ranks, processors);
	latency = 1e-6 * line->latency_us;
	bytes_a_second = raw / fmax(1e-9, nn_plan_message(line, raw, true) - latency);
	if (line == &setting->coordinator->pipe)
		bytes_a_second = setting->coordinator->copy_bytes_per_second / 2;
	forecast->step_seconds = fmax(1, ranks / processors) * tasks *
			(nn_plan_gradient(model, host, rows) +
				1e-9 * host->gather_ns * rows * model->inputs) /
			nn_plan_share(host, running) +
		moved / bytes_a_second + 2 * latency * ceil(log2(fmax(ranks, 1))) +
		nn_plan_update(host, setting->optimizer, model->params, (double)forecast->shards) /
			ranks;
	forecast->messages = 2 * ranks;
	forecast->message_bytes = raw * (ranks - 1) / ranks;
	forecast->bytes = forecast->messages * forecast->message_bytes;
	forecast->worker_bytes = 2 * raw + raw * tasks / 2 +
		nn_plan_state(setting, model->params) / ranks +
		4 * (2 * model->kept * rows + model->kept_once) +
		4 * model->inputs * (rows + setting->rows / ranks);
	forecast->coordinator_bytes = 0;
}
