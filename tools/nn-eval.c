/* nn-eval: how well a model does on data. */

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "loss/metrics.h"
#include "tensor/blas.h"
#include "train/evaluate.h"
#include "train/report.h"

#include "tools/threads.h"

static const char *model_path;
static bool json;
static const char *only;
static struct nn_metric metric; /* that it names */
static const char *kernel;
static uint64_t threads;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_STRING('m', "model", "MODEL", &model_path, "the model (default: standard input)"),
	CLI_FLAG('j', "json", &json, "print one line of JSON"),
	CLI_WORD(0, "only", "METRIC", &only, nn_metric_names,
		"print this number alone; top5 stands for topK with any K"),
	CLI_COUNT(0, "threads", "N", &threads, "of matrix products (default 1)"),
	CLI_STRING(0, "kernel", "NAME", &kernel,
		"matrix kernel, instead of the model's; auto: what suits this CPU"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-eval", "[DATA...]", "tell how well a model does on data",
	options };

static void progress(uint64_t rows, uint64_t all)
{
	cli_progress("%llu of %llu rows", (unsigned long long)rows, (unsigned long long)all);
}

static void find_metric(void)
{
	struct nn_buffer list = { 0 };
	struct nn_error err;
	int status = NN_OK;

	if (nn_metric_find(only, &metric))
		return;
	for (size_t i = 0; nn_metric_names[i] && !status; i++)
		status = nn_buffer_printf(&list, &err, "%s%s", i ? ", " : "", nn_metric_names[i]);
	if (status)
		cli_die(&err);
	cli_usage("--only: '%s' is not one of %s, nor topK", only, list.data);
}

static const char *what_it_predicts(const struct nn_tally *tally)
{
	switch (tally->kind) {
	case NN_TALLY_CLASSES:
		return "classes";
	case NN_TALLY_NUMBERS:
		return "numbers";
	case NN_TALLY_BINARY:
		return "yes or no";
	}
	return "";
}

/* `cases` were evaluated, those that do not count too. */
static int fail_undefined(const struct nn_tally *tally, uint64_t cases, struct nn_error *err)
{
	if (strcmp(metric.name, "auc") != 0)
		return nn_fail(err, NN_BAD, "%s is not defined: the targets do not vary",
			metric.name);
	if (!tally->auc)
		return nn_fail(err, NN_BAD,
			"auc: the scores of %llu cases and %zu outputs are more than the %llu that "
			"are kept",
			(unsigned long long)cases, tally->width, (unsigned long long)NN_AUC_SCORES);
	return nn_fail(err, NN_BAD, "auc is not defined: all rows are of one class");
}

static int put_only(const struct nn_tally *tally, uint64_t cases, struct nn_buffer *text,
	struct nn_error *err)
{
	char number[NN_F64_TEXT];
	double value;

	if (!nn_metric_fits(&metric, tally))
		return nn_fail(err, NN_USAGE, "--only %s: the model predicts %s", only,
			what_it_predicts(tally));
	value = nn_metric_value(&metric, tally);
	if (isnan(value))
		return fail_undefined(tally, cases, err);
	nn_format_f64(value, number);
	return nn_buffer_printf(text, err, "%s\n", number);
}

static int put_report(const struct nn_evaluation *evaluation, const struct nn_tally *tally,
	struct nn_buffer *text, struct nn_error *err)
{
	struct nn_report report = { tally, evaluation->rows, evaluation->positions,
		&evaluation->model.preamble, evaluation->loss->name, nn_blas_kernel(),
		evaluation->names };

	if (only)
		return put_only(tally, evaluation->rows * evaluation->positions, text, err);
	return json ? nn_report_json(&report, text, err) : nn_report_text(&report, text, err);
}

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	char *const *data;
	struct nn_evaluation evaluation = { 0 };
	struct nn_buffer text = { 0 };
	struct nn_output output;
	struct nn_tally tally;
	struct nn_error err;

	if (only)
		find_metric();
	use_threads(threads);
	data = cli_data_operands(model_path, operands, &count);
	if (json && only)
		cli_usage("either --json or --only");
	cli_output(&output, output_path, false);
	cli_refuse_path(&output, model_path ? model_path : "-");
	for (int i = 0; i < count; i++)
		cli_refuse_path(&output, data[i]);
	for (int i = 0; i < count && !model_path; i++)
		if (nn_evaluation_check_operand(data[i], &err))
			cli_die(&err);
	if (nn_evaluation_model(&evaluation, model_path ? model_path : "-", &err))
		cli_die(&err);
	for (int i = 0; i < count; i++)
		if (nn_evaluation_add(&evaluation, data[i], true, &err))
			cli_die(&err);
	if (nn_evaluation_start(&evaluation, kernel, &err) ||
		nn_evaluation_tally(&evaluation, !only || !strcmp(metric.name, "auc"), &tally,
			progress, &err))
		cli_die(&err);
	cli_progress_done();
	if (put_report(&evaluation, &tally, &text, &err) ||
		nn_write(output.fd, text.data, text.length, output.name, &err) ||
		nn_output_commit(&output, &err))
		cli_die(&err);
	nn_buffer_free(&text);
	nn_tally_free(&tally);
	nn_evaluation_close(&evaluation);
	return 0;
}
