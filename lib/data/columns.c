#include "data/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"

/* A table has fewer; what says more would take memory that its bytes do not justify. */
#define MOST_COLUMNS ((uint64_t)1 << 20)

static const char *kind_name(enum nn_column_kind kind)
{
	switch (kind) {
	case NN_COLUMN_NUMBER:
		return "number";
	case NN_COLUMN_ONE_HOT:
		return "one-hot";
	case NN_COLUMN_CLASS:
		return "class";
	case NN_COLUMN_TARGET:
		return "target";
	case NN_COLUMN_NONE:
		return "none";
	}
	return "?";
}

int nn_columns_alloc(struct nn_columns *columns, size_t count, struct nn_error *err)
{
	*columns = (struct nn_columns){ 0 };
	columns->items = nn_alloc(count, sizeof *columns->items, err);
	if (!columns->items)
		return NN_FAILED;
	columns->count = count;
	return NN_OK;
}

void nn_columns_free(struct nn_columns *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		free(columns->items[i].name);
		nn_names_free(&columns->items[i].values);
	}
	free(columns->items);
	*columns = (struct nn_columns){ 0 };
}

size_t nn_columns_inputs(const struct nn_columns *columns)
{
	size_t inputs = 0;

	for (size_t i = 0; i < columns->count; i++) {
		if (columns->items[i].kind == NN_COLUMN_NUMBER)
			inputs++;
		if (columns->items[i].kind == NN_COLUMN_ONE_HOT)
			inputs += columns->items[i].values.count;
	}
	return inputs;
}

size_t nn_columns_of_kind(const struct nn_columns *columns, enum nn_column_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < columns->count; i++)
		count += columns->items[i].kind == kind;
	return count;
}

void nn_column_text(size_t index, const char *name, char *out)
{
	if (name)
		snprintf(out, NN_COLUMN_TEXT, "column %zu (%.60s)", index + 1, name);
	else
		snprintf(out, NN_COLUMN_TEXT, "column %zu", index + 1);
}

static bool alike(const struct nn_column *a, const struct nn_column *b)
{
	return a->kind == b->kind && a->kind != NN_COLUMN_ONE_HOT &&
		a->standardized == b->standardized && a->filled == b->filled;
}

static int put_numbers(struct nn_buffer *out, const char *key, const struct nn_column *items,
	size_t count, bool sd, struct nn_error *err)
{
	int status = nn_buffer_printf(out, err, ",\"%s\":[", key);

	for (size_t i = 0; i < count && !status; i++) {
		if (i)
			status = nn_buffer_puts(out, ",", err);
		if (!status)
			status = nn_json_put_f64(out, sd ? items[i].sd : items[i].mean, err);
	}
	return status ? status : nn_buffer_puts(out, "]", err);
}

static int put_texts(struct nn_buffer *out, const char *key, const struct nn_column *items,
	size_t count, char *const *texts, struct nn_error *err)
{
	int status = nn_buffer_printf(out, err, ",\"%s\":[", key);

	for (size_t i = 0; i < count && !status; i++) {
		if (i)
			status = nn_buffer_puts(out, ",", err);
		if (!status)
			status = nn_json_put_string(out, items ? items[i].name : texts[i], err);
	}
	return status ? status : nn_buffer_puts(out, "]", err);
}

static int put_run(struct nn_buffer *out, const struct nn_columns *columns,
	const struct nn_column *items, size_t count, struct nn_error *err)
{
	int status = nn_buffer_printf(out, err, "{\"as\":\"%s\"", kind_name(items->kind));

	if (!status && columns->named)
		status = put_texts(out, "names", items, count, NULL, err);
	else if (!status)
		status = nn_buffer_printf(out, err, ",\"count\":%zu", count);
	if (!status && items->kind == NN_COLUMN_ONE_HOT)
		status = put_texts(out, "values", NULL, items->values.count, items->values.names,
			err);
	if (!status && (items->standardized || items->filled))
		status = put_numbers(out, "mean", items, count, false, err);
	if (!status && items->standardized)
		status = put_numbers(out, "sd", items, count, true, err);
	if (!status && items->filled)
		status = nn_buffer_puts(out, ",\"na\":\"mean\"", err);
	return status ? status : nn_buffer_puts(out, "}", err);
}

int nn_columns_put(struct nn_buffer *out, const struct nn_columns *columns, struct nn_error *err)
{
	int status = nn_buffer_puts(out, "[", err);

	for (size_t i = 0; i < columns->count && !status;) {
		size_t count = 1;

		while (i + count < columns->count &&
			alike(&columns->items[i], &columns->items[i + count]))
			count++;
		if (i)
			status = nn_buffer_puts(out, ",", err);
		if (!status)
			status = put_run(out, columns, &columns->items[i], count, err);
		i += count;
	}
	return status ? status : nn_buffer_puts(out, "]", err);
}

static int bad(struct nn_error *err, const char *why)
{
	return nn_fail(err, NN_BAD, "metadata `columns`: %s", why);
}

/* How many columns the run is for. */
static int count_of(const struct nn_json *run, uint64_t *count, struct nn_error *err)
{
	const struct nn_json *names = nn_json_get(run, "names");

	if (names && nn_json_type(names) == NN_JSON_ARRAY)
		*count = nn_json_size(names);
	else if (names || !nn_json_u64(nn_json_get(run, "count"), count))
		return bad(err, "a run needs `names` or `count`");
	return *count ? NN_OK : bad(err, "a run of no columns");
}

