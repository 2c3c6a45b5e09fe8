#include "cli/private.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define WIDTH 79 /* of a line */
/* Where the explanations start; an option that is longer gets a line of its own. */
#define COLUMN 26

/* Prints a text from COLUMN on, with line breaks between words. */
static void print_wrapped(const char *text)
{
	int at = COLUMN;

	while (*text) {
		int word = (int)strcspn(text, " ");

		if (at > COLUMN && at + 1 + word > WIDTH) {
			printf("\n%*s", COLUMN, "");
			at = COLUMN;
		} else if (at > COLUMN) {
			putchar(' ');
			at++;
		}
		printf("%.*s", word, text);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
}

static void print_explanation(const struct cli_option *option)
{
	struct nn_buffer text = { 0 };
	struct nn_error err;
	const char *separator = "; one of ";
	int status = nn_buffer_puts(&text, option->help, &err);

	if (option->choices)
		for (const char *const *choice = option->choices; *choice && !status; choice++) {
			status = nn_buffer_printf(&text, &err, "%s%s", separator, *choice);
			separator = ", ";
		}
	if (status)
		cli_die(&err);
	print_wrapped(text.data);
	nn_buffer_free(&text);
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
	print_explanation(option);
	putchar('\n');
}

void cli_print_help(const struct cli_tool *tool)
{
	static const struct cli_option common[] = {
		{ .type = CLI_TYPE_FLAG, .letter = 'h', .name = "help", .help = "print this help" },
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
		if (option->choices)
			for (const char *const *choice = option->choices; *choice; choice++)
				printf(" %s", *choice);
		putchar('\n');
	}
	puts("h help -\n- version -");
}
