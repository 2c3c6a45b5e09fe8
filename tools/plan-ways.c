#include "tools/plan-ways.h"

#include <math.h>
#include <string.h>

#include "cli/cli.h"

#define MOST_WORKERS 10000
#define HOLDS 0.9         /* of n T */
#define FASTER 0.98       /* of the time of what stands before it in the list */
#define FASTER_BY_FAR 0.9 /* of a way that was not held against runs */
#define MUCH_FASTER 1.5   /* what another result must be worth */

static void add(struct plan_ways *ways, struct nn_plan_way way)
{
	struct nn_error err;

	if (ways->only && strcmp(ways->only, nn_plan_kind_names[way.kind]) != 0)
		return;
	for (size_t i = 0; i < ways->count; i++)
		if (!memcmp(&ways->list[i].way, &way, sizeof way))
			return;
	if (ways->count == ways->room) {
		size_t room = ways->room ? 2 * ways->room : 64;
		struct nn_plan_forecast *list = nn_realloc(ways->list, room, sizeof *list, &err);

		if (!list)
			cli_die(&err);
		ways->list = list;
		ways->room = room;
	}
	if (nn_plan_predict(ways->setting, &way, &ways->list[ways->count], &err))
		cli_die(&err);
	ways->count++;
}

static size_t named(const struct plan_ways *ways)
{
	size_t workers = 0;

	for (size_t i = 0; i < ways->setting->host_count; i++)
		workers += ways->setting->hosts[i].workers;
	return workers;
}

static struct nn_plan_way way_of(enum nn_plan_kind kind, size_t workers)
{
	struct nn_plan_way way;

	memset(&way, 0, sizeof way); /* ways are compared as they lie */
	way.kind = kind;
	way.workers = workers;
	return way;
}

static void add_steps(struct plan_ways *ways, size_t workers)
{
	static const uint64_t some[] = { 8, 64 };
	struct nn_plan_way way = way_of(NN_PLAN_LOCAL, workers);

	for (size_t i = 0; i < (ways->local_steps ? 1 : 2); i++) {
		way.local_steps = ways->local_steps ? ways->local_steps : some[i];
		add(ways, way);
	}
}

/* Pipelines of stages that take all workers there are. */
static void add_stages(struct plan_ways *ways, size_t workers)
{
	size_t layers = ways->setting->model->layers;

	for (size_t stages = 2; stages <= workers && stages <= layers; stages *= 2) {
		struct nn_plan_way way = way_of(NN_PLAN_STAGES, workers / stages);

		if (ways->stages && ways->stages != stages)
			continue;
		way.stages = stages;
		add(ways, way);
	}
	if (ways->stages && ways->stages <= workers) {
		struct nn_plan_way way = way_of(NN_PLAN_STAGES, workers / ways->stages);

		way.stages = ways->stages;
		add(ways, way);
	}
}

static void add_slices(struct plan_ways *ways, size_t workers)
{
	static const size_t some[] = { 2, 8 };

	for (size_t i = 0; i < (ways->slices ? 1 : 2); i++) {
		struct nn_plan_way way = way_of(NN_PLAN_SLICES, workers);

		way.slices = ways->slices ? (size_t)ways->slices : some[i];
		if (ways->only || way.slices <= workers)
			add(ways, way);
	}
}

static bool is_far(const struct plan_ways *ways)
{
	for (size_t i = 0; i < ways->setting->host_count; i++)
		if (!ways->setting->hosts[i].here)
			return true;
	return false;
}

/* All kinds, for so many workers. */
static void add_kinds(struct plan_ways *ways, size_t workers)
{
	bool far = is_far(ways) || workers > named(ways);

	if (far)
		add(ways, way_of(NN_PLAN_PACKED, workers));
	add_steps(ways, workers);
	add(ways, way_of(NN_PLAN_ASYNC, workers));
	if (workers > 1)
		add_stages(ways, workers);
	if (far)
		add_slices(ways, workers);
	if (workers > 1)
		add(ways, way_of(NN_PLAN_MPI, workers));
}

/* Powers of two, and between them what the hosts have. */
static size_t next_count(size_t count, size_t have)
{
	size_t next = 1;

	while (next <= count)
		next *= 2;
	if (count < have && have < next)
		return have;
	return next > MOST_WORKERS && count < MOST_WORKERS ? MOST_WORKERS : next;
}

/* The fastest that can be run on the hosts named. A result that is another must be worth it. */
static void choose(struct plan_ways *ways)
{
	ways->best = ways->faster = ways->lost = NN_NO_WAY;
	for (size_t i = 0; i < ways->count; i++) {
		const struct nn_plan_forecast *forecast = &ways->list[i];
		enum nn_plan_kind kind = forecast->way.kind;
		double faster =
			kind == NN_PLAN_STAGES || kind == NN_PLAN_MPI ? FASTER_BY_FAR : FASTER;
		size_t *best = forecast->same_bits ? &ways->best : &ways->faster;

		/* Slices are typed by hand. */
		if (!forecast->there || isinf(forecast->step_seconds) ||
			forecast->way.kind == NN_PLAN_SLICES)
			continue;
		if (*best == NN_NO_WAY ||
			forecast->step_seconds < faster * ways->list[*best].step_seconds)
			*best = i;
	}
	if (ways->best != NN_NO_WAY && ways->faster != NN_NO_WAY &&
		ways->list[ways->faster].step_seconds * MUCH_FASTER >
			ways->list[ways->best].step_seconds)
		ways->faster = NN_NO_WAY;
	if (ways->best == NN_NO_WAY) {
		ways->best = ways->faster;
		ways->faster = NN_NO_WAY;
	}
	for (size_t i = 0; i < ways->count && ways->lost == NN_NO_WAY; i++) {
		const struct nn_plan_forecast *forecast = &ways->list[i];

		if (forecast->way.kind != ways->list[0].way.kind)
			continue;
		if (forecast->efficiency >= HOLDS)
			ways->holds = forecast->way.workers;
		else
			ways->lost = i;
	}
}

