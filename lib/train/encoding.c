#include "train/encoding.h"

#include <string.h>

#include "base/memory.h"
#include "data/columns.h"
#include "data/meta.h"

/* Empty if there are none. */
static int parse_columns(const struct nn_bundle *metas, struct nn_columns *columns,
	struct nn_error *err)
{
	const char *text = nn_bundle_meta(metas, "columns");

	*columns = (struct nn_columns){ 0 };
	return text ? nn_columns_parse(columns, text, err) : NN_OK;
}

/* The place of the next column that makes inputs, from `i` on; `count` behind the last. */
static size_t next_input(const struct nn_columns *columns, size_t i)
{
	while (i < columns->count && columns->items[i].kind != NN_COLUMN_NUMBER &&
		columns->items[i].kind != NN_COLUMN_ONE_HOT)
		i++;
	return i;
}

static bool same_values(const struct nn_names *a, const struct nn_names *b)
{
	size_t i = 0;

	while (i < a->count && i < b->count && !strcmp(a->names[i], b->names[i]))
		i++;
	return i == a->count && i == b->count;
}

/* What differs in the inputs that come of two columns; NULL: nothing. */
static const char *difference(const struct nn_column *model, const struct nn_column *data)
{
	if (model->name && data->name && strcmp(model->name, data->name))
		return "the model was made for another one";
	if (model->kind != data->kind)
		return "of another kind for the model";
	if (model->kind == NN_COLUMN_ONE_HOT)
		return same_values(&model->values, &data->values) ?
			NULL :
			"has other values for the model";
	if (model->standardized != data->standardized)
		return model->standardized ? "standardized for the model, but not here" :
					     "standardized here, but not for the model";
	if (model->standardized && (model->mean != data->mean || model->sd != data->sd))
		return "has another mean or deviation for the model";
	return NULL;
}

static int compare(const struct nn_columns *model, const struct nn_columns *data, const char *name,
	struct nn_error *err)
{
	size_t i = next_input(model, 0);
	size_t j = next_input(data, 0);
	const char *what = NULL;
	char text[NN_COLUMN_TEXT];

	while (i < model->count && j < data->count) {
		what = difference(&model->items[i], &data->items[j]);
		if (what)
			break;
		i = next_input(model, i + 1);
		j = next_input(data, j + 1);
	}
	if (!what)
		return NN_OK; /* how many inputs there are is checked against the network */
	nn_column_text(j, data->items[j].name, text);
	return nn_fail(err, NN_BAD,
		"%s: %s: %s (nn-import --like MODEL encodes data as a model wants)", name, text,
		what);
}

static int compare_tokens(const struct nn_bundle *model, const struct nn_bundle *data,
	const char *name, struct nn_error *err)
{
	const char *ours = nn_bundle_meta(model, "tokens");
	const char *theirs = nn_bundle_meta(data, "tokens");

	if (!ours || !theirs || !strcmp(ours, theirs))
		return NN_OK;
	return nn_fail(err, NN_BAD, "%s: its tokens are '%.40s', the model's '%.40s'", name, theirs,
		ours);
}

int nn_check_encoding(const struct nn_bundle *model, const struct nn_bundle *data, const char *name,
	struct nn_error *err)
{
	struct nn_columns ours;
	struct nn_columns theirs = { 0 };
	int status = parse_columns(model, &ours, err);

	if (status)
		return nn_fail_in(err, "the model");
	status = parse_columns(data, &theirs, err);
	if (status)
		nn_fail_in(err, "%s", name);
	else if (ours.count && theirs.count)
		status = compare(&ours, &theirs, name, err);
	if (!status)
		status = compare_tokens(model, data, name, err);
	nn_columns_free(&ours);
	nn_columns_free(&theirs);
	return status;
}

/* The names of the target columns, if there are as many and they have some. */
static int target_names(const struct nn_columns *columns, size_t count, char ***names,
	struct nn_error *err)
{
	size_t found = 0;

	if (!columns->named || nn_columns_of_kind(columns, NN_COLUMN_TARGET) != count)
		return NN_OK;
	*names = nn_alloc(count, sizeof **names, err);
	if (!*names)
		return NN_FAILED;
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->items[i].kind != NN_COLUMN_TARGET)
			continue;
		(*names)[found] = nn_strdup(columns->items[i].name, err);
		if (!(*names)[found]) {
			nn_data_free_names(*names, found);
			*names = NULL;
			return NN_FAILED;
		}
		found++;
	}
	return NN_OK;
}

int nn_output_names(const struct nn_bundle *metas, bool classes, size_t count, char ***names,
	struct nn_error *err)
{
	struct nn_columns columns;
	size_t found;
	int status;

	*names = NULL;
	if (classes) {
		status = nn_data_classes(metas, names, &found, err);
		if (!status && *names && found != count) {
			nn_data_free_names(*names, found);
			*names = NULL;
		}
		return status;
	}
	status = parse_columns(metas, &columns, err);
	if (!status)
		status = target_names(&columns, count, names, err);
	nn_columns_free(&columns);
	return status;
}
