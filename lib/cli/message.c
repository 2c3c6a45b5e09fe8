#include "cli/private.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static char **unfinished;
static volatile size_t unfinished_count;
static void (*agree_at_death)(struct nn_error *err);
static void (*leave_at_death)(int status);
static bool quiet;

static void remove_unfinished(void)
{
	for (size_t i = 0; i < unfinished_count; i++)
		unlink(unfinished[i]);
}

/* The signal is blocked in here, and kills us afterwards: see SA_RESETHAND. */
static void remove_and_die(int number)
{
	remove_unfinished();
	raise(number);
}

void cli_remove_at_death(const char *path)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction death = { .sa_handler = remove_and_die, .sa_flags = (int)SA_RESETHAND };
	struct sigaction before;
	char **grown = unfinished;
	char *copy = nn_strdup(path, NULL);

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (!sigaction(signals[i], NULL, &before) && before.sa_handler == SIG_DFL)
			sigaction(signals[i], &death, NULL);
	/* Grown at powers of two; the old list is not freed: a signal may come now. Where there is no
	 * memory the file may stay: nothing worse. */
	if (!(unfinished_count & (unfinished_count - 1)))
		grown = nn_alloc(2 * unfinished_count + 1, sizeof *grown, NULL);
	if (!grown || !copy) {
		free(copy);
		return;
	}
	if (unfinished_count && grown != unfinished)
		memcpy(grown, unfinished, unfinished_count * sizeof *grown);
	grown[unfinished_count] = copy;
	unfinished = grown;
	unfinished_count++;
}

/* One write(2) a line, so that the messages of tools that share a terminal do not interleave. */
static void say(const char *text)
{
	struct nn_error escaped;
	char line[sizeof escaped.text + 64];
	int length;

	if (quiet)
		return;
	cli_progress_done();
	nn_fail(&escaped, NN_BAD, "%s", text);
	length = snprintf(line, sizeof line, "%s: %s\n", cli_this->name, escaped.text);
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return; /* nowhere left to complain */
}

void cli_at_death(void (*agree)(struct nn_error *err), void (*leave)(int status))
{
	agree_at_death = agree;
	leave_at_death = leave;
}

void cli_be_quiet(void)
{
	quiet = true;
}

void cli_die(const struct nn_error *err)
{
	struct nn_error last = *err;

	if (agree_at_death)
		agree_at_death(&last);
	say(last.text);
	remove_unfinished();
	if (leave_at_death)
		leave_at_death((int)last.status);
	exit((int)last.status);
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
