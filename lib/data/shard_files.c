#include "data/shard_files.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/template.h"

#define MOST_PUSHED 64

static int open_file(struct nn_shard_file *place, int input, struct nn_error *err)
{
	struct stat from;
	struct stat to;

	if (!fstat(input, &from) && !stat(place->path, &to) && S_ISREG(to.st_mode) &&
		from.st_dev == to.st_dev && from.st_ino == to.st_ino)
		return nn_fail(err, NN_USAGE, "%s: is both input and output", place->path);
	return nn_output_open(&place->file, place->path, err);
}

/* The variable that says which shard it is has the noun's name. */
static int open_filter(const struct nn_shard_files *shards, struct nn_shard_file *place,
	uint64_t number, struct nn_error *err)
{
	struct nn_buffer shard = { 0 };
	struct nn_buffer file = { 0 };
	int status = nn_buffer_puts(&shard, shards->noun, err);

	for (size_t i = 0; i < shard.length; i++)
		shard.data[i] = (char)toupper((unsigned char)shard.data[i]);
	if (!status)
		status = nn_buffer_printf(&shard, err, "=%llu", (unsigned long long)number);
	if (!status)
		status = nn_buffer_printf(&file, err, "FILE=%s", place->path);
	if (!status) {
		const char *environment[] = { shard.data, file.data, NULL };
		struct nn_spawn spawn = { .command = shards->command,
			.environment = environment,
			.pipe_input = true };

		status = nn_process_start(&place->filter, &spawn, err);
	}
	nn_buffer_free(&shard);
	nn_buffer_free(&file);
	return status;
}

static int open_place(struct nn_shard_files *shards, const char *template, uint64_t k, int input,
	struct nn_error *err)
{
	struct nn_shard_file *place = &shards->places[k];
	int status;

	place->file.fd = -1;
	place->path = nn_template_expand(template, k, err);
	if (!place->path)
		return NN_FAILED;
	status =
		shards->command ? open_filter(shards, place, k, err) : open_file(place, input, err);
	if (status)
		return status;
	return nn_writer_open(&shards->writers[k],
		shards->command ? place->filter.input : place->file.fd, place->path, err);
}

int nn_shard_files_open(struct nn_shard_files *shards, const char *noun, const char *template,
	const char *command, uint64_t count, int input, struct nn_error *err)
{
	int status = nn_process_need_files((size_t)count, err);

	*shards = (struct nn_shard_files){ .noun = noun, .command = command };
	if (status)
		return status;
	shards->places = nn_alloc((size_t)count, sizeof *shards->places, err);
	shards->writers = nn_alloc((size_t)count, sizeof *shards->writers, err);
	if (!shards->places || !shards->writers) {
		nn_shard_files_free(shards);
		return NN_FAILED;
	}
	while (shards->count < count && !status) {
		shards->count++;
		status = open_place(shards, template, shards->count - 1, input, err);
	}
	if (status)
		nn_shard_files_free(shards);
	return status;
}

int nn_shard_files_failed(void *context, uint64_t shard, struct nn_error *err)
{
	struct nn_shard_files *shards = context;

	if (shards->command && nn_process_is_deaf(&shards->places[shard].filter)) {
		nn_writer_close(shards->writers[shard]);
		return NN_OK;
	}
	return (int)err->status;
}

void nn_shard_files_push(const struct nn_shard_files *shards)
{
#ifdef SYNC_FILE_RANGE_WRITE
	for (uint64_t k = 0; k < shards->count && shards->count <= MOST_PUSHED; k++)
		if (shards->places[k].file.path)
			sync_file_range(shards->places[k].file.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
	(void)shards;
#endif
}

/* All of them, even when one has failed: nobody is left running behind our back. */
static int wait_for_filters(struct nn_shard_files *shards, struct nn_error *err)
{
	int result = NN_OK;

	for (uint64_t k = 0; k < shards->count; k++)
		nn_process_close_input(&shards->places[k].filter);
	for (uint64_t k = 0; k < shards->count; k++) {
		struct nn_error why;
		char text[NN_PROCESS_TEXT];
		int ended = 0;

		if (!shards->places[k].filter.pid)
			continue;
		if (nn_process_wait(&shards->places[k].filter, &ended, &why)) {
			result = result ? result : nn_fail(err, NN_FAILED, "%s", why.text);
		} else if (ended && !result) {
			nn_process_text(ended, text);
			result = nn_fail(err, NN_FAILED, "filter of %s %llu: %s: %.200s",
				shards->noun, (unsigned long long)k, text, shards->command);
		}
	}
	return result;
}

int nn_shard_files_finish(struct nn_shard_files *shards, struct nn_error *err)
{
	int status = NN_OK;

	if (shards->command)
		return wait_for_filters(shards, err);
	/* A disk that is full is found before the first file gets its name. Many files are synced at once
	 * first: one commit of the file system's journal instead of one for each. */
	if (shards->count > MOST_PUSHED && shards->places[0].file.path)
		syncfs(shards->places[0].file.fd);
	for (uint64_t k = 0; k < shards->count && !status; k++)
		if (shards->places[k].file.path && fsync(shards->places[k].file.fd))
			status = nn_fail_errno(err, NN_FAILED, "%s: cannot write",
				shards->places[k].path);
	for (uint64_t k = 0; k < shards->count && !status; k++)
		status = nn_output_commit(&shards->places[k].file, err);
	return status;
}

void nn_shard_files_free(struct nn_shard_files *shards)
{
	if (shards->command)
		wait_for_filters(shards, NULL);
	for (uint64_t k = 0; k < shards->count; k++) {
		nn_writer_close(shards->writers[k]);
		nn_output_abandon(&shards->places[k].file);
		free(shards->places[k].path);
	}
	free(shards->places);
	free(shards->writers);
	*shards = (struct nn_shard_files){ 0 };
}
