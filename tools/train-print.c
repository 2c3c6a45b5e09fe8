/* The script that nn-train --print writes. One nn-grad for each worker has some of the shards:
 *
 *     nn-update --loop --> model --> tee --> to-1 --> nn-grad --> from-1 --> nn-reduce
 *            ^                          \--> to-2 --> nn-grad --> from-2 --/    |
 *            +------------------------------ back <-----------------------------+
 *
 * What runs in the background opens its FIFOs in an order in which nobody waits in a circle. If one
 * of them fails, the others find a stream without END, up to nn-update, which alone is waited for. */
#include "tools/train-print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "stream/describe.h"
#include "train/places.h"

#include "tools/train-deal.h"

static struct train_print print;
static const struct nn_train_start *run;
static struct nn_buffer script;

#define PUT(...)                                                                                   \
	do {                                                                                       \
		struct nn_error put_error;                                                         \
		if (nn_buffer_printf(&script, &put_error, __VA_ARGS__))                            \
			cli_die(&put_error);                                                       \
	} while (0)

void train_print_set(const struct train_print *what)
{
	print = *what;
}

static void put_word(struct nn_buffer *line, const char *word)
{
	struct nn_error err;

	if (nn_shell_word(line, word, &err))
		cli_die(&err);
}

static void put_number(struct nn_buffer *line, const char *option, uint64_t number)
{
	struct nn_error err;

	if (nn_buffer_printf(line, &err, " --%s %llu", option, (unsigned long long)number))
		cli_die(&err);
}

/* A comment must stay one, whatever the words are. */
static void put_text(const char *text)
{
	struct nn_error err;

	if (nn_describe_text(&script, text, SIZE_MAX - 64, &err))
		cli_die(&err);
}

static void put_comments(void)
{
	struct nn_buffer line = { 0 };

	for (char *const *word = print.words; *word; word++)
		put_word(&line, *word);
	PUT("#!/bin/sh\n# By hand, with the same bits: ");
	put_text(line.data);
	nn_buffer_free(&line);
	PUT("\n# %llu rows in %llu shards, %llu a step, %llu steps an epoch: %llu steps.\n",
		(unsigned long long)run->rows, (unsigned long long)run->shards,
		(unsigned long long)run->batch, (unsigned long long)run->steps_per_epoch,
		(unsigned long long)run->steps);
	PUT("# Matrix kernel: ");
	put_text(run->kernel);
	PUT("\n");
	for (const char *const *remark = print.remarks; *remark; remark++) {
		PUT("# ");
		put_text(*remark);
		PUT("\n");
	}
}

/* The code path alone, as the environment names it. */
static void put_kernel(struct nn_buffer *line)
{
	const char *core = strchr(print.kernel, '/');
	char text[NN_F64_TEXT * 4];

	core = core ? core + 1 : print.kernel;
	snprintf(text, sizeof text, "OPENBLAS_CORETYPE=%.*s", (int)strcspn(core, "/"), core);
	put_word(line, text);
}

static void put_frame(void)
{
	PUT("set -e\n"
	    "dir=${TMPDIR:-/tmp}/nn-train.$$ pids=\n"
	    "end() {\n"
	    "\tstatus=$?\n"
	    "\ttrap - EXIT\n"
	    "\tkill $pids 2>/dev/null || :\n"
	    "\trm -rf \"$dir\"\n"
	    "\texit $status\n"
	    "}\n"
	    "(umask 077 && mkdir \"$dir\")\n"
	    "trap end EXIT\n"
	    "trap 'exit 129' HUP\n"
	    "trap 'exit 130' INT\n"
	    "trap 'exit 143' TERM\n");
	if (print.kernel) {
		PUT("export");
		put_kernel(&script);
		PUT("\n");
	}
}

static void put_operands(struct nn_buffer *line, char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (paths[i][0] == '-') {
			put_word(line, "--");
			break;
		}
	for (size_t i = 0; i < count; i++)
		put_word(line, paths[i]);
}

