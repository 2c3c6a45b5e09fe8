/* How the workers of nn-train work together: in step, in local steps, or each for itself. */
#ifndef NN_TOOLS_TRAIN_MODE_H
#define NN_TOOLS_TRAIN_MODE_H

#include "cli/cli.h"
#include "train/train.h"
#include "train/update.h"

struct train_mode {
	bool sync;
	uint64_t local_steps;
	bool has_local_steps;
	const char *outer;
	double outer_lr;
	double outer_momentum;
	bool keep_inner;
	bool async;
	uint64_t max_staleness;
	bool has_max_staleness;
};
extern const char *const train_outer_names[]; /* NULL-terminated */

/* Rows of an option table; `mode` is a struct train_mode. */
/* clang-format off */
#define TRAIN_MODE_OPTIONS(mode) \
	CLI_FLAG(0, "sync", &(mode).sync, "each step is one of all shards (default)"), \
	CLI_COUNT_GIVEN(0, "local-steps", "H", &(mode).local_steps, &(mode).has_local_steps, \
		"each shard is trained alone for H steps, then the changes are averaged"), \
	CLI_CHOICE(0, "outer", "METHOD", &(mode).outer, train_outer_names, \
		"optimizer of that average (default sgd)"), \
	CLI_REAL(0, "outer-lr", "RATE", &(mode).outer_lr, 0, 1e30, \
		"its rate (default 1; 0.7 for the others)"), \
	CLI_REAL(0, "outer-momentum", "MU", &(mode).outer_momentum, 0, 1, \
		"its momentum (default 0.9)"), \
	CLI_FLAG(0, "keep-inner", &(mode).keep_inner, \
		"the optimizer's state of a shard stays from round to round"), \
	CLI_FLAG(0, "async", &(mode).async, "each gradient is an update, as soon as it comes"), \
	CLI_COUNT_GIVEN(0, "max-staleness", "K", &(mode).max_staleness, \
		&(mode).has_max_staleness, \
		"with --async: steps that a shard may be ahead of the slowest (default 4)")
/* clang-format on */

extern const struct train_mode train_no_mode;
/* Ends the program where options do not go together. */
void train_mode_check(const struct train_mode *mode);
/* Fills in what the checkpoint says and the defaults, and divides the optimizers: `how` gets the
 * one that updates the model. */
void train_mode_resolve(struct train_mode *mode, const struct nn_checkpoint *checkpoint,
	const char *name, struct nn_run *run, struct nn_update_options *how);
/* After the updater has made the state: what it must remember, and what workers are told with each
 * task; *order is empty if that is nothing. */
int train_mode_begin(const struct train_mode *mode, struct nn_bundle *state,
	struct nn_bundle *order, struct nn_error *err);

#endif
