#include "plan/predict-private.h"

#include <math.h>

#include "optim/optim.h"
#include "train/run.h"

const char *const nn_plan_kind_names[] = { "sync", "packed", "local-steps", "async", "stages",
	"slices", "mpi", NULL };

double nn_plan_batch(const struct nn_plan_setting *setting)
{
	return setting->batch > 0 && setting->batch < setting->rows ? setting->batch :
								      setting->rows;
}

double nn_plan_state(const struct nn_plan_setting *setting, double params)
{
	const struct nn_optimizer *optimizer = nn_optim_find(nn_optim_names[setting->optimizer]);

	return 4 * params * ((optimizer->slots[0] != NULL) + (optimizer->slots[1] != NULL));
}

/* What nn-train would take; if nobody says how many, enough for the workers, while each has a row. */
static uint64_t shards_of(const struct nn_plan_setting *setting, size_t workers)
{
	double batch = nn_plan_batch(setting);
	uint64_t shards = setting->shards;

	if (shards)
		return shards;
	shards = nn_run_default_shards((uint64_t)setting->batch, (uint64_t)setting->rows);
	while (shards < workers && 2 * (double)shards <= batch)
		shards *= 2;
	return shards;
}

/* What n workers that share memory need for a step, and each task more. */
static double exchange(const struct nn_profile_host *host, size_t workers, bool task)
{
	const double *us = task ? host->exchange_task_us : host->exchange_step_us;
	size_t i = 0;

	if (!host->exchange_count)
		return 0;
	while (i + 1 < host->exchange_count && (double)workers > host->exchange_workers[i])
		i++;
	return 1e-6 * us[i];
}

double nn_plan_passing(const struct nn_profile_host *host, size_t workers, double params, bool task)
{
	const double *ns = task ? host->near_task_ns : host->near_update_ns;
	double part =
		log(params / nn_profile_near[0]) / log(nn_profile_near[1] / nn_profile_near[0]);
	size_t i = 0;

	if (!host->exchange_count || !workers)
		return 0;
	while (i + 1 < host->exchange_count && (double)workers > host->exchange_workers[i])
		i++;
	part = fmin(fmax(part, 0), 1);
	return 1e-9 * params * (ns[i] * (1 - part) + ns[host->exchange_count + i] * part);
}

static double task_seconds(const struct nn_plan_setting *setting,
	const struct nn_profile_host *host, double rows, uint64_t steps)
{
	const struct nn_plan_model *model = setting->model;
	double seconds =
		nn_plan_gradient(model, host, rows) + 1e-9 * host->gather_ns * rows * model->inputs;

	if (steps > 1) {
		seconds += nn_plan_update(host, setting->optimizer, model->params, 1);
		seconds *= (double)steps;
	}
	return seconds + exchange(host, 1, true);
}

/* Is a line so slow that nn-train packs what crosses it? lib/train/packed.c has the same bound. */
static bool is_slow(const struct nn_profile_line *line, double bytes)
{
	double seconds = nn_plan_message(line, bytes, true) - 1e-6 * line->latency_us;

	return line->there && bytes >= 131072 && bytes < 12.5e6 * seconds;
}

static void cross(const struct nn_plan_setting *setting, const struct nn_profile_line *line,
	struct nn_plan_parts *parts, struct nn_sim_host *host, const struct nn_plan_way *way)
{
	double slices = way->kind == NN_PLAN_SLICES ? (double)way->slices : 1;
	double down = nn_plan_message(line, parts->model_bytes / slices, false);
	double up = nn_plan_message(line, parts->grad_bytes / slices, true);
	const struct nn_profile_host *here = setting->coordinator;
	double raw = 4 * setting->model->params;

	host->latency = 1e-6 * line->latency_us;
	host->down = down - host->latency;
	host->up = up - host->latency;
	if (parts->packed) {
		/* One thread a worker packs here, and another opens. */
		host->down += 1e-9 * (parts->model_bytes * here->pack_ns + raw * here->unpack_ns);
		host->up += 1e-9 * (parts->grad_bytes * here->pack_ns + raw * here->unpack_ns);
	}
	if (setting->link > 0) {
		parts->sim.link_down = parts->model_bytes / slices / setting->link;
		parts->sim.link_up = parts->grad_bytes / slices / setting->link;
	} else if (parts->sim.link_up <= 0 || host->up < parts->sim.link_up) {
		/* The fastest line shows what the coordinator can do at least. */
		parts->sim.link_down = host->down;
		parts->sim.link_up = host->up;
	}
}

