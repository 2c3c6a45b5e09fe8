#include "cli/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* mpirun gives each rank a pseudo-terminal and carries what it writes to its own stdout. */
static bool under_mpi(void)
{
	return getenv("OMPI_COMM_WORLD_RANK") || getenv("PMI_RANK") || getenv("PMIX_RANK");
}

void cli_output(struct nn_output *output, const char *path, bool binary)
{
	struct nn_error err;
	int mode;

	if (nn_output_open(output, path, &err))
		cli_die(&err);
	/* Better now than after an hour of work. */
	mode = fcntl(output->fd, F_GETFL);
	if (mode >= 0 && (mode & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		nn_fail_errno(&err, NN_FAILED, "%s: cannot write", output->name);
		cli_die(&err);
	}
	if (binary && isatty(output->fd) && !under_mpi()) {
		nn_fail(&err, NN_USAGE,
			"%s: binary data is not for a terminal: use a pipe, a file or -o FILE",
			output->name);
		cli_die(&err);
	}
	if (output->temporary)
		cli_remove_at_death(output->temporary);
}

void cli_refuse_same(const struct nn_output *output, int fd, const char *input)
{
	struct nn_error err;
	struct stat from;
	struct stat to;
	bool same = nn_same_file(output->fd, fd);

	if (output->path && !stat(output->path, &to) && !fstat(fd, &from))
		same = S_ISREG(from.st_mode) && to.st_dev == from.st_dev &&
			to.st_ino == from.st_ino;
	if (!same)
		return;
	nn_fail(&err, NN_USAGE, "%s: is both input and output", input);
	cli_die(&err);
}

void cli_finish(void)
{
	struct nn_error err;

	cli_progress_done();
	/* nn_output_commit may have closed the descriptor already, and checked it. */
	if (fflush(stdout) || ferror(stdout) || (fclose(stdout) && errno != EBADF)) {
		nn_fail_errno(&err, NN_FAILED, "stdout: cannot write");
		cli_die(&err);
	}
	exit(NN_OK);
}
