/* CSV and TSV. Rows are kept until the last has come: the first frame names how many there are, and
 * classes, values and means need them all. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/import.h"
#include "data/meta.h"
#include "data/plan.h"
#include "data/rows.h"
#include "data/table.h"

/* Texts of one column that become inputs. */
#define MOST_VALUES 1000
#define PROGRESS_ROWS 1024
/* Whole numbers that are classes beyond doubt: digits. */
#define FEW_CLASSES 10

struct job {
	const struct nn_import *import;
	const char *name;
	struct nn_table *table;
	struct nn_sample sample;
	struct nn_plan plan;
	struct nn_rows rows;
	struct nn_cell *targets; /* [plan.target_count] of a row */
	struct nn_import_report *report;
};

/* "NAME: line N: column C: " before what err says. */
static int blame(const struct job *job, const struct nn_row *row, size_t cell, struct nn_error *err)
{
	char where[NN_COLUMN_TEXT];

	nn_column_text(cell, job->plan.names ? job->plan.names[cell] : NULL, where);
	return nn_fail_in(err, "%s: line %llu: %s", job->name, (unsigned long long)row->line,
		where);
}

static int refuse_missing(const struct job *job, const struct nn_row *row, size_t cell, bool target,
	struct nn_error *err)
{
	struct nn_cell text = row->cells[cell];

	nn_fail(err, NN_BAD, "'%.*s': a missing value (--na %s)", (int)text.length, text.text,
		target ? "drop leaves out such rows" : "drop or mean would go on");
	return blame(job, row, cell, err);
}

static bool has_missing(const struct job *job, const struct nn_row *row)
{
	const struct nn_plan *plan = &job->plan;

	for (size_t i = 0; i < plan->width; i++)
		if (nn_cell_kind(row->cells[plan->input_cells[i]]) == NN_CELL_MISSING)
			return true;
	for (size_t i = 0; i < plan->target_count; i++)
		if (nn_cell_kind(row->cells[plan->target_cells[i]]) == NN_CELL_MISSING)
			return true;
	return false;
}

/* The number of the text in its column's list. */
static int encode_text(struct job *job, const struct nn_row *row, size_t i, double *value,
	struct nn_error *err)
{
	size_t cell = job->plan.input_cells[i];
	struct nn_cell text = row->cells[cell];
	struct nn_names *values = &job->plan.columns.items[job->plan.inputs[i]].values;
	size_t number;

	if (job->plan.known) {
		number = nn_names_find(values, text.text, text.length);
		if (number == NN_NO_NAME) {
			nn_fail(err, NN_BAD, "'%.*s': %s does not have this value",
				(int)(text.length < 40 ? text.length : 40), text.text,
				job->import->like_name);
			return blame(job, row, cell, err);
		}
	} else if (nn_cell_name(values, text, &number, err)) {
		return blame(job, row, cell, err);
	} else if (number >= MOST_VALUES) {
		nn_fail(err, NN_BAD,
			"the %dst different text: a column of texts becomes an input for each (--drop leaves it out)",
			MOST_VALUES + 1);
		return blame(job, row, cell, err);
	}
	*value = (double)number;
	return NN_OK;
}

/* Any cell. */
static int encode_cell(struct job *job, const struct nn_row *row, size_t i, double *value,
	struct nn_error *err)
{
	const struct nn_plan *plan = &job->plan;
	size_t cell = plan->input_cells[i];

	if (!plan->is_text[i] && nn_decimal(row->cells[cell], value) &&
		fabs(*value) < (double)FLT_MAX)
		return NN_OK;
	if (nn_cell_kind(row->cells[cell]) == NN_CELL_MISSING) {
		if (plan->missing != NN_MISSING_MEAN)
			return refuse_missing(job, row, cell, false, err);
		*value = (double)NAN;
		return NN_OK;
	}
	if (plan->is_text[i])
		return encode_text(job, row, i, value, err);
	if (nn_cell_number(row->cells[cell], plan->cells == 1, value, err))
		return blame(job, row, cell, err);
	return NN_OK;
}

static int encode_inputs(struct job *job, const struct nn_row *row, void *place,
	struct nn_error *err)
{
	const struct nn_cell *cells = row->cells;
	const size_t *from = job->plan.input_cells;
	const bool *is_text = job->plan.is_text;
	const size_t width = job->plan.width;
	const bool wide = job->rows.wide;

	for (size_t i = 0; i < width; i++) {
		double value;
		double other;

		/* Most cells are short numbers where numbers should be; these stay in registers. */
		if (is_text[i] || !nn_decimal_short(cells[from[i]], &value)) {
			int status = encode_cell(job, row, i, &other, err);

			if (status)
				return status;
			value = other;
		}
		if (wide)
			((double *)place)[i] = value;
		else
			((float *)place)[i] = (float)value;
	}
	return NN_OK;
}

