#include "tools/train-run.h"

#include "cli/cli.h"
#include "tensor/blas.h"
#include "train/places.h"
#include "train/serve.h"

#include "tools/train-ranks.h"

static uint64_t count_shards(const struct train_command *given)
{
	uint64_t count = given->plan.files > 1 ? given->plan.files : given->plan.run.shards;

	return count ? count : nn_run_default_shards(given->plan.run.batch, UINT64_MAX);
}

/* As many workers here as there are processors, but not more than shards. */
static uint64_t default_workers(const struct train_command *given)
{
	uint64_t most = count_shards(given);

	return nn_processors() < most ? nn_processors() : most;
}

/* Memory for the workers on this machine; without it, all passes by pipes. */
static void share(const struct train_command *given, struct nn_shared **shared)
{
	bool here = !given->hosts.count;
	struct nn_error ignored;

	*shared = NULL;
	for (size_t i = 0; i < given->hosts.count; i++)
		here = here || given->hosts.list[i].here;
	/* Those who go on for themselves need the model as it was. */
	if (here && !given->worker_command && !given->mode.async && !given->mode.local_steps)
		nn_shared_new(shared, &ignored);
}

/* What workers are told of the model and the optimizer, before they see any numbers. */
static int describe(const struct nn_checkpoint *checkpoint, struct nn_bundle *description,
	struct nn_error *err)
{
	int status = nn_bundle_copy_metas(&checkpoint->model.params, description, err);

	return status ? status :
			nn_bundle_set_meta(description, NN_WORKER_OPTIMIZER,
				nn_bundle_meta(&checkpoint->state, "optimizer"), err);
}

static int train_by_workers(struct train_command *given, struct nn_checkpoint *checkpoint,
	const char *name, int *outcome, struct nn_error *err)
{
	struct nn_places_options where = { .hosts = &given->hosts,
		.workers = given->workers ? given->workers : default_workers(given),
		.command = given->worker_command,
		.ssh = given->ssh,
		.remote_tool = given->remote_tool,
		.packing = nn_packing_of(given->compress),
		.kernel = nn_bundle_meta(&checkpoint->model.params, "kernel"),
		.method = given->plan.run.method,
		.shard_seed = given->plan.run.shard_seed,
		.data = given->data.placement.paths,
		.files = given->data.placement.count,
		.send = given->data.send };
	struct nn_bundle description = { 0 };
	struct nn_bundle order = { 0 };
	struct nn_pool_options crew = { .assign = nn_assign_of(given->assign),
		.capacity = given->capacity.values,
		.warn = cli_warn,
		.processors = nn_processors(),
		.homes = given->data.placement.homes,
		.operands = given->data.placement.names,
		.home_count = given->data.placement.count,
		.description = &description,
		.order = &order };
	struct nn_updater *updater = NULL;
	struct nn_pool *pool = NULL;
	struct nn_place *places = NULL;
	int status = nn_updater_new(&updater, checkpoint, name, &given->how, err);

	if (!status)
		status = train_mode_begin(&given->mode, &checkpoint->state, &order, err);
	if (!given->print_script)
		share(given, &given->plan.shared);
	crew.shared = given->plan.shared;
	where.shared = given->plan.shared ? given->plan.shared->fd : 0;
	if (!status)
		status = describe(checkpoint, &description, err);
	if (!status)
		status = train_data_supply(&given->data, &given->plan.supply, err);
	crew.supply = given->plan.supply;
	if (!status)
		status = nn_places_make(&places, &crew.place_count, &where, err);
	crew.places = places;
	train_faults_apply(&given->faults, &crew);
	if (!status)
		train_faults_quorum(&given->faults, &crew);
	if (!status)
		status = nn_pool_new(&pool, &crew, err);
	if (!status)
		status = nn_train(updater, pool, &given->plan, err);
	if (!status)
		*outcome = train_faults_status(&given->faults, pool);
	nn_pool_free(pool);
	nn_places_free(places, crew.place_count);
	nn_updater_free(updater);
	nn_shared_free(given->plan.shared);
	nn_bundle_free(&description);
	nn_bundle_free(&order);
	return status;
}

static int train_by_ranks(struct train_command *given, struct nn_checkpoint *checkpoint,
	const char *name, int *outcome, struct nn_error *err)
{
	struct nn_serve_options serve = { .paths = given->data.placement.paths,
		.count = given->data.placement.count,
		.method = given->plan.run.method,
		.shard_seed = given->plan.run.shard_seed };
	struct nn_updater *updater = NULL;
	int status = nn_updater_new(&updater, checkpoint, name, &given->how, err);

	given->plan.serve = &serve;
	status = train_ranks_begin(&given->plan, checkpoint, status, err);
	train_ranks_run(true);
	if (!status)
		status = nn_train(updater, NULL, &given->plan, err);
	train_ranks_run(false);
	if (!status)
		*outcome = train_faults_status(&given->faults, NULL);
	nn_updater_free(updater);
	return status;
}

/* The checkpoint is an outline: the stages have the numbers, and read them themselves. */
static int train_by_stages(struct train_command *given, struct nn_checkpoint *checkpoint,
	const char *name, struct nn_output *output, int *outcome, struct nn_error *err)
{
	struct nn_serve_options serve = { .paths = given->data.placement.paths,
		.count = given->data.placement.count,
		.method = given->plan.run.method,
		.shard_seed = given->plan.run.shard_seed };
	struct nn_pool_options usual = { 0 };
	int status;

	given->stages.threads = given->threads;
	train_faults_apply(&given->faults, &usual);
	given->stages.timeout = usual.timeout;
	given->plan.serve = &serve;
	if (given->plan.run.local_steps)
		cli_usage(
			"%s was begun with --local-steps: --stages makes each step with all shards",
			name);
	status =
		given->plan.ranks ? train_ranks_begin(&given->plan, checkpoint, NN_OK, err) : NN_OK;
	if (!status)
		train_stages_check_ranks(&given->stages, count_shards(given));
	train_ranks_run(true);
	if (!status)
		status = train_stages_train(&given->stages, checkpoint, name, name, &given->plan,
			&given->how, output, err);
	train_ranks_run(false);
	if (!status)
		*outcome = train_faults_status(&given->faults, NULL);
	return status;
}

int train_run(struct train_command *given, struct nn_checkpoint *checkpoint, const char *name,
	struct nn_output *output, int *outcome, struct nn_error *err)
{
	if (given->stages.stages)
		return train_by_stages(given, checkpoint, name, output, outcome, err);
	if (given->plan.ranks)
		return train_by_ranks(given, checkpoint, name, outcome, err);
	return train_by_workers(given, checkpoint, name, outcome, err);
}
