#include "data/targets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/sample.h"
#include "json/json.h"

#define EXACT 9007199254740992.0 /* 2^53 */

static int shown(struct nn_cell cell)
{
	return cell.length < 40 ? (int)cell.length : 40;
}

int nn_cell_number(struct nn_cell cell, bool alone, double *value, struct nn_error *err)
{
	const char *trouble;

	if (nn_decimal(cell, value)) {
		if (isfinite((float)*value))
			return NN_OK;
		return nn_fail(err, NN_BAD, "'%.*s': beyond the range of a float", shown(cell),
			cell.text);
	}
	trouble = nn_cell_trouble(cell, alone);
	return nn_fail(err, NN_BAD, "'%.*s': %s", shown(cell), cell.text,
		trouble ? trouble : "not a number");
}

int nn_cell_name(struct nn_names *names, struct nn_cell cell, size_t *number, struct nn_error *err)
{
	size_t before = names->count;
	struct nn_buffer scratch = { 0 };
	int status = nn_names_add(names, cell.text, cell.length, number, err);

	if (status || names->count == before)
		return status;
	status = nn_json_put_string(&scratch, names->names[*number], err);
	nn_buffer_free(&scratch);
	if (status == NN_BAD)
		return nn_fail(err, NN_BAD, "'%.*s': not UTF-8", shown(cell), cell.text);
	return status;
}

/* "5.0" and "05" are class 5: the name of a whole number is its plain form. `out` [32] */
static struct nn_cell class_name(struct nn_cell cell, char *out, bool *whole)
{
	double value;

	*whole = nn_decimal(cell, &value) && floor(value) == value && fabs(value) <= EXACT;
	if (!*whole)
		return cell;
	return (struct nn_cell){ out, (size_t)snprintf(out, 32, "%lld", (long long)value) };
}

static int make_room(struct nn_targets *targets, struct nn_error *err)
{
	size_t room = targets->room ? 2 * targets->room : 1024;
	int32_t *labels;
	float *numbers;

	if (targets->count < targets->room)
		return NN_OK;
	if (targets->kind == NN_TARGET_NUMBERS) {
		numbers =
			nn_realloc(targets->numbers, room, targets->outputs * sizeof *numbers, err);
		if (!numbers)
			return NN_FAILED;
		targets->numbers = numbers;
	} else {
		labels = nn_realloc(targets->labels, room, sizeof *labels, err);
		if (!labels)
			return NN_FAILED;
		targets->labels = labels;
	}
	targets->room = room;
	return NN_OK;
}

/* The guess was wrong: the classes so far are numbers. */
static int become_numbers(struct nn_targets *targets, struct nn_error *err)
{
	float *numbers = nn_alloc(targets->room ? targets->room : 1, sizeof *numbers, err);

	if (!numbers)
		return NN_FAILED;
	for (size_t i = 0; i < targets->count; i++) {
		double value = 0.0;

		nn_parse_f64(targets->names.names[targets->labels[i]], &value);
		numbers[i] = (float)value;
	}
	free(targets->labels);
	targets->labels = NULL;
	targets->numbers = numbers;
	targets->room = targets->room ? targets->room : 1;
	targets->kind = NN_TARGET_NUMBERS;
	nn_names_free(&targets->names);
	return NN_OK;
}

static int add_numbers(struct nn_targets *targets, const struct nn_cell *cells, size_t *culprit,
	struct nn_error *err)
{
	float *to = targets->numbers + targets->count * targets->outputs;

	for (size_t i = 0; i < targets->outputs; i++) {
		double value;
		int status = nn_cell_number(cells[i], false, &value, err);

		if (status) {
			*culprit = i;
			return status;
		}
		to[i] = (float)value;
	}
	targets->count++;
	return NN_OK;
}

static int add_class(struct nn_targets *targets, struct nn_cell cell, struct nn_error *err)
{
	char plain[32];
	bool whole;
	struct nn_cell name = class_name(cell, plain, &whole);
	size_t number;
	int status = NN_OK;

	if (targets->frozen) {
		number = nn_names_find(&targets->names, cell.text, cell.length);
		if (number == NN_NO_NAME)
			number = nn_names_find(&targets->names, name.text, name.length);
		if (number == NN_NO_NAME)
			return nn_fail(err, NN_BAD, "'%.*s': an unknown class", shown(cell),
				cell.text);
	} else {
		status = nn_cell_name(&targets->names, name, &number, err);
	}
	if (!status && number > INT32_MAX)
		status = nn_fail(err, NN_BAD, "more than 2^31 classes");
	if (!status)
		targets->labels[targets->count++] = (int32_t)number;
	return status;
}

int nn_targets_add(struct nn_targets *targets, const struct nn_cell *cells, size_t *culprit,
	struct nn_error *err)
{
	char plain[32];
	double value;
	bool whole;
	int status = NN_OK;

	*culprit = 0;
	if (targets->kind == NN_TARGET_NONE)
		return NN_OK;
	if (targets->kind == NN_TARGET_GUESS) {
		struct nn_cell name = class_name(cells[0], plain, &whole);

		if (!nn_decimal(cells[0], &value) && nn_cell_trouble(cells[0], false))
			return nn_cell_number(cells[0], false, &value, err);
		if (!nn_decimal(cells[0], &value))
			targets->kind = NN_TARGET_CLASSES;
		else if (!whole ||
			(targets->names.count >= NN_GUESS_CLASSES &&
				nn_names_find(&targets->names, name.text, name.length) ==
					NN_NO_NAME))
			status = become_numbers(targets, err);
	}
	if (!status)
		status = make_room(targets, err);
	if (status)
		return status;
	if (targets->kind == NN_TARGET_NUMBERS)
		return add_numbers(targets, cells, culprit, err);
	return add_class(targets, cells[0], err);
}

int nn_targets_finish(struct nn_targets *targets, struct nn_error *err)
{
	size_t *ranks;
	int status;

	if (targets->kind == NN_TARGET_GUESS)
		targets->kind = NN_TARGET_CLASSES;
	if (targets->kind != NN_TARGET_CLASSES || targets->frozen)
		return NN_OK;
	status = nn_names_sort(&targets->names, &ranks, err);
	if (status)
		return status;
	for (size_t i = 0; i < targets->count; i++)
		targets->labels[i] = (int32_t)ranks[targets->labels[i]];
	free(ranks);
	return NN_OK;
}

void nn_targets_free(struct nn_targets *targets)
{
	nn_names_free(&targets->names);
	free(targets->labels);
	free(targets->numbers);
	*targets = (struct nn_targets){ 0 };
}
