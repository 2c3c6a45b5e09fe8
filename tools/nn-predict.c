/* nn-predict: what a model makes of data, or the text that it goes on with. */

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "stream/writer.h"
#include "train/evaluate.h"
#include "train/generate.h"
#include "train/predictions.h"

#include "tools/threads.h"

static const char *const formats[] = { "csv", "data", NULL };

static const char *model_path;
static const char *format = "csv";
static struct nn_csv_options csv;
static uint64_t generate;
static bool generates;
static const char *prompt = "\n";
static struct nn_generate_options how = { .temperature = 1 };
static bool has_temperature;
static const char *kernel;
static uint64_t threads;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_STRING('m', "model", "MODEL", &model_path, "the model (default: standard input)"),
	CLI_FLAG('p', "proba", &csv.probabilities, "print the probability of each class too"),
	CLI_FLAG('i', "index", &csv.index, "number the rows, from 0"),
	CLI_CHOICE(0, "to", "FORMAT", &format, formats, "what to write (default csv)"),
	CLI_COUNT_GIVEN('g', "generate", "N", &generate, &generates,
		"instead of data: write a text, so many bytes of it behind the prompt"),
	CLI_STRING(0, "prompt", "TEXT", &prompt,
		"what --generate goes on with (default a line feed)"),
	CLI_REAL_GIVEN('t', "temperature", "T", &how.temperature, 0, 1000, &has_temperature,
		"of --generate: below 1 likelier, above 1 rarer bytes; 0: the likeliest (default 1)"),
	CLI_COUNT(0, "top-k", "K", &how.top_k, "of --generate: draw from so many likeliest bytes"),
	CLI_COUNT('s', "seed", "N", &how.seed, "of --generate: another text (default 0)"),
	CLI_COUNT(0, "threads", "N", &threads, "of matrix products (default 1)"),
	CLI_STRING(0, "kernel", "NAME", &kernel,
		"matrix kernel, instead of the model's; auto: what suits this CPU"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-predict", "[DATA...]",
	"print what a model predicts for data", options };

static void progress(uint64_t rows, uint64_t all)
{
	cli_progress("%llu of %llu rows", (unsigned long long)rows, (unsigned long long)all);
}

static int write_csv(struct nn_evaluation *evaluation, const struct nn_output *output,
	struct nn_error *err)
{
	struct nn_buffer text = { 0 };
	struct nn_evaluated block;
	int status = nn_predictions_header(evaluation, &csv, &text, err);

	while (!status && !(status = nn_evaluation_next(evaluation, &block, err)) && block.rows) {
		status = nn_predictions_rows(evaluation, &block, &csv, &text, err);
		if (status)
			break;
		status = nn_write(output->fd, text.data, text.length, output->name, err);
		nn_buffer_clear(&text);
		progress(evaluation->at, evaluation->rows);
	}
	if (!status && text.length)
		status = nn_write(output->fd, text.data, text.length, output->name, err);
	nn_buffer_free(&text);
	return status;
}

static int write_data(struct nn_evaluation *evaluation, const struct nn_output *output,
	struct nn_error *err)
{
	struct nn_writer *writer;
	int status = nn_writer_open(&writer, output->fd, output->name, err);

	if (status)
		return status;
	status = nn_predictions_data(evaluation, writer, progress, err);
	nn_writer_close(writer);
	return status;
}

/* A terminal gets nothing that it would obey. */
static int put_text(const struct nn_output *output, const char *text, size_t length,
	struct nn_error *err)
{
	struct nn_buffer shown = { 0 };
	bool terminal = isatty(output->fd);
	int status = NN_OK;

	for (size_t i = 0; i < length && !status; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (terminal && (byte < ' ' || byte > '~') && byte != '\n' && byte != '\t')
			status = nn_buffer_printf(&shown, err, "\\x%02x", byte);
		else
			status = nn_buffer_append(&shown, &text[i], 1, err);
	}
	if (!status)
		status = nn_write(output->fd, shown.data, shown.length, output->name, err);
	nn_buffer_free(&shown);
	return status;
}

/* The prompt, what the model writes behind it, and a line feed for a terminal. */
static int write_text(struct nn_evaluation *evaluation, const struct nn_output *output,
	struct nn_error *err)
{
	struct nn_generator *generator;
	unsigned char byte;
	int status = nn_generator_new(&generator, evaluation, &how, kernel, err);

	if (!status)
		status = nn_generator_tell(generator, prompt, strlen(prompt), err);
	if (!status)
		status = put_text(output, prompt, strlen(prompt), err);
	for (uint64_t i = 0; i < generate && !status; i++) {
		status = nn_generator_next(generator, &byte, err);
		if (!status)
			status = put_text(output, (const char *)&byte, 1, err);
	}
	if (!status && isatty(output->fd))
		status = put_text(output, "\n", 1, err);
	nn_generator_free(generator);
	return status;
}

static void check_generate(int count, bool to_data)
{
	if (generates && (count || csv.index || csv.probabilities || to_data))
		cli_usage("--generate writes a text: it takes neither data nor their options");
	if (generates && !*prompt)
		cli_usage("--prompt: nothing to go on with");
	if (!generates && (strcmp(prompt, "\n") || how.top_k || how.seed || has_temperature))
		cli_usage("--prompt, --temperature, --top-k and --seed go with --generate");
}

static int main_of_text(struct nn_output *output)
{
	struct nn_evaluation evaluation = { 0 };
	struct nn_error err;

	cli_output(output, output_path, false);
	cli_refuse_path(output, model_path ? model_path : "-");
	if (nn_evaluation_model(&evaluation, model_path ? model_path : "-", &err) ||
		write_text(&evaluation, output, &err) || nn_output_commit(output, &err))
		cli_die(&err);
	nn_evaluation_close(&evaluation);
	return 0;
}

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	char *const *data;
	bool to_data = format == formats[1];
	struct nn_evaluation evaluation = { 0 };
	struct nn_output output;
	struct nn_error err;

	use_threads(threads);
	check_generate(count, to_data);
	if (generates)
		return main_of_text(&output);
	data = cli_data_operands(model_path, operands, &count);
	if (to_data && csv.index)
		cli_usage("--index is a column of CSV");
	cli_output(&output, output_path, to_data);
	cli_refuse_path(&output, model_path ? model_path : "-");
	for (int i = 0; i < count; i++)
		cli_refuse_path(&output, data[i]);
	for (int i = 0; i < count && !model_path; i++)
		if (nn_evaluation_check_operand(data[i], &err))
			cli_die(&err);
	if (nn_evaluation_model(&evaluation, model_path ? model_path : "-", &err))
		cli_die(&err);
	if (csv.probabilities && !evaluation.loss->wants_classes && !evaluation.loss->binary)
		cli_usage("--proba: the model predicts numbers, not classes");
	for (int i = 0; i < count; i++)
		if (nn_evaluation_add(&evaluation, data[i], false, &err))
			cli_die(&err);
	if (nn_evaluation_start(&evaluation, kernel, &err) ||
		(to_data ? write_data(&evaluation, &output, &err) :
			   write_csv(&evaluation, &output, &err)))
		cli_die(&err);
	cli_progress_done();
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	nn_evaluation_close(&evaluation);
	return 0;
}
