/* What nn-train and nn-assign make of --capacity. */
#ifndef NNPIPE_TOOLS_CAPACITY_H
#define NNPIPE_TOOLS_CAPACITY_H

#include <stdint.h>

#include "cli/cli.h"
#include "proc/hosts.h"

/* There must be none or one for each worker, above 0. Where neither hosts nor *workers say how many
 * workers there are, *workers becomes as many as capacities. All else is a usage error. */
void check_capacity(const struct cli_reals *capacity, const struct nn_hosts *hosts,
	uint64_t *workers);

#endif