/* The files that are the worker's. */
static void put_files(struct nn_buffer *line, size_t worker, const size_t *owners)
{
	bool options_end = false;

	for (size_t i = 0; i < run->shards; i++)
		options_end =
			options_end || (owners[i] == worker && print.placement->paths[i][0] == '-');
	if (options_end)
		put_word(line, "--");
	for (size_t i = 0; i < run->shards; i++)
		if (owners[i] == worker)
			put_word(line, print.placement->paths[i]);
}

/* What nn-grad is told, to answer the shards that are the worker's. */
static void put_gradient(struct nn_buffer *line, size_t worker, const size_t *owners)
{
	const struct nn_train_options *plan = print.plan;
	size_t from = 0;
	size_t to;
	char which[80];

	put_number(line, "seed", print.seed);
	put_number(line, "steps-per-epoch", run->steps_per_epoch);
	if (plan->files > 1 || run->numbered) {
		put_files(line, worker, owners);
		return;
	}
	while (owners[from] != worker)
		from++;
	for (to = from; to < run->shards && owners[to] == worker;)
		to++;
	if (to - from == 1)
		snprintf(which, sizeof which, "%zu/%llu", from, (unsigned long long)run->shards);
	else
		snprintf(which, sizeof which, "%zu-%zu/%llu", from, to - 1,
			(unsigned long long)run->shards);
	put_word(line, "--shard");
	put_word(line, which);
	put_word(line, "--by");
	put_word(line, plan->run.method);
	if (plan->run.shard_seed)
		put_number(line, "shard-seed", plan->run.shard_seed);
	put_operands(line, print.placement->paths, 1);
}

static void put_remote(size_t worker, const size_t *owners)
{
	const struct nn_host *host = train_deal_host(&print, worker);
	struct nn_buffer line = { 0 };
	struct nn_error err;
	char **arguments;

	if (print.kernel) {
		put_word(&line, "env");
		put_kernel(&line);
	}
	put_word(&line, print.remote_tool);
	put_gradient(&line, worker, owners);
	if (nn_host_arguments(host, print.ssh, line.data, &arguments, &err))
		cli_die(&err);
	for (char **word = arguments; *word; word++) {
		if (word > arguments)
			put_word(&script, *word);
		else {
			struct nn_buffer first = { 0 };

			put_word(&first, *word);
			PUT("%s", first.data);
			nn_buffer_free(&first);
		}
	}
	nn_host_free_arguments(arguments);
	nn_buffer_free(&line);
}

static void put_worker(size_t worker, const size_t *owners)
{
	struct nn_buffer line = { 0 };
	struct nn_error err;

	if (train_deal_host(&print, worker)) {
		put_remote(worker, owners);
	} else if (print.command) {
		if (nn_buffer_puts(&line, print.command, &err))
			cli_die(&err);
		put_gradient(&line, worker, owners);
		PUT("NN_WORKER=%zu sh -c", worker + 1);
		put_word(&script, line.data);
	} else {
		PUT(NN_WORKER_TOOL);
		put_gradient(&script, worker, owners);
	}
	nn_buffer_free(&line);
}

static void put_real(const char *option, double value)
{
	char text[NN_F64_TEXT];

	if (isnan(value))
		return;
	nn_format_f64(value, text);
	PUT(" --%s %s", option, text);
}

static void put_optimizer(const struct nn_optim_options *optim)
{
	PUT(" --optimizer %s", optim->method);
	put_real("lr", optim->lr);
	put_real("momentum", optim->momentum);
	put_real("beta1", optim->beta1);
	put_real("beta2", optim->beta2);
	put_real("alpha", optim->alpha);
	put_real("epsilon", optim->epsilon);
	put_real("weight-decay", optim->weight_decay);
	put_real("clip", optim->clip);
	put_word(&script, "--schedule");
	put_word(&script, optim->schedule);
	put_number(&script, "warmup", optim->warmup);
}

