/* A table encoded as another was: its columns are found by name, or by place where one of the two has
 * no names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/meta.h"
#include "data/plan.h"

static bool same(struct nn_cell cell, const char *name)
{
	return cell.length == strlen(name) && !memcmp(cell.text, name, cell.length);
}

static bool is_input(const struct nn_column *column)
{
	return column->kind == NN_COLUMN_NUMBER || column->kind == NN_COLUMN_ONE_HOT;
}

static bool is_target(const struct nn_column *column)
{
	return column->kind == NN_COLUMN_TARGET || column->kind == NN_COLUMN_CLASS;
}

/* Does the first row name all inputs? */
static bool names_inputs(const struct nn_columns *columns, const struct nn_sample *sample)
{
	for (size_t i = 0; columns->named && i < columns->count; i++) {
		size_t c = 0;

		if (!is_input(&columns->items[i]))
			continue;
		while (c < sample->columns &&
			!same(nn_sample_cell(sample, 0, c), columns->items[i].name))
			c++;
		if (c == sample->columns)
			return false;
	}
	return columns->named;
}

static int find_by_name(const struct nn_plan *plan, const struct nn_import *import, size_t *cell_of,
	struct nn_error *err)
{
	for (size_t i = 0; i < plan->columns.count; i++) {
		const struct nn_column *column = &plan->columns.items[i];

		cell_of[i] = SIZE_MAX;
		if (column->kind == NN_COLUMN_NONE)
			continue;
		for (size_t c = 0; c < plan->cells; c++) {
			if (strcmp(plan->names[c], column->name))
				continue;
			if (cell_of[i] != SIZE_MAX)
				return nn_fail(err, NN_BAD, "two columns have the name '%s'",
					column->name);
			cell_of[i] = c;
		}
		if (cell_of[i] == SIZE_MAX && is_input(column))
			return nn_fail(err, NN_BAD, "no column '%s', as in %s", column->name,
				import->like_name);
	}
	return NN_OK;
}

/* As many columns as there, or all but the targets. */
static int find_by_place(const struct nn_plan *plan, const struct nn_import *import,
	size_t *cell_of, struct nn_error *err)
{
	size_t targets = nn_columns_of_kind(&plan->columns, NN_COLUMN_CLASS) +
		nn_columns_of_kind(&plan->columns, NN_COLUMN_TARGET);
	bool unlabelled = plan->cells != plan->columns.count;
	size_t next = 0;

	if (unlabelled && plan->cells != plan->columns.count - targets)
		return nn_fail(err, NN_BAD, "%zu columns, %s has %zu%s", plan->cells,
			import->like_name, plan->columns.count,
			targets ? ", the target among them" : "");
	for (size_t i = 0; i < plan->columns.count; i++) {
		bool there = !unlabelled || !is_target(&plan->columns.items[i]);

		cell_of[i] = there ? next++ : SIZE_MAX;
	}
	return NN_OK;
}

static int copy_classes(struct nn_plan *plan, const struct nn_import *import, struct nn_error *err)
{
	char **names;
	size_t count;
	int status = nn_data_classes(import->like, &names, &count, err);

	if (!status && !names)
		return nn_fail(err, NN_BAD, "%s: has a column of classes but no metadata `classes`",
			import->like_name);
	for (size_t i = 0; i < count && !status; i++) {
		size_t number;

		status = nn_names_add(&plan->targets.names, names[i], strlen(names[i]), &number,
			err);
		if (!status && number != i)
			status = nn_fail(err, NN_BAD, "%s: two classes have the name '%s'",
				import->like_name, names[i]);
	}
	nn_data_free_names(names, count);
	return status;
}

static int set_targets(struct nn_plan *plan, const struct nn_import *import, struct nn_error *err)
{
	size_t classes = nn_columns_of_kind(&plan->columns, NN_COLUMN_CLASS);
	size_t all = classes + nn_columns_of_kind(&plan->columns, NN_COLUMN_TARGET);

	if (classes && all > 1)
		return nn_fail(err, NN_BAD, "%s: has a column of classes and another target",
			import->like_name);
	if (plan->target_count && plan->target_count < all)
		return nn_fail(err, NN_BAD, "%zu of the %zu targets of %s are missing",
			all - plan->target_count, all, import->like_name);
	plan->targets.outputs = plan->target_count;
	if (!plan->target_count)
		return NN_OK;
	plan->targets.kind = classes ? NN_TARGET_CLASSES : NN_TARGET_NUMBERS;
	plan->targets.frozen = true;
	return classes ? copy_classes(plan, import, err) : NN_OK;
}

/* Missing cells are what they were there, unless the caller says otherwise. */
static int set_missing(struct nn_plan *plan, const struct nn_import *import, struct nn_error *err)
{
	for (size_t i = 0; i < plan->columns.count; i++) {
		struct nn_column *column = &plan->columns.items[i];

		if (column->filled && !import->na)
			plan->missing = NN_MISSING_MEAN;
		if (column->kind == NN_COLUMN_NUMBER && plan->missing == NN_MISSING_MEAN &&
			!column->filled && !column->standardized)
			return nn_fail(err, NN_BAD,
				"%s: names no means to put in place of missing cells",
				import->like_name);
	}
	return NN_OK;
}

int nn_plan_like(struct nn_plan *plan, const struct nn_import *import,
	const struct nn_sample *sample, struct nn_error *err)
{
	const char *text = nn_bundle_meta(import->like, "columns");
	bool asked = import->header && strcmp(import->header, "auto");
	size_t *cell_of;
	int status;

	if (!text)
		return nn_fail(err, NN_BAD,
			"%s does not say how the columns of a table are encoded",
			import->like_name);
	if (nn_columns_parse(&plan->columns, text, err))
		return nn_fail_in(err, "%s", import->like_name);
	plan->known = true;
	plan->header = asked ? !strcmp(import->header, "yes") :
			       names_inputs(&plan->columns, sample) || nn_sample_header(sample);
	cell_of = nn_alloc(plan->columns.count, sizeof *cell_of, err);
	if (!cell_of)
		return NN_FAILED;
	status = plan->header ? nn_plan_names(plan, sample, err) : NN_OK;
	if (!status && plan->header && plan->columns.named)
		status = find_by_name(plan, import, cell_of, err);
	else if (!status)
		status = find_by_place(plan, import, cell_of, err);
	if (!status)
		status = nn_plan_lists(plan, cell_of, err);
	if (!status)
		status = set_targets(plan, import, err);
	if (!status)
		status = set_missing(plan, import, err);
	free(cell_of);
	return status;
}
