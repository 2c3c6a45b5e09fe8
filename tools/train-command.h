/* What nn-train's command line says, and whether it makes sense. */
#ifndef NN_TOOLS_TRAIN_COMMAND_H
#define NN_TOOLS_TRAIN_COMMAND_H

#include "proc/hosts.h"
#include "train/train.h"
#include "train/update.h"

#include "tools/capacity.h"
#include "tools/train-data.h"
#include "tools/train-faults.h"
#include "tools/train-mode.h"
#include "tools/train-stages.h"

struct train_command {
	uint64_t workers;
	const char *sshlogin;
	const char *sshloginfile;
	const char *worker_command;
	const char *ssh;
	const char *remote_tool;
	struct nn_hosts hosts;
	struct train_data data;
	const char *assign;
	struct cli_reals capacity;
	struct train_faults faults;
	struct nn_update_options how;
	struct nn_train_options plan;
	bool has_batch, has_shard_seed, has_seed, has_epochs, has_steps, has_workers;
	uint64_t seed;
	struct train_mode mode;
	const char *every;
	const char *compress;
	bool resume;
	const char *log_path;
	const char *journal_path;
	uint64_t threads;
	const char *output_path;
	bool verbose;
	bool print_script;
	const char *exchange;
	struct train_stages stages;
};

/* Ends the program where options do not make sense. Fills in what follows from others: --assign, --every. */
void train_command_check(struct train_command *given, int count, char *const *operands);

#endif
