/* nn-update: gradients to the next model. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "train/update.h"

#include "tools/inputs.h"
#include "tools/optimizer-options.h"

static const char *const nonfinite_names[] = { "fail", "skip", NULL };

static struct nn_update_options how;
static const char *nonfinite = "fail";
static bool live;
static struct nn_update_loop loop;
static const char *sums_in;
static const char *sums_out;
static const char *log_path;
static const char *output_path;
static bool verbose;

static const struct cli_option options[] = {
	OPTIMIZER_OPTIONS(how.optim),
	CLI_HEADING("Gradients:"),
	CLI_COUNT('q', "quorum", "N", &how.quorum, "go on with so many shards of a step"),
	CLI_CHOICE(0, "nonfinite", "WHAT", &nonfinite, nonfinite_names,
		"what to do with a gradient that has a NaN or infinity in it (default fail)"),
	CLI_FLAG(0, "mixed-kernels", &how.mixed_kernels, "take gradients of unlike matrix kernels"),
	CLI_HEADING("A slice of a model:"),
	CLI_STRING(0, "sums-in", "FIFO", &sums_in,
		"sums for the norm of all slices come from the slice before"),
	CLI_STRING(0, "sums-out", "FIFO", &sums_out,
		"... and go to the next one; the last one's to the first"),
	CLI_HEADING("A live pipe:"),
	CLI_FLAG('L', "loop", &live, "write the model, read its gradients, and so on"),
	CLI_COUNT('n', "steps", "N", &loop.steps, "with --loop: stop after so many updates"),
	CLI_COUNT('e', "epochs", "N", &loop.epochs, "with --loop: stop after so many epochs"),
	CLI_STRING('c', "checkpoint", "FILE", &loop.checkpoint,
		"with --loop: model and state go there in the end"),
	CLI_COUNT(0, "every", "N", &loop.every, "... and after each N updates"),
	CLI_HEADING("Output:"),
	CLI_STRING(0, "log", "FILE", &log_path,
		"append step, epoch, loss, learning rate and norm, tab-separated"),
	CLI_FLAG('v', "verbose", &verbose, "say what an update did, on no terminal too"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-update", "MODEL [FILE...]", "apply gradients to a model",
	options };

static const char log_columns[] = "step\tepoch\tloss\tlr\tnorm\n";

static FILE *log_file;
static const struct nn_model *model;
static struct nn_preamble began; /* of the model as it came */
static struct nn_update_report last;

/* The step at which the loop will stop; 0: that is not known. */
static uint64_t last_step(void)
{
	uint64_t by_steps = loop.steps ? began.step + loop.steps : UINT64_MAX;
	uint64_t by_epochs = UINT64_MAX;
	uint64_t least;

	if (loop.epochs && model->preamble.steps_per_epoch)
		by_epochs = began.step + loop.epochs * model->preamble.steps_per_epoch -
			began.step_in_epoch;
	least = by_steps < by_epochs ? by_steps : by_epochs;
	return least == UINT64_MAX ? 0 : least;
}

static void draw_progress(const struct nn_update_report *what)
{
	char of[32] = "";

	if (last_step())
		snprintf(of, sizeof of, " of %llu", (unsigned long long)last_step());
	cli_progress("step %llu%s, epoch %llu, loss %.4g", (unsigned long long)what->step, of,
		(unsigned long long)what->epoch, what->loss);
}

static void report(const struct nn_update_report *what)
{
	char loss[NN_F64_TEXT];
	char lr[NN_F64_TEXT];
	char norm[NN_F64_TEXT];

	last = *what;
	if (live)
		draw_progress(what);
	else
		cli_note("step %llu, epoch %llu: loss %.6g, learning rate %.4g",
			(unsigned long long)what->step, (unsigned long long)what->epoch, what->loss,
			what->lr);
	if (!log_file)
		return;
	nn_format_f64(what->loss, loss);
	nn_format_f64(what->lr, lr);
	nn_format_f64(what->norm, norm);
	fprintf(log_file, "%llu\t%llu\t%s\t%s\t%s\n", (unsigned long long)what->step,
		(unsigned long long)what->epoch, loss, lr, norm);
	if (fflush(log_file))
		cli_die_of_log(log_path);
}

/* Nothing is written before all gradients were read and verified. */
static int update_once(struct nn_updater *updater, char *const *paths,
	const struct nn_output *output, struct nn_writer *writer, struct nn_error *err)
{
	static char *const standard_input[] = { "-", NULL };
	int status = NN_OK;

	for (char *const *path = *paths ? paths : standard_input; *path && !status; path++) {
		struct nn_reader *reader = input_open(*path, NN_KIND_GRAD, output);

		status = nn_update_collect(updater, reader, err);
		nn_reader_close(reader);
	}
	if (!status)
		status = nn_updater_step(updater, err);
	if (!status)
		status = nn_checkpoint_write(nn_updater_checkpoint(updater), writer, err);
	return status ? status : nn_writer_end(writer, err);
}

