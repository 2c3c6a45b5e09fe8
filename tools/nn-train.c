/* nn-train: a whole training, on workers here or on other hosts. */

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/partition.h"
#include "tensor/blas.h"
#include "train/places.h"
#include "train/serve.h"
#include "train/train.h"

#include "tools/capacity.h"
#include "tools/optimizer-options.h"
#include "tools/threads.h"
#include "tools/train-data.h"
#include "tools/train-faults.h"
#include "tools/train-mode.h"
#include "tools/train-print.h"
#include "tools/train-ranks.h"
#include "tools/train-report.h"
#include "tools/train-stages.h"
#include "tools/train-start.h"

static uint64_t workers;
static const char *sshlogin;
static const char *sshloginfile;
static const char *worker_command;
static const char *ssh = "ssh";
static const char *remote_tool = NN_WORKER_TOOL;
static struct nn_hosts hosts;
static struct train_data data;
static const char *assign;
static struct cli_reals capacity;
static struct train_faults faults;
static struct nn_update_options how;
static struct nn_train_options plan;
static bool has_batch, has_shard_seed, has_seed, has_epochs, has_steps, has_workers;
static uint64_t seed;
static struct train_mode mode;
static const char *every;
static const char *compress;
static bool resume;
static const char *log_path;
static const char *journal_path;
static uint64_t threads;
static const char *output_path;
static bool verbose;
static bool print_script;
static const char *exchange;
static struct train_stages stages;
static int outcome; /* exit status, if all goes well */

