#include "tools/plan-report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "json/json.h"

#define CELL 48
enum {
	WAY,
	WORKERS,
	SHARDS,
	STEP,
	SAMPLES,
	SPEEDUP,
	EFFICIENCY,
	BYTES,
	EPOCH,
	MEMORY,
	LOST,
	COLUMNS
};
static const char *const headings[COLUMNS] = { "way", "workers", "shards", "a step", "samples/s",
	"speed-up", "of n", "bytes a step", "an epoch", "memory", "what is lost" };

/* "12.3 ms": at most four characters of digits. */
static void put_time(char *out, double seconds)
{
	static const struct {
		double from, unit;
		const char *name;
	} units[] = { { 172800, 86400, "d" }, { 7200, 3600, "h" }, { 120, 60, "min" },
		{ 1, 1, "s" }, { 1e-3, 1e-3, "ms" }, { 0, 1e-6, "us" } };
	size_t i = 0;
	double value;

	if (isinf(seconds)) {
		snprintf(out, CELL, "never");
		return;
	}
	while (seconds < units[i].from)
		i++;
	value = seconds / units[i].unit;
	snprintf(out, CELL, "%.*f %s",
		value < 9.995         ? 2 :
			value < 99.95 ? 1 :
					0,
		value, units[i].name);
}

static void put_way(char *out, const struct nn_plan_way *way)
{
	const char *name = nn_plan_kind_names[way->kind];

	if (way->kind == NN_PLAN_LOCAL)
		snprintf(out, CELL, "%s %llu", name, (unsigned long long)way->local_steps);
	else if (way->kind == NN_PLAN_STAGES)
		snprintf(out, CELL, "%s %zu x %zu", name, way->stages, way->workers);
	else if (way->kind == NN_PLAN_SLICES)
		snprintf(out, CELL, "%s %zu", name, way->slices);
	else
		snprintf(out, CELL, "%s", name);
}

static size_t processes(const struct nn_plan_way *way)
{
	return way->workers * (way->kind == NN_PLAN_STAGES ? way->stages : 1);
}

static void fill_row(char row[COLUMNS][CELL], const struct nn_plan_forecast *forecast)
{
	const struct nn_plan_way *way = &forecast->way;

	put_way(row[WAY], way);
	snprintf(row[WORKERS], CELL, "%zu%s", processes(way), forecast->there ? "" : "~");
	snprintf(row[SHARDS], CELL, "%llu", (unsigned long long)forecast->shards);
	put_time(row[STEP], forecast->step_seconds);
	snprintf(row[SAMPLES], CELL, "%.0f", forecast->samples_per_second);
	snprintf(row[SPEEDUP], CELL, "%.2f", forecast->speedup);
	snprintf(row[EFFICIENCY], CELL, "%.0f %%", 100 * forecast->efficiency);
	nn_format_bytes((uint64_t)forecast->bytes, row[BYTES]);
	put_time(row[EPOCH], forecast->epoch_seconds);
	nn_format_bytes((uint64_t)forecast->worker_bytes, row[MEMORY]);
	snprintf(row[LOST], CELL, "%s",
		forecast->loss == NN_PLAN_NOTHING ? "" : nn_plan_loss_text(forecast->loss));
}

static int put_row(struct nn_buffer *out, char row[COLUMNS][CELL], const int *widths,
	struct nn_error *err)
{
	int status = nn_buffer_printf(out, err, "%-*s", widths[WAY], row[WAY]);

	for (int i = 1; i < COLUMNS - 1 && !status; i++) {
		/* What is beyond the hosts has a mark behind its number. */
		bool marked = i == WORKERS && row[i][strlen(row[i]) - 1] == '~';

		status = nn_buffer_printf(out, err, "  %*s%s", widths[i] + marked, row[i],
			i == WORKERS && !marked ? " " : "");
	}
	if (!status && *row[LOST])
		status = nn_buffer_printf(out, err, "  %s", row[LOST]);
	return status ? status : nn_buffer_puts(out, "\n", err);
}

static double mbit_of(const struct nn_profile_line *line)
{
	double bytes = line->bytes[line->count - 1];

	return 8 * bytes / (1e6 * (nn_plan_message(line, bytes, true) - 1e-6 * line->latency_us));
}

