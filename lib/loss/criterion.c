/* A loss from its place in the spec and back. */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "loss/loss.h"

#define HUGE_NUMBER 1e30 /* keeps what is computed with it a float */
#define LABEL_LIMIT 2147483647

enum { KEYS = 4 };
/* In canonical order. */
static const struct {
	const char *name;
	enum nn_loss_keys key;
} keys[KEYS] = {
	{ "label_smoothing", NN_LOSS_SMOOTHING },
	{ "class_weights", NN_LOSS_WEIGHTS },
	{ "ignore_index", NN_LOSS_IGNORE },
	{ "delta", NN_LOSS_DELTA },
};

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

static int parse_number(const struct nn_json *value, const char *path, double *number,
	struct nn_error *err)
{
	if (nn_json_f64(value, number))
		return NN_OK;
	return nn_fail(err, NN_BAD, "%s: %s where a number is wanted", path,
		nn_json_type_name(value));
}

static int parse_smoothing(struct nn_criterion *criterion, const struct nn_json *value,
	struct nn_error *err)
{
	double number;

	if (parse_number(value, "loss.label_smoothing", &number, err))
		return NN_BAD;
	if (!(number >= 0 && number <= 1))
		return nn_fail(err, NN_BAD, "loss.label_smoothing: %.10g is not from 0 to 1",
			number);
	criterion->label_smoothing = number;
	return NN_OK;
}

static int parse_delta(struct nn_criterion *criterion, const struct nn_json *value,
	struct nn_error *err)
{
	double number;

	if (parse_number(value, "loss.delta", &number, err))
		return NN_BAD;
	if (!(number >= 1 / HUGE_NUMBER && number <= HUGE_NUMBER))
		return nn_fail(err, NN_BAD, "loss.delta: %.10g is not above 0, from %g to %g",
			number, 1 / HUGE_NUMBER, HUGE_NUMBER);
	criterion->delta = number;
	return NN_OK;
}

static int parse_ignored(struct nn_criterion *criterion, const struct nn_json *value,
	struct nn_error *err)
{
	double number;

	if (parse_number(value, "loss.ignore_index", &number, err))
		return NN_BAD;
	if (!nn_json_u64(value, &criterion->ignore_index) || criterion->ignore_index > LABEL_LIMIT)
		return nn_fail(err, NN_BAD,
			"loss.ignore_index: %.10g is not the number of a class, from 0", number);
	criterion->ignores = true;
	return NN_OK;
}

static int parse_weights(struct nn_criterion *criterion, const struct nn_json *value,
	struct nn_error *err)
{
	size_t count = nn_json_size(value);
	const struct nn_json *item = nn_json_first(value);
	bool any = false;

	if (nn_json_type(value) != NN_JSON_ARRAY)
		return nn_fail(err, NN_BAD,
			"loss.class_weights: %s where an array of numbers is wanted",
			nn_json_type_name(value));
	criterion->class_weights = nn_alloc(count, sizeof *criterion->class_weights, err);
	if (!criterion->class_weights)
		return NN_FAILED;
	criterion->class_weight_count = count;
	for (size_t i = 0; item; i++, item = nn_json_next(item)) {
		double number;

		if (!nn_json_f64(item, &number))
			return nn_fail(err, NN_BAD,
				"loss.class_weights[%zu]: %s where a number is wanted", i,
				nn_json_type_name(item));
		if (!(number >= 0 && number <= HUGE_NUMBER))
			return nn_fail(err, NN_BAD,
				"loss.class_weights[%zu]: %.10g is not from 0 to %g", i, number,
				HUGE_NUMBER);
		criterion->class_weights[i] = (float)number;
		any = any || criterion->class_weights[i] > 0;
	}
	return any ? NN_OK : nn_fail(err, NN_BAD, "loss.class_weights: none is above 0");
}

static int parse_key(struct nn_criterion *criterion, enum nn_loss_keys key,
	const struct nn_json *value, struct nn_error *err)
{
	switch (key) {
	case NN_LOSS_SMOOTHING:
		return parse_smoothing(criterion, value, err);
	case NN_LOSS_IGNORE:
		return parse_ignored(criterion, value, err);
	case NN_LOSS_WEIGHTS:
		return parse_weights(criterion, value, err);
	case NN_LOSS_DELTA:
		return parse_delta(criterion, value, err);
	}
	return NN_OK;
}

