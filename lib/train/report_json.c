#include <inttypes.h>

#include "json/json.h"
#include "train/report.h"

struct field {
	const char *key;
	double value;
};

/* ,"key":value for each. */
static int put_fields(struct nn_buffer *out, const struct field *fields, size_t count,
	struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < count && !status; i++) {
		status = nn_buffer_printf(out, err, ",\"%s\":", fields[i].key);
		if (!status)
			status = nn_json_put_f64(out, fields[i].value, err);
	}
	return status;
}

/* {"name":"...": a class or output without a name is called by its number. */
static int put_name(const struct nn_report *report, struct nn_buffer *out, size_t number,
	struct nn_error *err)
{
	int status = nn_buffer_printf(out, err, "%s{\"name\":", number ? "," : "");

	if (status)
		return status;
	if (!report->names)
		return nn_buffer_printf(out, err, "\"%zu\"", number);
	return nn_json_put_string(out, report->names[number], err);
}

static int put_class(const struct nn_report *report, struct nn_buffer *out, size_t number,
	struct nn_error *err)
{
	struct nn_class_scores scores = nn_tally_scores(report->tally, number);
	const struct nn_tally_class *counts = &report->tally->classes[number];
	const struct field fields[] = { { "precision", scores.precision },
		{ "recall", scores.recall }, { "f1", scores.f1 }, { "auc", scores.auc } };
	int status = put_name(report, out, number, err);

	if (!status && report->tally->kind == NN_TALLY_BINARY)
		status = put_fields(out,
			&(struct field){ "accuracy",
				nn_tally_binary_accuracy(report->tally, number) },
			1, err);
	if (!status)
		status = put_fields(out, fields, 4, err);
	return status ?
		status :
		nn_buffer_printf(out, err, ",\"support\":%" PRIu64 ",\"predicted\":%" PRIu64 "}",
			counts->support, counts->predicted);
}

static int put_output(const struct nn_report *report, struct nn_buffer *out, size_t number,
	struct nn_error *err)
{
	struct nn_output_scores fit = nn_tally_fit(report->tally, number);
	const struct field fields[] = { { "rmse", fit.rmse }, { "mae", fit.mae },
		{ "r2", fit.r2 } };
	int status = put_name(report, out, number, err);

	if (!status)
		status = put_fields(out, fields, 3, err);
	return status ? status : nn_buffer_puts(out, "}", err);
}

static int put_confusion(const struct nn_tally *tally, struct nn_buffer *out, struct nn_error *err)
{
	int status = nn_buffer_puts(out, ",\"confusion\":[", err);

	for (size_t i = 0; i < tally->width && !status; i++) {
		status = nn_buffer_puts(out, i ? ",[" : "[", err);
		for (size_t j = 0; j < tally->width && !status; j++)
			status = nn_buffer_printf(out, err, "%s%" PRIu64, j ? "," : "",
				tally->confusion[i * tally->width + j]);
		if (!status)
			status = nn_buffer_puts(out, "]", err);
	}
	return status ? status : nn_buffer_puts(out, "]", err);
}

static int put_head(const struct nn_report *report, struct nn_buffer *out, struct nn_error *err)
{
	const struct nn_preamble *model = report->model;
	int status = nn_buffer_printf(out, err,
		"{\"model\":{\"id\":\"%016" PRIx64 "\",\"step\":%" PRIu64 ",\"epoch\":%" PRIu64
		"},\"kernel\":",
		model->id, model->step, model->epoch);

	if (!status)
		status = nn_json_put_string(out, report->kernel, err);
	if (!status)
		status = nn_buffer_printf(out, err,
			",\"rows\":%" PRIu64 ",\"cases\":%" PRIu64 ",\"loss_name\":", report->rows,
			report->tally->cases);
	return status ? status : nn_json_put_string(out, report->loss, err);
}

int nn_report_json(const struct nn_report *report, struct nn_buffer *out, struct nn_error *err)
{
	const struct nn_tally *tally = report->tally;
	int status = put_head(report, out, err);

	for (const struct nn_metric *metric = nn_metrics; metric->name && !status; metric++)
		if (nn_report_shows(metric, tally))
			status = put_fields(out,
				&(struct field){ metric->name, nn_metric_value(metric, tally) }, 1,
				err);
	if (!status && tally->classes)
		status = nn_buffer_printf(out, err, ",\"correct\":%" PRIu64, tally->right);
	if (!status)
		status = nn_buffer_puts(out,
			tally->kind == NN_TALLY_CLASSES ? ",\"classes\":[" : ",\"outputs\":[", err);
	for (size_t i = 0; i < tally->width && !status; i++)
		status = tally->classes ? put_class(report, out, i, err) :
					  put_output(report, out, i, err);
	if (!status)
		status = nn_buffer_puts(out, "]", err);
	if (!status && tally->confusion)
		status = put_confusion(tally, out, err);
	return status ? status : nn_buffer_puts(out, "}\n", err);
}
