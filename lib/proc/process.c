#include "proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

extern char **environ;

/* Both "NAME=value": the same NAME? */
static bool same_variable(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return !strncmp(a, b, length) && b[length] == '=';
}

/* Ours, without the variables that are given, and those. The strings stay where they are. */
static char **make_environment(const char *const *given, struct nn_error *err)
{
	size_t ours = 0;
	size_t added = 0;
	size_t used = 0;
	char **all;

	while (environ[ours])
		ours++;
	while (given && given[added])
		added++;
	all = nn_alloc(ours + added + 1, sizeof *all, err);
	for (size_t i = 0; all && i < ours; i++) {
		bool replaced = false;

		for (size_t j = 0; j < added; j++)
			replaced = replaced || same_variable(given[j], environ[i]);
		if (!replaced)
			all[used++] = environ[i];
	}
	for (size_t j = 0; all && j < added; j++)
		all[used++] = (char *)(size_t)given[j];
	return all;
}

struct pipes {
	int input[2];
	int output[2];
};

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

static int open_pipes(struct pipes *pipes, const struct nn_spawn *spawn, struct nn_error *err)
{
	*pipes = (struct pipes){ { -1, -1 }, { -1, -1 } };
	if ((!spawn->pipe_input || !pipe2(pipes->input, O_CLOEXEC)) &&
		(!spawn->pipe_output || !pipe2(pipes->output, O_CLOEXEC)))
		return NN_OK;
	nn_fail_errno(err, NN_FAILED, "cannot make a pipe");
	close_pair(pipes->input);
	return NN_FAILED;
}

static int start(pid_t *pid, const struct nn_spawn *spawn, const struct pipes *pipes,
	char **environment)
{
	char *shell[] = { (char *)(size_t) "sh", (char *)(size_t) "-c",
		(char *)(size_t)spawn->command, NULL };
	char *const *arguments = spawn->command ? shell : spawn->arguments;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	if (spawn->pipe_input)
		posix_spawn_file_actions_adddup2(&actions, pipes->input[0], STDIN_FILENO);
	if (spawn->pipe_output)
		posix_spawn_file_actions_adddup2(&actions, pipes->output[1], STDOUT_FILENO);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	error = posix_spawnp(pid, arguments[0], &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

int nn_process_start(struct nn_process *process, const struct nn_spawn *spawn, struct nn_error *err)
{
	struct pipes pipes;
	char **environment;
	int status;

	*process = (struct nn_process){ .input = -1, .output = -1 };
	environment = make_environment(spawn->environment, err);
	if (!environment)
		return NN_FAILED;
	status = open_pipes(&pipes, spawn, err);
	if (status) {
		free(environment);
		return status;
	}
	errno = start(&process->pid, spawn, &pipes, environment);
	free(environment);
	if (errno) {
		nn_fail_errno(err, NN_FAILED, "cannot start '%s'",
			spawn->command ? spawn->command : spawn->arguments[0]);
		close_pair(pipes.input);
		close_pair(pipes.output);
		process->pid = 0;
		return NN_FAILED;
	}
	if (spawn->pipe_input)
		close(pipes.input[0]);
	if (spawn->pipe_output)
		close(pipes.output[1]);
	process->input = pipes.input[1];
	process->output = pipes.output[0];
	return NN_OK;
}

bool nn_process_is_deaf(const struct nn_process *process)
{
	struct pollfd pipe = { .fd = process->input };

	return poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLERR);
}

void nn_process_close_input(struct nn_process *process)
{
	if (process->input >= 0)
		close(process->input);
	process->input = -1;
}

int nn_process_wait(struct nn_process *process, int *status, struct nn_error *err)
{
	pid_t pid = process->pid;

	nn_process_close_input(process);
	if (process->output >= 0)
		close(process->output);
	process->output = -1;
	process->pid = 0;
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return nn_fail_errno(err, NN_FAILED, "cannot wait for process %ld",
				(long)pid);
	return NN_OK;
}

void nn_process_text(int status, char *out)
{
	if (WIFSIGNALED(status))
		snprintf(out, NN_PROCESS_TEXT, "killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(out, NN_PROCESS_TEXT, "exit status %d", WEXITSTATUS(status));
}

/* The standard ones, and what libraries keep open. */
#define OTHER_FILES 32

int nn_process_need_files(size_t count, struct nn_error *err)
{
	struct rlimit limit;
	rlim_t need = (rlim_t)count + OTHER_FILES;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY ||
		limit.rlim_cur >= need)
		return NN_OK;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < need)
		return nn_fail(err, NN_FAILED,
			"%zu files at once are more than the %llu that may be open here (ulimit -Hn)",
			count, (unsigned long long)limit.rlim_max);
	limit.rlim_cur = need;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return nn_fail_errno(err, NN_FAILED, "cannot open %zu files at once", count);
	return NN_OK;
}