/* Servers of slices are reached by pipes where they are. */
static const struct nn_profile_line *line_to(const struct nn_plan_setting *setting,
	const struct nn_plan_host *place)
{
	if (place->host->line.there)
		return &place->host->line;
	return place->host->pipe.there ? &place->host->pipe : &setting->line;
}

/* What goes to a worker here and comes back, in seconds: where memory is shared it is in its place, but those
 * who go on for themselves are behind pipes, at whose ends there are digests. */
static double pass_here(const struct nn_plan_setting *setting, const struct nn_profile_host *host,
	size_t workers, enum nn_plan_kind kind)
{
	double bytes = 4 * setting->model->params;

	if (kind != NN_PLAN_ASYNC && kind != NN_PLAN_LOCAL)
		return nn_plan_passing(host, workers, setting->model->params, true);
	if (!host->pipe.there)
		return 0;
	return nn_plan_message(&host->pipe, bytes, false) +
		nn_plan_message(&host->pipe, bytes, true) + 4e-9 * host->digest_ns * bytes;
}

/* Who is where: the hosts in their order, then others like the last one. */
static void place(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_plan_parts *parts)
{
	const struct nn_plan_way *way = &forecast->way;
	uint64_t steps = way->kind == NN_PLAN_LOCAL ? way->local_steps : 1;
	size_t left = way->workers;
	size_t count = 0;

	for (size_t i = 0; i < setting->host_count && left; i++) {
		const struct nn_plan_host *place = &setting->hosts[i];
		struct nn_sim_host *host = &parts->hosts[count];
		size_t workers = left < place->workers ? left : place->workers;
		double seconds;

		if (!workers)
			continue;
		count++;
		left -= workers;
		seconds = task_seconds(setting, place->host, parts->rows, steps);
		if (place->here && way->kind != NN_PLAN_SLICES)
			seconds += pass_here(setting, place->host, workers, way->kind);
		*host = (struct nn_sim_host){ .workers = workers,
			.processors = (size_t)place->host->processors,
			.share = place->host->share,
			.speed = parts->task / seconds };
		if (host->processors > place->host->share_count)
			host->processors = place->host->share_count;
		if (place->here && way->kind != NN_PLAN_SLICES)
			parts->near += workers;
		else
			cross(setting, line_to(setting, place), parts, host, way);
	}
	if (left) {
		const struct nn_plan_host *like = &setting->hosts[setting->host_count - 1];
		struct nn_sim_host *host = &parts->hosts[count++];

		forecast->there = false;
		/* As many hosts as that takes, each as full as it is fast. */
		*host = (struct nn_sim_host){ .workers = left,
			.processors = left,
			.speed = parts->task /
				task_seconds(setting, like->host, parts->rows, steps) *
				like->host->share[like->host->share_count - 1] };
		cross(setting, &setting->line, parts, host, way);
	}
	parts->sim.hosts = parts->hosts;
	parts->sim.host_count = count;
}

/* The coordinator's work behind the answers: a sum of V gradients, and the update, by whoever shares
 * its memory; what others have written then has to come from their caches. */
static double update_seconds(const struct nn_plan_setting *setting,
	const struct nn_plan_parts *parts, const struct nn_plan_way *way, uint64_t shards)
{
	const struct nn_profile_host *here = setting->coordinator;
	double params = setting->model->params;
	double processors = here->processors;
	double sums = way->kind == NN_PLAN_ASYNC ? 1 : (double)shards;
	double all = nn_plan_update(here, setting->optimizer, params, sums);
	double parties = (double)parts->near;
	double running;

	if (way->kind == NN_PLAN_SLICES)
		return all / (double)way->slices + 1e-9 * here->digest_ns * 4 * params;
	if (way->kind != NN_PLAN_SYNC || !parts->near || parts->near < way->workers)
		return all + 1e-9 * here->digest_ns * 4 * params;
	/* Slices of 8 blocks of 4,096 at least; the coordinator makes one if a processor is free. */
	if (parties < processors)
		parties++;
	parties = fmin(parties, fmax(1, floor(params / 4096 / 8)));
	if (parties < 2)
		return all;
	running = fmin(parties, processors);
	return all / (running * nn_plan_share(here, running)) +
		nn_plan_passing(here, parts->near, params, false) +
		exchange(here, parts->near, false) +
		4 * params * (1 - 1 / parties) / here->copy_bytes_per_second;
}

