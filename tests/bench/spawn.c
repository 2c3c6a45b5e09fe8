/* spawn RUNS COMMAND...: median, over RUNS runs, of the microseconds from posix_spawn to exit. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	size_t runs;
	double *times;

	if (argc < 3 || !(runs = (size_t)strtoul(argv[1], NULL, 10)) ||
		!(times = malloc(runs * sizeof *times)))
		return 2;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	for (size_t i = 0; i < runs; i++) {
		double start = now();
		pid_t pid;
		int status;

		if (posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ) ||
			waitpid(pid, &status, 0) != pid || status)
			return 1;
		times[i] = now() - start;
	}
	qsort(times, runs, sizeof *times, ascending);
	printf("%.0f\n", times[runs / 2]);
	free(times);
	return 0;
}
