/* nn-stage: a range of a network's layers as a filter: a stage of a pipeline. */

#include <fcntl.h>
#include <pthread.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/dataset.h"
#include "data/partition.h"
#include "proc/mux.h"
#include "proc/process.h"
#include "train/fit.h"
#include "train/shards.h"
#include "train/stage.h"
#include "train/stage_part.h"
#include "train/stage_serve.h"
#include "train/step.h"

#include "tools/neighbours.h"
#include "tools/threads.h"

static const char *model_path;
static const char *back_in;
static const char *back_out;
static const char *grad_path;
static const char *output_path;
static uint64_t in_flight;
static bool recompute;
static struct nn_task_options task;
static struct nn_view view;
static bool has_shard_seed;
static uint64_t threads;
static bool is_worker;
static bool by_mux;
static uint64_t up, down, leader;
static bool has_up, has_down, has_leader;
static struct cli_reals group;

static const struct cli_option options[] = {
	CLI_STRING('m', "model", "MODEL", &model_path,
		"the last model of this file, of which only its own layers are kept"),
	CLI_STRING('g', "grad", "FILE", &grad_path,
		"the gradient of its own parameters goes there"),
	CLI_STRING(0, "back-in", "PATH", &back_in,
		"gradients from the next stage: a FIFO, or a descriptor's number"),
	CLI_STRING(0, "back-out", "PATH", &back_out, "gradients to the stage before"),
	CLI_COUNT(0, "in-flight", "N", &in_flight,
		"most micro-batches on their way from here (default what the stages behind need)"),
	CLI_FLAG(0, "recompute", &recompute,
		"keep only what came in, and go forward again before going back"),
	CLI_COUNT(0, "threads", "N", &threads,
		"of matrix products (default 1, or what the model's kernel says)"),
	CLI_HEADING("Data, of the first stage:"),
	CLI_COUNT('b', "batch", "ROWS", &task.batch,
		"rows a step of each shard, the rows of a micro-batch (default all)"),
	CLI_COUNT(0, "steps-per-epoch", "S", &task.steps_per_epoch,
		"steps an epoch, instead of --batch; a model that says so itself is obeyed"),
	CLI_COUNT_GIVEN('s', "seed", "N", &task.seed, &task.has_seed,
		"seed of the order of the rows (default the model's)"),
	CLI_STRING(0, "shard", "K/V", &view.which,
		"only shard K of V, from 0, or K-L/V: shards K to L"),
	CLI_CHOICE(0, "by", "METHOD", &view.method, nn_partitioner_names,
		"how the rows are cut (default block)"),
	CLI_COUNT_GIVEN(0, "shard-seed", "N", &view.seed, &has_shard_seed,
		"seed of random cuts (default 0)"),
	CLI_HEADING("For nn-train:"),
	CLI_FLAG(0, "worker", &is_worker,
		"make steps as orders on standard input want it, and keep the parameters"),
	CLI_COUNT_GIVEN(0, "up", "FD", &up, &has_up, "with --worker: socket to the stage before"),
	CLI_COUNT_GIVEN(0, "down", "FD", &down, &has_down,
		"with --worker: socket to the stage behind"),
	CLI_COUNT_GIVEN(0, "leader", "FD", &leader, &has_leader,
		"with --worker: socket to the first pipeline's stage"),
	CLI_REALS(0, "group", "FD,...", &group,
		"with --worker: sockets to the other pipelines' stages"),
	CLI_FLAG(0, "mux", &by_mux,
		"with --worker: all sockets come by standard input and output, and so does the model"),
	CLI_HEADING("Output:"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-stage", "A:B|I/N [DATA...]",
	"run a range of a network's layers as a stage of a pipeline", options };

static struct nn_stage_part part;
static bool is_first, is_last;

static void check_usage(char *const *operands, int count)
{
	if (!count)
		cli_usage("which layers? (A:B, or stage I/N)");
	if (!model_path && !by_mux)
		cli_usage("which model? (-m)");
	if (by_mux && (model_path || output_path || !is_worker))
		cli_usage(by_mux && !is_worker ? "--mux goes with --worker" :
						 "--mux: model and output come by it too");
	if (task.batch && task.steps_per_epoch)
		cli_usage("either --batch or --steps-per-epoch");
	if (!is_worker && (has_up || has_down || has_leader || group.count))
		cli_usage("--up, --down, --leader and --group go with --worker");
	if (is_worker &&
		(grad_path || back_in || back_out || in_flight || task.batch ||
			task.steps_per_epoch || task.has_seed || view.which))
		cli_usage("--worker: nn-train says what is to be done");
	if (view.which && count > 2)
		cli_usage("--shard is a view of one file");
	if (!view.which && !is_worker && (view.method || has_shard_seed))
		cli_usage("--by and --shard-seed go with --shard");
	for (int i = 1; i < count && model_path && !strcmp(model_path, "-"); i++)
		if (!strcmp(operands[i], "-"))
			cli_usage("model and data cannot both come on standard input");
}

/* Which ends a stage has follows from where it stands. */
static void check_ends(const char *range, int count)
{
	if (is_first && count < 2)
		cli_usage("%s is the first stage: which data?", range);
	if (!is_first && count > 1)
		cli_usage("%s is not the first stage: only that takes data, others activations on "
			  "standard input",
			range);
	if (is_first && back_out)
		cli_usage("--back-out: before the first stage there is none");
	if (!is_first && !back_out)
		cli_usage("%s is not the first stage: it wants --back-out", range);
	if (!is_first && !strcmp(model_path, "-"))
		cli_usage("activations come on standard input: the model cannot");
	if (!is_first && (task.batch || task.steps_per_epoch || task.has_seed || view.which))
		cli_usage("--batch, --steps-per-epoch, --seed and --shard are for the first stage");
	if (is_last && back_in)
		cli_usage("--back-in: behind the last stage there is none");
	if (!is_last && !back_in)
		cli_usage("%s is not the last stage: it wants --back-in", range);
	if (!is_last && !grad_path)
		cli_usage("%s is not the last stage: where does its gradient go? (-g)", range);
	if (is_last && grad_path && output_path)
		cli_usage("the last stage has one output: either --grad or --output");
	if (in_flight > 1 && is_last)
		cli_usage("--in-flight: nothing is on its way behind the last stage");
	if (in_flight > 4096)
		cli_usage("--in-flight: at most 4096");
}

/* The data of the first stage; they live as long as the process. */
static void load_shards(struct nn_shards *shards, char *const *operands, size_t count)
{
	struct nn_dataset *data;
	const char **names;
	struct nn_error err;

	data = nn_alloc(count, sizeof *data, &err);
	names = data ? nn_alloc(count, sizeof *names, &err) : NULL;
	if (!names)
		cli_die(&err);
	for (size_t i = 0; i < count; i++) {
		int fd;

		if (nn_open_input(operands[i], &fd, &names[i], &err) ||
			nn_dataset_load(&data[i], fd, names[i], &err))
			cli_die(&err);
		if (fd != STDIN_FILENO)
			close(fd);
		if (nn_fit_data(part.network, &part.checkpoint.model.params, &data[i], names[i],
			    true, &err))
			cli_die(&err);
	}
	if (!view.method)
		view.method = "block";
	if (view.which ? nn_shards_of_view(shards, data, names[0], &view, &err) :
			 nn_shards_of_files(shards, data, names, count, &err))
		cli_die(&err);
}

/* A descriptor that whoever started us has opened, or a path; -1: neither. */
static int descriptor(const char *text)
{
	uint64_t number;

	if (!text || !nn_parse_u64(text, &number))
		return -1;
	if (number > 1 << 20 || fcntl((int)number, F_GETFD) < 0)
		cli_usage("descriptor %s is not open", text);
	return (int)number;
}

static void open_ends(struct nn_stage_options *ends, char *const *paths, struct nn_output *forward,
	struct nn_output *grads, struct nn_output *back)
{
	struct nn_stage_input *inputs = ends->inputs;
	struct nn_error err;

	*forward = *grads = *back = (struct nn_output){ .fd = -1 };
	ends->out_forward = ends->out_back = -1;
	if (!is_last)
		cli_output(forward, output_path, true);
	cli_output(grads, is_last && !grad_path ? output_path : grad_path, true);
	if (!is_last) {
		ends->out_forward = forward->fd;
		ends->out_forward_name = forward->name;
	}
	for (size_t i = 0; i < 2; i++) {
		const struct nn_output *output = i ? forward : grads;

		if (output->fd < 0)
			continue;
		cli_refuse_path(output, model_path);
		for (char *const *path = paths; *path; path++)
			cli_refuse_path(output, *path);
	}
	if (!is_first)
		inputs[ends->input_count++] = (struct nn_stage_input){ .fd = STDIN_FILENO,
			.name = "stdin",
			.carries = NN_STAGE_FORWARD };
	/* The stage before opens what we write to first: in a chain nobody waits in a circle. */
	if (back_out) {
		ends->out_back = descriptor(back_out);
		ends->out_back_name = back_out;
		if (ends->out_back < 0) {
			cli_output(back, back_out, true);
			ends->out_back = back->fd;
		}
	}
	if (back_in) {
		struct nn_stage_input *input = &inputs[ends->input_count++];

		*input = (struct nn_stage_input){ .name = back_in, .carries = NN_STAGE_BACK };
		input->fd = descriptor(back_in);
		if (input->fd < 0 && nn_open_input(back_in, &input->fd, &input->name, &err))
			cli_die(&err);
	}
}

/* Whatever stands on the other side of the range. */
static uint64_t usual_flights(void)
{
	if (is_last)
		return 1;
	return part.range.stages ? part.range.stages - part.range.stage : 2;
}

static int commit(struct nn_output *output, struct nn_error *err)
{
	return output->fd < 0 ? NN_OK : nn_output_commit(output, err);
}

static int write_sums(struct nn_stage *stage, struct nn_output *grads, struct nn_error *err)
{
	struct nn_writer *writer;
	int status = nn_writer_open(&writer, grads->fd, grads->name, err);

	if (status)
		return status;
	status = nn_stage_write_sums(stage, part.checkpoint.model.preamble.id, writer, err);
	/* Nothing to sum up has come. */
	if (status == NN_BAD && !is_first)
		nn_fail_in(err, "stdin");
	if (!status)
		status = nn_writer_end(writer, err);
	nn_writer_close(writer);
	return status;
}

static int socket_of(uint64_t number, bool given)
{
	if (!given)
		return -1;
	if (number > 1 << 20 || fcntl((int)number, F_GETFD) < 0)
		cli_usage("descriptor %llu is not open", (unsigned long long)number);
	return (int)number;
}

/* What connects the sockets here with those of whoever started us. Line 0 is for orders and answers. */
static struct {
	struct nn_mux_options options;
	int *lines; /* [options.count]: its ends */
	int *ends;  /* [options.count]: ours */
	pthread_t thread;
	int status;
	struct nn_error err;
} mux;

static void *pass_lines(void *nothing)
{
	mux.status = nn_mux_run(&mux.options, &mux.err);
	return nothing;
}

/* Line `number` as a socket. */
static int line_of(uint64_t number, bool given)
{
	int pair[2];

	if (!given)
		return -1;
	if (!number || number >= mux.options.count || mux.lines[number] >= 0)
		cli_usage("--mux: %llu is not the number of a line of its own",
			(unsigned long long)number);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		nn_fail_errno(&mux.err, NN_FAILED, "cannot make a socket");
		cli_die(&mux.err);
	}
	mux.lines[number] = pair[0];
	mux.ends[number] = pair[1];
	return pair[1];
}

