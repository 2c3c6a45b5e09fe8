/* nn-import: tables, IDX files and texts to data frames. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/cli.h"
#include "data/import.h"
#include "model/network.h"
#include "stream/reader.h"
#include "stream/writer.h"

static const char *const yes_no[] = { "auto", "yes", "no", NULL };
static const char *const target_types[] = { "auto", "class", "number", NULL };
static const char *const missing[] = { "fail", "drop", "mean", NULL };

static const char *const tokens[] = { "bytes", "used", NULL };

static struct nn_import import = { .format = "auto" };
static bool context_given, stride_given;
static const char *delimiter;
static const char *like;
static const char *output_path;
static bool verbose;

static const struct cli_option options[] = {
	CLI_CHOICE('f', "format", "FORMAT", &import.format, nn_importer_names,
		"of the input; auto: by its content, a text by its name (.txt)"),
	CLI_STRING('t', "target", "COLUMN", &import.target,
		"what is to be predicted: name, or number from 1; with commas: several"),
	CLI_CHOICE(0, "target-type", "TYPE", &import.target_type, target_types,
		"classes or numbers; auto: texts and few whole numbers are classes"),
	CLI_STRING('c', "columns", "COLUMNS", &import.columns,
		"the inputs, as a,b or 2-5; default: all but the target"),
	CLI_STRING('d', "drop", "COLUMNS", &import.drop, "columns to leave out"),
	CLI_FLAG('s', "standardize", &import.standardize,
		"each column of numbers to mean 0 and standard deviation 1"),
	CLI_STRING('l', "like", "FILE", &like,
		"encode and scale as that data set, or as the model was made for"),
	CLI_CHOICE(0, "na", "WHAT", &import.na, missing,
		"missing cells: fail, drop the row, or take the column's mean"),
	CLI_CHOICE(0, "header", "WHICH", &import.header, yes_no,
		"whether the first row is names; auto: by the rows below"),
	CLI_STRING(0, "delimiter", "CHARACTER", &delimiter, "between cells; default: comma, tab"),
	CLI_COUNT_GIVEN(0, "context", "N", &import.context, &context_given,
		"bytes of a text in a row (default 128)"),
	CLI_COUNT_GIVEN(0, "stride", "N", &import.stride, &stride_given,
		"bytes of a text from a row's start to the next one's; default: the context"),
	CLI_CHOICE(0, "tokens", "WHICH", &import.tokens, tokens,
		"classes of a text: all 256 bytes (default), or those that it has"),
	CLI_STRING('o', "output", "FILE", &output_path, "default: standard output"),
	CLI_FLAG('v', "verbose", &verbose, "say what was read, also where no terminal is"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-import", "[FILE [LABELS]]",
	"turn tables, IDX files and texts into a data set", options };

static void show_progress(uint64_t rows)
{
	cli_progress("%llu rows", (unsigned long long)rows);
}

/* Numbers of a row, where a row is a list of them. */
static uint64_t row_length(const struct nn_bundle *bundle)
{
	const char *spec = nn_bundle_meta(bundle, "spec");
	const struct nn_tensor *x = nn_bundle_find(bundle, "x");
	struct nn_network *network;
	struct nn_error err;
	uint64_t length;

	if (!spec)
		return x && x->ndim == 2 ? x->shape[1] : 0;
	if (nn_network_parse(&network, spec, strlen(spec), "spec", &err)) {
		if (err.status == NN_FAILED)
			cli_die(&err);
		return 0;
	}
	length = nn_network_inputs(network);
	nn_network_free(network);
	return length;
}

/* The metadata of the first frame of a data set or model. */
static void read_like(struct nn_bundle *bundle)
{
	struct nn_reader *reader;
	const struct nn_frame *frame;
	struct nn_error err;
	const char *name;
	int fd;

	if (import.target || import.target_type || import.columns || import.drop ||
		import.standardize)
		cli_usage(
			"--like says which columns are the target and the inputs, and their scaling");
	if (nn_open_input(like, &fd, &name, &err) ||
		nn_reader_open(&reader, fd, name, NN_KIND_MODEL, &err))
		cli_die(&err);
	do {
		if (nn_reader_next(reader, &frame, &err))
			cli_die(&err);
		if (!frame) {
			nn_fail(&err, NN_BAD, "%s: holds no data set and no model", name);
			cli_die(&err);
		}
	} while (frame->preamble.kind != NN_KIND_DATA && frame->preamble.kind != NN_KIND_MODEL);
	if (nn_reader_load(reader, bundle, &err))
		cli_die(&err);
	/* A stream that is damaged further on, or cut, may have lost what was meant. */
	while (frame)
		if (nn_reader_next(reader, &frame, &err))
			cli_die(&err);
	nn_reader_close(reader);
	close(fd);
	import.like = bundle;
	import.like_name = name;
	import.like_context = row_length(bundle);
}

