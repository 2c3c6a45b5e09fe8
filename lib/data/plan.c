#include "data/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/meta.h"
#include "data/select.h"

int nn_plan_names(struct nn_plan *plan, const struct nn_sample *sample, struct nn_error *err)
{
	struct nn_names checked = { 0 };
	int status = NN_OK;

	plan->names = nn_alloc(plan->cells, sizeof *plan->names, err);
	if (!plan->names)
		return NN_FAILED;
	for (size_t i = 0; i < plan->cells && !status; i++) {
		struct nn_cell cell = nn_sample_cell(sample, 0, i);
		size_t number;

		status = nn_cell_name(&checked, cell, &number, err);
		if (status) {
			nn_fail_in(err, "the header, column %zu", i + 1);
			break;
		}
		plan->names[i] = nn_strdup(checked.names[number], err);
		status = plan->names[i] ? NN_OK : NN_FAILED;
	}
	nn_names_free(&checked);
	return status;
}

/* Does the first row have a cell with the target's name? */
static bool names_target(const struct nn_sample *sample, const char *target)
{
	uint64_t number;

	if (!target || nn_parse_u64(target, &number))
		return false;
	for (size_t i = 0; i < sample->columns; i++) {
		struct nn_cell cell = nn_sample_cell(sample, 0, i);

		if (cell.length == strlen(target) && !memcmp(cell.text, target, cell.length))
			return true;
	}
	return false;
}

static bool wants(const char *option, const char *value)
{
	return option && !strcmp(option, value);
}

static bool has_header(const struct nn_import *import, const struct nn_sample *sample)
{
	if (wants(import->header, "yes") || wants(import->header, "no"))
		return wants(import->header, "yes");
	return nn_sample_header(sample) || names_target(sample, import->target);
}

/* Which columns are inputs, targets, or nothing. */
static int choose_columns(struct nn_plan *plan, const struct nn_import *import,
	struct nn_error *err)
{
	size_t count = plan->cells;
	bool *target = nn_alloc(count, 3 * sizeof *target, err);
	bool *input = target + count;
	bool *drop = input + count;
	int status = target ? NN_OK : NN_FAILED;

	if (!status && import->target)
		status = nn_select_columns(import->target, plan->names, count, target, err);
	if (!status && import->columns)
		status = nn_select_columns(import->columns, plan->names, count, input, err);
	if (!status && import->drop)
		status = nn_select_columns(import->drop, plan->names, count, drop, err);
	for (size_t i = 0; i < count && !status; i++) {
		struct nn_column *column = &plan->columns.items[i];
		char text[NN_COLUMN_TEXT];

		nn_column_text(i, column->name, text);
		if (target[i] && (drop[i] || input[i]))
			status = nn_fail(err, NN_BAD, "%s is the target: it cannot be %s too", text,
				drop[i] ? "left out" : "an input");
		else if (target[i])
			column->kind = NN_COLUMN_TARGET;
		else if (drop[i] || (import->columns && !input[i]))
			column->kind = NN_COLUMN_NONE;
	}
	free(target);
	return status;
}

/* Numbers or texts? What looks like numbers written otherwise is refused. */
static int choose_kind(const struct nn_plan *plan, const struct nn_sample *sample, size_t column,
	struct nn_error *err)
{
	struct nn_column *item = &plan->columns.items[column];
	size_t row = nn_sample_text(sample, plan->header, column);
	char where[NN_COLUMN_TEXT];
	struct nn_cell cell;
	double value;

	if (row == sample->rows)
		return NN_OK;
	cell = nn_sample_cell(sample, row, column);
	if (nn_cell_trouble(cell, plan->cells == 1)) {
		nn_cell_number(cell, plan->cells == 1, &value, err);
		nn_column_text(column, item->name, where);
		return nn_fail_in(err, "line %llu: %s", (unsigned long long)sample->lines[row],
			where);
	}
	item->kind = NN_COLUMN_ONE_HOT;
	return NN_OK;
}

static int choose_target(struct nn_plan *plan, const struct nn_import *import, struct nn_error *err)
{
	size_t count = nn_columns_of_kind(&plan->columns, NN_COLUMN_TARGET);

	plan->targets.outputs = count;
	if (!count)
		plan->targets.kind = NN_TARGET_NONE;
	else if (wants(import->target_type, "class") && count > 1)
		return nn_fail(err, NN_BAD, "%zu targets cannot be classes: say one", count);
	else if (wants(import->target_type, "class"))
		plan->targets.kind = NN_TARGET_CLASSES;
	else if (wants(import->target_type, "number") || count > 1)
		plan->targets.kind = NN_TARGET_NUMBERS;
	else
		plan->targets.kind = NN_TARGET_GUESS;
	return NN_OK;
}