static int run_loop(struct nn_updater *updater, char *const *paths, const struct nn_output *output,
	struct nn_writer *writer, struct nn_error *err)
{
	struct nn_reader *reader = input_open(*paths ? *paths : "-", NN_KIND_GRAD, output);
	int status;

	if (!loop.checkpoint)
		cli_warn("no --checkpoint: the trained model will not be kept");
	/* Before a reader that has gone ends us, the checkpoint is written. */
	if (loop.checkpoint)
		signal(SIGPIPE, SIG_IGN);
	status = nn_update_loop(updater, reader, writer, &loop, err);
	if (status && errno == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	nn_reader_close(reader);
	if (!status)
		cli_note("step %llu, epoch %llu: loss %.6g%s%s%s", (unsigned long long)last.step,
			(unsigned long long)last.epoch, last.loss, loop.checkpoint ? "; " : "",
			loop.checkpoint ? loop.checkpoint : "", loop.checkpoint ? " written" : "");
	return status;
}

static void check_usage(int count, char *const *operands)
{
	if (!count)
		cli_usage("which model? There is no operand");
	if (live && count > 2)
		cli_usage("--loop reads one stream of gradients");
	if (count == 1 && operands[0][0] == '-' && !operands[0][1])
		cli_usage("the model and the gradients cannot both come on standard input");
	if (live && !loop.steps && !loop.epochs)
		cli_usage("--loop needs --steps or --epochs");
	if (!live && (loop.steps || loop.epochs || loop.checkpoint || loop.every))
		cli_usage("--steps, --epochs, --checkpoint and --every go with --loop");
	if (!sums_in != !sums_out)
		cli_usage("--sums-in and --sums-out go together");
	if (loop.checkpoint && cli_one_file(loop.checkpoint, output_path))
		cli_usage("--checkpoint and --output are one file");
	if (loop.every && !loop.checkpoint)
		cli_usage("--every needs --checkpoint");
}

/* The log is written while the others are still read. */
static void check_log(char *const *operands)
{
	struct nn_output as_output = { .fd = -1, .path = (char *)log_path };

	if (!log_path)
		return;
	if (cli_one_file(log_path, output_path))
		cli_usage("--log and --output are one file");
	if (loop.checkpoint && cli_one_file(log_path, loop.checkpoint))
		cli_usage("--log and --checkpoint are one file");
	for (char *const *operand = operands; *operand; operand++)
		cli_refuse_path(&as_output, *operand);
	if (!operands[1])
		cli_refuse_path(&as_output, "-");
}

/* Only files are looked at: whoever fills a FIFO must not see it closed. */
static void refuse_model_as_output(const struct nn_output *output, const char *path)
{
	struct nn_error err;
	struct stat st;
	const char *name;
	int fd;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	if (nn_open_input(path, &fd, &name, &err))
		cli_die(&err);
	cli_refuse_same(output, fd, name);
	close(fd);
}

/* Better now than after an hour of work. */
static void try_checkpoint(void)
{
	struct nn_output output;
	struct nn_error err;
	struct stat st;

	if (!loop.checkpoint || (!stat(loop.checkpoint, &st) && !S_ISREG(st.st_mode)))
		return;
	if (nn_output_open(&output, loop.checkpoint, &err))
		cli_die(&err);
	nn_output_abandon(&output);
}

int main(int argc, char **argv)
{
	int count;
	char **operands;
	struct nn_checkpoint checkpoint;
	struct nn_updater *updater;
	struct nn_output output;
	struct nn_writer *writer;
	struct nn_error err;

	how.optim = nn_optim_no_options;
	operands = cli_start(&tool, argc, argv, &count);
	check_usage(count, operands);
	check_log(operands);
	how.skip_nonfinite = nonfinite == nonfinite_names[1];
	how.warn = cli_warn;
	loop.warn = cli_warn;
	how.note = cli_note;
	how.report = report;
	cli_output(&output, output_path, true);
	refuse_model_as_output(&output, operands[0]);
	try_checkpoint();
	if (nn_checkpoint_read_part(&checkpoint, operands[0], &err) ||
		(sums_in &&
			nn_sums_new(&how.sums, sums_in, sums_out, &checkpoint.model.preamble,
				&err)) ||
		nn_updater_new(&updater, &checkpoint, operands[0], &how, &err) ||
		nn_writer_open(&writer, output.fd, output.name, &err))
		cli_die(&err);
	if (log_path)
		log_file = cli_open_log(log_path, log_columns);
	if (how.sums && nn_sums_open(how.sums, &err))
		cli_die(&err);
	model = &checkpoint.model;
	began = model->preamble;
	if ((live ? run_loop : update_once)(updater, operands + 1, &output, writer, &err))
		cli_die(&err);
	cli_progress_done();
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	if (log_file && fclose(log_file))
		cli_die_of_log(log_path);
	nn_writer_close(writer);
	nn_updater_free(updater);
	nn_sums_free(how.sums);
	nn_checkpoint_free(&checkpoint);
	return 0;
}
