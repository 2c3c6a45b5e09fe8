/* nn-predict: what a model makes of data. */

#include "base/memory.h"
#include "cli/cli.h"
#include "stream/writer.h"
#include "train/evaluate.h"
#include "train/predictions.h"

static const char *const formats[] = { "csv", "data", NULL };

static const char *model_path;
static const char *format = "csv";
static struct nn_csv_options csv;
static const char *kernel;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_STRING('m', "model", "MODEL", &model_path, "the model (default: standard input)"),
	CLI_FLAG('p', "proba", &csv.probabilities, "print the probability of each class too"),
	CLI_FLAG('i', "index", &csv.index, "number the rows, from 0"),
	CLI_CHOICE(0, "to", "FORMAT", &format, formats, "what to write (default csv)"),
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

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	char *const *data;
	bool to_data = format == formats[1];
	struct nn_evaluation evaluation = { 0 };
	struct nn_output output;
	struct nn_error err;

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
