#include "model/summary.h"

#include <string.h>

#include "json/json.h"

static int put_sizes(struct nn_buffer *out, const struct nn_json *sizes, struct nn_error *err)
{
	int status = NN_OK;

	for (const struct nn_json *size = nn_json_first(sizes); size && !status;
		size = nn_json_next(size)) {
		if (size != nn_json_first(sizes))
			status = nn_buffer_puts(out, " x ", err);
		if (!status)
			status = nn_json_put(out, size, err);
	}
	return status;
}

/* The type, the units bare, and whatever else is a number with its name. */
static int put_layer(struct nn_buffer *out, const struct nn_json *layer, struct nn_error *err)
{
	const char *type = "?";
	int status;

	nn_json_string(nn_json_get(layer, "type"), &type);
	status = nn_buffer_printf(out, err, " -> %s", type);
	for (const struct nn_json *member = nn_json_first(layer); member && !status;
		member = nn_json_next(member)) {
		const char *key = nn_json_key(member);

		if (!key || nn_json_type(member) != NN_JSON_NUMBER)
			continue;
		if (strcmp(key, "units"))
			status = nn_buffer_printf(out, err, " %s", key);
		if (!status)
			status = nn_buffer_puts(out, " ", err);
		if (!status)
			status = nn_json_put(out, member, err);
	}
	return status;
}

int nn_spec_summary(struct nn_buffer *out, const char *spec, struct nn_error *err)
{
	struct nn_json *json = nn_json_parse(spec, strlen(spec), "spec", err);
	const struct nn_json *layers;
	const char *loss;
	int status;

	if (!json)
		return err ? (int)err->status : NN_BAD;
	layers = nn_json_get(json, "layers");
	if (!layers || nn_json_type(layers) != NN_JSON_ARRAY) {
		nn_json_free(json);
		return nn_fail(err, NN_BAD, "spec: it has no layers");
	}
	status = nn_json_get(json, "input") ? put_sizes(out, nn_json_get(json, "input"), err) :
					      NN_OK;
	for (const struct nn_json *layer = nn_json_first(layers); layer && !status;
		layer = nn_json_next(layer))
		status = put_layer(out, layer, err);
	if (!status && nn_json_string(nn_json_get(json, "loss"), &loss))
		status = nn_buffer_printf(out, err, ", loss %s", loss);
	nn_json_free(json);
	return status;
}