static const struct cli_option options[] = {
	CLI_COUNT_GIVEN('b', "batch", "ROWS", &plan.run.batch, &has_batch,
		"rows a step, of all data (default all)"),
	CLI_COUNT_GIVEN('e', "epochs", "N", &plan.epochs, &has_epochs,
		"train for N epochs (default 1)"),
	CLI_COUNT_GIVEN('n', "steps", "N", &plan.steps, &has_steps, "train for N steps instead"),
	CLI_COUNT_GIVEN('s', "seed", "N", &seed, &has_seed,
		"seed of the order of the rows (default the model's)"),
	CLI_HEADING("Validation:"),
	CLI_STRING(0, "valid", "DATA", &plan.valid, "try the model on these rows after each epoch"),
	CLI_COUNT(0, "valid-every", "N", &plan.valid_every, "... after each N steps instead"),
	CLI_COUNT(0, "patience", "N", &plan.patience,
		"stop after so many tries that were not better than the best"),
	CLI_REAL(0, "min-delta", "D", &plan.min_delta, 0, 1e30, "less is not better (default 0)"),
	CLI_REAL(0, "target", "METRIC", &plan.target, 0, 1e30,
		"stop as soon as the validation gives that"),
	CLI_FLAG(0, "keep-best", &plan.keep_best, "put out the best model, not the last"),
	CLI_HEADING("Optimizer, as in nn-update:"),
	OPTIMIZER_OPTIONS(how.optim),
	CLI_HEADING("Working together:"),
	TRAIN_MODE_OPTIONS(mode),
	CLI_HEADING("Shards:"),
	CLI_COUNT(0, "shards", "V", &plan.run.shards, "cut one file of data in V shards"),
	CLI_CHOICE(0, "by", "METHOD", &plan.run.method, nn_partitioner_names,
		"how it is cut (default block)"),
	CLI_COUNT_GIVEN(0, "shard-seed", "N", &plan.run.shard_seed, &has_shard_seed,
		"seed of random cuts (default 0)"),
	CLI_HEADING("Workers:"),
	CLI_COUNT_GIVEN('w', "workers", "N", &workers, &has_workers,
		"so many on this machine (default: processors)"),
	TRAIN_STAGES_OPTIONS(stages),
	CLI_STRING('S', "sshlogin", "HOSTS", &sshlogin, "on these hosts: [N/]HOST,..."),
	CLI_STRING(0, "sshloginfile", "FILE", &sshloginfile,
		"on the hosts in this file, one a line"),
	CLI_STRING(0, "worker", "CMD", &worker_command, "start each by this shell command"),
	CLI_STRING(0, "ssh", "CMD", &ssh, "instead of ssh"),
	CLI_CHOICE(0, "compress", "WHEN", &compress, nn_packing_names,
		"send in fewer bytes, without loss: auto (as the line is; default), always, never"),
	TRAIN_DATA_OPTIONS(data),
	CLI_STRING(0, "remote-tool", "PATH", &remote_tool, "where nn-grad is on the hosts"),
	CLI_CHOICE(0, "assign", "METHOD", &assign, nn_assign_names,
		"who gets which shard (default dynamic)"),
	CLI_REALS(0, "capacity", "C,...", &capacity,
		"how fast each worker is, for --assign weighted (default measured)"),
	TRAIN_FAULT_OPTIONS(faults),
	CLI_CHOICE(0, "exchange", "HOW", &exchange, train_exchange_names,
		"ranks of MPI exchange by memory, messages (default memory, if all see it)"),
	CLI_COUNT(0, "threads", "N", &threads, "of the matrix products of each worker (default 1)"),
	CLI_HEADING("Checkpoints:"),
	CLI_STRING('c', "checkpoint", "FILE", &plan.checkpoint,
		"model and state go there in the end, and if the run is stopped"),
	CLI_STRING(0, "every", "N", &every, "... and after each N steps, or time: 30s, 5m, 1h"),
	CLI_FLAG(0, "resume", &resume, "go on from the checkpoint, if it is there"),
	CLI_HEADING("Output:"),
	CLI_STRING(0, "log", "FILE", &log_path, "append a line for each step, tab-separated"),
	CLI_STRING(0, "journal", "FILE", &journal_path,
		"append a line for each gradient, with a digest of its numbers"),
	CLI_FLAG(0, "print", &print_script,
		"print a script of the filters that does the same, and train nothing"),
	CLI_FLAG('v', "verbose", &verbose, "say what is done, on no terminal too"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-train", "MODEL DATA...",
	"train a model on workers here or on other hosts", options };

static volatile sig_atomic_t caught;
static bool told; /* standard error is a terminal */

static void catch (int signal)
{
	static const char line[] = "\nnn-train: finishes the step; once more ends it at once\n";

	caught = signal;
	/* On a terminal somebody waits. */
	if (told && write(STDERR_FILENO, line, sizeof line - 1) < 0)
		caught = signal;
}

static int stop(void)
{
	return caught;
}

/* The first one ends the run after the step, the second one at once. An interrupt that is ignored,
 * as in the background of a script, stays so. */
static void set_signals(void)
{
	struct sigaction action = { .sa_handler = catch,
		.sa_flags = (int)(SA_RESTART | SA_RESETHAND) };
	struct sigaction before;

	told = isatty(STDERR_FILENO);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	if (!sigaction(SIGINT, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}

/* Better now than after an hour of work. */
static void try_checkpoint(void)
{
	struct nn_output output;
	struct nn_error err;

	if (!plan.checkpoint)
		return;
	if (nn_output_open(&output, plan.checkpoint, &err))
		cli_die(&err);
	nn_output_abandon(&output);
}

/* Steps, or a time. */
static void read_every(void)
{
	if (every && !nn_parse_duration(every, &plan.every_seconds) &&
		(!nn_parse_u64(every, &plan.every) || !plan.every))
		cli_usage("--every %s: neither a number of steps nor a time like 30s, 5m or 1h",
			every);
}

static void check_journal(void)
{
	if (cli_one_file(journal_path, output_path))
		cli_usage("--journal and --output are one file");
	if (plan.checkpoint && cli_one_file(journal_path, plan.checkpoint))
		cli_usage("--journal and --checkpoint are one file");
	if (log_path && cli_one_file(journal_path, log_path))
		cli_usage("--journal and --log are one file");
	if (mode.async)
		cli_usage(
			"--journal: with --async there is no model of a step that could be had again");
}

/* It can be read only once. */
static void check_stdin(char *const *operands)
{
	const struct {
		const char *what;
		const char *path;
	} inputs[] = { { "hosts", sshloginfile }, { "model", operands[0] },
		{ "--valid", plan.valid } };
	static const char data_text[] = "data";
	const char *taken = NULL;

	for (size_t i = 0; i < sizeof inputs / sizeof inputs[0] || operands[1]; i++) {
		bool option = i < sizeof inputs / sizeof inputs[0];
		const char *what = option ? inputs[i].what : data_text;
		const char *path = option ? inputs[i].path : *++operands;

		if (!path || strcmp(path, "-"))
			continue;
		if (taken == what)
			cli_usage("standard input can be read only once");
		if (taken)
			cli_usage("%s and %s cannot both come on standard input", taken, what);
		taken = what;
	}
}

static void check_usage(int count, char *const *operands)
{
	int ways = (workers > 0) + (sshlogin || sshloginfile);

	if (!count)
		cli_usage("which model? There is no operand");
	if (count < 2)
		cli_usage("which data?");
	if (capacity.count && !assign)
		assign = nn_assign_names[NN_ASSIGN_WEIGHTED];
	if (capacity.count && nn_assign_of(assign) != NN_ASSIGN_WEIGHTED)
		cli_usage("--capacity goes with --assign weighted");
	if (plan.epochs && plan.steps)
		cli_usage("either --epochs or --steps");
	check_stdin(operands);
	if (ways > 1 && !stages.stages)
		cli_usage("either --workers or --sshlogin, which can name this machine as N/:");
	train_mode_check(&mode);
	train_faults_check(&faults);
	if (compress && !sshlogin && !sshloginfile && !worker_command)
		cli_usage(
			"--compress is for lines to others: --sshlogin, --sshloginfile, --worker");
	if (worker_command && (sshlogin || sshloginfile))
		cli_usage("either --worker or --sshlogin");
	if (!plan.valid &&
		(plan.valid_every || plan.patience || plan.keep_best || !isnan(plan.target) ||
			plan.min_delta > 0))
		cli_usage("--valid-every, --patience, --min-delta, --target and --keep-best need "
			  "--valid");
	if (plan.min_delta > 0 && !plan.patience)
		cli_usage("--min-delta goes with --patience");
	if ((has_epochs && !plan.epochs) || (has_steps && !plan.steps) || (has_workers && !workers))
		cli_usage("--%s 0: nothing would be trained",
			has_epochs && !plan.epochs       ? "epochs" :
				has_steps && !plan.steps ? "steps" :
							   "workers");
	if ((every || resume) && !plan.checkpoint)
		cli_usage("--every and --resume need --checkpoint");
	if (count > 2 && (plan.run.shards || plan.run.method || has_shard_seed))
		cli_usage("--shards, --by and --shard-seed cut one file; each of %d is a shard",
			count - 1);
	if (output_path && plan.checkpoint && !strcmp(output_path, plan.checkpoint))
		cli_usage("the checkpoint cannot be the output too");
	if (log_path && cli_one_file(log_path, output_path))
		cli_usage("--log and --output are one file");
	if (log_path && plan.checkpoint && cli_one_file(log_path, plan.checkpoint))
		cli_usage("--log and --checkpoint are one file");
	if (journal_path)
		check_journal();
	if (print_script && !strcmp(operands[0], "-"))
		cli_usage("--print: the script must read MODEL itself: not on standard input");
	if (print_script && (plan.patience || plan.keep_best || !isnan(plan.target)))
		cli_usage("--print: no filter stops early: without --patience, --target and "
			  "--keep-best");
}

/* Ranks share the work as the shards say. */
static void check_ranks(char *const *operands)
{
	const struct {
		bool given;
		const char *option;
	} wrong[] = { { has_workers && !stages.stages, "workers" }, { sshlogin, "sshlogin" },
		{ sshloginfile, "sshloginfile" }, { worker_command, "worker" },
		{ compress, "compress" }, { data.send, "send" }, { assign, "assign" },
		{ capacity.count, "capacity" }, { faults.timeout && !stages.stages, "timeout" },
		{ faults.quorum, "quorum" }, { mode.async, "async" },
		{ mode.has_local_steps, "local-steps" }, { journal_path, "journal" },
		{ print_script, "print" } };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		train_ranks_refuse(wrong[i].given, wrong[i].option);
	for (; *operands; operands++)
		if (!strcmp(*operands, "-"))
			cli_usage(
				"all ranks of MPI read the model and the data: not on standard input");
}

/* What a training by stages does not do yet. */
static void check_stages(char *const *operands)
{
	static const char here[] =
		"its stages are processes here, on hosts by ssh (--sshlogin), or ranks of MPI";
	static const char whole[] = "no process has the whole model: try checkpoints with nn-eval";
	static const char steps[] = "each step is one of all shards";
	const struct {
		bool given;
		const char *option;
		const char *instead;
	} wrong[] = { { worker_command, "--worker", here },
		{ data.send, "--send", "the first stage reads files" },
		{ exchange, "--exchange", "what passes between stages are messages" },
		{ compress, "--compress", "what passes between stages is not compressed" },
		{ plan.valid, "--valid", whole }, { mode.async, "--async", steps },
		{ mode.has_local_steps, "--local-steps", steps },
		{ assign, "--assign", "each pipeline has its share of the shards" },
		{ capacity.count, "--capacity", "each pipeline has its share of the shards" },
		{ faults.timeout && !strcmp(faults.timeout, "auto"), "--timeout auto",
			"a number of seconds does" },
		{ faults.quorum, "--quorum", "a stage that fails ends the run" },
		{ journal_path, "--journal", "nn-info --journal prints a gradient's line" },
		{ print_script, "--print", "nn-stage(1) shows it by hand" },
		{ operands[0] && !strcmp(operands[0], "-"), "MODEL on standard input",
			"each stage reads its part of a file" } };
	const char *refused = NULL;
	const char *instead = NULL;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0] && !refused; i++)
		if (wrong[i].given) {
			refused = wrong[i].option;
			instead = wrong[i].instead;
		}
	train_stages_check(&stages, refused, instead);
}

static uint64_t count_shards(void)
{
	uint64_t count = plan.files > 1 ? plan.files : plan.run.shards;

	return count ? count : nn_run_default_shards(plan.run.batch, UINT64_MAX);
}

/* As many workers here as there are processors, but not more than shards. */
static uint64_t default_workers(void)
{
	uint64_t most = count_shards();

	return nn_processors() < most ? nn_processors() : most;
}

#define MOST_WORKERS 4096

static void read_hosts(void)
{
	struct nn_error err;

	if ((sshlogin && nn_hosts_add(&hosts, sshlogin, &err)) ||
		(sshloginfile && nn_hosts_read(&hosts, sshloginfile, &err)))
		cli_die(&err);
	if (workers > MOST_WORKERS)
		cli_usage("--workers: at most %d", MOST_WORKERS);
}

static void refuse_inputs(const struct nn_output *output, char *const *operands)
{
	for (; *operands; operands++)
		cli_refuse_path(output, *operands);
	if (plan.valid)
		cli_refuse_path(output, plan.valid);
}

static void lock_checkpoint(struct nn_lock *lock, const char *model)
{
	struct nn_error err;

	if (!plan.checkpoint)
		return;
	if (!print_script && nn_lock_take(lock, plan.checkpoint, &err))
		cli_die(&err);
	if (!resume && !access(plan.checkpoint, F_OK) && strcmp(plan.checkpoint, model)) {
		nn_lock_release(lock);
		cli_usage("%s: is there already: --resume goes on from it", plan.checkpoint);
	}
}

/* Memory for the workers on this machine; without it, all passes by pipes. */
static void share(struct nn_shared **shared)
{
	bool here = !hosts.count;
	struct nn_error ignored;

	*shared = NULL;
	for (size_t i = 0; i < hosts.count; i++)
		here = here || hosts.list[i].here;
	/* Those who go on for themselves need the model as it was. */
	if (here && !worker_command && !mode.async && !mode.local_steps)
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

static int train(struct nn_checkpoint *checkpoint, const char *name, struct nn_error *err)
{
	struct nn_places_options where = { .hosts = &hosts,
		.workers = workers ? workers : default_workers(),
		.command = worker_command,
		.ssh = ssh,
		.remote_tool = remote_tool,
		.packing = nn_packing_of(compress),
		.kernel = nn_bundle_meta(&checkpoint->model.params, "kernel"),
		.method = plan.run.method,
		.shard_seed = plan.run.shard_seed,
		.data = data.placement.paths,
		.files = data.placement.count,
		.send = data.send };
	struct nn_serve_options serve;
	struct nn_bundle description = { 0 };
	struct nn_bundle order = { 0 };
	struct nn_pool_options crew = { .assign = nn_assign_of(assign),
		.capacity = capacity.values,
		.warn = cli_warn,
		.processors = nn_processors(),
		.homes = data.placement.homes,
		.operands = data.placement.names,
		.home_count = data.placement.count,
		.description = &description,
		.order = &order };
	struct nn_updater *updater = NULL;
	struct nn_pool *pool = NULL;
	struct nn_place *places = NULL;
	int status = nn_updater_new(&updater, checkpoint, name, &how, err);

	if (plan.ranks) {
		serve = (struct nn_serve_options){ .paths = data.placement.paths,
			.count = data.placement.count,
			.method = plan.run.method,
			.shard_seed = plan.run.shard_seed };
		plan.serve = &serve;
		status = train_ranks_begin(&plan, checkpoint, status, err);
		train_ranks_run(true);
		if (!status)
			status = nn_train(updater, NULL, &plan, err);
		train_ranks_run(false);
		if (!status)
			outcome = train_faults_status(&faults, NULL);
		nn_updater_free(updater);
		return status;
	}
	if (!status)
		status = train_mode_begin(&mode, &checkpoint->state, &order, err);
	if (!print_script)
		share(&plan.shared);
	crew.shared = plan.shared;
	where.shared = plan.shared ? plan.shared->fd : 0;
	if (!status)
		status = describe(checkpoint, &description, err);
	if (!status)
		status = train_data_supply(&data, &plan.supply, err);
	crew.supply = plan.supply;
	if (!status)
		status = nn_places_make(&places, &crew.place_count, &where, err);
	crew.places = places;
	train_faults_apply(&faults, &crew);
	if (!status)
		train_faults_quorum(&faults, &crew);
	if (!status)
		status = nn_pool_new(&pool, &crew, err);
	if (!status)
		status = nn_train(updater, pool, &plan, err);
	if (!status)
		outcome = train_faults_status(&faults, pool);
	nn_pool_free(pool);
	nn_places_free(places, crew.place_count);
	nn_updater_free(updater);
	nn_shared_free(plan.shared);
	nn_bundle_free(&description);
	nn_bundle_free(&order);
	return status;
}

/* The checkpoint is an outline: the stages have the numbers, and read them themselves. */
static int train_by_stages(struct nn_checkpoint *checkpoint, const char *name,
	struct nn_output *output, struct nn_error *err)
{
	struct nn_serve_options serve = { .paths = data.placement.paths,
		.count = data.placement.count,
		.method = plan.run.method,
		.shard_seed = plan.run.shard_seed };
	struct nn_pool_options usual = { 0 };
	int status;

	stages.threads = threads;
	train_faults_apply(&faults, &usual);
	stages.timeout = usual.timeout;
	plan.serve = &serve;
	if (plan.run.local_steps)
		cli_usage(
			"%s was begun with --local-steps: --stages makes each step with all shards",
			name);
	status = plan.ranks ? train_ranks_begin(&plan, checkpoint, NN_OK, err) : NN_OK;
	if (!status)
		train_stages_check_ranks(&stages, count_shards());
	train_ranks_run(true);
	if (!status)
		status = train_stages_train(&stages, checkpoint, name, name, &plan, &how, output,
			err);
	train_ranks_run(false);
	if (!status)
		outcome = train_faults_status(&faults, NULL);
	return status;
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
	if (!plan.epochs && !plan.steps)
		plan.epochs = 1;
	plan.files = data.placement.count;
	plan.paths = data.placement.names;
	plan.started = train_report_start;
	plan.progress = train_report_step;
	plan.stop = stop;
	plan.unsaved = train_faults_unsaved;
	plan.warn = cli_warn;
	plan.exchange = train_exchange_of(exchange);
	how.warn = cli_warn;
	how.note = cli_note;
	how.report = train_report_update;
}

/* What has an effect on how the run goes, and none on what comes out. */
static const char *const *list_remarks(void)
{
	static const char *remarks[8];
	size_t count = 0;

	if (plan.checkpoint)
		remarks[count++] = "--checkpoint: nn-update's is no run that --resume goes on "
				   "with, but can be MODEL";
	if (plan.every_seconds > 0)
		remarks[count++] = "--every: nn-update counts steps, not seconds; left out";
	if (plan.valid)
		remarks[count++] = "--valid: left out; nn-eval tries a model";
	if (log_path)
		remarks[count++] = "--log: left out; nn-update --log has other columns";
	if (journal_path)
		remarks[count++] = "--journal: left out; nn-info --journal prints a gradient's";
	if (assign)
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

	if (data.spooled)
		cli_usage("--print: the script must read the data itself: not on standard input");
	if (threads)
		cli_usage("--print: --threads are nn-grad's, and go into the model's kernel");
	if (data.send)
		cli_usage("--print: nn-grad reads files: cut the data to the hosts beforehand");
	if (mode.async || mode.local_steps)
		cli_usage("--print: no pipeline of filters does what %s does",
			mode.async ? "--async" : "--local-steps");
	train_print_set(&(struct train_print){ .words = words,
		.model = name,
		.resumed = plan.checkpoint && !strcmp(name, plan.checkpoint),
		.steps_per_epoch = checkpoint->model.preamble.steps_per_epoch,
		.seed = checkpoint->model.preamble.seed,
		.kernel = named ? NULL : nn_bundle_meta(&checkpoint->model.params, "kernel"),
		.plan = &plan,
		.hosts = &hosts,
		.placement = &data.placement,
		.command = worker_command,
		.ssh = ssh,
		.remote_tool = remote_tool,
		.output = output_path,
		.remarks = list_remarks() });
	plan.valid = NULL;
	plan.started = train_print_start;
	plan.rehearse = true;
	if (train(checkpoint, name, &err))
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

	how.optim = nn_optim_no_options;
	mode = train_no_mode;
	faults = train_usual_faults;
	plan.target = (double)NAN;
	plan.ranks = train_ranks_open();
	operands = cli_start(&tool, argc, argv, &count);
	train_ranks_check_launch();
	use_threads(threads);
	check_usage(count, operands);
	if (plan.ranks)
		check_ranks(operands);
	else if (exchange)
		cli_usage("--exchange is for ranks of MPI, but this is none");
	check_stages(operands);
	read_every();
	read_hosts();
	check_capacity(&capacity, &hosts, &workers);
	train_data_read(&data, operands + 1, (size_t)count - 1, &hosts,
		sshlogin || sshloginfile || worker_command);
	stages.pipelines = workers;
	stages.hosts = &hosts;
	stages.ranks = plan.ranks;
	stages.ssh = ssh;
	stages.remote_tool = remote_tool;
	train_stages_check_places(&stages, &data);
	set_plan();
	if (!print_script && !train_ranks_leads()) {
		set_signals();
	} else if (!print_script) {
		cli_output(&output, output_path, true);
		refuse_inputs(&output, operands);
		set_signals();
		try_checkpoint();
	}
	if (train_ranks_leads())
		lock_checkpoint(&lock, operands[0]);
	start = (struct train_start){ &plan, &mode, &seed, has_batch, has_shard_seed, has_seed,
		resume, threads, stages.stages ? &stages.updates : NULL };
	name = train_start_read(&start, &checkpoint, operands[0]);
	train_mode_resolve(&mode, &checkpoint, name, &plan.run, &how);
	plan.async = mode.async;
	plan.max_staleness = mode.max_staleness;
	named = nn_bundle_meta(&checkpoint.model.params, "kernel") != NULL;
	train_start_name_kernel(&start, &checkpoint, name);
	if (print_script)
		print_and_finish(&checkpoint, name, named, argv);
	if (train_ranks_leads())
		train_report_open(&(struct train_report){ .log = log_path,
			.journal = journal_path,
			.kernel = nn_bundle_meta(&checkpoint.model.params, "kernel"),
			.verbose = verbose,
			.stages = stages.stages > 0,
			.asked = workers || sshlogin || sshloginfile || plan.ranks });
	plan.journal = train_report_journal();
	status = stages.stages ? train_by_stages(&checkpoint, name, &output, &err) :
				 train(&checkpoint, name, &err);
	if (!status && train_ranks_leads())
		train_report_done();
	if (!status && stages.stages)
		train_stages_done();
	train_report_close();
	nn_lock_release(&lock);
	if (!status && stages.stages && train_ranks_leads())
		status = nn_output_commit(&output, &err);
	else if (!status && train_ranks_leads())
		status = write_model(&checkpoint.model, &output, &err);
	if (status)
		cli_die(&err);
	train_ranks_close();
	nn_checkpoint_free(&checkpoint);
	train_data_free(&data);
	nn_hosts_free(&hosts);
	return outcome;
}