static int put_notes(const struct plan_ways *ways, struct nn_buffer *out, struct nn_error *err)
{
	const struct nn_plan_forecast *lost =
		ways->lost == NN_NO_WAY ? NULL : &ways->list[ways->lost];
	bool beyond = false;
	int status = NN_OK;

	for (size_t i = 0; i < ways->count; i++)
		beyond = beyond || !ways->list[i].there;
	if (beyond)
		status = nn_buffer_printf(out, err,
			"~: more than the hosts have; the others are taken to be like the last of "
			"them, behind a line of %.0f Mbit/s.\n",
			mbit_of(&ways->setting->line));
	if (status)
		return status;
	if (!lost)
		return nn_buffer_printf(out, err, "n x T holds up to %zu worker%s.\n", ways->holds,
			ways->holds == 1 ? "" : "s");
	if (!ways->holds)
		return nn_buffer_printf(out, err, "n x T does not hold: %s.\n",
			nn_plan_loss_text(lost->loss));
	return nn_buffer_printf(out, err,
		"n x T holds up to %zu worker%s; beyond it, %s: %zu are %.2f times as fast as "
		"one.\n",
		ways->holds, ways->holds == 1 ? "" : "s", nn_plan_loss_text(lost->loss),
		lost->way.workers, lost->speedup);
}

/* Of the next number of workers that there are: what keeps them from being faster. */
static const struct nn_plan_forecast *find_more(const struct plan_ways *ways)
{
	for (size_t i = 0; i < ways->count; i++)
		if (ways->list[i].way.kind == NN_PLAN_SYNC && ways->list[i].there &&
			ways->list[i].way.workers > 1)
			return &ways->list[i];
	return NULL;
}

static int put_recommended(const struct plan_ways *ways, size_t which, const char *what,
	struct nn_buffer *out, struct nn_error *err)
{
	const struct nn_plan_forecast *forecast = &ways->list[which];
	const struct nn_plan_forecast *more = find_more(ways);
	size_t count = processes(&forecast->way);
	char name[CELL], epoch[CELL];
	int status;

	put_way(name, &forecast->way);
	put_time(epoch, forecast->epoch_seconds);
	status = nn_buffer_printf(out, err, "%s: %s, %zu worker%s, ", what, name, count,
		count == 1 ? "" : "s");
	/* One that is as fast as one says nothing. */
	if (!status && (count > 1 || forecast->way.kind != NN_PLAN_SYNC))
		status = nn_buffer_printf(out, err, "%.2f times as fast as one, %s an epoch:\n",
			forecast->speedup, epoch);
	else if (!status && more && more->loss != NN_PLAN_NOTHING)
		status = nn_buffer_printf(out, err,
			"%s an epoch; more workers would not be faster: %s:\n", epoch,
			nn_plan_loss_text(more->loss));
	else if (!status)
		status = nn_buffer_printf(out, err, "%s an epoch:\n", epoch);
	if (!status)
		status = nn_buffer_puts(out, "    ", err);
	if (!status)
		status = plan_ways_command(ways, forecast, out, err);
	return status ? status : nn_buffer_puts(out, "\n", err);
}