static int encode_targets(struct job *job, const struct nn_row *row, struct nn_error *err)
{
	const struct nn_plan *plan = &job->plan;
	size_t culprit;

	for (size_t i = 0; i < plan->target_count; i++) {
		job->targets[i] = row->cells[plan->target_cells[i]];
		if (nn_cell_kind(job->targets[i]) == NN_CELL_MISSING)
			return refuse_missing(job, row, plan->target_cells[i], true, err);
	}
	if (nn_targets_add(&job->plan.targets, job->targets, &culprit, err))
		return blame(job, row, plan->target_cells[culprit], err);
	return NN_OK;
}

static int encode_row(struct job *job, const struct nn_row *row, struct nn_error *err)
{
	void *place;
	int status = nn_check_row(row, job->plan.cells, job->name, err);

	if (status)
		return status;
	if (job->plan.missing == NN_MISSING_DROP && has_missing(job, row)) {
		job->report->dropped++;
		return NN_OK;
	}
	status = nn_rows_place(&job->rows, &place, err);
	if (!status)
		status = encode_inputs(job, row, place, err);
	if (!status)
		status = encode_targets(job, row, err);
	if (status)
		return status;
	nn_rows_keep(&job->rows);
	if (job->import->progress && job->rows.count % PROGRESS_ROWS == 0)
		job->import->progress(job->rows.count);
	return NN_OK;
}

static int read_rows(struct job *job, struct nn_error *err)
{
	const struct nn_sample *sample = &job->sample;
	struct nn_row row;
	int status = NN_OK;

	for (size_t r = job->plan.header; r < sample->rows && !status; r++) {
		row = (struct nn_row){ sample->cells + r * sample->columns, sample->columns,
			sample->lines[r] };
		status = encode_row(job, &row, err);
	}
	while (!status && !(status = nn_table_next(job->table, &row, err)) && row.count)
		status = encode_row(job, &row, err);
	if (!status && !job->rows.count)
		status = nn_fail(err, NN_BAD,
			job->report->dropped ? "%s: no row is left, each has a missing value" :
					       "%s: has a header but no rows",
			job->name);
	return status;
}

/* Values in order of their bytes or numbers, as classes. */
static int sort_values(struct job *job, struct nn_error *err)
{
	const struct nn_plan *plan = &job->plan;

	for (size_t i = 0; i < plan->width; i++) {
		struct nn_column *column = &plan->columns.items[plan->inputs[i]];
		size_t *ranks;
		int status;

		if (column->kind != NN_COLUMN_ONE_HOT)
			continue;
		status = nn_names_sort(&column->values, &ranks, err);
		if (status)
			return status;
		nn_rows_renumber(&job->rows, i, ranks);
		free(ranks);
	}
	return NN_OK;
}

/* What could not be known before the last row. */
static int complete(struct job *job, struct nn_error *err)
{
	struct nn_plan *plan = &job->plan;
	int status = nn_targets_finish(&plan->targets, err);

	if (status || plan->known)
		return status;
	for (size_t i = 0; i < plan->columns.count; i++)
		if (plan->columns.items[i].kind == NN_COLUMN_TARGET &&
			plan->targets.kind == NN_TARGET_CLASSES)
			plan->columns.items[i].kind = NN_COLUMN_CLASS;
	status = sort_values(job, err);
	if (!status && (job->import->standardize || plan->missing == NN_MISSING_MEAN)) {
		status = nn_rows_measure(&job->rows, &plan->columns, plan->inputs, err);
		if (status)
			nn_fail_in(err, "%s", job->name);
	}
	return status;
}

static int make_metas(const struct job *job, struct nn_bundle *metas, struct nn_error *err)
{
	const struct nn_plan *plan = &job->plan;
	const struct nn_bundle *like = job->import->like;
	const char *classes = like ? nn_bundle_meta(like, "classes") : NULL;
	struct nn_buffer text = { 0 };
	char rows[32];
	int status;

	snprintf(rows, sizeof rows, "%llu", (unsigned long long)job->rows.count);
	status = nn_bundle_set_meta(metas, "rows", rows, err);
	if (!status)
		status = nn_columns_put(&text, &plan->columns, err);
	if (!status)
		status = nn_bundle_set_meta(metas, "columns", text.data, err);
	nn_buffer_clear(&text);
	if (!status && classes)
		status = nn_bundle_set_meta(metas, "classes", classes, err);
	else if (!status && plan->targets.kind == NN_TARGET_CLASSES) {
		status = nn_data_put_names(&text, plan->targets.names.names,
			plan->targets.names.count, err);
		if (!status)
			status = nn_bundle_set_meta(metas, "classes", text.data, err);
	}
	nn_buffer_free(&text);
	return status;
}

