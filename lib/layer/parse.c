/* A layer from its JSON object and back, driven by its type's table of keys. */
#include <stdio.h>
#include <string.h>

#include "layer/layer.h"

static size_t key_count(const struct nn_layer_type *type)
{
	size_t count = 0;

	while (type->keys && type->keys[count].name)
		count++;
	return count;
}

static int list_names(struct nn_buffer *list, const char *const *names, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; names[i] && !status; i++)
		status = nn_buffer_printf(list, err, "%s%s", i ? ", " : "", names[i]);
	return status;
}

static int fail_choice(const char *path, const char *what, const char *got,
	const char *const *names, struct nn_error *err)
{
	struct nn_buffer list = { 0 };
	int status = list_names(&list, names, err);

	if (!status)
		status = nn_fail(err, NN_BAD, "%s.%s: there is no \"%s\"; there are %s", path, what,
			got, list.data);
	nn_buffer_free(&list);
	return status;
}

static int parse_size(const struct nn_json *value, const char *path, const struct nn_layer_key *key,
	uint64_t *out, struct nn_error *err)
{
	uint64_t least = key->type == NN_KEY_SIZE || key->type == NN_KEY_PAIR ? key->least : 1;
	double number;

	if (!nn_json_f64(value, &number))
		return nn_fail(err, NN_BAD, "%s.%s: %s where a size is wanted", path, key->name,
			nn_json_type_name(value));
	if (!nn_json_u64(value, out) || *out < least || *out > NN_LAYER_LIMIT)
		return nn_fail(err, NN_BAD, "%s.%s: %.16g is not a whole number from %llu to %llu",
			path, key->name, number, (unsigned long long)least,
			(unsigned long long)NN_LAYER_LIMIT);
	return NN_OK;
}

/* The first in the upper half. */
static uint64_t pack(uint64_t height, uint64_t width)
{
	return height << 32 | width;
}

static int parse_pair(const struct nn_json *value, const char *path, const struct nn_layer_key *key,
	uint64_t *out, struct nn_error *err)
{
	const struct nn_json *first = nn_json_first(value);
	uint64_t height, width;
	int status;

	if (nn_json_type(value) != NN_JSON_ARRAY) {
		status = parse_size(value, path, key, &height, err);
		width = height;
	} else if (nn_json_size(value) != 2) {
		return nn_fail(err, NN_BAD, "%s.%s: %zu sizes where [height, width] is wanted",
			path, key->name, nn_json_size(value));
	} else {
		status = parse_size(first, path, key, &height, err);
		if (!status)
			status = parse_size(nn_json_next(first), path, key, &width, err);
	}
	if (!status)
		*out = pack(height, width);
	return status;
}

static int parse_number(const struct nn_json *value, const char *path,
	const struct nn_layer_key *key, uint64_t *out, struct nn_error *err)
{
	double number;

	if (!nn_json_f64(value, &number))
		return nn_fail(err, NN_BAD, "%s.%s: %s where a number is wanted", path, key->name,
			nn_json_type_name(value));
	if (!(number >= key->low && number <= key->high))
		return nn_fail(err, NN_BAD, "%s.%s: %.10g is not from %g to %g", path, key->name,
			number, key->low, key->high);
	memcpy(out, &number, sizeof number);
	return NN_OK;
}

static int parse_choice(const struct nn_json *value, const char *path,
	const struct nn_layer_key *key, uint64_t *out, struct nn_error *err)
{
	const char *word;

	if (!nn_json_string(value, &word))
		return nn_fail(err, NN_BAD, "%s.%s: %s where a word is wanted", path, key->name,
			nn_json_type_name(value));
	for (size_t i = 0; key->choices[i]; i++)
		if (!strcmp(key->choices[i], word)) {
			*out = i;
			return NN_OK;
		}
	return fail_choice(path, key->name, word, key->choices, err);
}

static uint64_t otherwise(const struct nn_layer_key *key)
{
	uint64_t bits;

	if (key->type == NN_KEY_PAIR)
		return pack(key->otherwise, key->otherwise);
	if (key->type != NN_KEY_NUMBER)
		return key->otherwise;
	memcpy(&bits, &key->number, sizeof bits);
	return bits;
}

