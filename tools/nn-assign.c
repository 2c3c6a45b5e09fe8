/* nn-assign: who does which task, as lines for GNU parallel. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "sched/assign.h"
#include "stream/reader.h"
#include "train/places.h"
#include "train/train.h"

#include "tools/capacity.h"

static const char *const forms[] = { "tasks", "workers", NULL };

static const char *policy;
static struct cli_reals capacity;
static uint64_t count; /* tasks */
static struct cli_reals sizes;
static uint64_t workers;
static const char *sshlogin;
static const char *sshloginfile;
static const char *form;
static const char *output_path;
static bool verbose;

static const struct cli_option options[] = {
	CLI_CHOICE('p', "policy", "METHOD", &policy, nn_assign_names,
		"who gets which task (default weighted)"),
	CLI_REALS(0, "capacity", "C,...", &capacity, "how fast each worker is (default all alike)"),
	CLI_HEADING("Tasks, if not a DATA each:"),
	CLI_COUNT('n', "tasks", "V", &count, "so many, all alike; of one DATA, its views"),
	CLI_REALS(0, "sizes", "N,...", &sizes, "one of each of these sizes"),
	CLI_HEADING("Workers:"),
	CLI_COUNT('w', "workers", "N", &workers, "so many on this machine (default: processors)"),
	CLI_STRING('S', "sshlogin", "HOSTS", &sshlogin, "on these hosts: [N/]HOST,..."),
	CLI_STRING(0, "sshloginfile", "FILE", &sshloginfile,
		"on the hosts in this file, one a line"),
	CLI_HEADING("Output:"),
	CLI_CHOICE('f', "form", "FORM", &form, forms,
		"a line for each of the tasks (default) or of the workers"),
	CLI_FLAG('v', "verbose", &verbose, "say how well it fits, also where no terminal is"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-assign", "[DATA...]",
	"who does which task, as lines for GNU parallel", options };

static struct nn_output output;
static struct nn_hosts hosts;
static struct nn_assign_task *tasks; /* [count] */
static char *const *names;           /* of the files that hold them; or NULL */
static size_t *files;                /* [count]: which of the names */

static void *need(void *memory, const struct nn_error *err)
{
	if (!memory)
		cli_die(err);
	return memory;
}

static void check_usage(int operands)
{
	int ways = (count > 0) + (sizes.count > 0) + (operands > 0);

	if (!ways)
		cli_usage("which tasks? There is neither DATA nor --tasks");
	if (sizes.count && ways > 1)
		cli_usage("--sizes stands for --tasks and DATA");
	if (count && operands > 1)
		cli_usage("--tasks cuts one file; each of %d is a task", operands);
	if (workers && (sshlogin || sshloginfile))
		cli_usage("either --workers or --sshlogin, which can name this machine as N/:");
	for (size_t i = 0; i < sizes.count; i++)
		if (sizes.values[i] < 0)
			cli_usage("--sizes: %g is below 0", sizes.values[i]);
}

#define MOST_TASKS 1000000

static void make_tasks(size_t wanted)
{
	struct nn_error err;

	if (wanted > MOST_TASKS)
		cli_usage("--tasks: at most %d", MOST_TASKS);
	count = wanted;
	tasks = need(nn_alloc(wanted, sizeof *tasks, &err), &err);
	files = need(nn_alloc(wanted, sizeof *files, &err), &err);
	for (size_t i = 0; i < wanted; i++)
		tasks[i] = (struct nn_assign_task){ .waiting = true,
			.last = NN_NOBODY,
			.avoid = NN_NOBODY,
			.planned = NN_NOBODY,
			.size = sizes.count ? sizes.values[i] : 1 };
}

/* Rows of a file, and which shard it is; as a worker would answer. */
static int ask_file(const char *path, struct nn_preamble *answer, struct nn_error *err)
{
	const struct nn_frame *frame;
	struct nn_reader *reader = NULL;
	const char *name;
	int fd = cli_input(&output, path, &name);
	int status = nn_reader_open(&reader, fd, name, NN_KIND_DATA, err);
	bool found = false;

	*answer = (struct nn_preamble){ 0 };
	while (!status && !(status = nn_reader_find(reader, NN_KIND_DATA, &frame, err)) && frame) {
		found = true;
		answer->shards = frame->preamble.shards;
		answer->first = frame->preamble.first;
		if (frame->layout->count && frame->layout->tensors[0].ndim)
			answer->rows += frame->layout->tensors[0].shape[0];
	}
	if (!status && !found)
		status = nn_fail(err, NN_BAD, "%s: there are no data in it", name);
	nn_reader_close(reader);
	if (fd != STDIN_FILENO)
		close(fd);
	return status;
}

static void read_files(size_t given)
{
	struct nn_error err;
	struct nn_preamble *answers = need(nn_alloc(given, sizeof *answers, &err), &err);

	for (size_t i = 0; i < given; i++)
		if (ask_file(names[i], &answers[i], &err))
			cli_die(&err);
	if (count > 1 && answers[0].shards) {
		nn_fail(&err, NN_BAD, "%s is a shard itself: no view of it is one", names[0]);
		cli_die(&err);
	}
	make_tasks(count ? (size_t)count : given);
	if (count == given && nn_train_number_files(files, answers, names, given, &err))
		cli_die(&err);
	for (size_t i = 0; i < given && count == given; i++)
		tasks[i].size = (double)answers[files[i]].rows;
	free(answers);
}

#define MOST_WORKERS 4096

/* How many there are. */
static size_t read_workers(void)
{
	struct nn_error err;
	size_t sum = 0;

	if ((sshlogin && nn_hosts_add(&hosts, sshlogin, &err)) ||
		(sshloginfile && nn_hosts_read(&hosts, sshloginfile, &err)))
		cli_die(&err);
	check_capacity(&capacity, &hosts, &workers);
	for (size_t i = 0; i < hosts.count; i++)
		sum += hosts.list[i].count;
	if (!hosts.count && !workers)
		workers = nn_processors() < count ? nn_processors() : count;
	if (workers > MOST_WORKERS)
		cli_usage("--workers: at most %d", MOST_WORKERS);
	return hosts.count ? sum : (size_t)workers;
}

/* Of worker `number`, as GNU parallel writes it. */
static int put_host(struct nn_buffer *text, size_t number, struct nn_error *err)
{
	size_t i = 0;

	while (i < hosts.count && number >= hosts.list[i].count)
		number -= hosts.list[i++].count;
	if (i == hosts.count)
		return nn_buffer_puts(text, ":", err);
	return nn_buffer_printf(text, err, "%s%s%s", hosts.list[i].login ? hosts.list[i].login : "",
		hosts.list[i].login ? " " : "", hosts.list[i].name);
}

/* "WORKER<tab>HOST" */
static int put_worker(struct nn_buffer *text, size_t worker, struct nn_error *err)
{
	int status = nn_buffer_printf(text, err, "%zu\t", worker + 1);

	return status ? status : put_host(text, worker, err);
}

static int put_tasks(struct nn_buffer *text, const size_t *owners, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < count && !status; i++) {
		status = nn_buffer_printf(text, err, "%zu\t", i);
		if (!status)
			status = put_worker(text, owners[i], err);
		if (!status && names)
			status = nn_buffer_printf(text, err, "\t%s", names[files[i]]);
		if (!status)
			status = nn_buffer_puts(text, "\n", err);
	}
	return status;
}