static void set_bytes(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_plan_parts *parts)
{
	double raw = 4 * setting->model->params;
	enum nn_plan_kind kind = forecast->way.kind;
	const struct nn_profile_line *line = &setting->line;

	for (size_t i = 0; i < setting->host_count; i++)
		if (!setting->hosts[i].here)
			line = &setting->hosts[i].host->line;
	parts->packed = kind == NN_PLAN_PACKED || setting->pack ||
		(setting->pack_auto && kind != NN_PLAN_SLICES && is_slow(line, raw));
	parts->grad_bytes = raw * (parts->packed ? setting->grad_ratio : 1);
	parts->model_bytes = raw * (parts->packed ? setting->model_ratio : 1);
	forecast->packed = parts->packed;
}

int nn_plan_take_apart(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_plan_parts *parts, struct nn_error *err)
{
	const struct nn_plan_way *way = &forecast->way;
	uint64_t steps = way->kind == NN_PLAN_LOCAL ? way->local_steps : 1;
	double far;

	if (setting->host_count > NN_PLAN_MOST_HOSTS)
		return nn_fail(err, NN_USAGE, "%zu hosts: at most %d", setting->host_count,
			NN_PLAN_MOST_HOSTS);
	*parts = (struct nn_plan_parts){ .rounds = (double)steps,
		.rows = nn_plan_batch(setting) / (double)forecast->shards };
	/* There are tasks of no rows if there are more shards than rows. */
	parts->rows = fmax(parts->rows, 1);
	set_bytes(setting, forecast, parts);
	parts->task = task_seconds(setting, setting->hosts[0].host, parts->rows, steps);
	parts->sim = (struct nn_sim){ .tasks = (size_t)forecast->shards,
		.task_seconds = parts->task,
		.tail = setting->tail,
		.spread = setting->spread,
		.fixed = setting->fixed,
		.async = way->kind == NN_PLAN_ASYNC,
		.staleness = setting->staleness,
		.mtbf = setting->mtbf,
		.coordinator_mtbf = setting->checkpoint_every ? setting->mtbf : 0,
		.restart_seconds = setting->restart_seconds,
		.checkpoint_every = setting->checkpoint_every ?
			(setting->checkpoint_every + steps - 1) / steps :
			0,
		.seed = setting->seed };
	place(setting, forecast, parts);
	far = (double)(way->workers - parts->near);
	parts->sim.begin_seconds = exchange(setting->coordinator, parts->near, false);
	if (far > 0)
		parts->sim.handle_seconds = 1e-9 * 4 * setting->model->params *
			(setting->coordinator->digest_ns + setting->coordinator->add_ns / 4) * far /
			(double)way->workers;
	if (way->kind == NN_PLAN_SLICES)
		parts->sim.handle_seconds /= (double)way->slices;
	parts->sim.update_seconds = update_seconds(setting, parts, way, forecast->shards);
	parts->sim.checkpoint_seconds = 3 *
		(4 * setting->model->params + nn_plan_state(setting, setting->model->params)) /
		setting->coordinator->copy_bytes_per_second;
	return NN_OK;
}