int nn_criterion_parse(struct nn_criterion *criterion, const struct nn_json *value,
	struct nn_error *err)
{
	const char *known[KEYS + 2] = { "type" };
	size_t count = 1;
	int status;

	*criterion = (struct nn_criterion){ .delta = 1 };
	if (!value || nn_json_type(value) != NN_JSON_OBJECT)
		return parse_type(criterion, value, "loss", err);
	status = parse_type(criterion, nn_json_get(value, "type"), "loss.type", err);
	for (size_t i = 0; i < KEYS && !status; i++)
		if (criterion->type->keys & keys[i].key)
			known[count++] = keys[i].name;
	if (!status)
		status = nn_json_only_keys(value, "loss", known, err);
	for (size_t i = 0; i < KEYS && !status; i++) {
		const struct nn_json *item = nn_json_get(value, keys[i].name);

		if (item)
			status = parse_key(criterion, keys[i].key, item, err);
	}
	return status;
}

int nn_criterion_check(const struct nn_criterion *criterion, size_t outputs, struct nn_error *err)
{
	if (criterion->class_weights && criterion->class_weight_count != outputs)
		return nn_fail(err, NN_BAD,
			"loss.class_weights: %zu, but the network has %zu outputs",
			criterion->class_weight_count, outputs);
	if (criterion->ignores && criterion->ignore_index >= outputs)
		return nn_fail(err, NN_BAD,
			"loss.ignore_index: %llu, but the network has %zu outputs",
			(unsigned long long)criterion->ignore_index, outputs);
	return NN_OK;
}

static bool is_default(const struct nn_criterion *criterion, enum nn_loss_keys key)
{
	switch (key) {
	case NN_LOSS_SMOOTHING:
		return !(criterion->label_smoothing > 0);
	case NN_LOSS_IGNORE:
		return !criterion->ignores;
	case NN_LOSS_WEIGHTS:
		return !criterion->class_weights;
	case NN_LOSS_DELTA:
		return fabs(criterion->delta - 1) <= 0;
	}
	return true;
}

static int put_weights(const struct nn_criterion *criterion, struct nn_buffer *out,
	struct nn_error *err)
{
	char text[NN_F64_TEXT];
	int status = NN_OK;

	for (size_t i = 0; i < criterion->class_weight_count && !status; i++) {
		nn_format_f32(criterion->class_weights[i], text);
		status = nn_buffer_printf(out, err, "%s%s", i ? "," : "[", text);
	}
	return status ? status : nn_buffer_puts(out, "]", err);
}

static int put_key(const struct nn_criterion *criterion, enum nn_loss_keys key,
	struct nn_buffer *out, struct nn_error *err)
{
	switch (key) {
	case NN_LOSS_SMOOTHING:
		return nn_json_put_f64(out, criterion->label_smoothing, err);
	case NN_LOSS_IGNORE:
		return nn_buffer_printf(out, err, "%llu",
			(unsigned long long)criterion->ignore_index);
	case NN_LOSS_WEIGHTS:
		return put_weights(criterion, out, err);
	case NN_LOSS_DELTA:
		return nn_json_put_f64(out, criterion->delta, err);
	}
	return NN_OK;
}

int nn_criterion_put(const struct nn_criterion *criterion, struct nn_buffer *out,
	struct nn_error *err)
{
	bool plain = true;
	int status;

	for (size_t i = 0; i < KEYS; i++)
		plain = plain && is_default(criterion, keys[i].key);
	if (plain)
		return nn_json_put_string(out, criterion->type->name, err);
	status = nn_buffer_printf(out, err, "{\"type\":\"%s\"", criterion->type->name);
	for (size_t i = 0; i < KEYS && !status; i++) {
		if (is_default(criterion, keys[i].key))
			continue;
		status = nn_buffer_printf(out, err, ",\"%s\":", keys[i].name);
		if (!status)
			status = put_key(criterion, keys[i].key, out, err);
	}
	return status ? status : nn_buffer_puts(out, "}", err);
}

void nn_criterion_free(struct nn_criterion *criterion)
{
	free(criterion->class_weights);
	*criterion = (struct nn_criterion){ 0 };
}
