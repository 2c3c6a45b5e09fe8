#include "tools/train-command.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "sched/assign.h"

#include "tools/train-ranks.h"

/* Steps, or a time. */
static void read_every(struct train_command *given)
{
	if (given->every && !nn_parse_duration(given->every, &given->plan.every_seconds) &&
		(!nn_parse_u64(given->every, &given->plan.every) || !given->plan.every))
		cli_usage("--every %s: neither a number of steps nor a time like 30s, 5m or 1h",
			given->every);
}

static void check_journal(const struct train_command *given)
{
	if (cli_one_file(given->journal_path, given->output_path))
		cli_usage("--journal and --output are one file");
	if (given->plan.checkpoint && cli_one_file(given->journal_path, given->plan.checkpoint))
		cli_usage("--journal and --checkpoint are one file");
	if (given->log_path && cli_one_file(given->journal_path, given->log_path))
		cli_usage("--journal and --log are one file");
	if (given->mode.async)
		cli_usage(
			"--journal: with --async there is no model of a step that could be had again");
}

/* It can be read only once. */
static void check_stdin(const struct train_command *given, char *const *operands)
{
	const struct {
		const char *what;
		const char *path;
	} inputs[] = { { "hosts", given->sshloginfile }, { "model", operands[0] },
		{ "--valid", given->plan.valid } };
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

static void check_usage(struct train_command *given, int count, char *const *operands)
{
	int ways = (given->workers > 0) + (given->sshlogin || given->sshloginfile);

	if (!count)
		cli_usage("which model? There is no operand");
	if (count < 2)
		cli_usage("which data?");
	if (given->capacity.count && !given->assign)
		given->assign = nn_assign_names[NN_ASSIGN_WEIGHTED];
	if (given->capacity.count && nn_assign_of(given->assign) != NN_ASSIGN_WEIGHTED)
		cli_usage("--capacity goes with --assign weighted");
	if (given->plan.epochs && given->plan.steps)
		cli_usage("either --epochs or --steps");
	check_stdin(given, operands);
	if (ways > 1 && !given->stages.stages)
		cli_usage("either --workers or --sshlogin, which can name this machine as N/:");
	train_mode_check(&given->mode);
	train_faults_check(&given->faults);
	if (given->compress && !given->sshlogin && !given->sshloginfile && !given->worker_command)
		cli_usage(
			"--compress is for lines to others: --sshlogin, --sshloginfile, --worker");
	if (given->worker_command && (given->sshlogin || given->sshloginfile))
		cli_usage("either --worker or --sshlogin");
	if (!given->plan.valid &&
		(given->plan.valid_every || given->plan.patience || given->plan.keep_best ||
			!isnan(given->plan.target) || given->plan.min_delta > 0))
		cli_usage("--valid-every, --patience, --min-delta, --target and --keep-best need "
			  "--valid");
	if (given->plan.min_delta > 0 && !given->plan.patience)
		cli_usage("--min-delta goes with --patience");
	if ((given->has_epochs && !given->plan.epochs) ||
		(given->has_steps && !given->plan.steps) || (given->has_workers && !given->workers))
		cli_usage("--%s 0: nothing would be trained",
			given->has_epochs && !given->plan.epochs       ? "epochs" :
				given->has_steps && !given->plan.steps ? "steps" :
									 "workers");
	if ((given->every || given->resume) && !given->plan.checkpoint)
		cli_usage("--every and --resume need --checkpoint");
	if (count > 2 &&
		(given->plan.run.shards || given->plan.run.method || given->has_shard_seed))
		cli_usage("--shards, --by and --shard-seed cut one file; each of %d is a shard",
			count - 1);
	if (given->output_path && given->plan.checkpoint &&
		!strcmp(given->output_path, given->plan.checkpoint))
		cli_usage("the checkpoint cannot be the output too");
	if (given->log_path && cli_one_file(given->log_path, given->output_path))
		cli_usage("--log and --output are one file");
	if (given->log_path && given->plan.checkpoint &&
		cli_one_file(given->log_path, given->plan.checkpoint))
		cli_usage("--log and --checkpoint are one file");
	if (given->journal_path)
		check_journal(given);
	if (given->print_script && !strcmp(operands[0], "-"))
		cli_usage("--print: the script must read MODEL itself: not on standard input");
	if (given->print_script &&
		(given->plan.patience || given->plan.keep_best || !isnan(given->plan.target)))
		cli_usage("--print: no filter stops early: without --patience, --target and "
			  "--keep-best");
}

/* Ranks share the work as the shards say. */
static void check_ranks(const struct train_command *given, char *const *operands)
{
	const struct {
		bool given;
		const char *option;
	} wrong[] = { { given->has_workers && !given->stages.stages, "workers" },
		{ given->sshlogin, "sshlogin" }, { given->sshloginfile, "sshloginfile" },
		{ given->worker_command, "worker" }, { given->compress, "compress" },
		{ given->data.send, "send" }, { given->assign, "assign" },
		{ given->capacity.count, "capacity" },
		{ given->faults.timeout && !given->stages.stages, "timeout" },
		{ given->faults.quorum, "quorum" }, { given->mode.async, "async" },
		{ given->mode.has_local_steps, "local-steps" }, { given->journal_path, "journal" },
		{ given->print_script, "print" } };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		train_ranks_refuse(wrong[i].given, wrong[i].option);
	for (; *operands; operands++)
		if (!strcmp(*operands, "-"))
			cli_usage(
				"all ranks of MPI read the model and the data: not on standard input");
}

/* What a training by stages does not do yet. */
static void check_stages(const struct train_command *given, char *const *operands)
{
	static const char here[] =
		"its stages are processes here, on hosts by ssh (--sshlogin), or ranks of MPI";
	static const char whole[] = "no process has the whole model: try checkpoints with nn-eval";
	static const char steps[] = "each step is one of all shards";
	const struct {
		bool given;
		const char *option;
		const char *instead;
	} wrong[] = { { given->worker_command, "--worker", here },
		{ given->data.send, "--send", "the first stage reads files" },
		{ given->exchange, "--exchange", "what passes between stages are messages" },
		{ given->compress, "--compress", "what passes between stages is not compressed" },
		{ given->plan.valid, "--valid", whole }, { given->mode.async, "--async", steps },
		{ given->mode.has_local_steps, "--local-steps", steps },
		{ given->assign, "--assign", "each pipeline has its share of the shards" },
		{ given->capacity.count, "--capacity",
			"each pipeline has its share of the shards" },
		{ given->faults.timeout && !strcmp(given->faults.timeout, "auto"), "--timeout auto",
			"a number of seconds does" },
		{ given->faults.quorum, "--quorum", "a stage that fails ends the run" },
		{ given->journal_path, "--journal", "nn-info --journal prints a gradient's line" },
		{ given->print_script, "--print", "nn-stage(1) shows it by hand" },
		{ operands[0] && !strcmp(operands[0], "-"), "MODEL on standard input",
			"each stage reads its part of a file" } };
	const char *refused = NULL;
	const char *instead = NULL;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0] && !refused; i++)
		if (wrong[i].given) {
			refused = wrong[i].option;
			instead = wrong[i].instead;
		}
	train_stages_check(&given->stages, refused, instead);
}

void train_command_check(struct train_command *given, int count, char *const *operands)
{
	check_usage(given, count, operands);
	if (given->plan.ranks)
		check_ranks(given, operands);
	else if (given->exchange)
		cli_usage("--exchange is for ranks of MPI, but this is none");
	check_stages(given, operands);
	read_every(given);
}