static int parse_kind(const struct nn_json *run, enum nn_column_kind *kind, struct nn_error *err)
{
	const char *as;

	if (!nn_json_string(nn_json_get(run, "as"), &as))
		return bad(err, "a run needs `as`");
	for (int k = NN_COLUMN_NUMBER; k <= NN_COLUMN_NONE; k++)
		if (!strcmp(as, kind_name((enum nn_column_kind)k))) {
			*kind = (enum nn_column_kind)k;
			return NN_OK;
		}
	return nn_fail(err, NN_BAD, "metadata `columns`: unknown `as`: '%.40s'", as);
}

static int parse_names(struct nn_column *items, const struct nn_json *names, struct nn_error *err)
{
	for (const struct nn_json *name = nn_json_first(names); name; name = nn_json_next(name)) {
		const char *text;

		if (!nn_json_string(name, &text))
			return bad(err, "`names` holds what is no name");
		items->name = nn_strdup(text, err);
		if (!items->name)
			return NN_FAILED;
		items++;
	}
	return NN_OK;
}

static int parse_values(struct nn_column *item, const struct nn_json *values, struct nn_error *err)
{
	if (!values || nn_json_type(values) != NN_JSON_ARRAY || !nn_json_size(values))
		return bad(err, "one-hot needs `values`");
	for (const struct nn_json *value = nn_json_first(values); value;
		value = nn_json_next(value)) {
		const char *text;
		size_t before = item->values.count;
		size_t number;

		if (!nn_json_string(value, &text))
			return bad(err, "`values` holds what is no text");
		if (nn_names_add(&item->values, text, strlen(text), &number, err))
			return NN_FAILED;
		if (item->values.count == before)
			return bad(err, "`values` holds a text twice");
	}
	return NN_OK;
}

static int parse_numbers(struct nn_column *items, size_t count, const struct nn_json *numbers,
	bool sd, struct nn_error *err)
{
	const struct nn_json *number = nn_json_first(numbers);

	if (nn_json_type(numbers) != NN_JSON_ARRAY || nn_json_size(numbers) != count)
		return bad(err, "`mean` and `sd` need a number for each column");
	for (size_t i = 0; i < count; i++, number = nn_json_next(number)) {
		double value;

		if (!nn_json_f64(number, &value) || (sd && value < 0.0))
			return bad(err, "`mean` or `sd` holds what is no such number");
		if (sd)
			items[i].sd = value;
		else
			items[i].mean = value;
	}
	return NN_OK;
}

static int parse_run(struct nn_columns *columns, struct nn_column *items, size_t count,
	const struct nn_json *run, struct nn_error *err)
{
	static const char *const keys[] = { "as", "names", "count", "values", "mean", "sd", "na",
		NULL };
	const struct nn_json *names = nn_json_get(run, "names");
	const struct nn_json *mean = nn_json_get(run, "mean");
	const struct nn_json *sd = nn_json_get(run, "sd");
	const struct nn_json *na = nn_json_get(run, "na");
	const char *text;
	enum nn_column_kind kind = NN_COLUMN_NONE;
	int status = nn_json_only_keys(run, "columns", keys, err);

	if (!status)
		status = parse_kind(run, &kind, err);
	if (status)
		return status;
	if (na && (!nn_json_string(na, &text) || strcmp(text, "mean")))
		return bad(err, "`na` is \"mean\" or is not there");
	if ((sd || na) && (!mean || kind != NN_COLUMN_NUMBER))
		return bad(err, "`sd` and `na` go with `mean` and with numbers");
	if (kind == NN_COLUMN_ONE_HOT && count > 1)
		return bad(err, "one-hot stands for one column");
	for (size_t i = 0; i < count; i++) {
		items[i].kind = kind;
		items[i].standardized = sd != NULL;
		items[i].filled = na != NULL;
	}
	columns->named = names != NULL;
	if (names)
		status = parse_names(items, names, err);
	if (!status && kind == NN_COLUMN_ONE_HOT)
		status = parse_values(items, nn_json_get(run, "values"), err);
	if (!status && mean)
		status = parse_numbers(items, count, mean, false, err);
	if (!status && sd)
		status = parse_numbers(items, count, sd, true, err);
	return status;
}

static int parse_runs(struct nn_columns *columns, const struct nn_json *runs, struct nn_error *err)
{
	uint64_t total = 0;
	size_t done = 0;
	uint64_t count;
	int status;

	if (nn_json_type(runs) != NN_JSON_ARRAY)
		return bad(err, "not an array");
	for (const struct nn_json *run = nn_json_first(runs); run; run = nn_json_next(run)) {
		status = count_of(run, &count, err);
		if (status)
			return status;
		if (count > MOST_COLUMNS || (total += count) > MOST_COLUMNS)
			return bad(err, "more than 1,048,576 columns");
		if (!nn_json_get(run, "names") != !nn_json_get(nn_json_first(runs), "names"))
			return bad(err, "some columns have names and some have none");
	}
	status = nn_columns_alloc(columns, (size_t)total, err);
	for (const struct nn_json *run = nn_json_first(runs); run && !status;
		run = nn_json_next(run)) {
		count_of(run, &count, NULL);
		status = parse_run(columns, columns->items + done, (size_t)count, run, err);
		done += (size_t)count;
	}
	return status;
}

int nn_columns_parse(struct nn_columns *columns, const char *text, struct nn_error *err)
{
	struct nn_json *runs = nn_json_parse(text, strlen(text), "metadata `columns`", err);
	int status;

	*columns = (struct nn_columns){ 0 };
	if (!runs)
		return err ? (int)err->status : NN_BAD;
	status = parse_runs(columns, runs, err);
	nn_json_free(runs);
	if (status)
		nn_columns_free(columns);
	return status;
}
