#include "tools/neighbours.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

#define LOOK                                                                                       \
	50 /* milliseconds; a descriptor of our own to be woken by might be one that was meant for a stage */

static struct pollfd ends[2] = { { .fd = -1 }, { .fd = -1 } };
static atomic_bool came;

/* Has the other side gone, and left nothing that could still be read? */
static bool has_gone(const struct pollfd *end)
{
	return end->revents & (POLLHUP | POLLERR) && !(end->revents & POLLIN);
}

static void *watch(void *ignored)
{
	const struct timespec look = { .tv_nsec = LOOK * 1000000 };
	struct nn_error err;

	while (!nanosleep(&look, NULL) && !atomic_load(&came)) {
		if (poll(ends, 2, 0) <= 0 || (!has_gone(&ends[0]) && !has_gone(&ends[1])))
			continue;
		if (atomic_load(&came))
			break;
		nn_fail(&err, NN_FAILED, "%s: the neighbour has gone before it began",
			has_gone(&ends[0]) ? "stdin" : "stdout");
		cli_die(&err);
	}
	return ignored;
}

void neighbours_watch(bool in, bool out)
{
	pthread_t watcher;

	ends[0] = (struct pollfd){ in ? STDIN_FILENO : -1, POLLIN, 0 };
	ends[1].fd = out ? STDOUT_FILENO : -1;
	if (!pthread_create(&watcher, NULL, watch, NULL))
		pthread_detach(watcher);
}

void neighbours_came(void)
{
	atomic_store(&came, true);
}
