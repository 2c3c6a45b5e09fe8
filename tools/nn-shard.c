/* nn-shard: one data set to many. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/partition.h"
#include "data/shard_files.h"
#include "data/split.h"

static uint64_t count;
static const char *method = "block";
static struct cli_reals weights;
static uint64_t seed;
static bool sets;
static const char *output_path;
static const char *filter;
static const char *only;
static bool verbose;

static const struct cli_option options[] = {
	CLI_COUNT('n', "shards", "N", &count, "how many shards; default: as many as weights"),
	CLI_CHOICE('b', "by", "METHOD", &method, nn_partitioner_names,
		"which rows: neighbours, every Nth, or by lot"),
	CLI_REALS('w', "weights", "LIST", &weights, "relative sizes, as 8,2; default: equal"),
	CLI_COUNT(0, "shard-seed", "SEED", &seed, "of --by random; default: 0"),
	CLI_FLAG('s', "sets", &sets,
		"each part is a data set of its own: one for training, one for the test"),
	CLI_STRING('o', "output", "TEMPLATE", &output_path,
		"names of the files, %d is the shard's number; default: shard-%d.nnt"),
	CLI_STRING('F', "filter", "COMMAND", &filter,
		"pipe each shard to this shell command; $SHARD and $FILE are set"),
	CLI_STRING('k', "only", "I/N", &only,
		"write shard I of N alone, to standard output or -o FILE"),
	CLI_FLAG('v', "verbose", &verbose, "say what was written, also where no terminal is"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-shard", "[FILE]", "cut a data set into shards", options };

/* shards: NULL where one goes to standard output */
static void show_progress(void *shards, uint64_t rows)
{
	if (shards)
		nn_shard_files_push(shards);
	cli_progress("%llu rows", (unsigned long long)rows);
}

/* "2/4" */
static uint64_t parse_only(void)
{
	struct nn_error err;
	char *copy = nn_strdup(only, &err);
	char *slash;
	uint64_t shard = 0;
	uint64_t total = 0;

	if (!copy)
		cli_die(&err);
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (!slash || !nn_parse_u64(copy, &shard) || !nn_parse_u64(slash + 1, &total))
		cli_usage("-k '%s' is not I/N", only);
	free(copy);
	if (count && count != total)
		cli_usage("-k %s and -n %llu differ", only, (unsigned long long)count);
	count = total;
	if (shard >= count)
		cli_usage("-k %s: shards are numbered from 0", only);
	return shard;
}

static void check_weights(void)
{
	double total = 0.0;

	for (size_t i = 0; i < weights.count; i++) {
		if (!(weights.values[i] > 0.0))
			cli_usage("--weights: %g must be above 0", weights.values[i]);
		total += weights.values[i];
	}
	if (!isfinite(total))
		cli_usage("--weights: their sum overflows");
}

static uint64_t check_options(void)
{
	uint64_t shard = only ? parse_only() : 0;
	struct nn_error err;

	check_weights();

	if (only && filter)
		cli_usage("-k writes one shard: --filter is for all of them");
	if (!count)
		count = weights.count;
	if (!count)
		cli_usage("how many shards? (-n or --weights)");
	if (count > NN_MOST_SHARDS)
		cli_usage("%llu shards are too many: at most %llu", (unsigned long long)count,
			NN_MOST_SHARDS);
	if (weights.count && weights.count != count)
		cli_usage("%zu weights for %llu shards", weights.count, (unsigned long long)count);
	if (!only && !output_path)
		output_path = "shard-%d.nnt";
	if (!only && nn_template_check(output_path, &err))
		cli_usage("%s", err.text);
	return shard;
}

/* All shards, to files or commands. */
static uint64_t write_all(struct nn_split *split, struct nn_reader *reader, int input)
{
	struct nn_shard_files shards;
	struct nn_error err;
	uint64_t rows;

	if (filter)
		signal(SIGPIPE,
			SIG_IGN); /* a command may stop reading: its status says if that is well */
	if (nn_shard_files_open(&shards, "shard", output_path, filter, count, input, &err))
		cli_die(&err);
	for (uint64_t k = 0; k < count; k++)
		if (shards.places[k].file.temporary)
			cli_remove_at_death(shards.places[k].file.temporary);
	split->writers = shards.writers;
	split->failed = nn_shard_files_failed;
	split->context = &shards;
	if (nn_split(reader, split, &rows, &err) || nn_shard_files_finish(&shards, &err)) {
		nn_shard_files_free(&shards);
		cli_die(&err);
	}
	nn_shard_files_free(&shards);
	return rows;
}

static uint64_t write_one(struct nn_split *split, struct nn_reader *reader, int input,
	const char *name, uint64_t shard)
{
	struct nn_output output;
	struct nn_error err;
	uint64_t rows;

	cli_output(&output, output_path, true);
	cli_refuse_same(&output, input, name);
	split->writers = nn_alloc((size_t)count, sizeof *split->writers, &err);
	if (!split->writers ||
		nn_writer_open(&split->writers[shard], output.fd, output.name, &err) ||
		nn_split(reader, split, &rows, &err))
		cli_die(&err);
	nn_writer_close(split->writers[shard]);
	free(split->writers);
	if (nn_output_commit(&output, &err))
		cli_die(&err);
	return rows;
}

int main(int argc, char **argv)
{
	int operands;
	char **paths = cli_start(&tool, argc, argv, &operands);
	uint64_t shard = check_options();
	struct nn_split split = { .method = method,
		.shards = count,
		.weights = weights.values,
		.seed = seed,
		.sets = sets,
		.progress = show_progress };
	struct nn_reader *reader;
	struct nn_error err;
	const char *name;
	uint64_t rows;
	int fd;

	if (operands > 1)
		cli_usage("%d files: one data set is cut at a time", operands);
	if (nn_open_input(operands ? paths[0] : "-", &fd, &name, &err) ||
		nn_reader_open(&reader, fd, name, NN_KIND_DATA, &err))
		cli_die(&err);
	rows = only ? write_one(&split, reader, fd, name, shard) : write_all(&split, reader, fd);
	nn_reader_close(reader);
	cli_progress_done();
	cli_note("%llu rows, %llu shards, by %s", (unsigned long long)rows,
		(unsigned long long)count, method);
	return NN_OK;
}
