/* How a stage is called: as nn-stage is, by a coordinator. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "train/pipeline-private.h"
#include "train/serve.h"

static int add_word(struct nn_words *words, const char *word, struct nn_error *err)
{
	char **list = nn_realloc(words->list, words->count + 2, sizeof *list, err);

	if (!list)
		return NN_FAILED;
	words->list = list;
	list[words->count] = nn_strdup(word, err);
	if (!list[words->count])
		return NN_FAILED;
	list[++words->count] = NULL;
	return NN_OK;
}

static int add_number(struct nn_words *words, const char *option, uint64_t number,
	struct nn_error *err)
{
	char text[24];
	int status = add_word(words, option, err);

	snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	return status ? status : add_word(words, text, err);
}

static int add_group(struct nn_words *words, const int *group, size_t count, struct nn_error *err)
{
	struct nn_buffer text = { 0 };
	int status = NN_OK;

	for (size_t i = 0; i < count && !status; i++)
		status = nn_buffer_printf(&text, err, "%s%d", i ? "," : "", group[i]);
	if (!status && count)
		status = add_word(words, "--group", err);
	if (!status && count)
		status = add_word(words, text.data, err);
	nn_buffer_free(&text);
	return status;
}

int nn_crew_words(const struct nn_pipeline *pipeline, const struct nn_member *member,
	const struct nn_ends *ends, struct nn_words *words, struct nn_error *err)
{
	const struct nn_pipeline_options *options = pipeline->options;
	const struct nn_serve_options *serve = options->train->serve;
	char range[64];
	int status = add_word(words, NN_STAGE_TOOL, err);

	snprintf(range, sizeof range, "%zu/%zu", member->stage, options->stages);
	if (!status)
		status = add_word(words, "--worker", err);
	if (!status)
		status = add_word(words, member->host ? "--mux" : "--model", err);
	if (!status && !member->host)
		status = add_word(words, options->model, err);
	if (!status && ends->up >= 0)
		status = add_number(words, "--up", (uint64_t)ends->up, err);
	if (!status && ends->down >= 0)
		status = add_number(words, "--down", (uint64_t)ends->down, err);
	if (!status && ends->leader >= 0)
		status = add_number(words, "--leader", (uint64_t)ends->leader, err);
	if (!status && !member->pipeline)
		status = add_group(words, ends->group, options->pipelines - 1, err);
	if (!status && options->recompute)
		status = add_word(words, "--recompute", err);
	if (!status && options->threads)
		status = add_number(words, "--threads", options->threads, err);
	if (!status && !member->stage)
		status = add_word(words, "--by", err);
	if (!status && !member->stage)
		status = add_word(words, pipeline->training.run.method, err);
	if (!status && !member->stage)
		status = add_number(words, "--shard-seed", pipeline->training.run.shard_seed, err);
	if (!status)
		status = add_word(words, "--", err);
	if (!status)
		status = add_word(words, range, err);
	for (size_t i = 0; i < serve->count && !member->stage && !status; i++)
		status = add_word(words, serve->paths[i], err);
	words->paths = member->stage ? 0 : serve->count;
	return status;
}

void nn_crew_free_words(struct nn_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->list[i]);
	free(words->list);
}
