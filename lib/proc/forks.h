/* The same work in several processes at once. */
#ifndef NN_PROC_FORKS_H
#define NN_PROC_FORKS_H

#include <stddef.h>

#include "base/error.h"

/* Calls `work` in `count` processes, forks of this one, each with its number from 0, and waits for all of
 * them. What they find out they must leave in memory that is shared. The caller has no threads. NN_FAILED if
 * not all could be started: then those that were have been ended. */
int nn_forks_run(size_t count, void (*work)(void *context, size_t number), void *context,
	struct nn_error *err);

#endif