static int parse_key(const struct nn_json *value, const char *path, const struct nn_layer_key *key,
	const struct nn_layer_known *known, uint64_t *out, struct nn_error *err)
{
	bool flag;

	if (!value && key->type == NN_KEY_OUTPUTS && known->outputs) {
		*out = known->outputs;
		return NN_OK;
	}
	if (!value && key->type == NN_KEY_TOKENS && known->tokens) {
		*out = known->tokens;
		return NN_OK;
	}
	if (!value && key->required)
		return nn_fail(err, NN_BAD, "%s.%s: missing%s", path, key->name,
			key->type == NN_KEY_TOKENS ?
				"; it can be found out of a text (nn-init --data)" :
				"");
	if (!value) {
		*out = otherwise(key);
		return NN_OK;
	}
	switch (key->type) {
	case NN_KEY_SIZE:
	case NN_KEY_OUTPUTS:
	case NN_KEY_TOKENS:
		return parse_size(value, path, key, out, err);
	case NN_KEY_PAIR:
		return parse_pair(value, path, key, out, err);
	case NN_KEY_NUMBER:
		return parse_number(value, path, key, out, err);
	case NN_KEY_CHOICE:
		return parse_choice(value, path, key, out, err);
	case NN_KEY_FLAG:
		break;
	}
	if (!nn_json_bool(value, &flag))
		return nn_fail(err, NN_BAD, "%s.%s: %s where true or false is wanted", path,
			key->name, nn_json_type_name(value));
	*out = flag;
	return NN_OK;
}

static int parse_type(const struct nn_json *spec, const char *path,
	const struct nn_layer_type **type, struct nn_error *err)
{
	const struct nn_json *value = nn_json_get(spec, "type");
	const char *names[64] = { NULL };
	const char *name;

	if (nn_json_type(spec) != NN_JSON_OBJECT)
		return nn_fail(err, NN_BAD, "%s: %s where an object is wanted", path,
			nn_json_type_name(spec));
	if (!value)
		return nn_fail(err, NN_BAD, "%s.type: missing", path);
	if (!nn_json_string(value, &name))
		return nn_fail(err, NN_BAD, "%s.type: %s where a word is wanted", path,
			nn_json_type_name(value));
	*type = nn_layer_find(name);
	if (*type)
		return NN_OK;
	for (size_t i = 0; nn_layer_types[i] && i < sizeof names / sizeof names[0] - 1; i++)
		names[i] = nn_layer_types[i]->name;
	return fail_choice(path, "type", name, names, err);
}

int nn_layer_parse(struct nn_layer *layer, const struct nn_json *spec, const char *path,
	const struct nn_shape *in, const struct nn_layer_known *known, struct nn_error *err)
{
	const char *keys[NN_LAYER_KEYS + 4] = { "type" };
	size_t count;
	int status;

	*layer = (struct nn_layer){ .in = *in };
	status = parse_type(spec, path, &layer->type, err);
	if (status)
		return status;
	count = key_count(layer->type);
	for (size_t i = 0; i < count; i++)
		keys[i + 1] = layer->type->keys[i].name;
	if (layer->type->nests) {
		keys[count + 1] = "layers";
		keys[count + 2] = "shortcut";
	}
	status = nn_json_only_keys(spec, path, keys, err);
	for (size_t i = 0; i < count && !status; i++) {
		const struct nn_layer_key *key = &layer->type->keys[i];

		status = parse_key(nn_json_get(spec, key->name), path, key, known,
			&layer->values[i], err);
	}
	if (status)
		return status;
	return layer->type->shape(layer, err) ? nn_fail_in(err, "%s", path) : NN_OK;
}

static double number_of(uint64_t value)
{
	double number;

	memcpy(&number, &value, sizeof number);
	return number;
}

double nn_layer_number(const struct nn_layer *layer, size_t key)
{
	return number_of(layer->values[key]);
}

struct nn_pair nn_layer_pair(const struct nn_layer *layer, size_t key)
{
	uint64_t value = layer->values[key];

	return (struct nn_pair){ (size_t)(value >> 32), (size_t)(value & UINT32_MAX) };
}

static int put_value(const struct nn_layer_key *key, uint64_t value, struct nn_buffer *out,
	struct nn_error *err)
{
	switch (key->type) {
	case NN_KEY_SIZE:
	case NN_KEY_OUTPUTS:
	case NN_KEY_TOKENS:
		return nn_buffer_printf(out, err, "%llu", (unsigned long long)value);
	case NN_KEY_PAIR:
		return nn_buffer_printf(out, err, "[%llu,%llu]", (unsigned long long)(value >> 32),
			(unsigned long long)(value & UINT32_MAX));
	case NN_KEY_NUMBER:
		return nn_json_put_f64(out, number_of(value), err);
	case NN_KEY_FLAG:
		return nn_buffer_puts(out, value ? "true" : "false", err);
	case NN_KEY_CHOICE:
		return nn_json_put_string(out, key->choices[value], err);
	}
	return NN_OK;
}

int nn_layer_put(const struct nn_layer *layer, struct nn_buffer *out, struct nn_error *err)
{
	size_t count = key_count(layer->type);
	int status = nn_buffer_puts(out, "{\"type\":", err);

	if (!status)
		status = nn_json_put_string(out, layer->type->name, err);
	for (size_t i = 0; i < count && !status; i++) {
		const struct nn_layer_key *key = &layer->type->keys[i];

		status = nn_buffer_printf(out, err, ",\"%s\":", key->name);
		if (!status)
			status = put_value(key, layer->values[i], out, err);
	}
	return status ? status : nn_buffer_puts(out, "}", err);
}
