#include "tools/train-mode.h"

#include <math.h>
#include <string.h>

#include "json/json.h"
#include "train/local.h"
#include "train/serve.h"

#define INNER "inner" /* metadata of the state: the optimizer of local steps */
#define DEFAULT_STALENESS 4

const char *const train_outer_names[] = { "sgd", "momentum", "nesterov", NULL };
const struct train_mode train_no_mode = { .outer_lr = (double)NAN, .outer_momentum = (double)NAN };

static struct nn_optim_options inner;

void train_mode_check(const struct train_mode *mode)
{
	bool local = mode->local_steps > 0;

	if (mode->sync + mode->async + local > 1)
		cli_usage("--sync, --async and --local-steps exclude each other");
	if (mode->has_max_staleness && !mode->async)
		cli_usage("--max-staleness goes with --async");
	if (!isnan(mode->outer_momentum) && (!mode->outer || !strcmp(mode->outer, "sgd")))
		cli_usage("--outer-momentum goes with --outer momentum and --outer nesterov");
}

/* What the command line says of an optimizer that works on averages. */
static struct nn_optim_options outer_options(const struct train_mode *mode, bool goes_on)
{
	struct nn_optim_options outer = nn_optim_no_options;
	bool plain;

	outer.method = mode->outer || goes_on ? mode->outer : "sgd";
	outer.lr = mode->outer_lr;
	outer.momentum = mode->outer_momentum;
	if (!outer.method)
		return outer;
	plain = !strcmp(outer.method, "sgd");
	if (isnan(outer.lr))
		outer.lr = plain ? 1 : 0.7;
	if (isnan(outer.momentum) && !plain)
		outer.momentum = 0.9;
	return outer;
}

static void resolve_inner(const struct nn_checkpoint *checkpoint, const char *name,
	const struct nn_update_options *how)
{
	/* Its texts are needed as long as the program runs. */
	static struct nn_json *document;
	const char *json = nn_bundle_meta(&checkpoint->state, INNER);
	struct nn_optim_options stored;
	struct nn_buffer steps = { 0 };
	struct nn_error err;
	int status = NN_OK;

	if (json)
		status = nn_optim_options_read(&stored, &document, json, &err);
	if (status) {
		nn_fail_in(&err, "%s", name);
		cli_die(&err);
	}
	if (nn_optim_resolve(&inner, json ? &stored : NULL, &err) ||
		nn_buffer_printf(&steps, &err, "%s: local steps", name))
		cli_die(&err);
	if (json)
		nn_update_note_changes(how, steps.data, &stored, &inner);
	nn_buffer_free(&steps);
}

/* These divide by how large gradients are, so that a shard's moves the model as far as all of them. */
static void warn_of_full_steps(const char *method)
{
	if (method && (!strncmp(method, "ada", 3) || !strcmp(method, "rmsprop")))
		cli_warn("--async: each shard's gradient is a whole step for %s: divide --lr by "
			 "the number of shards, or say --max-staleness 0",
			method);
}

void train_mode_resolve(struct train_mode *mode, const struct nn_checkpoint *checkpoint,
	const char *name, struct nn_run *run, struct nn_update_options *how)
{
	bool goes_on = run->local_steps && nn_bundle_meta(&checkpoint->state, INNER);

	if (mode->has_local_steps || mode->sync || mode->async)
		run->local_steps = mode->local_steps;
	mode->local_steps = run->local_steps;
	if (mode->async && !mode->has_max_staleness)
		mode->max_staleness = DEFAULT_STALENESS;
	if (mode->async && (!mode->has_max_staleness || mode->max_staleness > 1))
		warn_of_full_steps(how->optim.method);
	if (!mode->local_steps && (mode->outer || !isnan(mode->outer_lr) || mode->keep_inner))
		cli_usage("--outer, --outer-lr and --keep-inner go with --local-steps");
	if (!mode->local_steps)
		return;
	inner = how->optim;
	resolve_inner(checkpoint, name, how);
	how->optim = outer_options(mode, goes_on);
}

int train_mode_begin(const struct train_mode *mode, struct nn_bundle *state,
	struct nn_bundle *order, struct nn_error *err)
{
	struct nn_buffer json = { 0 };
	int status;

	*order = (struct nn_bundle){ 0 };
	if (!mode->local_steps)
		return NN_OK;
	status = nn_optim_options_write(&json, &inner, err);
	if (!status)
		status = nn_bundle_set_meta(state, INNER, json.data, err);
	if (!status)
		status = nn_bundle_set_meta(order, NN_WORKER_OPTIMIZER, json.data, err);
	if (!status && mode->keep_inner)
		status = nn_bundle_set_meta(order, NN_LOCAL_KEEP, "yes", err);
	nn_buffer_free(&json);
	return status;
}
