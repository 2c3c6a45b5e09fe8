/* nn-train: a whole training, on workers here or on other hosts. */

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/partition.h"
#include "train/places.h"
#include "train/train.h"

#include "tools/optimizer-options.h"
#include "tools/threads.h"
#include "tools/train-command.h"
#include "tools/train-print.h"
#include "tools/train-ranks.h"
#include "tools/train-report.h"
#include "tools/train-run.h"
#include "tools/train-signals.h"
#include "tools/train-start.h"

static struct train_command given = { .ssh = "ssh", .remote_tool = NN_WORKER_TOOL };
static int outcome; /* exit status, if all goes well */

static const struct cli_option options[] = {
	CLI_COUNT_GIVEN('b', "batch", "ROWS", &given.plan.run.batch, &given.has_batch,
		"rows a step, of all data (default all)"),
	CLI_COUNT_GIVEN('e', "epochs", "N", &given.plan.epochs, &given.has_epochs,
		"train for N epochs (default 1)"),
	CLI_COUNT_GIVEN('n', "steps", "N", &given.plan.steps, &given.has_steps,
		"train for N steps instead"),
	CLI_COUNT_GIVEN('s', "seed", "N", &given.seed, &given.has_seed,
		"seed of the order of the rows (default the model's)"),
	CLI_HEADING("Validation:"),
	CLI_STRING(0, "valid", "DATA", &given.plan.valid,
		"try the model on these rows after each epoch"),
	CLI_COUNT(0, "valid-every", "N", &given.plan.valid_every, "... after each N steps instead"),
	CLI_COUNT(0, "patience", "N", &given.plan.patience,
		"stop after so many tries that were not better than the best"),
	CLI_REAL(0, "min-delta", "D", &given.plan.min_delta, 0, 1e30,
		"less is not better (default 0)"),
	CLI_REAL(0, "target", "METRIC", &given.plan.target, 0, 1e30,
		"stop as soon as the validation gives that"),
	CLI_FLAG(0, "keep-best", &given.plan.keep_best, "put out the best model, not the last"),
	CLI_HEADING("Optimizer, as in nn-update:"),
	OPTIMIZER_OPTIONS(given.how.optim),
	CLI_HEADING("Working together:"),
	TRAIN_MODE_OPTIONS(given.mode),
	CLI_HEADING("Shards:"),
	CLI_COUNT(0, "shards", "V", &given.plan.run.shards, "cut one file of data in V shards"),
	CLI_CHOICE(0, "by", "METHOD", &given.plan.run.method, nn_partitioner_names,
		"how it is cut (default block)"),
	CLI_COUNT_GIVEN(0, "shard-seed", "N", &given.plan.run.shard_seed, &given.has_shard_seed,
		"seed of random cuts (default 0)"),
	CLI_HEADING("Workers:"),
	CLI_COUNT_GIVEN('w', "workers", "N", &given.workers, &given.has_workers,
		"so many on this machine (default: processors)"),
	TRAIN_STAGES_OPTIONS(given.stages),
	CLI_STRING('S', "sshlogin", "HOSTS", &given.sshlogin, "on these hosts: [N/]HOST,..."),
	CLI_STRING(0, "sshloginfile", "FILE", &given.sshloginfile,
		"on the hosts in this file, one a line"),
	CLI_STRING(0, "worker", "CMD", &given.worker_command, "start each by this shell command"),
	CLI_STRING(0, "ssh", "CMD", &given.ssh, "instead of ssh"),
	CLI_CHOICE(0, "compress", "WHEN", &given.compress, nn_packing_names,
		"send in fewer bytes, without loss: auto (as the line is; default), always, never"),
	TRAIN_DATA_OPTIONS(given.data),
	CLI_STRING(0, "remote-tool", "PATH", &given.remote_tool, "where nn-grad is on the hosts"),
	CLI_CHOICE(0, "assign", "METHOD", &given.assign, nn_assign_names,
		"who gets which shard (default dynamic)"),
	CLI_REALS(0, "capacity", "C,...", &given.capacity,
		"how fast each worker is, for --assign weighted (default measured)"),
	TRAIN_FAULT_OPTIONS(given.faults),
	CLI_CHOICE(0, "exchange", "HOW", &given.exchange, train_exchange_names,
		"ranks of MPI exchange by memory, messages (default memory, if all see it)"),
	CLI_COUNT(0, "threads", "N", &given.threads,
		"of the matrix products of each worker (default 1)"),
	CLI_HEADING("Checkpoints:"),
	CLI_STRING('c', "checkpoint", "FILE", &given.plan.checkpoint,
		"model and state go there in the end, and if the run is stopped"),
	CLI_STRING(0, "every", "N", &given.every,
		"... and after each N steps, or time: 30s, 5m, 1h"),
	CLI_FLAG(0, "resume", &given.resume, "go on from the checkpoint, if it is there"),
	CLI_HEADING("Output:"),
	CLI_STRING(0, "log", "FILE", &given.log_path, "append a line for each step, tab-separated"),
	CLI_STRING(0, "journal", "FILE", &given.journal_path,
		"append a line for each gradient, with a digest of its numbers"),
	CLI_FLAG(0, "print", &given.print_script,
		"print a script of the filters that does the same, and train nothing"),
	CLI_FLAG('v', "verbose", &given.verbose, "say what is done, on no terminal too"),
	CLI_STRING('o', "output", "FILE", &given.output_path,
		"write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-train", "MODEL DATA...",
	"train a model on workers here or on other hosts", options };

/* Better now than after an hour of work. */
static void try_checkpoint(void)
{
	struct nn_output output;
	struct nn_error err;

	if (!given.plan.checkpoint)
		return;
	if (nn_output_open(&output, given.plan.checkpoint, &err))
		cli_die(&err);
	nn_output_abandon(&output);
}

#define MOST_WORKERS 4096

static void read_hosts(void)
{
	struct nn_error err;

	if ((given.sshlogin && nn_hosts_add(&given.hosts, given.sshlogin, &err)) ||
		(given.sshloginfile && nn_hosts_read(&given.hosts, given.sshloginfile, &err)))
		cli_die(&err);
	if (given.workers > MOST_WORKERS)
		cli_usage("--workers: at most %d", MOST_WORKERS);
}

static void refuse_inputs(const struct nn_output *output, char *const *operands)
{
	for (; *operands; operands++)
		cli_refuse_path(output, *operands);
	if (given.plan.valid)
		cli_refuse_path(output, given.plan.valid);
}

static void lock_checkpoint(struct nn_lock *lock, const char *model)
{
	struct nn_error err;

	if (!given.plan.checkpoint)
		return;
	if (!given.print_script && nn_lock_take(lock, given.plan.checkpoint, &err))
		cli_die(&err);
	if (!given.resume && !access(given.plan.checkpoint, F_OK) &&
		strcmp(given.plan.checkpoint, model)) {
		nn_lock_release(lock);
		cli_usage("%s: is there already: --resume goes on from it", given.plan.checkpoint);
	}
}

static int write_model(struct nn_model *model, struct nn_output *output, struct nn_error *err)
{
	struct nn_writer *writer;
	int status = nn_writer_open(&writer, output->fd, output->name, err);

	if (status)
		return status;
	status = nn_model_write(model, writer, err);
	if (!status)
		status = nn_writer_end(writer, err);
	nn_writer_close(writer);
	return status ? status : nn_output_commit(output, err);
}

static void set_plan(void)
{
	if (!given.plan.epochs && !given.plan.steps)
		given.plan.epochs = 1;
	given.plan.files = given.data.placement.count;
	given.plan.paths = given.data.placement.names;
	given.plan.started = train_report_start;
	given.plan.progress = train_report_step;
	given.plan.stop = train_signals_caught;
	given.plan.unsaved = train_faults_unsaved;
	given.plan.warn = cli_warn;
	given.plan.exchange = train_exchange_of(given.exchange);
	given.how.warn = cli_warn;
	given.how.note = cli_note;
	given.how.report = train_report_update;
}

/* What has an effect on how the run goes, and none on what comes out. */
static const char *const *list_remarks(void)
{
	static const char *remarks[8];
	size_t count = 0;

	if (given.plan.checkpoint)
		remarks[count++] = "--checkpoint: nn-update's is no run that --resume goes on "
				   "with, but can be MODEL";
	if (given.plan.every_seconds > 0)
		remarks[count++] = "--every: nn-update counts steps, not seconds; left out";
	if (given.plan.valid)
		remarks[count++] = "--valid: left out; nn-eval tries a model";
	if (given.log_path)
		remarks[count++] = "--log: left out; nn-update --log has other columns";
	if (given.journal_path)
		remarks[count++] = "--journal: left out; nn-info --journal prints a gradient's";
	if (given.assign)
		remarks[count++] = "--assign: each nn-grad has its shards from the start";
	remarks[count++] = "A process that fails ends the run (no --timeout, no --retries).";
	remarks[count] = NULL;
	return remarks;
}

/* All is looked at as for a run, by its workers too, who know how many rows there are. */
static _Noreturn void print_and_finish(struct nn_checkpoint *checkpoint, const char *name,
	bool named, char *const *words)
{
	struct nn_error err;

	if (given.data.spooled)
		cli_usage("--print: the script must read the data itself: not on standard input");
	if (given.threads)
		cli_usage("--print: --threads are nn-grad's, and go into the model's kernel");
	if (given.data.send)
		cli_usage("--print: nn-grad reads files: cut the data to the hosts beforehand");
	if (given.mode.async || given.mode.local_steps)
		cli_usage("--print: no pipeline of filters does what %s does",
			given.mode.async ? "--async" : "--local-steps");
	train_print_set(&(struct train_print){ .words = words,
		.model = name,
		.resumed = given.plan.checkpoint && !strcmp(name, given.plan.checkpoint),
		.steps_per_epoch = checkpoint->model.preamble.steps_per_epoch,
		.seed = checkpoint->model.preamble.seed,
		.kernel = named ? NULL : nn_bundle_meta(&checkpoint->model.params, "kernel"),
		.plan = &given.plan,
		.hosts = &given.hosts,
		.placement = &given.data.placement,
		.command = given.worker_command,
		.ssh = given.ssh,
		.remote_tool = given.remote_tool,
		.output = given.output_path,
		.remarks = list_remarks() });
	given.plan.valid = NULL;
	given.plan.started = train_print_start;
	given.plan.rehearse = true;
	if (train_run(&given, checkpoint, name, NULL, &outcome, &err))
		cli_die(&err);
	cli_finish();
}

int main(int argc, char **argv)
{
	int count;
	char **operands;
	struct nn_checkpoint checkpoint;
	struct nn_lock lock = { .fd = -1 };
	struct nn_output output;
	struct train_start start;
	struct nn_error err;
	const char *name;
	bool named;
	int status;

	given.how.optim = nn_optim_no_options;
	given.mode = train_no_mode;
	given.faults = train_usual_faults;
	given.plan.target = (double)NAN;
	given.plan.ranks = train_ranks_open();
	operands = cli_start(&tool, argc, argv, &count);
	train_ranks_check_launch();
	use_threads(given.threads);
	train_command_check(&given, count, operands);
	read_hosts();
	check_capacity(&given.capacity, &given.hosts, &given.workers);
	train_data_read(&given.data, operands + 1, (size_t)count - 1, &given.hosts,
		given.sshlogin || given.sshloginfile || given.worker_command);
	given.stages.pipelines = given.workers;
	given.stages.hosts = &given.hosts;
	given.stages.ranks = given.plan.ranks;
	given.stages.ssh = given.ssh;
	given.stages.remote_tool = given.remote_tool;
	train_stages_check_places(&given.stages, &given.data);
	set_plan();
	if (!given.print_script && !train_ranks_leads()) {
		train_signals_set();
	} else if (!given.print_script) {
		cli_output(&output, given.output_path, true);
		refuse_inputs(&output, operands);
		train_signals_set();
		try_checkpoint();
	}
	if (train_ranks_leads())
		lock_checkpoint(&lock, operands[0]);
	start = (struct train_start){ &given.plan, &given.mode, &given.seed, given.has_batch,
		given.has_shard_seed, given.has_seed, given.resume, given.threads,
		given.stages.stages ? &given.stages.updates : NULL };
	name = train_start_read(&start, &checkpoint, operands[0]);
	train_mode_resolve(&given.mode, &checkpoint, name, &given.plan.run, &given.how);
	given.plan.async = given.mode.async;
	given.plan.max_staleness = given.mode.max_staleness;
	named = nn_bundle_meta(&checkpoint.model.params, "kernel") != NULL;
	train_start_name_kernel(&start, &checkpoint, name);
	if (given.print_script)
		print_and_finish(&checkpoint, name, named, argv);
	if (train_ranks_leads())
		train_report_open(&(struct train_report){ .log = given.log_path,
			.journal = given.journal_path,
			.kernel = nn_bundle_meta(&checkpoint.model.params, "kernel"),
			.verbose = given.verbose,
			.stages = given.stages.stages > 0,
			.asked = given.workers || given.sshlogin || given.sshloginfile ||
				given.plan.ranks });
	given.plan.journal = train_report_journal();
	status = train_run(&given, &checkpoint, name, &output, &outcome, &err);
	if (!status && train_ranks_leads())
		train_report_done();
	if (!status && given.stages.stages)
		train_stages_done();
	train_report_close();
	nn_lock_release(&lock);
	if (!status && given.stages.stages && train_ranks_leads())
		status = nn_output_commit(&output, &err);
	else if (!status && train_ranks_leads())
		status = write_model(&checkpoint.model, &output, &err);
	if (status)
		cli_die(&err);
	train_ranks_close();
	nn_checkpoint_free(&checkpoint);
	train_data_free(&given.data);
	nn_hosts_free(&given.hosts);
	return outcome;
}
