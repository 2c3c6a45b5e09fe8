/* nn-reduce: combine gradients, models or deltas into one. */

#include "cli/cli.h"
#include "reduce/reduce.h"
#include "train/reduce.h"

#include "tools/inputs.h"

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

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	struct nn_reduce_options how = { method, weights.values, weights.count,
		nonfinite == nonfinite_names[1], mixed_kernels, mixed_steps, cli_warn, NULL };
	size_t inputs = (size_t)count;
	struct nn_reader **readers;
	struct nn_error err;
	struct nn_writer *writer;
	struct nn_output output;

	cli_output(&output, output_path, true);
	readers = inputs_open(operands, &inputs, &output);
	if (nn_writer_open(&writer, output.fd, output.name, &err))
		cli_die(&err);
	if (inputs > 1 ? nn_reduce_lockstep(readers, inputs, writer, &how, &err) :
			 nn_reduce_merge(readers[0], writer, &how, &err))
		cli_die(&err);
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	nn_writer_close(writer);
	inputs_close(readers, inputs);
	return 0;
}
