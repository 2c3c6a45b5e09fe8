#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "cli/private.h"

/* A slip of the hand must not append to what is something else: a model, say, or a table. */
static void refuse_foreign(const char *path, const char *columns)
{
	size_t length = strlen(columns);
	struct nn_error err;
	struct stat st;
	FILE *file;
	char *start;
	bool is_log;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return;
	start = nn_alloc(length, 1, &err);
	if (!start)
		cli_die(&err);
	file = fopen(path, "re");
	if (!file) {
		nn_fail_errno(&err, NN_FAILED, "%s: cannot open", path);
		cli_die(&err);
	}
	is_log = fread(start, 1, length, file) == length && !memcmp(start, columns, length);
	fclose(file);
	free(start);
	if (is_log)
		return;
	nn_fail(&err, NN_BAD, "%s: is no log of %s", path, cli_this->name);
	cli_die(&err);
}

_Noreturn void cli_die_of_log(const char *path)
{
	struct nn_error err;

	nn_fail_errno(&err, NN_FAILED, "%s: cannot write", path);
	cli_die(&err);
}

FILE *cli_open_log(const char *path, const char *columns)
{
	FILE *file;

	refuse_foreign(path, columns);
	file = fopen(path, "ae");
	/* A FIFO, which has no end to seek, is new to its reader. */
	if (!file || (fseek(file, 0, SEEK_END) && errno != ESPIPE))
		cli_die_of_log(path);
	if (ftell(file) <= 0)
		fputs(columns, file);
	return file;
}
