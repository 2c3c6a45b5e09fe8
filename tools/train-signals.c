#include "tools/train-signals.h"

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static bool told; /* standard error is a terminal */

static void catch (int signal)
{
	static const char line[] = "\nnn-train: finishes the step; once more ends it at once\n";

	caught = signal;
	/* On a terminal somebody waits. */
	if (told && write(STDERR_FILENO, line, sizeof line - 1) < 0)
		caught = signal;
}

int train_signals_caught(void)
{
	return caught;
}

void train_signals_set(void)
{
	struct sigaction action = { .sa_handler = catch,
		.sa_flags = (int)(SA_RESTART | SA_RESETHAND) };
	struct sigaction before;

	told = isatty(STDERR_FILENO);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	/* An interrupt that is ignored, as in the background of a script, stays so. */
	if (!sigaction(SIGINT, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}
