#include "proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "base/io.h"
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
	int errors[2];
};

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

static void close_pipes(struct pipes *pipes)
{
	close_pair(pipes->input);
	close_pair(pipes->output);
	close_pair(pipes->errors);
}

/* Of the child's end of a pipe: what it cannot say at once it does not say, it must not wait for us. */
static bool never_waits(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int open_pipes(struct pipes *pipes, const struct nn_spawn *spawn, struct nn_error *err)
{
	*pipes = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if ((spawn->pipe_input && pipe2(pipes->input, O_CLOEXEC)) ||
		(spawn->pipe_output && pipe2(pipes->output, O_CLOEXEC)) ||
		(spawn->pipe_errors &&
			(pipe2(pipes->errors, O_CLOEXEC) || !never_waits(pipes->errors[1])))) {
		nn_fail_errno(err, NN_FAILED, "cannot make a pipe");
		close_pipes(pipes);
		return NN_FAILED;
	}
#ifdef F_SETPIPE_SZ
	/* Refused beyond what the system grants a user: then they are smaller. */
	if (spawn->pipe_bytes && spawn->pipe_input)
		(void)fcntl(pipes->input[1], F_SETPIPE_SZ, spawn->pipe_bytes);
	if (spawn->pipe_bytes && spawn->pipe_output)
		(void)fcntl(pipes->output[1], F_SETPIPE_SZ, spawn->pipe_bytes);
#endif
	return NN_OK;
}

static int start(pid_t *pid, const struct nn_spawn *spawn, const struct pipes *pipes,
	char **environment)
{
	char *shell[] = { (char *)(size_t) "sh", (char *)(size_t) "-c",
		(char *)(size_t)spawn->command, NULL };
	char *const *arguments = spawn->command ? shell : spawn->arguments;
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	sigset_t none;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	if (spawn->pipe_input)
		posix_spawn_file_actions_adddup2(&actions, pipes->input[0], STDIN_FILENO);
	if (spawn->pipe_output)
		posix_spawn_file_actions_adddup2(&actions, pipes->output[1], STDOUT_FILENO);
	if (spawn->pipe_errors)
		posix_spawn_file_actions_adddup2(&actions, pipes->errors[1], STDERR_FILENO);
	/* Onto itself: what is to be closed in the child is not any more. */
	if (spawn->keep)
		posix_spawn_file_actions_adddup2(&actions, spawn->keep, spawn->keep);
	for (size_t i = 0; i < spawn->kept_count; i++)
		posix_spawn_file_actions_adddup2(&actions, spawn->kept[i], spawn->kept[i]);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setsigmask(&attributes, &none);
	if (spawn->own_group)
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setflags(&attributes, flags);
	error = posix_spawnp(pid, arguments[0], &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Where the system has no such descriptors there are none: then only the end of a pipe tells. */
static void bound(struct nn_process *process)
{
#ifdef __linux__
	process->left = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
#ifdef SYS_pidfd_open
	process->ended = (int)syscall(SYS_pidfd_open, process->pid, 0);
#endif
#endif
	if (process->input >= 0)
		never_waits(process->input);
	if (process->output >= 0)
		never_waits(process->output);
}

int nn_process_start(struct nn_process *process, const struct nn_spawn *spawn, struct nn_error *err)
{
	struct pipes pipes;
	char **environment;
	int status;

	*process = (struct nn_process){ .input = -1,
		.output = -1,
		.errors = -1,
		.ended = -1,
		.left = -1 };
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
		close_pipes(&pipes);
		process->pid = 0;
		return NN_FAILED;
	}
	if (spawn->pipe_input)
		close(pipes.input[0]);
	if (spawn->pipe_output)
		close(pipes.output[1]);
	if (spawn->pipe_errors)
		close(pipes.errors[1]);
	process->input = pipes.input[1];
	process->output = pipes.output[0];
	process->errors = pipes.errors[0];
	process->group = spawn->own_group;
	if (spawn->bounded)
		bound(process);
	return NN_OK;
}

void nn_process_bound(const struct nn_process *process, int milliseconds)
{
	nn_io_bound(process->left, process->ended, milliseconds);
}

bool nn_process_is_deaf(const struct nn_process *process)
{
	struct pollfd pipe = { .fd = process->input };

	return poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLERR);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void nn_process_close_input(struct nn_process *process)
{
	close_one(&process->input);
}

int nn_process_wait(struct nn_process *process, int *status, struct nn_error *err)
{
	pid_t pid = process->pid;

	close_one(&process->input);
	close_one(&process->output);
	close_one(&process->ended);
	close_one(&process->left);
	process->pid = 0;
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return nn_fail_errno(err, NN_FAILED, "cannot wait for process %ld",
				(long)pid);
	return NN_OK;
}

void nn_process_kill(const struct nn_process *process)
{
	const uint64_t one = 1;

	/* The group may be there before its leader has got that far, or be gone already. */
	if (!process->group || kill(-process->pid, SIGKILL))
		kill(process->pid, SIGKILL);
	if (process->left >= 0 && write(process->left, &one, sizeof one) < 0)
		return; /* it is known already */
}

static bool ends_within(pid_t pid, double grace)
{
	siginfo_t info;
	double nap = 0.0002;

	for (;;) {
		struct timespec time = { .tv_nsec = (long)(nap * 1e9) };

		info.si_pid = 0;
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			return true;
		if (grace <= 0)
			return false;
		nanosleep(&time, NULL);
		grace -= nap;
		nap = nap < 0.01 ? 2 * nap : nap;
	}
}

int nn_process_end(struct nn_process *process, double grace, int *status, bool *killed,
	struct nn_error *err)
{
	*killed = !ends_within(process->pid, grace);
	/* Even if the leader has ended: what it left behind in its group goes too. */
	if (*killed || process->group)
		nn_process_kill(process);
	return nn_process_wait(process, status, err);
}

void nn_process_last_words(struct nn_process *process, char *out, size_t size)
{
	char text[4096];
	size_t used = 0;
	size_t begin;
	ssize_t got = 0;

	out[0] = '\0';
	if (process->errors < 0)
		return;
	/* A grandchild may still hold it open: what is there now is all that is waited for. */
	while (never_waits(process->errors) &&
		(got = read(process->errors, text + used, sizeof text - used)) > 0) {
		used += (size_t)got;
		if (used == sizeof text) {
			memmove(text, text + sizeof text / 2, sizeof text / 2);
			used = sizeof text / 2;
		}
	}
	close_one(&process->errors);
	while (used && strchr("\r\n ", text[used - 1]))
		used--;
	for (begin = used; begin && text[begin - 1] != '\n'; begin--)
		;
	if (used > begin)
		snprintf(out, size, "%.*s", (int)(used - begin), text + begin);
}

void nn_process_die_with_parent(void)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
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
