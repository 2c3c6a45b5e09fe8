/* A loss from its place in the spec and back. */
#include <stdlib.h>

#include "loss/loss.h"

static int fail_name(const char *name, const char *path, struct nn_error *err)
{
	struct nn_buffer list = { 0 };
	int status = NN_OK;

	for (size_t i = 0; nn_loss_names[i] && !status; i++)
		status = nn_buffer_printf(&list, err, "%s%s", i ? ", " : "", nn_loss_names[i]);
	if (!status)
		status = nn_fail(err, NN_BAD, "%s: there is no \"%s\"; there are %s", path, name,
			list.data);
	nn_buffer_free(&list);
	return status;
}

static int parse_type(struct nn_criterion *criterion, const struct nn_json *value, const char *path,
	struct nn_error *err)
{
	const char *name;

	if (!value)
		return nn_fail(err, NN_BAD, "%s: missing", path);
	if (!nn_json_string(value, &name))
		return nn_fail(err, NN_BAD, "%s: %s where a word is wanted", path,
			nn_json_type_name(value));
	criterion->type = nn_loss_find(name);
	return criterion->type ? NN_OK : fail_name(name, path, err);
}

int nn_criterion_parse(struct nn_criterion *criterion, const struct nn_json *value,
	struct nn_error *err)
{
	static const char *const keys[] = { "type", NULL };
	int status;

	*criterion = (struct nn_criterion){ .delta = 1 };
	if (!value || nn_json_type(value) != NN_JSON_OBJECT)
		return parse_type(criterion, value, "loss", err);
	status = parse_type(criterion, nn_json_get(value, "type"), "loss.type", err);
	return status ? status : nn_json_only_keys(value, "loss", keys, err);
}

int nn_criterion_check(const struct nn_criterion *criterion, size_t outputs, struct nn_error *err)
{
	if (criterion->class_weights && criterion->class_weight_count != outputs)
		return nn_fail(err, NN_BAD,
			"loss.class_weights: %zu, but the network has %zu outputs",
			criterion->class_weight_count, outputs);
	return NN_OK;
}

int nn_criterion_put(const struct nn_criterion *criterion, struct nn_buffer *out,
	struct nn_error *err)
{
	return nn_json_put_string(out, criterion->type->name, err);
}

void nn_criterion_free(struct nn_criterion *criterion)
{
	free(criterion->class_weights);
	*criterion = (struct nn_criterion){ 0 };
}
