/* nn-join: put slices together. */
#include <stdlib.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "stream/joining.h"

static const char *output_path;
static bool verbose;

static const struct cli_option options[] = {
	CLI_FLAG('v', "verbose", &verbose, "say what was written, also where no terminal is"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-join", "[FILE...]", "put slices together", options };

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
	size_t inputs = count ? (size_t)count : 1;
	struct nn_error err;
	struct nn_reader **readers = nn_alloc(inputs, sizeof *readers, &err);
	struct nn_writer *writer;
	struct nn_output output;
	uint64_t frames;

	cli_output(&output, output_path, true);
	if (!readers)
		cli_die(&err);
	for (size_t i = 0; i < inputs; i++)
		readers[i] = open_reader(count ? operands[i] : "-", &output);
	if (nn_writer_open(&writer, output.fd, output.name, &err))
		cli_die(&err);
	if (inputs > 1 ? nn_join_parts(readers, inputs, writer, &frames, &err) :
			 nn_join_stream(readers[0], writer, &frames, &err))
		cli_die(&err);
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	nn_writer_close(writer);
	for (size_t i = 0; i < inputs; i++)
		nn_reader_close(readers[i]);
	free(readers);
	cli_note("%llu frame%s joined", (unsigned long long)frames, frames == 1 ? "" : "s");
	return 0;
}
