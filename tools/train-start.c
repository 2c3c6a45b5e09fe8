#include "tools/train-start.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "model/network.h"
#include "model/part.h"
#include "tensor/blas.h"
#include "train/run.h"

/* What the command line says must be what the run was begun with. */
static void keep(const struct train_start *start, const char *option, bool given, uint64_t *value,
	uint64_t stored)
{
	if (given && *value != stored)
		cli_usage("--%s %llu, but %s was begun with %llu", option,
			(unsigned long long)*value, start->plan->checkpoint,
			(unsigned long long)stored);
	*value = stored;
}

static void keep_run(const struct train_start *start, const struct nn_run *stored,
	const struct nn_preamble *model)
{
	if (start->plan->run.method && strcmp(start->plan->run.method, stored->method))
		cli_usage("--by %s, but %s was begun with %s", start->plan->run.method,
			start->plan->checkpoint, stored->method);
	keep(start, "shards", start->plan->run.shards > 0, &start->plan->run.shards,
		stored->shards);
	keep(start, "batch", start->has_batch, &start->plan->run.batch, stored->batch);
	keep(start, "shard-seed", start->has_shard_seed, &start->plan->run.shard_seed,
		stored->shard_seed);
	if (stored->local_steps && (start->mode->sync || start->mode->async))
		cli_usage("--%s, but %s was begun with --local-steps %llu",
			start->mode->sync ? "sync" : "async", start->plan->checkpoint,
			(unsigned long long)stored->local_steps);
	if (start->mode->has_local_steps && start->mode->local_steps && !stored->local_steps)
		cli_usage("--local-steps %llu, but %s was begun without",
			(unsigned long long)start->mode->local_steps, start->plan->checkpoint);
	keep(start, "local-steps", start->mode->has_local_steps, &start->mode->local_steps,
		stored->local_steps);
	keep(start, "seed", start->has_seed, start->seed, model->seed);
	start->plan->run = *stored;
}

/* A model that is a checkpoint of ours says what the command line does not. */
static void inherit_run(const struct train_start *start, const struct nn_run *stored,
	const struct nn_preamble *model)
{
	if (!start->plan->run.shards && start->plan->files == 1)
		start->plan->run.shards = stored->shards;
	if (!start->plan->run.method)
		start->plan->run.method = stored->method;
	if (!start->has_batch)
		start->plan->run.batch = stored->batch;
	if (!start->has_shard_seed)
		start->plan->run.shard_seed = stored->shard_seed;
	start->plan->run.local_steps = stored->local_steps;
	start->plan->run.first_step = model->step;
	start->plan->run.first_epoch = model->epoch;
	if (!start->plan->run.method)
		start->plan->run.method = "block";
}

/* Before anybody takes its parameters for what the spec says they are. */
static void check_model(const struct nn_checkpoint *checkpoint, const char *name)
{
	struct nn_network *network;
	struct nn_error err;

	if (nn_network_of_model(&network, &checkpoint->model.params, name, &err))
		cli_die(&err);
	nn_network_free(network);
}

/* Of a run that goes on MODEL is not read, and may be gone; if it is there, it is to be what the run was
 * begun with. */
static void check_given(const struct train_start *start, const struct nn_checkpoint *checkpoint,
	const char *model)
{
	const struct nn_part_choice nothing = { 0 };
	const char *has = nn_bundle_meta(&checkpoint->model.params, "spec");
	struct nn_checkpoint given;
	const char *wants;
	struct stat about;
	uint64_t updates;
	struct nn_error err;

	if (!strcmp(model, "-") || stat(model, &about) || !strcmp(model, start->plan->checkpoint))
		return;
	/* Who would write to a pipe may have gone with the job that began the run. */
	if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
		return;
	if (nn_part_read(&given, model, &nothing, &updates, &err))
		cli_die(&err);
	wants = nn_bundle_meta(&given.model.params, "spec");
	if (has && wants && strcmp(has, wants) != 0)
		cli_usage("%s: is another network than that of %s, which --resume goes on from",
			model, start->plan->checkpoint);
	nn_checkpoint_free(&given);
}

const char *train_start_read(const struct train_start *start, struct nn_checkpoint *checkpoint,
	const char *model)
{
	bool resumed = start->resume && !access(start->plan->checkpoint, F_OK);
	const char *path = resumed ? start->plan->checkpoint : model;
	const struct nn_part_choice nothing = { 0 };
	struct nn_run stored;
	struct nn_error err;
	bool found;

	if (start->outline ? nn_part_read(checkpoint, path, &nothing, start->outline, &err) :
			     nn_checkpoint_read(checkpoint, path, &err))
		cli_die(&err);
	if (nn_run_read(&stored, &checkpoint->state, &found, &err)) {
		nn_fail_in(&err, "%s", path);
		cli_die(&err);
	}
	if (resumed && !found) {
		nn_fail(&err, NN_BAD, "%s: is no checkpoint of nn-train: give it as MODEL", path);
		cli_die(&err);
	}
	/* The updater makes the state anew. */
	if (resumed && nn_bundle_meta(&checkpoint->state, NN_STOPPING))
		start->plan->decided =
			nn_strdup(nn_bundle_meta(&checkpoint->state, NN_STOPPING), NULL);
	if (resumed)
		keep_run(start, &stored, &checkpoint->model.preamble);
	else
		inherit_run(start, &stored, &checkpoint->model.preamble);
	if (start->has_seed)
		checkpoint->model.preamble.seed = *start->seed;
	if (resumed)
		cli_note("%s: goes on after step %llu", path,
			(unsigned long long)checkpoint->model.preamble.step);
	check_model(checkpoint, path);
	if (resumed)
		check_given(start, checkpoint, model);
	return path;
}

/* Workers follow the model's kernel: it has none before it meets the first machine. Who asks for threads
 * gets another one. */
void train_start_name_kernel(const struct train_start *start, struct nn_checkpoint *checkpoint,
	const char *name)
{
	struct nn_bundle *params = &checkpoint->model.params;
	const char *kernel = nn_bundle_meta(params, "kernel");
	bool renamed = !kernel || start->threads;
	char core[NN_KERNEL_TEXT];
	struct nn_error err;

	if (kernel && !start->plan->valid && !start->threads)
		return;
	if (kernel && start->threads) {
		nn_blas_core(kernel, core);
		kernel = core;
	}
	if (nn_blas_load(kernel, 0, &err) ||
		(renamed && nn_bundle_set_meta(params, "kernel", nn_blas_kernel(), &err))) {
		nn_fail_in(&err, "%s", name);
		cli_die(&err);
	}
}
