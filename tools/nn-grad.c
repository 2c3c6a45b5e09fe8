/* nn-grad: the gradient of a model on shards of data, for each model that comes. */

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "data/dataset.h"
#include "data/partition.h"
#include "model/model.h"
#include "proc/process.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "train/serve.h"
#include "train/shards.h"
#include "train/task.h"

#include "tools/optimizer-options.h"
#include "tools/threads.h"

static const char *model_path;
static struct nn_task_options task;
static struct nn_view view;
static struct cli_reals weights;
static bool has_shard_seed;
static bool is_worker;
static const char *kernel;
static uint64_t shared;
static struct nn_optim_options inner;
static double pace;
static uint64_t threads;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_STRING('m', "model", "MODEL", &model_path,
		"the last model of this file, instead of each on standard input"),
	CLI_COUNT('b', "batch", "ROWS", &task.batch, "rows a step, of each shard (default all)"),
	CLI_COUNT(0, "steps-per-epoch", "S", &task.steps_per_epoch,
		"steps an epoch, instead of --batch; a model that says so itself is obeyed"),
	CLI_COUNT_GIVEN('s', "seed", "N", &task.seed, &task.has_seed,
		"seed of the order of the rows (default the model's)"),
	CLI_COUNT(0, "threads", "N", &threads,
		"of matrix products (default 1, or what the model's kernel says)"),
	CLI_HEADING("Shards of one file, without cutting it"),
	CLI_STRING(0, "shard", "K/V", &view.which,
		"only shard K of V, from 0, or K-L/V: shards K to L"),
	CLI_CHOICE(0, "by", "METHOD", &view.method, nn_partitioner_names,
		"how the rows are cut (default block)"),
	CLI_REALS(0, "weights", "W,...", &weights, "relative sizes of the V shards"),
	CLI_COUNT_GIVEN(0, "shard-seed", "N", &view.seed, &has_shard_seed,
		"seed of random cuts (default 0)"),
	CLI_HEADING("Local steps"),
	CLI_COUNT(0, "local-steps", "H", &task.local_steps,
		"train each shard alone for H steps; the result is how far it got"),
	OPTIMIZER_OPTIONS(inner),
	CLI_FLAG(0, "keep-inner", &task.keep_inner,
		"the optimizer's state of a shard stays from model to model"),
	CLI_HEADING("For nn-train"),
	CLI_FLAG(0, "worker", &is_worker, "answer tasks on standard input, as nn-train sends them"),
	CLI_STRING(0, "kernel", "NAME", &kernel, "with --worker: the matrix kernel"),
	CLI_COUNT(0, "shared", "FD", &shared,
		"with --worker: memory that nn-train shares, by its descriptor"),
	CLI_REAL(0, "pace", "SEC", &pace, 0, 1e6,
		"with --worker: take at least so long for each row"),
	CLI_HEADING("Output"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-grad", "DATA...",
	"compute the gradient of a model on shards of data", options };

static void check_usage(char *const *operands, int count)
{
	if (!count && !is_worker)
		cli_usage("which data?");
	for (int i = 0; i < count && !model_path; i++)
		if (!strcmp(operands[i], "-"))
			cli_usage("the model comes on standard input: data cannot (see -m)");
	if (model_path && !strcmp(model_path, "-"))
		for (int i = 0; i < count; i++)
			if (!strcmp(operands[i], "-"))
				cli_usage("model and data cannot both come on standard input");
	if (task.batch && task.steps_per_epoch)
		cli_usage("either --batch or --steps-per-epoch");
	if (is_worker &&
		(model_path || task.batch || task.steps_per_epoch || task.has_seed || view.which ||
			weights.count))
		cli_usage("--worker goes with --kernel, --by and --shard-seed alone");
	if (!is_worker && (kernel || shared || pace > 0))
		cli_usage("--kernel, --shared and --pace go with --worker");
	if (shared && (shared <= STDERR_FILENO || shared > INT_MAX))
		cli_usage("--shared: %llu is no descriptor that could be shared",
			(unsigned long long)shared);
	if (!is_worker && !view.which && (view.method || weights.count || has_shard_seed))
		cli_usage("--by, --weights and --shard-seed go with --shard");
	if (view.which && count > 1)
		cli_usage("--shard is a view of one file, not of %d", count);
}

