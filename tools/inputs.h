/* Operands that are streams, read side by side. */
#ifndef NN_TOOLS_INPUTS_H
#define NN_TOOLS_INPUTS_H

#include <stddef.h>

#include "cli/cli.h"
#include "stream/reader.h"

/* Of one path, or "-"; a plain file is taken for `kind`. An input that is also the output is refused. Exits on
 * failure. */
struct nn_reader *input_open(const char *path, unsigned kind, const struct nn_output *output);
/* A reader of each of *count paths; without any, of standard input, and *count becomes 1. A plain file is a
 * model. Exits on failure. */
struct nn_reader **inputs_open(char *const *paths, size_t *count, const struct nn_output *output);
void inputs_close(struct nn_reader **readers, size_t count);

#endif