/* Standard input and output are line 0 from now on, and what they were is the mux's. */
static void open_mux(void)
{
	int pair[2];

	mux.options = (struct nn_mux_options){
		.count = (size_t)1 + has_up + has_down + has_leader + group.count,
		.gone = -1,
		.leave = -1,
		.name = "stdin",
	};
	mux.lines = nn_alloc(mux.options.count, sizeof *mux.lines, &mux.err);
	mux.ends = nn_alloc(mux.options.count, sizeof *mux.ends, &mux.err);
	if (!mux.lines || !mux.ends)
		cli_die(&mux.err);
	for (size_t i = 0; i < mux.options.count; i++)
		mux.lines[i] = mux.ends[i] = -1;
	mux.options.lines = mux.lines;
	mux.options.in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	mux.options.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (mux.options.in < 0 || mux.options.out < 0 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
		dup2(pair[1], STDIN_FILENO) < 0 || dup2(pair[1], STDOUT_FILENO) < 0) {
		nn_fail_errno(&mux.err, NN_FAILED, "cannot make a socket");
		cli_die(&mux.err);
	}
	close(pair[1]);
	mux.lines[0] = pair[0];
}

static void start_mux(void)
{
	int error = pthread_create(&mux.thread, NULL, pass_lines, NULL);

	if (error) {
		nn_fail(&mux.err, NN_FAILED, "cannot start a thread (error %d)", error);
		cli_die(&mux.err);
	}
}

