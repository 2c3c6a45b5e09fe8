#include "tools/plan-measure.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "model/model.h"
#include "plan/measure.h"
#include "proc/hosts.h"

#define MODEL_LIMIT ((size_t)1 << 33)
#define PROFILE_LIMIT ((size_t)1 << 24)

static char folder[512];

static void remove_folder(void)
{
	rmdir(folder);
}

static void tell(const char *what)
{
	cli_progress("measuring %s", what);
}

/* The program of that name beside this one, else it is looked for in PATH. */
static void find_beside(const char *name, char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash && (size_t)(slash - path) + strlen(name) + 2 < size) {
		strcpy(slash + 1, name);
		if (!access(path, X_OK))
			return;
	}
	snprintf(path, size, "%s", name);
}

static void measure_model(struct nn_profile_host *host, const char *path, struct nn_error *err)
{
	struct nn_checkpoint checkpoint;
	const char *spec;

	if (nn_checkpoint_read(&checkpoint, path, err))
		cli_die(err);
	spec = nn_bundle_meta(&checkpoint.model.params, "spec");
	if (!spec) {
		nn_fail(err, NN_BAD, "%s: the model has no spec in its metadata", path);
		cli_die(err);
	}
	tell("the model");
	if (nn_measure_model(host, spec, err)) {
		nn_fail_in(err, "%s", path);
		cli_die(err);
	}
	nn_checkpoint_free(&checkpoint);
}

/* A worker behind pipes on this machine. */
static void measure_pipe(struct nn_profile_host *host, struct nn_error *err)
{
	char self[4096];
	const char *const arguments[] = { self, "--echo", NULL };
	struct nn_spawn spawn = { .arguments = (char *const *)(size_t)arguments };

	find_beside("nn-plan", self, sizeof self);
	tell("a pipe");
	if (nn_measure_line(&host->pipe, &spawn, "a pipe", err))
		cli_die(err);
}

static void measure_here(const struct plan_measure *how, struct nn_profile *profile)
{
	const char *temporary = getenv("TMPDIR");
	struct nn_error err;
	struct nn_profile_host *host = nn_profile_add(profile, &err);
	char train[4096];

	if (!host || nn_measure_host(host, tell, &err))
		cli_die(&err);
	snprintf(host->name, sizeof host->name, "%s", NN_PROFILE_HERE);
	if (how->model)
		measure_model(host, how->model, &err);
	measure_pipe(host, &err);
	if (how->alone)
		return;
	snprintf(folder, sizeof folder, "%s/nn-plan-XXXXXX",
		temporary && *temporary ? temporary : "/tmp");
	if (!mkdtemp(folder)) {
		nn_fail_errno(&err, NN_FAILED, "%s", folder);
		cli_die(&err);
	}
	atexit(remove_folder);
	find_beside("nn-train", train, sizeof train);
	if (nn_measure_exchange(host, train, folder, tell, &err) ||
		nn_measure_pipeline(host, train, folder, tell, &err))
		cli_die(&err);
	/* Without mpirun there is no MPI to be planned for. */
	if (!strcmp(NN_MPI, "yes") && nn_measure_ranks(host, train, folder, tell, &err))
		cli_note("MPI was not measured: %s", err.text);
}

static int pass_model(const char *path, int to, struct nn_error *err)
{
	struct nn_buffer bytes = { 0 };
	const char *name;
	int fd = -1;
	int status = nn_open_input(path, &fd, &name, err);

	if (!status)
		status = nn_read_all(fd, &bytes, MODEL_LIMIT, name, err);
	if (!status)
		status = nn_write(to, bytes.data, bytes.length, "ssh", err);
	if (fd > STDIN_FILENO)
		close(fd);
	nn_buffer_free(&bytes);
	return status;
}

/* The nn-plan there measures itself. */
static int ask_profile(const struct plan_measure *how, const struct nn_host *host,
	struct nn_profile *there, struct nn_error *err)
{
	struct nn_buffer line = { 0 };
	struct nn_buffer text = { 0 };
	struct nn_process process;
	struct nn_spawn spawn = { .pipe_input = true, .pipe_output = true, .pipe_errors = true };
	char **arguments = NULL;
	char words[200];
	char end[NN_PROCESS_TEXT];
	bool killed;
	int ended = 0;
	int status = nn_buffer_puts(&line, "exec", err);