int nn_plan_lists(struct nn_plan *plan, const size_t *cell_of, struct nn_error *err)
{
	const struct nn_columns *columns = &plan->columns;

	plan->inputs = nn_alloc(columns->count, sizeof *plan->inputs, err);
	plan->input_cells = nn_alloc(columns->count, sizeof *plan->input_cells, err);
	plan->target_cells = nn_alloc(columns->count, sizeof *plan->target_cells, err);
	plan->is_text = nn_alloc(columns->count, sizeof *plan->is_text, err);
	if (!plan->inputs || !plan->input_cells || !plan->target_cells || !plan->is_text)
		return NN_FAILED;
	for (size_t i = 0; i < columns->count; i++) {
		switch (columns->items[i].kind) {
		case NN_COLUMN_NUMBER:
		case NN_COLUMN_ONE_HOT:
			plan->is_text[plan->width] = columns->items[i].kind == NN_COLUMN_ONE_HOT;
			plan->inputs[plan->width] = i;
			plan->input_cells[plan->width++] = cell_of[i];
			break;
		case NN_COLUMN_CLASS:
		case NN_COLUMN_TARGET:
			if (cell_of[i] != SIZE_MAX)
				plan->target_cells[plan->target_count++] = cell_of[i];
			break;
		case NN_COLUMN_NONE:
			break;
		}
	}
	if (!plan->width)
		return nn_fail(err, NN_BAD, "no input columns are left");
	return NN_OK;
}

static int plan_new(struct nn_plan *plan, const struct nn_import *import,
	const struct nn_sample *sample, struct nn_error *err)
{
	size_t *cell_of = nn_alloc(plan->cells, sizeof *cell_of, err);
	int status = cell_of ? nn_columns_alloc(&plan->columns, plan->cells, err) : NN_FAILED;

	plan->columns.named = plan->header;
	for (size_t i = 0; i < plan->cells && !status; i++) {
		cell_of[i] = i;
		if (!plan->header)
			continue;
		plan->columns.items[i].name = nn_strdup(plan->names[i], err);
		status = plan->columns.items[i].name ? NN_OK : NN_FAILED;
	}
	if (!status)
		status = choose_columns(plan, import, err);
	for (size_t i = 0; i < plan->cells && !status; i++) {
		struct nn_column *column = &plan->columns.items[i];

		if (column->kind != NN_COLUMN_NUMBER)
			continue;
		status = choose_kind(plan, sample, i, err);
		if (column->kind == NN_COLUMN_NUMBER) {
			column->standardized = import->standardize;
			column->filled = plan->missing == NN_MISSING_MEAN;
		}
	}
	if (!status)
		status = choose_target(plan, import, err);
	if (!status)
		status = nn_plan_lists(plan, cell_of, err);
	free(cell_of);
	return status;
}

int nn_plan_make(struct nn_plan *plan, const struct nn_import *import,
	const struct nn_sample *sample, const char *name, struct nn_error *err)
{
	int status = NN_OK;

	*plan = (struct nn_plan){ .cells = sample->columns };
	if (wants(import->na, "drop"))
		plan->missing = NN_MISSING_DROP;
	else if (wants(import->na, "mean"))
		plan->missing = NN_MISSING_MEAN;
	if (import->like) {
		status = nn_plan_like(plan, import, sample, err);
	} else {
		plan->header = has_header(import, sample);
		if (plan->header)
			status = nn_plan_names(plan, sample, err);
		if (!status)
			status = plan_new(plan, import, sample, err);
	}
	return status ? nn_fail_in(err, "%s", name) : NN_OK;
}

void nn_plan_free(struct nn_plan *plan)
{
	nn_data_free_names(plan->names, plan->names ? plan->cells : 0);
	nn_columns_free(&plan->columns);
	nn_targets_free(&plan->targets);
	free(plan->inputs);
	free(plan->input_cells);
	free(plan->is_text);
	free(plan->target_cells);
	*plan = (struct nn_plan){ 0 };
}
