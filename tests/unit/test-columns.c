/* Metadata `columns`: written and read back, and what is refused in it; sets of names. */
#include <stdlib.h>

#include "data/columns.h"
#include "tap.h"

static struct nn_error err;

static void same_again(const char *text)
{
	struct nn_columns columns;
	struct nn_buffer out = { 0 };

	if (nn_columns_parse(&columns, text, &err))
		printf("# %s\n", err.text);
	else
		nn_columns_put(&out, &columns, &err);
	is_text(out.data ? out.data : "", text, text);
	nn_buffer_free(&out);
	nn_columns_free(&columns);
}

static void refused(const char *json, const char *why)
{
	struct nn_columns columns;
	int status = nn_columns_parse(&columns, json, &err);

	ok(status == NN_BAD, "refused: %.70s", json);
	if (strstr(err.text, why))
		return;
	ok(false, "says '%s'", why);
	printf("# %s\n", err.text);
}

static void test_json(void)
{
	struct nn_columns columns;

	same_again("[]");
	same_again("[{\"as\":\"class\",\"count\":1},{\"as\":\"number\",\"count\":784}]");
	same_again(
		"[{\"as\":\"number\",\"names\":[\"a\",\"b\"],\"mean\":[0.1,-1e-300],\"sd\":[2.5,0]},"
		"{\"as\":\"one-hot\",\"names\":[\"c\"],\"values\":[\"x\",\"y\"]},"
		"{\"as\":\"one-hot\",\"names\":[\"d\"],\"values\":[\"x\"]},"
		"{\"as\":\"none\",\"names\":[\"\"]},{\"as\":\"target\",\"names\":[\"t\",\"u\"]}]");
	same_again("[{\"as\":\"number\",\"count\":2,\"mean\":[1,2],\"na\":\"mean\"}]");
	nn_columns_parse(&columns,
		"[{\"as\":\"number\",\"count\":3},{\"as\":\"one-hot\",\"count\":1,"
		"\"values\":[\"x\",\"y\"]},{\"as\":\"target\",\"count\":2}]",
		&err);
	ok(columns.count == 6 && nn_columns_inputs(&columns) == 5 &&
			nn_columns_of_kind(&columns, NN_COLUMN_TARGET) == 2,
		"columns and inputs are counted");
	nn_columns_free(&columns);
	refused("{}", "not an array");
	refused("[{\"as\":\"number\"}]", "`names` or `count`");
	refused("[{\"count\":1}]", "needs `as`");
	refused("[{\"as\":\"sound\",\"count\":1}]", "unknown `as`: 'sound'");
	refused("[{\"as\":\"number\",\"count\":1,\"size\":2}]", "size");
	refused("[{\"as\":\"number\",\"count\":0}]", "no columns");
	refused("[{\"as\":\"number\",\"count\":9007199254740992}]", "more than 1,048,576");
	refused("[{\"as\":\"number\",\"count\":1000000},{\"as\":\"none\",\"count\":1000000}]",
		"more than 1,048,576");
	refused("[{\"as\":\"number\",\"names\":[\"a\"]},{\"as\":\"none\",\"count\":1}]",
		"some have none");
	refused("[{\"as\":\"number\",\"names\":[1]}]", "no name");
	refused("[{\"as\":\"one-hot\",\"count\":1}]", "needs `values`");
	refused("[{\"as\":\"one-hot\",\"count\":2,\"values\":[\"x\"]}]", "one column");
	refused("[{\"as\":\"one-hot\",\"count\":1,\"values\":[\"x\",\"x\"]}]", "twice");
	refused("[{\"as\":\"number\",\"count\":2,\"mean\":[1],\"sd\":[1]}]", "a number for each");
	refused("[{\"as\":\"number\",\"count\":1,\"mean\":[1],\"sd\":[-1]}]", "no such number");
	refused("[{\"as\":\"number\",\"count\":1,\"sd\":[1]}]", "go with `mean`");
	refused("[{\"as\":\"class\",\"count\":1,\"mean\":[1],\"sd\":[1]}]", "with numbers");
	refused("[{\"as\":\"number\",\"count\":1,\"mean\":[1],\"na\":\"drop\"}]", "`na`");
}

static void add(struct nn_names *names, const char *text)
{
	size_t number;

	nn_names_add(names, text, strlen(text), &number, &err);
}

static void test_names(void)
{
	struct nn_names names = { 0 };
	size_t *ranks;
	bool found = true;
	char text[16];

	for (size_t i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "%zu", (i * 7 + 3) % 1000);
		add(&names, text);
		add(&names, text);
	}
	ok(names.count == 1000, "a thousand different names");
	nn_names_sort(&names, &ranks, &err);
	for (size_t i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "%zu", i);
		found = found && nn_names_find(&names, text, strlen(text)) == i &&
			ranks[i] == (i * 7 + 3) % 1000;
	}
	ok(found, "numbers are put in order by value, and found there");
	ok(nn_names_find(&names, "1000", 4) == NN_NO_NAME && nn_names_find(&names, "99x", 2) == 99,
		"no others, and no more than the length");
	free(ranks);
	add(&names, "x");
	nn_names_sort(&names, &ranks, &err);
	ok(nn_names_find(&names, "10", 2) == 2 && nn_names_find(&names, "x", 1) == 1000,
		"with a text among them by bytes: 0, 1, 10, 100, ...");
	free(ranks);
	nn_names_free(&names);
}

int main(void)
{
	test_json();
	test_names();
	return tap_done();
}
