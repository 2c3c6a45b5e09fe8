/* Pipelines of stages, whose time is counted, not simulated; and what ranks of MPI have in common with them. */
#include <math.h>
#include <stdlib.h>

#include "plan/predict-private.h"

bool nn_plan_room(const struct nn_plan_setting *setting, double processes, double *processors)
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

const struct nn_profile_line *nn_plan_line(const struct nn_plan_setting *setting, bool there)
{
	for (size_t i = 0; i < setting->host_count; i++)
		if (setting->hosts[i].host->line.there && !setting->hosts[i].here)
			return &setting->hosts[i].host->line;
	return there && setting->coordinator->pipe.there ? &setting->coordinator->pipe :
							   &setting->line;
}

double nn_plan_failures(const struct nn_plan_setting *setting, double processes, double step)
{
	double mean = setting->mtbf / processes;
	double steps = setting->checkpoint_every ? (double)setting->checkpoint_every : 1;
	double times = steps * step / mean;

	if (!(setting->mtbf > 0))
		return step;
	/* By then nobody waits for it. */
	if (times > 20)
		return INFINITY;
	return (mean + setting->restart_seconds) * expm1(times) / steps;
}

struct stage {
	double longest; /* seconds of a micro-batch in the slowest stage */
	double all;     /* in all of them */
	double params;  /* of the largest */
	double memory;  /* of the largest */
	double message; /* the largest activations, bytes */
	double passed;  /* all activations of a micro-batch, and their gradients */
};

/* Seconds until the next stage has begun with what this one sends. Of a line, the digests at both ends. */
static double message_seconds(const struct nn_profile_host *host,
	const struct nn_profile_line *line, double bytes, bool here)
{
	const struct nn_profile_stages *near = &host->stages;
	double part;

	if (!here || !near->there)
		return nn_plan_message(line, bytes, false) + 2e-9 * host->digest_ns * bytes +
			(near->there ? 1e-6 * near->message_us[0] : 0);
	part = fmax(0, (bytes - near->bytes[0]) / (near->bytes[1] - near->bytes[0]));
	return 1e-6 * (near->message_us[0] + part * (near->message_us[1] - near->message_us[0]));
}

static void measure_stages(const struct nn_plan_setting *setting, const size_t *ends, size_t stages,
	double rows, struct stage *most)
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

		if (!i)
			seconds += 1e-9 * host->gather_ns * rows * model->inputs;
		for (size_t k = start; k < ends[i]; k++) {
			params += (double)model->costs[k].params;
			kept += (double)model->costs[k].kept;
		}
		/* Gradients wait to be added, and push each other out of the caches. */
		if (params > 0)
			seconds += nn_plan_passing(host, 1, params, true);
		if (ends[i] < model->layers) {
			most->passed += 2 * out;
			most->message = fmax(most->message, out);
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
	const struct nn_profile_stages *near = &setting->hosts[0].host->stages;
	double n = (double)stages;
	double message, processors, turns, slot;
	size_t *ends = nn_alloc(stages, sizeof *ends, err);
	int status = ends ?
		nn_cost_cut(setting->model->costs, setting->model->layers, stages, ends, err) :
		NN_FAILED;

	if (status) {
		free(ends);
		return status;
	}
	forecast->there = nn_plan_room(setting, processes, &processors);
	line = nn_plan_line(setting, forecast->there);
	measure_stages(setting, ends, stages, rows, &most);
	free(ends);
	turns = fmin(processes, processors);
	message = message_seconds(setting->hosts[0].host, line, most.message,
		forecast->there && line == &setting->coordinator->pipe);
	/* One forward, one backward: the slowest stage sets the pace, or the line does (D. Narayanan et al.,
	 * "PipeDream", SOSP 2019). Or the way there and back, as no more than n tasks are on it at once: when
	 * stages are even none of it is hidden. The first task has to get to the last stage, and back. */
	slot = fmax(most.longest,
		nn_plan_message(line, most.message, false) - 1e-6 * line->latency_us);
	slot = fmax(slot, (most.all + 2 * (n - 1) * message) / n);
	/* Messages are written and read in time that stages want too, if no processor is to spare. */
	if (processes >= processors && line == &setting->coordinator->pipe)
		slot += 2 * (n - 1) / n * message;
	forecast->step_seconds =
		fmax((tasks + n - 1) * slot, tasks * pipelines * most.all / processors);
	forecast->step_seconds /= nn_plan_share(setting->hosts[0].host, turns);
	forecast->step_seconds += (near->there ? 1e-6 * near->step_us : 0) +
		nn_plan_update(setting->coordinator, setting->optimizer, most.params, tasks) +
		(pipelines - 1) * nn_plan_message(line, 4 * most.params, true);
	forecast->step_seconds = nn_plan_failures(setting, processes, forecast->step_seconds);
	forecast->bubble = ((double)stages - 1) / (tasks + (double)stages - 1);
	forecast->busy = 1 - forecast->bubble;
	forecast->messages = 2 * ((double)stages - 1) * (double)forecast->shards;
	forecast->bytes = most.passed * (double)forecast->shards;
	if (stages > 1)
		forecast->message_bytes = forecast->bytes / forecast->messages;
	forecast->worker_bytes = most.memory;
	return NN_OK;
}