int plan_report_table(const struct plan_ways *ways, struct nn_buffer *out, struct nn_error *err)
{
	char row[COLUMNS][CELL];
	int widths[COLUMNS] = { 0 };
	int status;

	for (int i = 0; i < COLUMNS; i++)
		widths[i] = (int)strlen(headings[i]);
	for (size_t k = 0; k < ways->count; k++) {
		fill_row(row, &ways->list[k]);
		for (int i = 0; i < COLUMNS; i++) {
			int width = (int)strcspn(row[i], "~");

			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	for (int i = 0; i < COLUMNS; i++)
		snprintf(row[i], CELL, "%s", headings[i]);
	status = put_row(out, row, widths, err);
	for (size_t k = 0; k < ways->count && !status; k++) {
		fill_row(row, &ways->list[k]);
		status = put_row(out, row, widths, err);
	}
	if (!status)
		status = nn_buffer_puts(out, "\n", err);
	if (!status)
		status = put_notes(ways, out, err);
	if (!status && ways->best != NN_NO_WAY)
		status = put_recommended(ways, ways->best, "recommended", out, err);
	if (!status && ways->faster != NN_NO_WAY)
		status = put_recommended(ways, ways->faster, "faster, but another model comes out",
			out, err);
	return status;
}

static int put_number(struct nn_buffer *out, const char *name, double value, struct nn_error *err)
{
	char text[32];
	int status = nn_buffer_printf(out, err, ",\"%s\":", name);

	if (!status && isinf(value))
		return nn_buffer_puts(out, "null", err);
	/* Whole numbers are counts; figures have no more than some digits. */
	if (value < floor(value) || value > floor(value)) {
		snprintf(text, sizeof text, "%.6g", value);
		nn_parse_f64(text, &value);
	}
	return status ? status : nn_json_put_f64(out, value, err);
}

static int put_forecast(const struct plan_ways *ways, const struct nn_plan_forecast *f,
	struct nn_buffer *out, struct nn_error *err)
{
	const struct {
		const char *name;
		double value;
	} numbers[] = {
		{ "workers", (double)f->way.workers },
		{ "stages", (double)f->way.stages },
		{ "slices", (double)f->way.slices },
		{ "local_steps", (double)f->way.local_steps },
		{ "shards", (double)f->shards },
		{ "step_seconds", f->step_seconds },
		{ "samples_per_second", f->samples_per_second },
		{ "speedup", f->speedup },
		{ "efficiency", f->efficiency },
		{ "messages_per_step", f->messages },
		{ "message_bytes", f->message_bytes },
		{ "bytes_per_step", f->bytes },
		{ "worker_bytes", f->worker_bytes },
		{ "coordinator_bytes", f->coordinator_bytes },
		{ "epoch_seconds", f->epoch_seconds },
		{ "busy", f->busy },
		{ "line", f->line },
		{ "retries_per_step", f->retries },
		{ "bubble", f->bubble },
	};
	struct nn_buffer line = { 0 };
	int status = nn_buffer_printf(out, err, "{\"way\":\"%s\"", nn_plan_kind_names[f->way.kind]);

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++)
		status = put_number(out, numbers[i].name, numbers[i].value, err);
	if (!status)
		status = nn_buffer_printf(out, err,
			",\"packed\":%s,\"on_hosts\":%s,\"same_bits\":%s,\"lost_by\":\"%s\",\"command\":",
			f->packed ? "true" : "false", f->there ? "true" : "false",
			f->same_bits ? "true" : "false", nn_plan_loss_text(f->loss));
	if (!status)
		status = plan_ways_command(ways, f, &line, err);
	if (!status)
		status = nn_json_put_string(out, line.data, err);
	nn_buffer_free(&line);
	return status ? status : nn_buffer_puts(out, "}", err);
}

int plan_report_json(const struct plan_ways *ways, struct nn_buffer *out, struct nn_error *err)
{
	const struct nn_plan_model *model = ways->setting->model;
	int status = nn_buffer_puts(out, "{\"model\":", err);

	if (!status)
		status = nn_json_put_string(out, ways->model, err);
	if (!status)
		status = put_number(out, "parameters", model->params, err);
	if (!status)
		status = put_number(out, "flops_per_row", model->forward + model->backward, err);
	if (!status)
		status = put_number(out, "rows", ways->setting->rows, err);
	if (!status)
		status = put_number(out, "batch", ways->setting->batch, err);
	if (!status)
		status = put_number(out, "n_times_t_up_to", (double)ways->holds, err);
	if (!status)
		status = nn_buffer_printf(out, err, ",\"lost_beyond_by\":\"%s\",\"ways\":[",
			nn_plan_loss_text(ways->lost == NN_NO_WAY ? NN_PLAN_NOTHING :
								    ways->list[ways->lost].loss));
	for (size_t i = 0; i < ways->count && !status; i++) {
		if (i)
			status = nn_buffer_puts(out, ",", err);
		if (!status)
			status = put_forecast(ways, &ways->list[i], out, err);
	}
	if (!status)
		status = nn_buffer_puts(out, "],\"recommended\":", err);
	if (!status && ways->best != NN_NO_WAY)
		status = put_forecast(ways, &ways->list[ways->best], out, err);
	else if (!status)
		status = nn_buffer_puts(out, "null", err);
	return status ? status : nn_buffer_puts(out, "}\n", err);
}

int plan_report_curve(const struct plan_ways *ways, const struct nn_plot_style *style,
	struct nn_buffer *out, struct nn_error *err)
{
	static const char *const names[] = { "predicted", "n x T" };
	struct nn_series curves[2] = { { 0 } };
	struct nn_panel panel = { .name = "log2 speed-up", .curves = curves };
	struct nn_plot plot = { .x_name = "log2 n",
		.panels = &panel,
		.panel_count = 1,
		.names = names,
		.curve_count = 2 };
	int status = NN_OK;

	for (size_t i = 0; i < ways->count && !status; i++) {
		const struct nn_plan_forecast *f = &ways->list[i];
		double n = log2((double)f->way.workers);

		if (f->way.kind != ways->list[0].way.kind || !(f->speedup > 0))
			continue;
		status = nn_series_add(&curves[0], n, log2(f->speedup), err);
		if (!status)
			status = nn_series_add(&curves[1], n, n, err);
	}
	if (!status)
		status = style ? nn_plot_text(&plot, style, out, err) :
				 nn_plot_script(&plot, out, err);
	nn_series_free(&curves[0]);
	nn_series_free(&curves[1]);
	return status;
}
