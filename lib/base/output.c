#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

int nn_open_input(const char *path, int *fd, const char **name, struct nn_error *err)
{
	struct stat st;

	if (!strcmp(path, "-")) {
		*fd = STDIN_FILENO;
		*name = "stdin";
		return NN_OK;
	}
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return nn_fail_errno(err, errno == ENOENT || errno == ENOTDIR ? NN_BAD : NN_FAILED,
			"%s: cannot open", path);
	if (!fstat(*fd, &st) && S_ISDIR(st.st_mode)) {
		close(*fd);
		return nn_fail(err, NN_BAD, "%s: is a directory", path);
	}
	*name = path;
	return NN_OK;
}

bool nn_same_file(int fd, int other)
{
	struct stat a;
	struct stat b;

	return !fstat(fd, &a) && !fstat(other, &b) && S_ISREG(a.st_mode) && S_ISREG(b.st_mode) &&
		a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* "dir/.name.PID.suffix": beside the file, so that rename(2) stays on one file system. */
static char *beside(const char *path, struct nn_error *err)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash + 1 - path) : 0;
	struct nn_buffer name = { 0 };

	if (nn_buffer_printf(&name, err, "%.*s.%s.%ld.part", dir, path, path + dir,
		    (long)getpid())) {
		nn_buffer_free(&name);
		return NULL;
	}
	return name.data;
}

static int open_beside(struct nn_output *output, const char *path, struct nn_error *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? nn_strdup(path, err) : nn_strdup(".", err);

	if (!dir)
		return NN_FAILED;
	if (slash)
		dir[slash == path ? 1 : slash - path] = '\0';
	/* A file without a name vanishes by itself if the process is killed. */
	output->fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	free(dir);
	output->temporary = beside(path, err);
	if (!output->temporary)
		return NN_FAILED;
	if (output->fd >= 0)
		return NN_OK;
	output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output->fd < 0) {
		free(output->temporary);
		output->temporary = NULL;
		return nn_fail_errno(err, NN_FAILED, "%s: cannot create", path);
	}
	output->named = true;
	return NN_OK;
}

int nn_output_open(struct nn_output *output, const char *path, struct nn_error *err)
{
	struct stat st;
	int status;

	*output = (struct nn_output){ .fd = STDOUT_FILENO, .name = "stdout" };
	if (!path || !strcmp(path, "-"))
		return NN_OK;
	output->name = path;
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		output->fd = open(path, O_WRONLY | O_CLOEXEC);
		if (output->fd < 0)
			return nn_fail_errno(err, NN_FAILED, "%s: cannot create", path);
		return NN_OK;
	}
	/* Follow links, so that the file is replaced and not the link to it. */
	output->path = realpath(path, NULL);
	if (!output->path)
		output->path = nn_strdup(path, err);
	if (!output->path)
		return NN_FAILED;
	status = open_beside(output, output->path, err);
	if (status) {
		free(output->path);
		output->path = NULL;
		output->fd = -1;
		return status;
	}
	if (!stat(output->path, &st) && fchmod(output->fd, st.st_mode & 07777))
		errno = 0; /* not ours to change: the default mode will do */
	return NN_OK;
}

/* Gives the finished file its name: linkat cannot replace, so by way of the name beside it. */
static int publish(struct nn_output *output, struct nn_error *err)
{
	char self[64];

	if (!output->named) {
		snprintf(self, sizeof self, "/proc/self/fd/%d", output->fd);
		unlink(output->temporary);
		if (linkat(AT_FDCWD, self, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW))
			return nn_fail_errno(err, NN_FAILED, "%s: cannot create", output->name);
		output->named = true;
	}
	if (rename(output->temporary, output->path))
		return nn_fail_errno(err, NN_FAILED, "%s: cannot rename", output->name);
	output->named = false;
	return NN_OK;
}

int nn_output_commit(struct nn_output *output, struct nn_error *err)
{
	int status = NN_OK;

	if (output->path) {
		if (fsync(output->fd))
			status = nn_fail_errno(err, NN_FAILED, "%s: cannot write", output->name);
		else
			status = publish(output, err);
	}
	if (close(output->fd) && !status)
		status = nn_fail_errno(err, NN_FAILED, "%s: cannot write", output->name);
	output->fd = -1;
	nn_output_abandon(output);
	return status;
}

void nn_output_abandon(struct nn_output *output)
{
	if (output->path && output->fd >= 0)
		close(output->fd);
	if (output->named && output->temporary)
		unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = (struct nn_output){ .fd = -1, .name = output->name };
}