/* What crosses to other hosts; and what processes keep. */
static void count_bytes(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	const struct nn_plan_parts *parts)
{
	const struct nn_plan_model *model = setting->model;
	const struct nn_plan_way *way = &forecast->way;
	double raw = 4 * model->params;
	double state = nn_plan_state(setting, model->params);
	double far = (double)(way->workers - parts->near);
	double used = fmin((double)way->workers, (double)forecast->shards);
	/* Of the tasks, those that are done elsewhere. */
	double gradients = way->workers ? (double)forecast->shards * far / (double)way->workers : 0;
	double models = way->kind == NN_PLAN_ASYNC ? gradients : fmin(far, gradients);

	forecast->messages = models + gradients;
	forecast->bytes =
		(models * parts->model_bytes + gradients * parts->grad_bytes) / parts->rounds;
	if (forecast->messages > 0)
		forecast->message_bytes = forecast->bytes * parts->rounds / forecast->messages;
	/* Gradients with respect to what passes take as much again, about; rows that wait are few. */
	forecast->worker_bytes = 4 * (2 * model->kept * parts->rows + model->kept_once) +
		4 * model->inputs * (parts->rows + setting->rows / used);
	forecast->worker_bytes += parts->near ? 0 : 3 * raw;
	if (way->kind == NN_PLAN_LOCAL)
		forecast->worker_bytes += raw + state;
	forecast->coordinator_bytes = parts->near ? 2 * (raw + state) +
			raw * (2 * (double)parts->near + (double)forecast->shards / 2 + 2) :
						    2 * raw + state +
			raw * fmin((double)forecast->shards, log2((double)forecast->shards) + 2);
}

static int check(const struct nn_plan_setting *setting, const struct nn_plan_way *way,
	struct nn_error *err)
{
	if (!way->workers || !setting->host_count)
		return nn_fail(err, NN_USAGE, "a plan without workers");
	if (!(setting->rows >= 1))
		return nn_fail(err, NN_USAGE, "no data: at least one row is wanted");
	if (way->kind == NN_PLAN_SLICES && !way->slices)
		return nn_fail(err, NN_USAGE, "no slices");
	return NN_OK;
}

static int step_of(const struct nn_plan_setting *setting, struct nn_plan_forecast *forecast,
	struct nn_plan_parts *parts, struct nn_error *err)
{
	int status;

	if (forecast->way.kind == NN_PLAN_STAGES)
		return nn_plan_stages(setting, forecast, err);
	status = nn_plan_take_apart(setting, forecast, parts, err);
	if (status)
		return status;
	count_bytes(setting, forecast, parts);
	if (forecast->way.kind == NN_PLAN_MPI) {
		nn_plan_mpi(setting, forecast);
		return NN_OK;
	}
	return nn_plan_simulate(setting, forecast, parts, err);
}

int nn_plan_alone(const struct nn_plan_setting *setting, double *seconds, struct nn_error *err)
{
	struct nn_plan_host host = { setting->hosts[0].host, 1, true };
	struct nn_plan_setting one = *setting;
	struct nn_plan_forecast forecast = { .way = { .kind = NN_PLAN_SYNC, .workers = 1 } };
	struct nn_plan_parts parts;
	int status;

	one.hosts = &host;
	one.host_count = 1;
	one.coordinator = host.host;
	one.pack = one.pack_auto = false;
	forecast.shards = shards_of(&one, 1);
	status = step_of(&one, &forecast, &parts, err);
	*seconds = forecast.step_seconds;
	return status;
}

int nn_plan_predict(const struct nn_plan_setting *setting, const struct nn_plan_way *way,
	struct nn_plan_forecast *forecast, struct nn_error *err)
{
	struct nn_plan_parts parts = { 0 };
	double batch;
	double one = setting->alone;
	int status = check(setting, way, err);

	*forecast = (struct nn_plan_forecast){ .way = *way, .there = true };
	if (status)
		return status;
	batch = nn_plan_batch(setting);
	forecast->shards = shards_of(setting, way->workers);
	forecast->same_bits = way->kind != NN_PLAN_LOCAL && way->kind != NN_PLAN_ASYNC;
	status = step_of(setting, forecast, &parts, err);
	if (!status && !(one > 0))
		status = nn_plan_alone(setting, &one, err);
	if (status)
		return status;
	forecast->samples_per_second = batch / forecast->step_seconds;
	forecast->epoch_seconds = ceil(setting->rows / batch) * forecast->step_seconds;
	forecast->speedup = one / forecast->step_seconds;
	forecast->efficiency = forecast->speedup /
		((double)way->workers * (way->kind == NN_PLAN_STAGES ? (double)way->stages : 1));
	forecast->loss = isinf(forecast->step_seconds) ?
		NN_PLAN_FAILURES :
		nn_plan_find_loss(setting, forecast, &parts);
	return NN_OK;
}
