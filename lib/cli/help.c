#include "cli/private.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 79  /* of a line */
#define COLUMN 26 /* where the explanations start; an option that is longer gets a line of its own */

/* Prints words that end in spaces or the text's end, with line breaks; `at` is the column that the
 * cursor is in, `indent` where further lines start. Returns the column after the last word. */
static int print_wrapped(const char *text, int at, int indent)
{
	bool first = true;

	while (*text) {
		int word = (int)strcspn(text, " ");

		if (!first && at + 1 + word > WIDTH) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (!first) {
			putchar(' ');
			at++;
		}
		printf("%.*s", word, text);
		at += word;
		first = false;
		text += word;
		text += strspn(text, " ");
	}
	return at;
}

static void print_choices(const char *const *choices, int at)
{
	for (const char *separator = ": "; *choices; choices++, separator = ", ") {
		int length = (int)(strlen(separator) + strlen(*choices));

		if (at + length + 1 > WIDTH) {
			printf("%.1s\n%*s%s", separator, COLUMN, "", *choices);
			at = COLUMN + (int)strlen(*choices);
		} else {
			printf("%s%s", separator, *choices);
			at += length;
		}
	}
}

static void print_option(const struct cli_option *option)
{
	char letter[5] = "    ";
	int at;

	if (option->letter)
		snprintf(letter, sizeof letter, "-%c, ", option->letter);
	at = printf("  %s--%s%s%s", letter, option->name, option->argument ? "=" : "",
		option->argument ? option->argument : "");
	if (at + 2 > COLUMN)
		printf("\n%*s", COLUMN, "");
	else
		printf("%*s", COLUMN - at, "");
	at = print_wrapped(option->help, COLUMN, COLUMN);
	if (option->type == CLI_TYPE_CHOICE)
		print_choices(option->choices, at);
	putchar('\n');
}

void cli_print_help(const struct cli_tool *tool)
{
	static const struct cli_option common[] = {
		{ .type = CLI_TYPE_FLAG, .name = "help", .help = "print this help" },
		{ .type = CLI_TYPE_FLAG, .name = "version", .help = "print the version" },
	};

	printf("usage: %s [OPTION...]%s%s\n%s\n\n", tool->name, *tool->operands ? " " : "",
		tool->operands, tool->summary);
	for (const struct cli_option *option = tool->options; option->type != CLI_TYPE_END;
		option++) {
		if (option->type == CLI_TYPE_HEADING)
			printf("%s%s\n", option == tool->options ? "" : "\n", option->help);
		else
			print_option(option);
	}
	if (tool->options->type != CLI_TYPE_END)
		putchar('\n');
	print_option(&common[0]);
	print_option(&common[1]);
	printf("\nThe manual: man %s; all tools: man nnpipe\n", tool->name);
}

void cli_print_options(const struct cli_tool *tool)
{
	for (const struct cli_option *option = tool->options; option->type != CLI_TYPE_END;
		option++) {
		if (option->type == CLI_TYPE_HEADING)
			continue;
		printf("%c %s %s", option->letter ? option->letter : '-', option->name,
			option->argument ? option->argument : "-");
		if (option->type == CLI_TYPE_CHOICE)
			for (const char *const *choice = option->choices; *choice; choice++)
				printf(" %s", *choice);
		putchar('\n');
	}
	puts("- help -\n- version -");
}
