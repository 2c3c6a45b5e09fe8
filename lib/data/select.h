/* Columns of a table named on the command line. */
#ifndef NN_DATA_SELECT_H
#define NN_DATA_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* `list` has names, numbers from 1 and ranges of numbers "2-5", with commas between; a name may hold
 * commas if it stands alone. names [count], or NULL for a table without header. Sets chosen[i] for
 * each; the others stay as they are. NN_BAD: "no column 'x'; ..." */
int nn_select_columns(const char *list, char *const *names, size_t count, bool *chosen,
	struct nn_error *err);

#endif
