#include "proc/forks.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

int nn_forks_run(size_t count, void (*work)(void *context, size_t number), void *context,
	struct nn_error *err)
{
	pid_t *pids = nn_alloc(count, sizeof *pids, err);
	size_t started = 0;
	int error = 0;

	if (!pids)
		return NN_FAILED;
	for (; started < count; started++) {
		pids[started] = fork();
		if (!pids[started]) {
			work(context, started);
			_exit(0);
		}
		if (pids[started] < 0) {
			error = errno;
			break;
		}
	}
	for (size_t i = 0; i < started; i++) {
		if (error)
			kill(pids[i], SIGKILL);
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(pids);
	errno = error;
	return error ? nn_fail_errno(err, NN_FAILED, "cannot start %zu processes", count) : NN_OK;
}
