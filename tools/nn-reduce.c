/* nn-reduce: combine gradients, models or deltas into one. */

#include <stdlib.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "reduce/reduce.h"
#include "train/reduce.h"

static const char *const nonfinite_names[] = { "fail", "skip", NULL };

static const char *method;
static struct cli_reals weights;
static const char *nonfinite = "fail";
static bool mixed_kernels;
static bool mixed_steps;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_CHOICE('m', "method", "METHOD", &method, nn_reducer_names,
		"how to combine; default sum for gradients, mean for models and deltas"),
	CLI_REALS('w', "weights", "W,...", &weights, "weights of models or deltas, by operand"),
	CLI_CHOICE(0, "nonfinite", "WHAT", &nonfinite, nonfinite_names,
		"what to do with an input that has a NaN or infinity in it (default fail)"),
	CLI_FLAG(0, "mixed-kernels", &mixed_kernels, "take gradients of unlike matrix kernels"),
	CLI_FLAG(0, "mixed-steps", &mixed_steps, "take models of unlike steps"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-reduce", "[FILE...]",
	"combine gradients, models or deltas into one", options };

static struct nn_reader *open_reader(const char *path, const struct nn_output *output)
{
	struct nn_reader *reader;
	struct nn_error err;
	const char *name;
	int fd = cli_input(output, path, &name);

	if (nn_reader_open(&reader, fd, name, NN_KIND_MODEL, &err))
		cli_die(&err);
	return reader;
}

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	struct nn_reduce_options how = { method, weights.values, weights.count,
		nonfinite == nonfinite_names[1], mixed_kernels, mixed_steps, cli_warn, NULL };
	size_t inputs = count ? (size_t)count : 1;
	struct nn_error err;
	struct nn_reader **readers = nn_alloc(inputs, sizeof *readers, &err);
	struct nn_writer *writer;
	struct nn_output output;

	cli_output(&output, output_path, true);
	if (!readers)
		cli_die(&err);
	for (size_t i = 0; i < inputs; i++)
		readers[i] = open_reader(count ? operands[i] : "-", &output);
	if (nn_writer_open(&writer, output.fd, output.name, &err))
		cli_die(&err);
	if (inputs > 1 ? nn_reduce_lockstep(readers, inputs, writer, &how, &err) :
			 nn_reduce_merge(readers[0], writer, &how, &err))
		cli_die(&err);
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	nn_writer_close(writer);
	for (size_t i = 0; i < inputs; i++)
		nn_reader_close(readers[i]);
	free(readers);
	return 0;
}
