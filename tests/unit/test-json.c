/* Strict JSON: what is refused, and canonical writing. */
#include "json/json.h"

#include "tests/unit/tap.h"

static struct nn_error err;

static void refuses(const char *text, size_t length, const char *why)
{
	struct nn_json *json = nn_json_parse(text, length, "spec", &err);

	if (ok(!json, "refused: %s", why))
		ok(strstr(err.text, why) != NULL, "... saying so: %s", err.text);
	nn_json_free(json);
}

#define REFUSES(text, why) refuses(text, sizeof text - 1, why)

static void rewrites(const char *text, const char *want)
{
	struct nn_buffer out = { 0 };
	struct nn_json *json = nn_json_parse(text, strlen(text), "spec", &err);

	if (ok(json != NULL, "parsed: %s", text)) {
		nn_json_put(&out, json, &err);
		is_text(out.data, want, "written canonically");
	}
	nn_buffer_free(&out);
	nn_json_free(json);
}

static void test_values(void)
{
	static const char text[] =
		"{\"n\": 9007199254740992, \"big\": 9007199254740994, \"neg\": -1,"
		"\"frac\": 1.5, \"s\": \"x\", \"list\": [1, 2], \"N\": 3}";
	static const char *const known[] = { "n", "big", "neg", "frac", "s", "list", NULL };
	struct nn_json *json = nn_json_parse(text, sizeof text - 1, "spec", &err);
	uint64_t u = 0;
	const char *s = "";

	ok(nn_json_u64(nn_json_get(json, "n"), &u) && u == (uint64_t)1 << 53, "2^53 is exact");
	ok(!nn_json_u64(nn_json_get(json, "big"), &u), "above it nothing is");
	ok(!nn_json_u64(nn_json_get(json, "neg"), &u), "negative");
	ok(!nn_json_u64(nn_json_get(json, "frac"), &u), "fraction");
	ok(!nn_json_u64(nn_json_get(json, "s"), &u), "text");
	ok(!nn_json_u64(nn_json_get(json, "none"), &u), "missing");
	ok(nn_json_string(nn_json_get(json, "s"), &s) && !strcmp(s, "x"), "a string");
	ok(nn_json_size(nn_json_get(json, "list")) == 2, "a list of two");
	ok(!nn_json_get(json, "S"), "case counts");
	ok(nn_json_only_keys(json, "layers[0]", known, &err) == NN_BAD, "an unknown key");
	is_text(err.text, "layers[0].N: unknown key; known are n, big, neg, frac, s, list",
		"... is named with its path");
	nn_json_free(json);
}

int main(void)
{
	REFUSES("", "not JSON");
	REFUSES("{\"a\":1", "not JSON");
	REFUSES("{\"a\":1} x", "text behind");
	REFUSES("{\"a\":1,\"a\":2}", "twice");
	REFUSES("{\"b\":{\"a\":1,\"c\":0,\"a\":2}}", "twice");
	REFUSES("{\"a\":\"\\u0000\"}", "a NUL");
	REFUSES("{\"a\0\":1}", "a NUL");
	REFUSES("{\"\xff\":1}", "not UTF-8");
	REFUSES("\"\xed\xa0\x80\"", "not UTF-8");
	REFUSES("\"\xc0\xaf\"", "not UTF-8");
	REFUSES("[1e999]", "too large");
	rewrites(" { \"b\" : [ 1.0, -0, 0.1, 1e3 ], \"a\" : \"\\u00e9\\/\\n\\u0001\" } ",
		"{\"b\":[1,0,0.1,1000],\"a\":\"\xc3\xa9/\\n\\u0001\"}");
	rewrites("[true,false,null,{},[]]", "[true,false,null,{},[]]");
	test_values();
	return tap_done();
}
