/* nn-slice: one stream of models or gradients to many, by ranges of the parameters. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/shard_files.h"
#include "stream/slicing.h"

#define MOST_SLICES 65536

static uint64_t count;
static bool has_count;
static const char *output_path;
static const char *filter;
static const char *only;
static bool verbose;

static const struct cli_option options[] = {
	CLI_COUNT_GIVEN('n', "slices", "N", &count, &has_count, "how many slices"),
	CLI_STRING('o', "output", "TEMPLATE", &output_path,
		"names of the files, %d is the slice's number; default: slice-%d.nnt"),
	CLI_STRING('F', "filter", "COMMAND", &filter,
		"pipe each slice to this shell command; $SLICE and $FILE are set"),
	CLI_STRING('k', "only", "I/N", &only,
		"write slice I of N alone, to standard output or -o FILE"),
	CLI_FLAG('v', "verbose", &verbose, "say what was written, also where no terminal is"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-slice", "[FILE]",
	"cut models and gradients by their parameters", options };

static void show_progress(void *slices, uint64_t frames)
{
	(void)slices;
	cli_progress("%llu frames", (unsigned long long)frames);
}

/* "2/4" */
static uint64_t parse_only(void)
{
	struct nn_error err;
	char *copy = nn_strdup(only, &err);
	char *slash;
	uint64_t slice = 0;
	uint64_t total = 0;

	if (!copy)
		cli_die(&err);
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (!slash || !nn_parse_u64(copy, &slice) || !nn_parse_u64(slash + 1, &total))
		cli_usage("-k '%s' is not I/N", only);
	free(copy);
	if (has_count && count != total)
		cli_usage("-k %s and -n %llu differ", only, (unsigned long long)count);
	count = total;
	if (!count)
		cli_usage("-k %s: there would be no slice", only);
	if (slice >= count)
		cli_usage("-k %s: slices are numbered from 0", only);
	return slice;
}

static uint64_t check_options(void)
{
	uint64_t slice = only ? parse_only() : 0;
	struct nn_error err;

	if (only && filter)
		cli_usage("-k writes one slice: --filter is for all of them");
	if (!count)
		cli_usage(has_count ? "-n 0: there would be no slice" : "how many slices? (-n)");
	if (count > MOST_SLICES)
		cli_usage("%llu slices are too many: at most %d", (unsigned long long)count,
			MOST_SLICES);
	if (!only && !output_path)
		output_path = "slice-%d.nnt";
	if (!only && nn_template_check(output_path, &err))
		cli_usage("%s", err.text);
	return slice;
}

/* All slices, to files or commands. */
static uint64_t write_all(struct nn_slicing *slicing, struct nn_reader *reader, int input)
{
	struct nn_shard_files files;
	struct nn_error err;
	uint64_t frames;

	if (filter)
		signal(SIGPIPE,
			SIG_IGN); /* a command may stop reading: its status says if that is well */
	if (nn_shard_files_open(&files, "slice", output_path, filter, count, input, &err))
		cli_die(&err);
	for (uint64_t k = 0; k < count; k++)
		if (files.places[k].file.temporary)
			cli_remove_at_death(files.places[k].file.temporary);
	slicing->writers = files.writers;
	slicing->failed = nn_shard_files_failed;
	slicing->context = &files;
	if (nn_slice_stream(reader, slicing, &frames, &err) ||
		nn_shard_files_finish(&files, &err)) {
		nn_shard_files_free(&files);
		cli_die(&err);
	}
	nn_shard_files_free(&files);
	return frames;
}

static uint64_t write_one(struct nn_slicing *slicing, struct nn_reader *reader, int input,
	const char *name, uint64_t slice)
{
	struct nn_output output;
	struct nn_error err;
	uint64_t frames;

	cli_output(&output, output_path, true);
	cli_refuse_same(&output, input, name);
	slicing->writers = nn_alloc((size_t)count, sizeof *slicing->writers, &err);
	if (!slicing->writers ||
		nn_writer_open(&slicing->writers[slice], output.fd, output.name, &err) ||
		nn_slice_stream(reader, slicing, &frames, &err))
		cli_die(&err);
	nn_writer_close(slicing->writers[slice]);
	free(slicing->writers);
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	return frames;
}

int main(int argc, char **argv)
{
	int operands;
	char **paths = cli_start(&tool, argc, argv, &operands);
	uint64_t slice = check_options();
	struct nn_slicing slicing = { .parts = (uint32_t)count, .progress = show_progress };
	struct nn_reader *reader;
	struct nn_error err;
	const char *name;
	uint64_t frames;
	int fd;

	if (operands > 1)
		cli_usage("%d files: one stream is cut at a time", operands);
	if (nn_open_input(operands ? paths[0] : "-", &fd, &name, &err) ||
		nn_reader_open(&reader, fd, name, NN_KIND_MODEL, &err))
		cli_die(&err);
	frames = only ? write_one(&slicing, reader, fd, name, slice) :
			write_all(&slicing, reader, fd);
	nn_reader_close(reader);
	cli_progress_done();
	cli_note("%llu frame%s, each in %llu slices", (unsigned long long)frames,
		frames == 1 ? "" : "s", (unsigned long long)count);
	return NN_OK;
}
