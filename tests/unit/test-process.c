/* Child processes: their pipes, environment and end. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "proc/process.h"
#include "tap.h"

static struct nn_error err;

/* What the child writes, given `input`. */
static void converse(const struct nn_spawn *spawn, const char *input, char *output, size_t size,
	int *status)
{
	struct nn_process process;
	size_t got = 0;

	output[0] = '\0';
	*status = -1;
	if (!ok(!nn_process_start(&process, spawn, &err), "it starts"))
		return;
	if (process.input >= 0)
		nn_write(process.input, input, strlen(input), "pipe", &err);
	nn_process_close_input(&process);
	if (process.output >= 0)
		nn_read(process.output, output, size - 1, &got, "pipe", &err);
	output[got] = '\0';
	ok(!nn_process_wait(&process, status, &err), "it is waited for");
}

static void test_pipes(void)
{
	static const char *const environment[] = { "NN_A=one two", "HOME=/nowhere", NULL };
	static char *const arguments[] = { (char *)(size_t) "tr", (char *)(size_t) "a",
		(char *)(size_t) "b", NULL };
	struct nn_spawn spawn = { .arguments = arguments, .pipe_input = true, .pipe_output = true };
	char text[200];
	int status;

	converse(&spawn, "banana", text, sizeof text, &status);
	is_text(text, "bbnbnb", "a program found in PATH, both pipes");
	ok(status == 0, "exit status 0");
	spawn = (struct nn_spawn){ .command = "echo \"$NN_A,$HOME,${PATH:+path}\"; exit 7",
		.environment = environment,
		.pipe_output = true };
	converse(&spawn, "", text, sizeof text, &status);
	is_text(text, "one two,/nowhere,path\n", "variables beside and in place of ours");
	nn_process_text(status, text);
	is_text(text, "exit status 7", "its status as text");
	spawn = (struct nn_spawn){ .command = "kill -9 $$" };
	converse(&spawn, "", text, sizeof text, &status);
	nn_process_text(status, text);
	is_text(text, "killed by signal 9 (Killed)", "its signal as text");
}

static void test_deafness(void)
{
	static char *const yes[] = { (char *)(size_t) "yes", NULL };
	struct nn_spawn spawn = { .command = "exec <&-; echo; sleep 5",
		.pipe_input = true,
		.pipe_output = true };
	struct nn_process process;
	char line;
	size_t got;
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (!ok(!nn_process_start(&process, &spawn, &err), "one that closes its input"))
		return;
	nn_read(process.output, &line, 1, &got, "pipe", &err);
	ok(nn_process_is_deaf(&process), "is deaf");
	kill(process.pid, SIGTERM);
	nn_process_wait(&process, &status, &err);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "and can be ended");
	spawn = (struct nn_spawn){ .arguments = yes, .pipe_input = true, .pipe_output = true };
	if (!ok(!nn_process_start(&process, &spawn, &err), "one that listens"))
		return;
	ok(!nn_process_is_deaf(&process), "is not deaf");
	nn_process_wait(&process, &status, &err);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "SIGPIPE is not ignored in a child");
}

/* The pipe is held open by somebody whom nobody ends. */
static void test_bounds(void)
{
	struct nn_spawn spawn = {
		.command = "setsid sh -c 'echo $$; exec sleep 5' & read line; exit 3",
		.pipe_input = true,
		.pipe_output = true,
		.own_group = true,
		.bounded = true
	};
	struct nn_process process;
	char text[200];
	long orphan;
	size_t got;
	size_t all = 0;
	int status;

	if (!ok(!nn_process_start(&process, &spawn, &err), "one that leaves another behind"))
		return;
	nn_process_bound(&process, -1);
	/* Its line; all that comes behind it is the end. */
	while (all < sizeof text - 1 && !memchr(text, '\n', all) &&
		!nn_read_some(process.output, text + all, sizeof text - 1 - all, &got, "pipe",
			&err) &&
		got)
		all += got;
	text[all] = '\0';
	orphan = strtol(text, NULL, 10);
	nn_process_close_input(&process);
	ok(!nn_read_some(process.output, text, 1, &got, "pipe", &err) && !got,
		"its end is the end of what it says");
	nn_process_wait(&process, &status, &err);
	nn_io_bound(-1, -1, 10);
	kill((pid_t)orphan, SIGKILL);
	spawn.command = "setsid sleep 5 & echo $!; exec sleep 5";
	if (!ok(!nn_process_start(&process, &spawn, &err), "another"))
		return;
	nn_process_bound(&process, -1);
	nn_read_some(process.output, text, sizeof text - 1, &got, "pipe", &err);
	text[got] = '\0';
	orphan = strtol(text, NULL, 10);
	nn_process_kill(&process);
	/* By its end or by our word, whichever was seen first. */
	ok(nn_read_some(process.output, text, 1, &got, "pipe", &err) || !got, "is killed");
	nn_process_wait(&process, &status, &err);
	nn_io_bound(-1, -1, -1);
	kill((pid_t)orphan, SIGKILL);
}

static void test_failures(void)
{
	static char *const arguments[] = { (char *)(size_t) "/no/such/program", NULL };
	struct nn_spawn spawn = { .arguments = arguments, .pipe_input = true, .pipe_output = true };
	struct nn_process process;
	int before = dup(0);
	int after;

	ok(nn_process_start(&process, &spawn, &err) == NN_FAILED, "no such program");
	is_text(err.text, "cannot start '/no/such/program': No such file or directory",
		"it says so");
	ok(process.pid == 0 && process.input == -1 && process.output == -1, "nothing is left");
	after = dup(0);
	ok(after == before + 1, "no descriptor either");
	close(before);
	close(after);
	ok(nn_process_need_files(100, &err) == NN_OK, "room for 100 files");
	ok(nn_process_need_files((size_t)1 << 50, &err) == NN_FAILED, "but not for 2^50");
}

int main(void)
{
	test_pipes();
	test_deafness();
	test_bounds();
	test_failures();
	return tap_done();
}
