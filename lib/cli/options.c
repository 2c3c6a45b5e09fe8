#include "cli/private.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define LONG_BASE 256 /* getopt_long returns this + index in the table for a long option */

/* What getopt_long wants, made from the table. */
struct getopt_tables {
	char *letters;
	struct option *names;
	size_t options; /* of ours; --help and --version follow */
};

static size_t table_length(const struct cli_option *options)
{
	size_t n = 0;

	while (options[n].type != CLI_TYPE_END)
		n++;
	return n;
}

static void *need(void *block, const struct nn_error *err)
{
	if (!block)
		cli_die(err);
	return block;
}

static struct getopt_tables make_tables(const struct cli_option *options)
{
	struct nn_error err;
	size_t n = table_length(options);
	struct getopt_tables made = {
		.letters = need(nn_alloc(2 * n + 3, 1, &err), &err),
		.names = need(nn_alloc(n + 3, sizeof *made.names, &err), &err),
		.options = n,
	};
	char *letter = made.letters;
	struct option *name = made.names;
	bool taken = false; /* -h by an option of the tool */

	*letter++ = ':'; /* a missing argument is told apart from an unknown option */
	for (size_t i = 0; i < n; i++) {
		int takes = options[i].argument ? required_argument : no_argument;

		if (options[i].letter) {
			*letter++ = options[i].letter;
			taken = taken || options[i].letter == 'h';
			if (takes == required_argument)
				*letter++ = ':';
		}
		if (options[i].name)
			*name++ =
				(struct option){ options[i].name, takes, NULL, LONG_BASE + (int)i };
	}
	if (!taken)
		*letter++ = 'h';
	*name++ = (struct option){ "help", no_argument, NULL, LONG_BASE + (int)n };
	*name++ = (struct option){ "version", no_argument, NULL, LONG_BASE + (int)n + 1 };
	return made;
}

static void refuse_choice(const struct cli_option *option, const char *text)
{
	char list[400] = "";
	size_t used = 0;

	for (const char *const *choice = option->choices; *choice && used < sizeof list; choice++)
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
			*choice);
	cli_usage("--%s: '%s' is not one of %s", option->name, text, list);
}

static const char *parse_choice(const struct cli_option *option, const char *text)
{
	for (const char *const *choice = option->choices; *choice; choice++)
		if (!strcmp(*choice, text))
			return *choice;
	refuse_choice(option, text);
	return NULL;
}

static uint64_t parse_count(const struct cli_option *option, const char *text)
{
	uint64_t value;

	if (!nn_parse_u64(text, &value))
		cli_usage("--%s: '%s' is %s", option->name, text,
			*text && !text[strspn(text, "0123456789")] ? "too large" :
								     "not a whole number");
	return value;
}

static double parse_real(const struct cli_option *option, const char *text)
{
	double value;

	if (!nn_parse_f64(text, &value))
		cli_usage("--%s: '%s' is not a number", option->name, text);
	if (!(value >= option->low && value <= option->high)) {
		char low[NN_F64_TEXT];
		char high[NN_F64_TEXT];

		nn_format_f64(option->low, low);
		nn_format_f64(option->high, high);
		if (isinf(option->high))
			cli_usage("--%s: %s is less than %s", option->name, text, low);
		cli_usage("--%s: %s is not from %s to %s", option->name, text, low, high);
	}
	return value;
}

static struct cli_reals parse_reals(const struct cli_option *option, const char *text)
{
	struct nn_error err;
	struct cli_reals reals = { NULL, 1 };
	char *copy = need(nn_strdup(text, &err), &err);
	char *rest = copy;

	for (const char *c = text; *c; c++)
		reals.count += *c == ',';
	reals.values = need(nn_alloc(reals.count, sizeof *reals.values, &err), &err);
	for (size_t i = 0; i < reals.count; i++) {
		const char *number = strsep(&rest, ",");

		if (!nn_parse_f64(number, &reals.values[i]))
			cli_usage("--%s: '%s' in '%s' is not a number", option->name, number, text);
	}
	free(copy);
	return reals;
}

/* The last one wins where an option is repeated. */
static void store(const struct cli_option *option, const char *text)
{
	switch (option->type) {
	case CLI_TYPE_FLAG:
		*(bool *)option->value = true;
		break;
	case CLI_TYPE_STRING:
		*(const char **)option->value = text;
		break;
	case CLI_TYPE_CHOICE:
		*(const char **)option->value = parse_choice(option, text);
		break;
	case CLI_TYPE_COUNT:
		*(uint64_t *)option->value = parse_count(option, text);
		break;
	case CLI_TYPE_REAL:
		*(double *)option->value = parse_real(option, text);
		break;
	case CLI_TYPE_REALS:
		free(((struct cli_reals *)option->value)->values);
		*(struct cli_reals *)option->value = parse_reals(option, text);
		break;
	case CLI_TYPE_END:
	case CLI_TYPE_HEADING:
		return;
	}
	if (option->given)
		*option->given = true;
}

static const struct cli_option *with_letter(const struct cli_option *options, int letter)
{
	for (; options->type != CLI_TYPE_END; options++)
		if (options->letter && options->letter == (char)letter)
			return options;
	return NULL;
}

/* `code` is what getopt_long returned: a letter or LONG_BASE + index; NULL for --help, --version. */
static const struct cli_option *find(const struct cli_option *options, size_t count, int code)
{
	if (code < LONG_BASE)
		return with_letter(options, code);
	return (size_t)(code - LONG_BASE) < count ? &options[code - LONG_BASE] : NULL;
}

/* getopt_long returned '?': optopt is 0 for a long name that is unknown or ambiguous, a long
 * option's code if it was given an argument it does not take, else the unknown letter. */
static void refuse_option(const struct getopt_tables *tables, const char *word)
{
	int length = (int)strcspn(word, "=");
	size_t matches = 0;

	if (optopt >= LONG_BASE)
		cli_usage("option '%.*s' takes no argument", length, word);
	if (optopt > ' ' && optopt < 0x7f)
		cli_usage("unknown option '-%c'", optopt);
	if (optopt)
		cli_usage("unknown option '-\\x%02x'", (unsigned)(unsigned char)optopt);
	for (const struct option *name = tables->names; name->name; name++)
		matches += length > 2 && !strncmp(name->name, word + 2, (size_t)length - 2);
	cli_usage("%s option '%.*s'", matches > 1 ? "ambiguous" : "unknown", length, word);
}

int cli_parse(const struct cli_tool *tool, int argc, char **argv)
{
	struct getopt_tables tables = make_tables(tool->options);
	int code;

	opterr = 0;
	while ((code = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		const struct cli_option *option;

		if (code == '?')
			refuse_option(&tables, argv[optind - 1]);
		if (code == ':') {
			option = find(tool->options, tables.options, optopt);
			cli_usage("option '--%s' needs an argument: %s", option->name,
				option->argument);
		}
		if (code == LONG_BASE + (int)tables.options) {
			cli_print_help(tool);
			cli_finish();
		}
		if (code == LONG_BASE + (int)tables.options + 1) {
			printf("%s (nnpipe) %s\n", tool->name, PACKAGE_VERSION);
			cli_finish();
		}
		option = find(tool->options, tables.options, code);
		if (!option && code == 'h') {
			cli_print_help(tool);
			cli_finish();
		}
		if (option)
			store(option, optarg);
	}
	free(tables.letters);
	free(tables.names);
	return optind;
}
