#include "tools/inputs.h"

#include <stdlib.h>

#include "base/memory.h"

struct nn_reader *input_open(const char *path, unsigned kind, const struct nn_output *output)
{
	struct nn_reader *reader;
	struct nn_error err;
	const char *name;
	int fd = cli_input(output, path, &name);

	if (nn_reader_open(&reader, fd, name, kind, &err))
		cli_die(&err);
	return reader;
}

struct nn_reader **inputs_open(char *const *paths, size_t *count, const struct nn_output *output)
{
	size_t given = *count;
	struct nn_reader **readers;
	struct nn_error err;

	*count = given ? given : 1;
	readers = nn_alloc(*count, sizeof *readers, &err);
	if (!readers)
		cli_die(&err);
	for (size_t i = 0; i < *count; i++)
		readers[i] = input_open(given ? paths[i] : "-", NN_KIND_MODEL, output);
	return readers;
}

void inputs_close(struct nn_reader **readers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		nn_reader_close(readers[i]);
	free(readers);
}