	if (!status)
		status = nn_shell_word(&line, how->remote_tool, err);
	if (!status)
		status = nn_buffer_printf(&line, err, " --measure%s", how->model ? " -m -" : "");
	if (!status)
		status = nn_host_arguments(host, how->ssh, line.data, &arguments, err);
	spawn.arguments = arguments;
	if (!status)
		status = nn_process_start(&process, &spawn, err);
	if (status)
		return status;
	if (how->model)
		pass_model(how->model, process.input, err);
	nn_process_close_input(&process);
	status = nn_read_all(process.output, &text, PROFILE_LIMIT, host->name, err);
	nn_process_end(&process, 5, &ended, &killed, NULL);
	nn_process_last_words(&process, words, sizeof words);
	nn_process_text(ended, end);
	if (!status && ended)
		status = nn_fail(err, NN_FAILED, "%s: %s%s%s", host->name, end, *words ? ": " : "",
			words);
	if (!status)
		status = nn_profile_read(there, text.data ? text.data : "", text.length, host->name,
			err);
	nn_host_free_arguments(arguments);
	nn_buffer_free(&line);
	nn_buffer_free(&text);
	return status;
}

static int measure_line(const struct plan_measure *how, const struct nn_host *host,
	struct nn_profile_line *found, struct nn_error *err)
{
	struct nn_buffer line = { 0 };
	struct nn_spawn spawn = { 0 };
	char **arguments = NULL;
	int status = nn_buffer_puts(&line, "exec", err);

	if (!status)
		status = nn_shell_word(&line, how->remote_tool, err);
	if (!status)
		status = nn_buffer_puts(&line, " --echo", err);
	if (!status)
		status = nn_host_arguments(host, how->ssh, line.data, &arguments, err);
	spawn.arguments = arguments;
	if (!status)
		status = nn_measure_line(found, &spawn, host->name, err);
	nn_host_free_arguments(arguments);
	nn_buffer_free(&line);
	return status;
}

static void measure_there(const struct plan_measure *how, const struct nn_host *host,
	struct nn_profile *profile)
{
	struct nn_profile_line line = { 0 };
	struct nn_profile there = { 0 };
	struct nn_profile_host *added;
	struct nn_error err;

	cli_progress("measuring the line to %s", host->name);
	if (measure_line(how, host, &line, &err))
		cli_die(&err);
	cli_progress("measuring %s", host->name);
	if (ask_profile(how, host, &there, &err))
		cli_die(&err);
	added = nn_profile_add(profile, &err);
	if (!added)
		cli_die(&err);
	*added = there.hosts[0];
	snprintf(added->name, sizeof added->name, "%s", host->name);
	added->line = line;
	nn_profile_free(&there);
}

void plan_measure(const struct plan_measure *how, char *const *names, size_t count,
	struct nn_profile *profile)
{
	struct nn_hosts hosts = { 0 };
	struct nn_profile others = { 0 };
	struct nn_profile_host *added;
	struct nn_error err;

	for (size_t i = 0; i < count; i++)
		if (nn_hosts_add(&hosts, names[i], &err))
			cli_die(&err);
	snprintf(profile->version, sizeof profile->version, "%s", PACKAGE_VERSION);
	/* Somebody who goes away is an error of write(2). */
	signal(SIGPIPE, SIG_IGN);
	/* Who cannot be reached is known before anything takes long. */
	for (size_t i = 0; i < hosts.count; i++)
		if (!hosts.list[i].here)
			measure_there(how, &hosts.list[i], &others);
	measure_here(how, profile);
	for (size_t i = 0; i < others.count; i++) {
		added = nn_profile_add(profile, &err);
		if (!added)
			cli_die(&err);
		*added = others.hosts[i];
	}
	nn_profile_free(&others);
	signal(SIGPIPE, SIG_DFL);
	cli_progress_done();
	nn_hosts_free(&hosts);
}
