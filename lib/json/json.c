#include "json/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define EXACT 9007199254740992.0 /* 2^53: whole numbers up to here are exact in a double */

void nn_json_library(char out[static 32])
{
	snprintf(out, 32, "cJSON %.20s", cJSON_Version());
}

static const cJSON *in(const struct nn_json *value)
{
	return (const cJSON *)(const void *)value;
}

static const struct nn_json *out_of(const cJSON *item)
{
	return (const struct nn_json *)(const void *)item;
}

/* Length of a well-formed UTF-8 sequence at `p` (RFC 3629), 0 if it is none. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	size_t length;
	uint32_t point;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (length > left)
		return 0;
	point = p[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (p[i] & 0x3f);
	}
	if ((length == 3 && point < 0x800) ||
		(length == 4 && (point < 0x10000 || point > 0x10ffff)) ||
		(point >= 0xd800 && point <= 0xdfff))
		return 0;
	return length;
}

#define PLACE_TEXT 80

/* "byte 57", and behind the first line "line 3, column 4 (byte 57)". `out` [PLACE_TEXT] */
static const char *put_place(const char *text, size_t byte, char *out)
{
	size_t line = 1;
	size_t column = 1;

	for (size_t i = 0; i < byte; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	if (line == 1)
		snprintf(out, PLACE_TEXT, "byte %zu", byte);
	else
		snprintf(out, PLACE_TEXT, "line %zu, column %zu (byte %zu)", line, column, byte);
	return out;
}

static bool is_space(char c)
{
	return c && strchr(" \t\r\n", c);
}

/* cJSON stops one byte behind what is no key where a key should be, else where it should. */
static size_t stopped_at(const char *text, size_t end)
{
	size_t before;

	if (end < 2 || text[end - 1] == '"' || is_space(text[end - 1]))
		return end;
	for (before = end - 2; before && is_space(text[before]); before--)
		;
	if (text[before] == '{' || (text[before] == ',' && text[end - 1] == '}'))
		return end - 1;
	return end;
}

/* What cJSON lets pass: bad UTF-8, NUL bytes and \u0000 (its strings would end there). */
static int check_text(const char *text, size_t length, const char *what, struct nn_error *err)
{
	const unsigned char *p = (const unsigned char *)text;
	char where[PLACE_TEXT];

	for (size_t i = 0; i < length;) {
		size_t step = utf8_length(p + i, length - i);

		if (!step)
			return nn_fail(err, NN_BAD, "%s: %s: not UTF-8", what,
				put_place(text, i, where));
		if (!p[i])
			return nn_fail(err, NN_BAD, "%s: %s: a NUL byte", what,
				put_place(text, i, where));
		if (p[i] == '\\') {
			if (length - i >= 6 && !memcmp(text + i, "\\u0000", 6))
				return nn_fail(err, NN_BAD, "%s: %s: a NUL in a string", what,
					put_place(text, i, where));
			step = 2;
		}
		i += step;
	}
	return NN_OK;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Where in the document a value is. */
struct place {
	const struct place *outer; /* NULL: this is the root */
	const char *key;           /* NULL: item `index` of an array */
	size_t index;
};

/* "layers[2].units" into `out`, cut where that is full; returns the length. */
static size_t path_text(const struct place *place, char *out, size_t size)
{
	size_t used = place->outer ? path_text(place->outer, out, size) : 0;
	int length = 0;

	if (!place->outer)
		out[0] = '\0';
	else if (place->key)
		length = snprintf(out + used, size - used, "%s%s", used ? "." : "", place->key);
	else
		length = snprintf(out + used, size - used, "[%zu]", place->index);
	used += length > 0 ? (size_t)length : 0;
	return used < size ? used : size - 1;
}

static int fail_at(const struct place *place, const char *what, const char *why,
	struct nn_error *err)
{
	char path[200];
	size_t length = path_text(place, path, sizeof path);

	return nn_fail(err, NN_BAD, "%s: %s%s%s", what, path, length ? ": " : "", why);
}

static int check_keys(const cJSON *object, const char *what, const struct place *place,
	struct nn_error *err)
{
	size_t count = (size_t)cJSON_GetArraySize(object);
	const char **keys = nn_alloc(count, sizeof *keys, err);
	const cJSON *member;
	size_t i = 0;
	int status = NN_OK;

	if (!keys)
		return NN_FAILED;
	cJSON_ArrayForEach(member, object)
		keys[i++] = member->string;
	qsort(keys, count, sizeof *keys, by_text);
	for (i = 1; i < count && !status; i++)
		if (!strcmp(keys[i - 1], keys[i]))
			status = fail_at(&(struct place){ place, keys[i], 0 }, what,
				"stands there twice", err);
	free(keys);
	return status;
}

static int check_tree(const cJSON *value, const char *what, const struct place *place,
	struct nn_error *err)
{
	const cJSON *child;
	size_t index = 0;
	int status = cJSON_IsObject(value) ? check_keys(value, what, place, err) : NN_OK;

	if (cJSON_IsNumber(value) && !isfinite(value->valuedouble))
		return fail_at(place, what, "this number is too large", err);
	if (status || !(cJSON_IsObject(value) || cJSON_IsArray(value)))
		return status;
	cJSON_ArrayForEach(child, value) {
		status = check_tree(child, what, &(struct place){ place, child->string, index++ },
			err);
		if (status)
			break;
	}
	return status;
}

/* Deeper than the parser goes? */
static bool is_too_deep(const char *text, size_t length)
{
	size_t depth = 0;
	bool string = false;

	for (size_t i = 0; i < length && depth <= CJSON_NESTING_LIMIT; i++)
		if (string) {
			string = text[i] != '"';
			i += text[i] == '\\';
		} else if (text[i] == '"') {
			string = true;
		} else if (text[i] == '[' || text[i] == '{') {
			depth++;
		} else if ((text[i] == ']' || text[i] == '}') && depth) {
			depth--;
		}
	return depth > CJSON_NESTING_LIMIT;
}

struct nn_json *nn_json_parse(const char *text, size_t length, const char *what,
	struct nn_error *err)
{
	const char *end = NULL;
	char where[PLACE_TEXT];
	cJSON *root;

	if (check_text(text, length, what, err))
		return NULL;
	errno = 0;
	root = cJSON_ParseWithLengthOpts(text, length, &end, 0);
	if (!root && errno == ENOMEM) {
		nn_fail(err, NN_FAILED, "%s: no memory for its values", what);
		return NULL;
	}
	if (!root && is_too_deep(text, length)) {
		nn_fail(err, NN_BAD, "%s: values in one another deeper than %d", what,
			CJSON_NESTING_LIMIT);
		return NULL;
	}
	if (!root) {
		nn_fail(err, NN_BAD, "%s: %s: not JSON", what,
			put_place(text, end ? stopped_at(text, (size_t)(end - text)) : 0, where));
		return NULL;
	}
	for (; end < text + length; end++)
		if (!is_space(*end)) {
			nn_fail(err, NN_BAD, "%s: %s: text behind the JSON value", what,
				put_place(text, (size_t)(end - text), where));
			cJSON_Delete(root);
			return NULL;
		}
	if (check_tree(root, what, &(struct place){ NULL, NULL, 0 }, err)) {
		cJSON_Delete(root);
		return NULL;
	}
	return (struct nn_json *)(void *)root;
}

void nn_json_free(struct nn_json *document)
{
	cJSON_Delete((cJSON *)(void *)document);
}

enum nn_json_type nn_json_type(const struct nn_json *value)
{
	const cJSON *item = in(value);

	if (cJSON_IsObject(item))
		return NN_JSON_OBJECT;
	if (cJSON_IsArray(item))
		return NN_JSON_ARRAY;
	if (cJSON_IsString(item))
		return NN_JSON_STRING;
	if (cJSON_IsNumber(item))
		return NN_JSON_NUMBER;
	return cJSON_IsBool(item) ? NN_JSON_BOOL : NN_JSON_NULL;
}

const char *nn_json_type_name(const struct nn_json *value)
{
	switch (nn_json_type(value)) {
	case NN_JSON_NULL:
		return "null";
	case NN_JSON_BOOL:
		return "a truth value";
	case NN_JSON_NUMBER:
		return "a number";
	case NN_JSON_STRING:
		return "a string";
	case NN_JSON_ARRAY:
		return "an array";
	case NN_JSON_OBJECT:
		return "an object";
	}
	return "?";
}

size_t nn_json_size(const struct nn_json *value)
{
	return (size_t)cJSON_GetArraySize(in(value));
}

const struct nn_json *nn_json_get(const struct nn_json *object, const char *key)
{
	return cJSON_IsObject(in(object)) ?
		out_of(cJSON_GetObjectItemCaseSensitive(in(object), key)) :
		NULL;
}

const struct nn_json *nn_json_first(const struct nn_json *value)
{
	const cJSON *item = in(value);

	return cJSON_IsObject(item) || cJSON_IsArray(item) ? out_of(item->child) : NULL;
}

const struct nn_json *nn_json_next(const struct nn_json *value)
{
	return out_of(in(value)->next);
}

const char *nn_json_key(const struct nn_json *member)
{
	return in(member)->string;
}

bool nn_json_string(const struct nn_json *value, const char **out)
{
	if (!value || !cJSON_IsString(in(value)))
		return false;
	*out = in(value)->valuestring;
	return true;
}

bool nn_json_f64(const struct nn_json *value, double *out)
{
	if (!value || !cJSON_IsNumber(in(value)))
		return false;
	*out = in(value)->valuedouble;
	return true;
}

bool nn_json_u64(const struct nn_json *value, uint64_t *out)
{
	double number;

	if (!nn_json_f64(value, &number) || number < 0 || number > EXACT || number != floor(number))
		return false;
	*out = (uint64_t)number;
	return true;
}

bool nn_json_bool(const struct nn_json *value, bool *out)
{
	if (!value || !cJSON_IsBool(in(value)))
		return false;
	*out = cJSON_IsTrue(in(value));
	return true;
}

int nn_json_only_keys(const struct nn_json *object, const char *path, const char *const *known,
	struct nn_error *err)
{
	struct nn_buffer list = { 0 };
	const struct nn_json *member;
	size_t i;
	int status = NN_OK;

	for (member = nn_json_first(object); member; member = nn_json_next(member)) {
		for (i = 0; known[i] && strcmp(known[i], nn_json_key(member)); i++)
			;
		if (!known[i])
			break;
	}
	if (!member)
		return NN_OK;
	for (i = 0; known[i] && !status; i++)
		status = nn_buffer_printf(&list, err, "%s%s", i ? ", " : "", known[i]);
	if (!status)
		status = nn_fail(err, NN_BAD, "%s%s%s: unknown key; known are %s", path,
			*path ? "." : "", nn_json_key(member), list.data ? list.data : "none");
	nn_buffer_free(&list);
	return status;
}

int nn_json_put_string(struct nn_buffer *out, const char *text, struct nn_error *err)
{
	static const char short_escapes[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	int status;

	for (size_t i = 0, step, length = strlen(text); i < length; i += step) {
		step = utf8_length((const unsigned char *)text + i, length - i);
		if (!step)
			return nn_fail(err, NN_BAD, "byte %zu of a text is not UTF-8: \"%.40s\"", i,
				text);
	}
	status = nn_buffer_puts(out, "\"", err);

	for (const char *p = text; *p && !status; p++) {
		const char *escape = strchr(short_escapes, *p);

		if (escape)
			status =
				nn_buffer_printf(out, err, "\\%c", letters[escape - short_escapes]);
		else if ((unsigned char)*p < 0x20)
			status = nn_buffer_printf(out, err, "\\u%04x", (unsigned)*p);
		else
			status = nn_buffer_append(out, p, 1, err);
	}
	return status ? status : nn_buffer_puts(out, "\"", err);
}

int nn_json_put_f64(struct nn_buffer *out, double value, struct nn_error *err)
{
	char text[NN_F64_TEXT];

	/* JSON has no word for these. */
	if (!isfinite(value))
		return nn_buffer_puts(out, "null", err);
	if (value == floor(value) && fabs(value) <= EXACT)
		return nn_buffer_printf(out, err, "%.0f", value == 0 ? 0.0 : value);
	nn_format_f64(value, text);
	return nn_buffer_puts(out, text, err);
}

int nn_json_put(struct nn_buffer *out, const struct nn_json *value, struct nn_error *err)
{
	enum nn_json_type type = nn_json_type(value);
	const struct nn_json *child;
	int status;

	if (type == NN_JSON_STRING)
		return nn_json_put_string(out, in(value)->valuestring, err);
	if (type == NN_JSON_NUMBER)
		return nn_json_put_f64(out, in(value)->valuedouble, err);
	if (type == NN_JSON_BOOL)
		return nn_buffer_puts(out, cJSON_IsTrue(in(value)) ? "true" : "false", err);
	if (type == NN_JSON_NULL)
		return nn_buffer_puts(out, "null", err);
	status = nn_buffer_puts(out, type == NN_JSON_OBJECT ? "{" : "[", err);
	for (child = nn_json_first(value); child && !status; child = nn_json_next(child)) {
		if (child != nn_json_first(value))
			status = nn_buffer_puts(out, ",", err);
		if (!status && type == NN_JSON_OBJECT)
			status = nn_json_put_string(out, nn_json_key(child), err);
		if (!status && type == NN_JSON_OBJECT)
			status = nn_buffer_puts(out, ":", err);
		if (!status)
			status = nn_json_put(out, child, err);
	}
	return status ? status : nn_buffer_puts(out, type == NN_JSON_OBJECT ? "}" : "]", err);
}
