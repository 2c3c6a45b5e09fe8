/* Where the data of a training lie, out of what a person says. */
#ifndef NN_TRAIN_PLACEMENT_H
#define NN_TRAIN_PLACEMENT_H

#include "proc/hosts.h"

/* Zero-initialized it is empty. */
struct nn_placement {
	char **names; /* [count]: what to call them */
	char **paths; /* [count], as the workers see them; they point into the names */
	char **homes; /* [count]: the host that alone has it, "" for this machine; NULL: all have it */
	size_t count;
};

/* Operands are paths, or HOST:PATH where there are hosts and no slash stands before the colon, as
 * scp has it; ":PATH" is on this machine. "%h:PATH" is one of these for each of the hosts, in their
 * order; if PATH is a template (base/template.h) for each worker, numbered from 0. NN_USAGE: HOST is
 * none of the hosts, or PATH no template. */
int nn_placement_read(struct nn_placement *placement, char *const *operands, size_t count,
	const struct nn_hosts *hosts, struct nn_error *err);
void nn_placement_free(struct nn_placement *placement);

/* Is a host, NULL for this machine, the one that `home` means? "alice" means "user@alice" too. */
bool nn_placement_is_home(const char *home, const char *host);
/* May workers on that host read file `number`? */
bool nn_placement_has(const struct nn_placement *placement, size_t number, const char *host);

#endif
