#include "train/places.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Appends the words behind the tool's name. "--" keeps a file "-x" from being an option. */
static int put_arguments(struct nn_buffer *line, const struct nn_places_options *options,
	const struct nn_place *place, struct nn_error *err)
{
	char shard_seed[24];
	const char *const words[] = { "--worker", "--kernel", options->kernel, "--by",
		options->method, "--shard-seed", shard_seed, "--" };
	int status = NN_OK;

	snprintf(shard_seed, sizeof shard_seed, "%llu", (unsigned long long)options->shard_seed);
	for (size_t i = 0; i < sizeof words / sizeof words[0] && !status; i++)
		status = nn_shell_word(line, words[i], err);
	for (size_t i = 0; i < options->files && !place->supplied && !status; i++)
		status = place->ssh ? nn_shell_path(line, options->data[i], err) :
				      nn_shell_word(line, options->data[i], err);
	return status;
}

/* The nn-grad beside us. */
static bool find_beside(char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - sizeof NN_WORKER_TOOL);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	memcpy(slash + 1, NN_WORKER_TOOL, sizeof NN_WORKER_TOOL);
	return !access(path, X_OK);
}

/* A line for sh, which makes way for the tool. */
static int make_here(struct nn_place *place, const struct nn_places_options *options,
	uint64_t workers, struct nn_error *err)
{
	struct nn_buffer line = { 0 };
	char beside[4096];
	int status;

	*place = (struct nn_place){ .tool = options->command ? options->command : NN_WORKER_TOOL,
		.packing = options->command ? options->packing : NN_PACK_NEVER,
		.supplied = options->command && options->send,
		.workers = (unsigned)workers };
	if (options->command)
		status = nn_buffer_puts(&line, options->command, err);
	else
		status = nn_buffer_puts(&line, "exec", err);
	if (!status && !options->command)
		status = nn_shell_word(&line,
			find_beside(beside, sizeof beside) ? beside : NN_WORKER_TOOL, err);
	/* Any command may run it where our memory is out of reach. */
	if (!status && !options->command && options->shared) {
		place->shared = options->shared;
		status = nn_buffer_printf(&line, err, " --shared %d", options->shared);
	}
	if (!status)
		status = put_arguments(&line, options, place, err);
	place->command = line.data;
	return status;
}

static int make_there(struct nn_place *place, const struct nn_places_options *options,
	const struct nn_host *host, struct nn_error *err)
{
	struct nn_buffer line = { 0 };
	char **arguments = NULL;
	int status;

	*place = (struct nn_place){ .name = host->name,
		.ssh = true,
		.packing = options->packing,
		.supplied = options->send,
		.tool = options->remote_tool,
		.workers = host->count };
	status = nn_buffer_puts(&line, "exec", err);
	if (!status)
		status = nn_shell_word(&line, options->remote_tool, err);
	if (!status)
		status = put_arguments(&line, options, place, err);
	if (!status)
		status = nn_host_arguments(host, options->ssh, line.data, &arguments, err);
	place->arguments = arguments;
	nn_buffer_free(&line);
	return status;
}

int nn_places_make(struct nn_place **places, size_t *count, const struct nn_places_options *options,
	struct nn_error *err)
{
	const struct nn_hosts *hosts = options->hosts;
	size_t wanted = hosts->count ? hosts->count : 1;
	struct nn_place *made = nn_alloc(wanted, sizeof *made, err);
	int status = made ? NN_OK : NN_FAILED;

	*count = 0;
	*places = NULL;
	if (!made)
		return NN_FAILED;
	if (!hosts->count)
		status = make_here(&made[(*count)++], options, options->workers, err);
	for (size_t i = 0; i < hosts->count && !status; i++) {
		const struct nn_host *host = &hosts->list[i];
		struct nn_place *place = &made[(*count)++];

		status = host->here ? make_here(place, options, host->count, err) :
				      make_there(place, options, host, err);
	}
	if (status)
		nn_places_free(made, *count);
	else
		*places = made;
	return status;
}

void nn_places_free(struct nn_place *places, size_t count)
{
	for (size_t i = 0; i < count && places; i++) {
		free((char *)(size_t)places[i].command);
		nn_host_free_arguments((char **)(size_t)places[i].arguments);
	}
	free(places);
}

unsigned nn_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}
