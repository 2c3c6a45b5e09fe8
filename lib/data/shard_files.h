/* Where shards go, or slices: a file for each, or a command for each. */
#ifndef NN_DATA_SHARD_FILES_H
#define NN_DATA_SHARD_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/io.h"
#include "proc/process.h"
#include "stream/writer.h"

struct nn_shard_file {
	char *path; /* the template's, with the number in it */
	struct nn_output file;
	struct nn_process filter;
};
struct nn_shard_files {
	const char *noun;    /* "shard": what they are */
	const char *command; /* NULL: files */
	uint64_t count;
	struct nn_shard_file *places; /* [count] */
	struct nn_writer **writers;   /* [count] */
};

/* Opens `count` outputs: files named by the template (base/template.h), which appear when they are whole, or, with a
 * command, pipes to `sh -c COMMAND` with $SHARD, or what the noun is in capitals (number), and $FILE (name) in its environment. `input`
 * must be none of the files (NN_USAGE). SIGPIPE should be ignored where there is a command. */
int nn_shard_files_open(struct nn_shard_files *shards, const char *noun, const char *template,
	const char *command, uint64_t count, int input, struct nn_error *err);
/* For struct nn_split: a command that has closed its input misses nothing. */
int nn_shard_files_failed(void *shards, uint64_t shard, struct nn_error *err);
/* Lets the disk begin with what is written so far, so that less is left to wait for at the end. Of
 * many small files that would cost more than it saves, and nothing is done. */
void nn_shard_files_push(const struct nn_shard_files *shards);
/* All frames are written: gives the files their names, or waits for the commands. A command's exit
 * status other than 0 is NN_FAILED. Then, or if it fails, only nn_shard_files_free is left to do. */
int nn_shard_files_finish(struct nn_shard_files *shards, struct nn_error *err);
/* Releases all; files that are not finished vanish. */
void nn_shard_files_free(struct nn_shard_files *shards);

#endif
