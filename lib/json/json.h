/* JSON (RFC 8259), strictly: the only room that sees cJSON.
 *
 * Refused beyond what cJSON refuses: text behind the value, duplicate keys, a NUL in a string,
 * text that is not UTF-8, whole numbers above 2^53 where an integer is asked for. Keys are compared
 * with their case. */
#ifndef NN_JSON_JSON_H
#define NN_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

/* "cJSON 1.7.15": what runs. */
void nn_json_library(char out[static 32]);

/* A value inside a parsed document; valid as long as the document is not freed. */
struct nn_json;

enum nn_json_type {
	NN_JSON_NULL,
	NN_JSON_BOOL,
	NN_JSON_NUMBER,
	NN_JSON_STRING,
	NN_JSON_ARRAY,
	NN_JSON_OBJECT
};

/* `what` names the text in messages. NULL with `err` filled (NN_BAD: the place, as "byte 5" or, behind
 * the first line, "line 3, column 4 (byte 57)", and the reason). */
struct nn_json *nn_json_parse(const char *text, size_t length, const char *what,
	struct nn_error *err);
void nn_json_free(struct nn_json *document); /* the root only; NULL is fine */

enum nn_json_type nn_json_type(const struct nn_json *value);
/* "a string", "an object", ...: for messages. */
const char *nn_json_type_name(const struct nn_json *value);
size_t nn_json_size(const struct nn_json *value); /* members of an object, items of an array */
/* NULL if the object has no such key (or is no object). */
const struct nn_json *nn_json_get(const struct nn_json *object, const char *key);
/* Walking an object or array in the order of the text. NULL at the end. */
const struct nn_json *nn_json_first(const struct nn_json *value);
const struct nn_json *nn_json_next(const struct nn_json *value);
const char *nn_json_key(const struct nn_json *member); /* of an object's member */

/* False if the value is of another type (or, for u64, not a whole number in 0 .. 2^53). NULL as
 * value is false too. */
bool nn_json_string(const struct nn_json *value, const char **out);
bool nn_json_u64(const struct nn_json *value, uint64_t *out);
bool nn_json_f64(const struct nn_json *value, double *out);
bool nn_json_bool(const struct nn_json *value, bool *out);

/* Refuses keys of `object` that are not in the NULL-terminated list: NN_BAD,
 * "PATH.KEY: unknown key; known are ...". */
int nn_json_only_keys(const struct nn_json *object, const char *path, const char *const *known,
	struct nn_error *err);

/* Canonical writing: no space, members in the order given, strings escaped no more than needed,
 * numbers as the shortest text that reads back the same. */
/* NN_BAD if `text` is not UTF-8. */
int nn_json_put_string(struct nn_buffer *out, const char *text, struct nn_error *err);
int nn_json_put_f64(struct nn_buffer *out, double value, struct nn_error *err);
/* A whole value again, canonically: members keep their order. */
int nn_json_put(struct nn_buffer *out, const struct nn_json *value, struct nn_error *err);

#endif