static void put_update(void)
{
	const struct nn_train_options *plan = print.plan;
	char *const model[] = { (char *)(size_t)print.model };

	PUT("nn-update --loop --steps %llu \\\n ", (unsigned long long)run->steps);
	put_optimizer(run->optim);
	PUT(" \\\n  --checkpoint");
	if (plan->checkpoint)
		put_word(&script, plan->checkpoint);
	else
		PUT(" \"$dir/trained\"");
	if (plan->checkpoint && plan->every)
		put_number(&script, "every", plan->every);
	put_operands(&script, model, 1);
	PUT(" \\\n  <\"$dir/back\" >\"$dir/model\"\n");
}

/* A circle of one nn-grad, or of several with tee and nn-reduce between. */
static void put_circle(const size_t *owners, const size_t *loads)
{
	size_t count = 0;
	size_t number = 0;

	for (size_t i = 0; i < run->workers; i++)
		count += loads[i] > 0;
	PUT("mkfifo \"$dir/model\" \"$dir/back\"");
	for (size_t i = 1; i <= count && count > 1; i++)
		PUT(" \"$dir/to-%zu\" \"$dir/from-%zu\"", i, i);
	PUT("\n");
	for (size_t i = 0; i < run->workers; i++) {
		if (!loads[i])
			continue;
		number++;
		put_worker(i, owners);
		if (count == 1)
			PUT(" \\\n  >\"$dir/back\" <\"$dir/model\" &\n");
		else
			PUT(" \\\n  <\"$dir/to-%zu\" >\"$dir/from-%zu\" &\n", number, number);
		PUT("pids=\"$pids $!\"\n");
	}
	if (count > 1) {
		PUT("tee");
		for (size_t i = 1; i <= count; i++)
			PUT(" \"$dir/to-%zu\"", i);
		PUT(" <\"$dir/model\" >/dev/null &\npids=\"$pids $!\"\nnn-reduce");
		for (size_t i = 1; i <= count; i++)
			PUT(" \"$dir/from-%zu\"", i);
		PUT(" >\"$dir/back\" &\npids=\"$pids $!\"\n");
	}
	put_update();
	PUT("wait\npids=\n");
}

/* The model alone, without the optimizer's state. */
static void put_result(void)
{
	const char *checkpoint = print.plan->checkpoint;
	char *const from[] = { (char *)(size_t)(run->steps ? checkpoint : print.model) };

	PUT("nn-convert --to nnt --frame 0");
	if (print.output && strcmp(print.output, "-")) {
		put_word(&script, "--output");
		put_word(&script, print.output);
	}
	if (from[0])
		put_operands(&script, from, 1);
	else
		PUT(" \"$dir/trained\"");
	PUT("\n");
}

static void put_steps(void)
{
	struct nn_error err;
	size_t *owners = nn_alloc((size_t)run->shards, sizeof *owners, &err);
	size_t *loads = owners ? nn_alloc(run->workers, sizeof *loads, &err) : NULL;

	if (!loads)
		cli_die(&err);
	train_deal(&print, run, owners, loads);
	put_circle(owners, loads);
	free(owners);
	free(loads);
}

void train_print_start(const struct nn_train_start *start)
{
	const struct nn_train_options *plan = print.plan;

	run = start;
	if (print.steps_per_epoch && print.steps_per_epoch != run->steps_per_epoch && run->steps)
		cli_usage("--print: %s has %llu steps an epoch, which nn-grad obeys, and this run "
			  "has %llu",
			print.model, (unsigned long long)print.steps_per_epoch,
			(unsigned long long)run->steps_per_epoch);
	put_comments();
	if (plan->files > 1 && !run->numbered && run->workers > 1)
		PUT("# These files do not know their numbers: one nn-grad counts them.\n");
	put_frame();
	if (plan->checkpoint && !print.resumed && strcmp(plan->checkpoint, print.model)) {
		PUT("[ ! -e");
		put_word(&script, plan->checkpoint);
		PUT(" ]\n");
	}
	if (run->steps)
		put_steps();
	put_result();
	fputs(script.data, stdout);
	nn_buffer_free(&script);
}
