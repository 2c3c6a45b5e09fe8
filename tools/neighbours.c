#include "tools/neighbours.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cli/cli.h"

#define LOOK                                                                                       \
	50 /* milliseconds; a descriptor of our own to be woken by might be one that was meant for a stage */

static struct pollfd ends[2] = { { .fd = -1 }, { .fd = -1 } };
static atomic_bool came;

/* Without events poll reports only that the other side has gone. */
static void *watch(void *ignored)
{
	struct nn_error err;

	while (!atomic_load(&came)) {
		if (poll(ends, 2, LOOK) <= 0 || atomic_load(&came))
			continue;
		nn_fail(&err, NN_FAILED, "%s: the neighbour has gone before it began",
			ends[0].revents ? "stdin" : "stdout");
		cli_die(&err);
	}
	return ignored;
}

void neighbours_watch(bool in, bool out)
{
	pthread_t watcher;

	ends[0].fd = in ? STDIN_FILENO : -1;
	ends[1].fd = out ? STDOUT_FILENO : -1;
	if (!pthread_create(&watcher, NULL, watch, NULL))
		pthread_detach(watcher);
}

void neighbours_came(void)
{
	atomic_store(&came, true);
}
