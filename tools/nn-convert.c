/* nn-convert: streams to and from the files of other programs. */

#include <string.h>

#include "cli/cli.h"
#include "model/format.h"

static const char *const kind_names[] = { "data", "model", "grad", "delta", "state", NULL };
static const unsigned kinds[] = { NN_KIND_DATA, NN_KIND_MODEL, NN_KIND_GRAD, NN_KIND_DELTA,
	NN_KIND_STATE };

static const char *to, *kind_name;
static uint64_t number = NN_ANY_FRAME;
static bool deflate;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_CHOICE('t', "to", "FORMAT", &to, nn_format_names, "what to write"),
	CLI_CHOICE('k', "kind", "KIND", &kind_name, kind_names,
		"take the last frame of this kind (default: the last model), or what a "
		"safetensors file is taken for"),
	CLI_COUNT('n', "frame", "N", &number, "take frame N, from 0"),
	CLI_FLAG('z', "deflate", &deflate, "deflate the bodies of nnt"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-convert", "--to FORMAT [FILE]",
	"convert streams to and from the files of other programs", options };

static unsigned chosen_kind(void)
{
	for (size_t i = 0; kind_name && kind_names[i]; i++)
		if (!strcmp(kind_name, kind_names[i]))
			return kinds[i];
	return 0;
}

static int write_item(const struct nn_format *format, struct nn_reader *reader,
	struct nn_output *output, struct nn_error *err)
{
	struct nn_item item;
	int status = nn_item_read(&item, reader, chosen_kind(), number, err);

	if (!status)
		status = format->write(&item, output->fd, output->name, deflate, err);
	nn_item_free(&item);
	return status;
}

static int write_stream(struct nn_reader *reader, struct nn_output *output, struct nn_error *err)
{
	struct nn_writer *writer;
	int status = nn_writer_open(&writer, output->fd, output->name, err);

	if (status)
		return status;
	status = nn_stream_copy(reader, writer, deflate, err);
	nn_writer_close(writer);
	return status;
}

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	const struct nn_format *format;
	struct nn_output output;
	struct nn_reader *reader;
	struct nn_error err;
	const char *name;
	bool whole = !kind_name && number == NN_ANY_FRAME;
	bool plain = false;
	int fd;
	int status;

	if (!to)
		cli_usage("--to is missing");
	if (count > 1)
		cli_usage("one FILE at a time, not %d", count);
	if (kind_name && number != NN_ANY_FRAME)
		cli_usage("--kind and --frame do not go together");
	format = nn_format_find(to);
	if (deflate && !format->deflates)
		cli_usage("%s files cannot be deflated: -z is for nnt", format->name);
	if (nn_open_input(count ? operands[0] : "-", &fd, &name, &err))
		cli_die(&err);
	cli_output(&output, output_path, true);
	cli_refuse_same(&output, fd, name);
	if (nn_reader_open(&reader, fd, name, kind_name ? chosen_kind() : NN_KIND_MODEL, &err))
		cli_die(&err);
	status = nn_reader_plain(reader, &plain, &err);
	if (!status)
		status = whole && !plain && format == &nn_format_nnt ?
			write_stream(reader, &output, &err) :
			write_item(format, reader, &output, &err);
	if (status || nn_output_commit(&output, &err))
		cli_die(&err);
	nn_reader_close(reader);
	return 0;
}
