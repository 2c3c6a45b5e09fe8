/* nn-join: put slices together. */

#include "cli/cli.h"
#include "stream/joining.h"

#include "tools/inputs.h"

static const char *output_path;
static bool verbose;

static const struct cli_option options[] = {
	CLI_FLAG('v', "verbose", &verbose, "say what was written, also where no terminal is"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-join", "[FILE...]", "put slices together", options };

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	size_t inputs = (size_t)count;
	struct nn_reader **readers;
	struct nn_error err;
	struct nn_writer *writer;
	struct nn_output output;
	uint64_t frames;

	cli_output(&output, output_path, true);
	readers = inputs_open(operands, &inputs, &output);
	if (nn_writer_open(&writer, output.fd, output.name, &err))
		cli_die(&err);
	if (inputs > 1 ? nn_join_parts(readers, inputs, writer, &frames, &err) :
			 nn_join_stream(readers[0], writer, &frames, &err))
		cli_die(&err);
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	nn_writer_close(writer);
	inputs_close(readers, inputs);
	cli_note("%llu frame%s joined", (unsigned long long)frames, frames == 1 ? "" : "s");
	return 0;
}
