#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/private.h"

int cli_input(const struct nn_output *output, const char *path, const char **name)
{
	struct nn_error err;
	int fd;

	if (nn_open_input(path, &fd, name, &err))
		cli_die(&err);
	cli_refuse_same(output, fd, *name);
	return fd;
}

void cli_refuse_path(const struct nn_output *output, const char *path)
{
	struct nn_error err;
	struct stat from;
	struct stat to;
	bool standard = !strcmp(path, "-");

	if ((standard ? fstat(STDIN_FILENO, &from) : stat(path, &from)) || !S_ISREG(from.st_mode))
		return;
	if (output->path ? stat(output->path, &to) : fstat(output->fd, &to))
		return;
	if (to.st_dev != from.st_dev || to.st_ino != from.st_ino)
		return;
	nn_fail(&err, NN_USAGE, "%s: is both input and output", standard ? "stdin" : path);
	cli_die(&err);
}

static bool is_stdout(const char *path)
{
	return !path || !strcmp(path, "-");
}

bool cli_one_file(const char *path, const char *other)
{
	struct stat a;
	struct stat b;
	bool first = !(is_stdout(path) ? fstat(STDOUT_FILENO, &a) : stat(path, &a));
	bool second = !(is_stdout(other) ? fstat(STDOUT_FILENO, &b) : stat(other, &b));

	if (first && second)
		return S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	return !first && !second && !is_stdout(path) && !is_stdout(other) && !strcmp(path, other);
}

char *const *cli_data_operands(const char *model, char *const *operands, int *count)
{
	static char *const standard_input[] = { "-", NULL };
	bool taken = !model || !strcmp(model, "-");

	if (!*count && taken)
		cli_usage("which data? (the model comes on standard input)");
	for (int i = 0; i < *count; i++) {
		if (strcmp(operands[i], "-"))
			continue;
		if (taken && (!model || !strcmp(model, "-")))
			cli_usage("the model comes on standard input: data cannot (see -m)");
		if (taken)
			cli_usage("standard input can be read only once");
		taken = true;
	}
	if (*count)
		return operands;
	*count = 1;
	return standard_input;
}
