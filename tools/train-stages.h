/* nn-train --stages: the layers of the model shared out over processes. */
#ifndef NN_TOOLS_TRAIN_STAGES_H
#define NN_TOOLS_TRAIN_STAGES_H

#include "cli/cli.h"
#include "model/model.h"
#include "proc/hosts.h"
#include "train/train.h"
#include "train/update.h"

#include "tools/train-data.h"

struct train_stages {
	uint64_t stages; /* 0: all workers have the whole model */
	bool has_stages;
	bool recompute;
	/* Not options of its own: */
	uint64_t pipelines; /* 0: one */
	uint64_t threads;
	uint64_t updates; /* that the state says of itself */
	double timeout;
	const struct nn_hosts *hosts;
	struct nn_ranks *ranks; /* NULL: they are processes */
	const char *ssh;
	const char
		*remote_tool; /* nn-grad on the hosts, beside which nn-stage is; or that itself */
};

/* Rows of an option table; `how` is a struct train_stages. */
/* clang-format off */
#define TRAIN_STAGES_OPTIONS(how) \
	CLI_COUNT_GIVEN(0, "stages", "N", &(how).stages, &(how).has_stages, \
		"share the layers out over N processes, a pipeline; --workers of them"), \
	CLI_FLAG(0, "recompute", &(how).recompute, \
		"with --stages: go forward twice, and keep less meanwhile")
/* clang-format on */

/* Ends the program where options do not make sense. `refused`: what does not go with --stages and was
 * given, NULL if nothing was; `instead`: what to do. */
void train_stages_check(const struct train_stages *how, const char *refused, const char *instead);
/* The same of where its stages are, once the hosts and data are known. */
void train_stages_check_places(const struct train_stages *how, const struct train_data *data);
/* The same of ranks of MPI: how many pipelines they are, of at most so many shards. */
void train_stages_check_ranks(struct train_stages *how, uint64_t shards);
/* Trains, and writes the model to the output. The checkpoint is an outline. */
int train_stages_train(const struct train_stages *how, struct nn_checkpoint *checkpoint,
	const char *name, const char *path, const struct nn_train_options *plan,
	const struct nn_update_options *update, struct nn_output *output, struct nn_error *err);
/* What came out, for a person. */
void train_stages_done(void);

#endif