static void resolve_inner(void)
{
	struct nn_error err;

	if (!task.local_steps && (inner.method || !isnan(inner.lr) || task.keep_inner))
		cli_usage("--optimizer, --lr and --keep-inner go with --local-steps");
	if (nn_optim_resolve(&inner, NULL, &err))
		cli_die(&err);
	task.inner = &inner;
}

/* All data, loaded once; they live as long as the process. */
static struct nn_dataset *data;
static const char **names;

static void load_shards(struct nn_shards *shards, char *const *operands, size_t count,
	const struct nn_output *output)
{
	struct nn_error err;
	int fd;

	data = nn_alloc(count, sizeof *data, &err);
	if (!data)
		cli_die(&err);
	names = nn_alloc(count, sizeof *names, &err);
	if (!names)
		cli_die(&err);
	for (size_t i = 0; i < count; i++) {
		fd = cli_input(output, operands[i], &names[i]);
		if (nn_dataset_load(&data[i], fd, names[i], &err))
			cli_die(&err);
		if (fd != STDIN_FILENO)
			close(fd);
	}
	view.weights = weights.values;
	view.weight_count = weights.count;
	if (!view.method)
		view.method = "block";
	if (view.which ? nn_shards_of_view(shards, data, names[0], &view, &err) :
			 nn_shards_of_files(shards, data, names, count, &err))
		cli_die(&err);
}

/* The last model of a file. */
static int answer_file(struct nn_worker *worker, struct nn_writer *writer, struct nn_error *err)
{
	struct nn_checkpoint checkpoint;
	int status = nn_checkpoint_read(&checkpoint, model_path, err);

	if (status)
		return status;
	status = nn_worker_answer(worker, &checkpoint.model, model_path, writer, err);
	nn_checkpoint_free(&checkpoint);
	return status;
}

/* Each model of a stream, up to its END. */
static int answer_stream(struct nn_worker *worker, struct nn_writer *writer, struct nn_error *err)
{
	struct nn_reader *reader;
	const struct nn_frame *frame;
	struct nn_model model;
	uint64_t answered = 0;
	int status = nn_reader_open(&reader, 0, "stdin", NN_KIND_MODEL, err);

	while (!status && !(status = nn_reader_next(reader, &frame, err)) && frame &&
		frame->preamble.kind != NN_KIND_END) {
		if (frame->preamble.kind != NN_KIND_MODEL)
			continue;
		status = nn_model_load(&model, reader, frame, err);
		if (status)
			break;
		status = nn_worker_answer(worker, &model, nn_reader_name(reader), writer, err);
		nn_model_free(&model);
		answered++;
	}
	if (!status && !answered)
		status = nn_fail(err, NN_BAD, "stdin: there is no model in it");
	nn_reader_close(reader);
	return status;
}

/* The worker of nn-train. It ends with whoever started it. */
static _Noreturn void serve(struct nn_output *output, char *const *operands, size_t count)
{
	struct nn_serve_options how = { .paths = operands,
		.count = count,
		.method = view.method ? view.method : "block",
		.shard_seed = view.seed,
		.kernel = kernel,
		.shared = shared,
		.pace = pace };
	struct nn_error err;

	nn_process_die_with_parent();
	if (nn_serve(STDIN_FILENO, output->fd, &how, &err) || nn_output_commit(output, &err))
		cli_die(&err);
	exit(NN_OK);
}

int main(int argc, char **argv)
{
	int count;
	char **operands;
	struct nn_shards shards;
	struct nn_worker *worker;
	struct nn_writer *writer;
	struct nn_output output;
	struct nn_error err;

	inner = nn_optim_no_options;
	operands = cli_start(&tool, argc, argv, &count);
	use_threads(threads);
	check_usage(operands, count);
	resolve_inner();
	cli_output(&output, output_path, true);
	if (is_worker)
		serve(&output, operands, (size_t)count);
	if (model_path)
		cli_refuse_path(&output, model_path);
	load_shards(&shards, operands, (size_t)count, &output);
	task.warn = cli_warn;
	worker = nn_worker_new(&shards, &task, &err);
	if (!worker || nn_writer_open(&writer, output.fd, output.name, &err))
		cli_die(&err);
	if (model_path ? answer_file(worker, writer, &err) : answer_stream(worker, writer, &err))
		cli_die(&err);
	if (nn_writer_end(writer, &err) || nn_output_commit(&output, &err))
		cli_die(&err);
	nn_writer_close(writer);
	nn_worker_free(worker);
	nn_shards_free(&shards);
	return 0;
}