/* Classes that are whole numbers, but do not look like a numbering: ages, or years. */
static bool is_doubtful(const struct nn_names *names)
{
	bool numbered = names->count <= FEW_CLASSES;
	double first = 0.0;

	for (size_t i = 0; i < names->count; i++) {
		double value;

		if (!nn_parse_f64(names->names[i], &value))
			return false;
		if (!i)
			first = value;
		numbered = numbered && (first == 0.0 || first == 1.0) && value == first + (double)i;
	}
	return !numbered;
}

static void report(const struct job *job, bool guessed)
{
	const struct nn_plan *plan = &job->plan;
	struct nn_import_report *out = job->report;

	out->header = plan->header;
	out->rows = job->rows.count;
	out->inputs = nn_columns_inputs(&plan->columns);
	out->labelled = plan->targets.kind != NN_TARGET_NONE;
	out->guessed = guessed;
	out->doubtful = guessed && plan->targets.kind == NN_TARGET_CLASSES &&
		is_doubtful(&plan->targets.names);
	if (plan->targets.kind == NN_TARGET_CLASSES)
		nn_import_report_classes(out, plan->targets.names.names, plan->targets.names.count);
	else if (plan->targets.kind == NN_TARGET_NUMBERS)
		out->outputs = plan->targets.outputs;
}

static int write_rows(const struct job *job, struct nn_writer *writer, struct nn_error *err)
{
	const struct nn_targets *targets = &job->plan.targets;
	struct nn_rows_targets y = { .labels = targets->labels,
		.numbers = targets->numbers,
		.outputs = targets->outputs };
	struct nn_bundle metas = { 0 };
	int status = make_metas(job, &metas, err);

	if (!status)
		status = nn_rows_write(&job->rows, &job->plan.columns, job->plan.inputs, &y, &metas,
			writer, err);
	nn_bundle_free(&metas);
	return status;
}

static int run_job(struct job *job, struct nn_writer *writer, struct nn_error *err)
{
	bool wide = false;
	bool guessed;
	int status = nn_sample_read(&job->sample, job->table, job->name, err);

	if (!status)
		status = nn_plan_make(&job->plan, job->import, &job->sample, job->name, err);
	if (status)
		return status;
	guessed = job->plan.targets.kind == NN_TARGET_GUESS;
	for (size_t i = 0; i < job->plan.columns.count; i++)
		wide = wide || job->plan.columns.items[i].standardized;
	nn_rows_init(&job->rows, job->plan.width, job->plan.target_count * sizeof(float), wide);
	job->targets = nn_alloc(job->plan.target_count, sizeof *job->targets, err);
	status = job->targets ? read_rows(job, err) : NN_FAILED;
	if (!status)
		status = complete(job, err);
	if (!status)
		status = write_rows(job, writer, err);
	if (!status)
		report(job, guessed);
	return status;
}

static int run(const struct nn_import *import, const struct nn_import_file *file, char delimiter,
	struct nn_writer *writer, struct nn_import_report *summary, struct nn_error *err)
{
	struct job job = { .import = import, .name = file->name, .report = summary };
	int status = nn_table_open(&job.table, file->source, file->head, file->head_length,
		import->delimiter ? import->delimiter : delimiter, err);

	if (status)
		return status;
	status = run_job(&job, writer, err);
	nn_table_close(job.table);
	nn_sample_free(&job.sample);
	nn_plan_free(&job.plan);
	nn_rows_free(&job.rows);
	free(job.targets);
	return status;
}

static int run_csv(const struct nn_import *import, struct nn_import_file *files, size_t count,
	struct nn_writer *writer, struct nn_import_report *summary, struct nn_error *err)
{
	(void)count;
	return run(import, &files[0], ',', writer, summary, err);
}

static int run_tsv(const struct nn_import *import, struct nn_import_file *files, size_t count,
	struct nn_writer *writer, struct nn_import_report *summary, struct nn_error *err)
{
	(void)count;
	return run(import, &files[0], '\t', writer, summary, err);
}

/* Tabs in the first line, and no commas. */
static bool detect_tsv(const struct nn_import_file *file)
{
	const unsigned char *feed = memchr(file->head, '\n', file->head_length);
	size_t length = feed ? (size_t)(feed - file->head) : file->head_length;

	return memchr(file->head, '\t', length) && !memchr(file->head, ',', length);
}

static bool detect_csv(const struct nn_import_file *file)
{
	(void)file;
	return true;
}

const struct nn_importer nn_importer_csv = {
	.name = "csv",
	.detect = detect_csv,
	.files = 1,
	.run = run_csv,
};

const struct nn_importer nn_importer_tsv = {
	.name = "tsv",
	.detect = detect_tsv,
	.files = 1,
	.run = run_tsv,
};
