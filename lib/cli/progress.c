#include "cli/private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL 0.1 /* seconds between two drawings */

static bool drawn;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool can_draw(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb");
}

/* Columns of the terminal, less one, so that the cursor stays in the line. */
static int columns(void)
{
	struct winsize size;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

void cli_progress(const char *format, ...)
{
	static enum { UNKNOWN, NO, YES } wanted;
	static double next;
	struct nn_error text;
	char line[sizeof text.text + 16];
	double time;
	int length;
	va_list args;

	if (wanted == UNKNOWN) {
		wanted = can_draw() ? YES : NO;
		next = now() + INTERVAL; /* what is done at once needs no progress line */
	}
	if (wanted == NO || (time = now()) < next)
		return;
	next = time + INTERVAL;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	nn_fail(&text, NN_OK, "%s", line);
	length = snprintf(line, sizeof line, "\r%.*s\033[K", columns(), text.text);
	drawn = write(STDERR_FILENO, line, (size_t)length) > 0;
}

void cli_progress_done(void)
{
	static const char wipe[] = "\r\033[K";

	if (drawn && write(STDERR_FILENO, wipe, sizeof wipe - 1) < 0)
		return; /* the terminal has gone */
	drawn = false;
}
