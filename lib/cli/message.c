#include "cli/private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static char *unfinished;

void cli_remove_at_death(const char *path)
{
	free(unfinished);
	unfinished = path ? nn_strdup(path, NULL) : NULL;
}

/* One write(2) a line, so that the messages of tools that share a terminal do not interleave. */
static void say(const char *text)
{
	struct nn_error escaped;
	char line[sizeof escaped.text + 64];
	int length;

	cli_progress_done();
	nn_fail(&escaped, NN_BAD, "%s", text);
	length = snprintf(line, sizeof line, "%s: %s\n", cli_this->name, escaped.text);
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return; /* nowhere left to complain */
}

void cli_die(const struct nn_error *err)
{
	say(err->text);
	if (unfinished)
		unlink(unfinished);
	exit((int)err->status);
}

void cli_usage(const char *format, ...)
{
	struct nn_error err = { .status = NN_USAGE };
	int used;
	va_list args;

	va_start(args, format);
	used = vsnprintf(err.text, sizeof err.text - 64, format, args);
	va_end(args);
	if (used < 0 || (size_t)used >= sizeof err.text - 64)
		used = (int)strlen(err.text);
	snprintf(err.text + used, sizeof err.text - (size_t)used, "; try '%s --help'",
		cli_this->name);
	cli_die(&err);
}

void cli_warn(const char *format, ...)
{
	struct nn_error text;
	va_list args;

	va_start(args, format);
	vsnprintf(text.text, sizeof text.text, format, args);
	va_end(args);
	say(text.text);
}

static bool is_verbose(void)
{
	for (const struct cli_option *option = cli_this->options; option->type != CLI_TYPE_END;
		option++)
		if (option->type == CLI_TYPE_FLAG && !strcmp(option->name, "verbose"))
			return *(const bool *)option->value;
	return false;
}

void cli_note(const char *format, ...)
{
	struct nn_error text;
	va_list args;

	if (!isatty(STDERR_FILENO) && !is_verbose())
		return;
	va_start(args, format);
	vsnprintf(text.text, sizeof text.text, format, args);
	va_end(args);
	say(text.text);
}