static void parse_delimiter(void)
{
	if (!delimiter)
		return;
	if (!strcmp(delimiter, "\\t"))
		delimiter = "\t";
	if (strlen(delimiter) != 1 || strchr("\"\r\n", *delimiter))
		cli_usage("--delimiter: '%s' is not one character", delimiter);
	import.delimiter = *delimiter;
}

static void check_text_options(void)
{
	if (context_given && (!import.context || import.context > NN_MOST_CONTEXT))
		cli_usage("--context: %llu is not from 1 to %d", (unsigned long long)import.context,
			NN_MOST_CONTEXT);
	if (stride_given && !import.stride)
		cli_usage("--stride: rows 0 bytes apart would be one row for ever");
}

/* "1,797 rows" into `out` [48] */
static const char *counted(uint64_t number, const char *what, char *out)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
	int used = 0;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			out[used++] = ',';
		out[used++] = digits[i];
	}
	snprintf(out + used, 48 - (size_t)used, " %s%s", what,
		number == 1                           ? "" :
			what[strlen(what) - 1] == 's' ? "es" :
							"s");
	return out;
}

static void tell(const struct nn_import_report *report)
{
	char rows[48];
	char inputs[48];
	char target[48];
	char dropped[96] = "";
	char sample[120] = "";
	const char *guess = "";

	counted(report->rows, "row", rows);
	if (!strcmp(report->format, "text")) {
		counted(report->inputs, "byte", inputs);
		counted(report->classes, "class", target);
		if (report->left_out)
			snprintf(dropped, sizeof dropped, "; the last %llu byte%s left out",
				(unsigned long long)report->left_out,
				report->left_out == 1 ? "" : "s");
		cli_note("%s of %s, %s (%s)%s", rows, inputs, target, report->sample, dropped);
		return;
	}
	counted(report->inputs, "input", inputs);
	if (!strcmp(report->format, "idx"))
		strcpy(target, "no labels (the second FILE)");
	else if (like || import.columns || import.drop)
		strcpy(target, "no target");
	else
		strcpy(target, "no target (-t): all columns are inputs");
	if (report->labelled && report->classes) {
		counted(report->classes, "class", target);
		snprintf(sample, sizeof sample, " (%s)", report->sample);
		guess = ", as with --target-type class";
		if (report->doubtful)
			cli_warn("target '%s' taken as %s (numbers? --target-type number)",
				import.target, target);
	} else if (report->labelled) {
		counted(report->outputs, "target", target);
		guess = ", as with --target-type number";
	}
	if (report->dropped)
		counted(report->dropped, "row", strcpy(dropped, "; ") + 2);
	cli_note("%s, %s, %s%s%s%s%s", rows, inputs, target, sample, report->guessed ? guess : "",
		dropped, report->dropped ? " with missing values left out" : "");
}

int main(int argc, char **argv)
{
	int count;
	char **paths = cli_start(&tool, argc, argv, &count);
	const char *standard_input[] = { "-", NULL };
	const char *const *operands = count ? (const char *const *)paths : standard_input;
	struct nn_import_report report;
	struct nn_bundle other = { 0 };
	struct nn_writer *writer;
	struct nn_output output;
	struct nn_error err;
	const char *names[2];
	int fds[2];

	if (!count)
		count = 1;
	if (count > 2)
		cli_usage("%d files: a table or text is one, IDX inputs and labels are two", count);
	parse_delimiter();
	check_text_options();
	if (like)
		read_like(&other);
	for (int i = 0; i < count; i++)
		if (nn_open_input(operands[i], &fds[i], &names[i], &err))
			cli_die(&err);
	cli_output(&output, output_path, true);
	for (int i = 0; i < count; i++)
		cli_refuse_same(&output, fds[i], names[i]);
	import.progress = show_progress;
	if (nn_writer_open(&writer, output.fd, output.name, &err) ||
		nn_import_files(&import, fds, names, (size_t)count, writer, &report, &err))
		cli_die(&err);
	nn_writer_close(writer);
	nn_bundle_free(&other);
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	cli_progress_done();
	tell(&report);
	return NN_OK;
}