/* Why there is nothing of the one way that was asked for. */
static _Noreturn void refuse_way(const struct plan_ways *ways)
{
	size_t layers = ways->setting->model->layers;
	size_t workers = (size_t)ways->workers;
	const char *plural = workers == 1 ? "" : "s";

	if (!strcmp(ways->only, nn_plan_kind_names[NN_PLAN_STAGES])) {
		if (layers < 2)
			cli_usage("--way stages: %s has one layer, which cannot be cut",
				ways->model);
		cli_usage("--way stages: %zu worker%s, too few for %zu stages", workers, plural,
			(size_t)(ways->stages ? ways->stages : 2));
	}
	if (!strcmp(ways->only, nn_plan_kind_names[NN_PLAN_MPI]))
		cli_usage("--way mpi: %zu worker%s, too few for 2 ranks", workers, plural);
	cli_usage("--way %s: all workers are on this machine, where nothing is sent: --hosts names "
		  "others",
		ways->only);
}

void plan_ways_try(struct plan_ways *ways)
{
	size_t layers = ways->setting->model->layers;
	size_t have = named(ways);
	size_t only = (size_t)ways->workers;
	size_t ended = 0;
	struct nn_error err;

	if (ways->stages > layers)
		cli_usage("--stages %zu: too many for the layers of %s, of which there %s %zu",
			ways->stages, ways->model, layers == 1 ? "is" : "are", layers);
	for (size_t n = only ? only : 1; n <= (only ? only : MOST_WORKERS);
		n = next_count(n, have)) {
		add(ways, way_of(NN_PLAN_SYNC, n));
		if (ways->only)
			add_kinds(ways, n);
	}
	if (!ways->only)
		add_kinds(ways, only ? only : have);
	if (!ways->count)
		refuse_way(ways);
	for (size_t i = 0; i < ways->count; i++)
		ended += !isinf(ways->list[i].step_seconds);
	if (!ended) {
		nn_fail(&err, NN_BAD,
			"a step comes to no end: failures are more frequent than tasks");
		cli_die(&err);
	}
	choose(ways);
}

/* " -S 2/alice,:" of the first `workers`; nothing if all are here. */
static int put_hosts(const struct plan_ways *ways, size_t workers, struct nn_buffer *line,
	struct nn_error *err)
{
	struct nn_buffer list = { 0 };
	size_t left = workers;
	int status = NN_OK;

	if (!is_far(ways))
		return nn_buffer_printf(line, err, " -w %zu", workers);
	for (size_t i = 0; i < ways->hosts->count && left && !status; i++) {
		const struct nn_host *host = &ways->hosts->list[i];
		size_t here = left < host->count ? left : host->count;

		status = nn_buffer_puts(&list, list.length ? "," : "", err);
		if (!status && here > 1)
			status = nn_buffer_printf(&list, err, "%zu/", here);
		if (!status && host->login)
			status = nn_buffer_printf(&list, err, "%s ", host->login);
		if (!status)
			status = nn_buffer_puts(&list, host->name, err);
		left -= here;
	}
	if (!status)
		status = nn_buffer_puts(line, " -S", err);
	if (!status)
		status = nn_shell_word(line, list.data ? list.data : "", err);
	nn_buffer_free(&list);
	return status;
}

int plan_ways_command(const struct plan_ways *ways, const struct nn_plan_forecast *forecast,
	struct nn_buffer *line, struct nn_error *err)
{
	const struct nn_plan_way *way = &forecast->way;
	const struct nn_plan_setting *setting = ways->setting;
	int status;

	if (way->kind == NN_PLAN_SLICES)
		return nn_buffer_printf(line, err,
			"nn-slice -n %zu, nn-reduce, nn-update and nn-join, as in nnpipe(7)",
			way->slices);
	if (way->kind == NN_PLAN_MPI)
		status = nn_buffer_printf(line, err, "mpirun -n %zu nn-train", way->workers);
	else
		status = nn_buffer_puts(line, "nn-train", err);
	if (!status && way->kind == NN_PLAN_STAGES)
		status = nn_buffer_printf(line, err, " --stages %zu", way->stages);
	if (!status && way->kind != NN_PLAN_MPI)
		status = put_hosts(ways, way->workers, line, err);
	if (!status && setting->batch > 0)
		status = nn_buffer_printf(line, err, " -b %.0f", setting->batch);
	if (!status)
		status = nn_buffer_printf(line, err, " --shards %llu -O %s",
			(unsigned long long)forecast->shards, ways->optimizer);
	if (!status && way->kind == NN_PLAN_PACKED)
		status = nn_buffer_puts(line, " --compress always", err);
	if (!status && way->kind == NN_PLAN_LOCAL)
		status = nn_buffer_printf(line, err, " --local-steps %llu",
			(unsigned long long)way->local_steps);
	if (!status && way->kind == NN_PLAN_ASYNC)
		status = nn_buffer_printf(line, err, " --async --max-staleness %llu",
			(unsigned long long)setting->staleness);
	if (!status && ways->assign && way->kind != NN_PLAN_MPI)
		status = nn_buffer_printf(line, err, " --assign %s", ways->assign);
	if (!status && setting->checkpoint_every)
		status = nn_buffer_printf(line, err, " -c run.nnt --every %llu",
			(unsigned long long)setting->checkpoint_every);
	if (!status)
		status = nn_shell_word(line, ways->model, err);
	return status ? status : nn_buffer_puts(line, " DATA >trained.nnt", err);
}