/* All that was said here is on its way when this returns. */
static void end_mux(void)
{
	for (size_t i = 1; i < mux.options.count; i++)
		close(mux.ends[i]);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	pthread_join(mux.thread, NULL);
	if (mux.status)
		cli_warn("%s", mux.err.text);
}

/* The worker of nn-train. It ends with whoever started it. */
static _Noreturn void serve(char *const *operands, size_t count)
{
	struct nn_stage_serve_options how = { .model = model_path,
		.range = operands[0],
		.paths = operands + 1,
		.count = count - 1,
		.method = view.method ? view.method : "block",
		.shard_seed = view.seed,
		.recompute = recompute,
		.group_count = group.count };
	int (*find)(uint64_t number, bool given) = by_mux ? line_of : socket_of;
	struct nn_output output;
	struct nn_error err;
	int *others = nn_alloc(group.count, sizeof *others, &err);
	int status;

	if (!others)
		cli_die(&err);
	if (by_mux)
		open_mux();
	how.up = find(up, has_up);
	how.down = find(down, has_down);
	how.leader = find(leader, has_leader);
	for (size_t i = 0; i < group.count; i++)
		others[i] = group.values[i] >= 0 ? find((uint64_t)group.values[i], true) : -1;
	how.group = others;
	nn_process_die_with_parent();
	/* Neighbours that have gone are found where they are written to. */
	signal(SIGPIPE, SIG_IGN);
	if (by_mux)
		start_mux();
	else
		cli_output(&output, output_path, true);
	status = nn_stage_serve(STDIN_FILENO, by_mux ? STDOUT_FILENO : output.fd, &how, &err);
	if (by_mux)
		end_mux();
	/* It has been said in a frame, to somebody who has more to say. */
	exit(status || by_mux ? status : nn_output_commit(&output, &err));
}

