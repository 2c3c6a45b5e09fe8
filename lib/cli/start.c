#include "cli/private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

const struct cli_tool *cli_this;

/* A descriptor that the caller closed is opened the wrong way round: using it still fails as it
 * would have (EBADF), and no file of ours becomes stdin, stdout or stderr by accident. */
static void reserve_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			/* open(2) takes the lowest free number, which is fd. */
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static void pass_over(int signal)
{
	(void)signal;
}

/* A closed reader ends us, even where the parent ignores SIGPIPE (Python and some init systems do).
 * A file size limit is an error of write(2), with a message. It has a handler and is not ignored,
 * because exec(2) hands an ignored signal on to our children. */
static void set_signals(void)
{
	struct sigaction by_default = { .sa_handler = SIG_DFL };
	struct sigaction pass = { .sa_handler = pass_over, .sa_flags = SA_RESTART };
	sigset_t pipe;

	sigaction(SIGPIPE, &by_default, NULL);
	sigaction(SIGXFSZ, &pass, NULL);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &pipe, NULL);
}

char **cli_start(const struct cli_tool *tool, int argc, char **argv, int *count)
{
	int first;

	cli_this = tool;
	reserve_standard_descriptors();
	set_signals();
	if (argc == 2 && !strcmp(argv[1], "--list-options")) {
		cli_print_options(tool);
		cli_finish();
	}
	first = cli_parse(tool, argc, argv);
	*count = argc - first;
	return argv + first;
}