/* All that one worker does, if that is anything. */
static int put_share(struct nn_buffer *text, const size_t *owners, size_t worker,
	struct nn_error *err)
{
	struct nn_buffer paths = { 0 };
	bool any = false;
	int status = NN_OK;

	for (size_t i = 0; i < count && !status; i++) {
		if (owners[i] != worker)
			continue;
		if (!any)
			status = put_worker(text, worker, err);
		if (!status)
			status = nn_buffer_printf(text, err, "%c%zu", any ? ' ' : '\t', i);
		if (!status && names)
			status = nn_shell_word(&paths, names[files[i]], err);
		any = true;
	}
	if (!status && paths.length)
		status = nn_buffer_printf(text, err, "\t%s", paths.data);
	if (!status && any)
		status = nn_buffer_puts(text, "\n", err);
	nn_buffer_free(&paths);
	return status;
}

static int write_lines(const size_t *owners, size_t worker_count, struct nn_error *err)
{
	struct nn_buffer text = { 0 };
	int status = NN_OK;

	if (form == forms[1])
		for (size_t i = 0; i < worker_count && !status; i++)
			status = put_share(&text, owners, i, err);
	else
		status = put_tasks(&text, owners, err);
	if (!status && text.length)
		status = nn_write(output.fd, text.data, text.length, output.name, err);
	nn_buffer_free(&text);
	return status ? status : nn_output_commit(&output, err);
}

static void say_fit(size_t worker_count, double finish)
{
	double size = 0;
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		size += tasks[i].size;
	for (size_t i = 0; i < worker_count; i++)
		sum += capacity.values[i];
	if (finish > 0)
		cli_note("ready after %.4g, where %.4g would be ideal: %.1f %%", finish, size / sum,
			100 * (size / sum) / finish);
}

/* A line is one line, and a field is one field. */
static void check_names(int given)
{
	for (int i = 0; i < given; i++)
		if (strpbrk(names[i], "\t\n"))
			cli_usage("operand %d has a tab or a newline in its name", i + 1);
}

int main(int argc, char **argv)
{
	int given;
	char **operands = cli_start(&tool, argc, argv, &given);
	struct nn_assign_view view = { .method =
					       policy ? nn_assign_of(policy) : NN_ASSIGN_WEIGHTED };
	struct nn_error err;
	size_t *owners;
	bool *able;
	double finish;

	check_usage(given);
	names = given ? operands : NULL;
	check_names(given);
	cli_output(&output, output_path, false);
	if (given)
		read_files((size_t)given);
	else
		make_tasks(sizes.count ? sizes.count : (size_t)count);
	view.tasks = tasks;
	view.task_count = (size_t)count;
	view.worker_count = read_workers();
	view.able = able = need(nn_alloc(view.worker_count, sizeof *able, &err), &err);
	if (!capacity.count)
		capacity.values =
			need(nn_alloc(view.worker_count, sizeof *capacity.values, &err), &err);
	for (size_t i = 0; i < view.worker_count; i++) {
		able[i] = true;
		if (!capacity.count)
			capacity.values[i] = 1;
	}
	owners = need(nn_alloc((size_t)count, sizeof *owners, &err), &err);
	if ((view.method == NN_ASSIGN_WEIGHTED &&
		    nn_assign_plan(tasks, &view, capacity.values, &err)) ||
		nn_assign_simulate(tasks, &view, capacity.values, owners, &finish, &err) ||
		write_lines(owners, view.worker_count, &err))
		cli_die(&err);
	say_fit(view.worker_count, finish);
	return 0;
}