int main(int argc, char **argv)
{
	int count;
	char **operands;
	struct nn_shards shards = { 0 };
	struct nn_stage_options ends = { 0 };
	struct nn_output forward;
	struct nn_output grads;
	struct nn_output back;
	struct nn_stage *stage;
	struct nn_step step = { 0 };
	bool told = false;
	struct nn_error err;

	operands = cli_start(&tool, argc, argv, &count);
#ifdef __GLIBC__
	/* Else each thread reserves 64 MiB of addresses, which a limit counts. */
	mallopt(M_ARENA_MAX, 1);
#endif
	use_threads(threads);
	check_usage(operands, count);
	if (is_worker)
		serve(operands, (size_t)count);
	if (nn_stage_part_read(&part, model_path, operands[0], &err))
		cli_die(&err);
	is_first = !part.range.begin;
	is_last = part.range.end == part.range.layers;
	check_ends(operands[0], count);
	if (is_first) {
		task.warn = cli_warn;
		load_shards(&shards, operands + 1, (size_t)count - 1);
		if (nn_step_resolve(&step, &part.checkpoint.model.preamble, model_path, &shards,
			    &task, &told, &err))
			cli_die(&err);
	}
	/* Only FIFOs are waited for. */
	if ((back_in && descriptor(back_in) < 0) || (back_out && descriptor(back_out) < 0))
		neighbours_watch(!is_first, !is_last && !output_path);
	open_ends(&ends, operands + 1, &forward, &grads, &back);
	neighbours_came();
	ends.network = part.network;
	ends.params = &part.checkpoint.model.params;
	ends.range = part.range;
	ends.in_flight = (size_t)(in_flight ? in_flight : usual_flights());
	ends.recompute = recompute;
	ends.id = part.checkpoint.model.preamble.id;
	ends.data = &shards;
	if (nn_stage_open(&stage, &ends, &err) ||
		nn_stage_run(stage, &step, 0, is_first ? shards.count : NN_STAGE_ALL, &err) ||
		nn_stage_end_forward(stage, &err) || commit(&forward, &err) ||
		nn_stage_end_back(stage, &err) || write_sums(stage, &grads, &err))
		cli_die(&err);
	nn_stage_close(stage);
	if (commit(&grads, &err) || commit(&back, &err))
		cli_die(&err);
	nn_shards_free(&shards);
	nn_stage_part_free(&part);
	return 0;
}
