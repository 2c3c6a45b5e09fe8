#include "tools/train-stages.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "train/pipeline.h"
#include "train/places.h"

#define MOST_STAGES 1024

static struct nn_pipeline_summary summary;

void train_stages_check(const struct train_stages *how, const char *refused, const char *instead)
{
	if (how->has_stages && !how->stages)
		cli_usage("--stages 0: nothing would be trained");
	if (how->recompute && !how->stages)
		cli_usage("--recompute goes with --stages");
	if (how->stages > MOST_STAGES)
		cli_usage("--stages: at most %d", MOST_STAGES);
	if (how->stages && refused)
		cli_usage("%s does not go with --stages: %s", refused, instead);
}

/* Is the first stage of any pipeline elsewhere? */
static const char *first_elsewhere(const struct train_stages *how)
{
	const struct nn_hosts *hosts = how->hosts;
	uint64_t slot = 0;

	for (size_t i = 0; i < hosts->count; i++)
		for (unsigned k = 0; k < hosts->list[i].count; k++, slot++)
			if (!hosts->list[i].here && slot % how->stages == 0)
				return hosts->list[i].name;
	return NULL;
}

void train_stages_check_places(const struct train_stages *how, const struct train_data *data)
{
	uint64_t pipelines = how->pipelines ? how->pipelines : 1;
	uint64_t slots = 0;
	const char *host;

	if (!how->stages)
		return;
	for (size_t i = 0; i < how->hosts->count; i++)
		slots += how->hosts->list[i].count;
	if (how->hosts->count && slots != how->stages * pipelines)
		cli_usage("--stages %llu of %llu pipeline%s: the hosts are to have as many slots, "
			  "but have %llu (N/HOST are N)",
			(unsigned long long)how->stages, (unsigned long long)pipelines,
			pipelines == 1 ? "" : "s", (unsigned long long)slots);
	for (size_t i = 0; i < data->placement.count; i++)
		if (data->placement.homes[i])
			cli_usage(
				"%s: with --stages the data are where the first stages are, and here",
				data->placement.names[i]);
	host = first_elsewhere(how);
	if (host && data->spooled)
		cli_usage("data on standard input: the first stage, on %s, reads files", host);
}

void train_stages_check_ranks(struct train_stages *how, uint64_t shards)
{
	uint64_t size = how->ranks ? how->ranks->size : 0;
	uint64_t wanted;

	if (!how->stages || !how->ranks)
		return;
	if (!how->pipelines)
		how->pipelines = size / how->stages < shards ? size / how->stages : shards;
	if (!how->pipelines)
		how->pipelines = 1;
	wanted = how->stages * how->pipelines;
	if (wanted > size)
		cli_usage(
			"--stages %llu of %llu pipeline%s: that takes %llu ranks of MPI, but there "
			"are %llu (mpirun -n %llu)",
			(unsigned long long)how->stages, (unsigned long long)how->pipelines,
			how->pipelines == 1 ? "" : "s", (unsigned long long)wanted,
			(unsigned long long)size, (unsigned long long)wanted);
	if (wanted < size)
		cli_warn("%llu of %llu ranks have nothing to do: %llu pipeline%s of %llu stages "
			 "take %llu (--workers, --shards make more pipelines)",
			(unsigned long long)(size - wanted), (unsigned long long)size,
			(unsigned long long)how->pipelines, how->pipelines == 1 ? "" : "s",
			(unsigned long long)how->stages, (unsigned long long)wanted);
}

/* "/opt/bin/nn-grad" means the nn-stage beside it. */
static int find_tool(struct nn_buffer *tool, const char *named, struct nn_error *err)
{
	const char *slash = strrchr(named, '/');
	const char *base = slash ? slash + 1 : named;

	if (strcmp(base, NN_WORKER_TOOL) != 0)
		return nn_buffer_puts(tool, named, err);
	return nn_buffer_printf(tool, err, "%.*s" NN_STAGE_TOOL, (int)(base - named), named);
}

/* "layers 0:3, 3:6" */
static void started(const struct nn_pipeline_start *start)
{
	struct nn_buffer line = { 0 };
	struct nn_error err;
	int status = NN_OK;

	for (size_t i = 0; i < start->stages && !status; i++)
		status = nn_buffer_printf(&line, &err, "%s%zu:%zu", i ? ", " : "",
			i ? start->ends[i - 1] : 0, start->ends[i]);
	if (!status)
		cli_note("%zu pipeline%s of %zu stages: layers %s; the largest has %.0f %% of the "
			 "arithmetic",
			start->pipelines, start->pipelines == 1 ? "" : "s", start->stages,
			line.data, 100 * start->largest);
	nn_buffer_free(&line);
}

int train_stages_train(const struct train_stages *how, struct nn_checkpoint *checkpoint,
	const char *name, const char *path, const struct nn_train_options *plan,
	const struct nn_update_options *update, struct nn_output *output, struct nn_error *err)
{
	struct nn_buffer tool = { 0 };
	struct nn_pipeline_options options = { .stages = (size_t)how->stages,
		.pipelines = how->pipelines ? (size_t)how->pipelines : 1,
		.recompute = how->recompute,
		.threads = how->threads,
		.model = path,
		.checkpoint_name = name,
		.updates = how->updates,
		.how = update,
		.train = plan,
		.output = output,
		.hosts = how->hosts,
		.ranks = how->ranks,
		.timeout = how->timeout,
		.ssh = how->ssh,
		.started = started };
	int status = find_tool(&tool, how->remote_tool, err);

	options.tool = tool.data;
	if (!status)
		status = nn_pipeline_train(checkpoint, &options, &summary, err);
	nn_buffer_free(&tool);
	return status;
}

void train_stages_done(void)
{
	const char *why = ": more --shards make it less";

	if (summary.at_best - summary.uneven < 0.02)
		why = summary.uneven < 0.02 ? "" : ": the layers cannot be cut more evenly";
	if (summary.steps)
		cli_note("bubble: the stages had nothing to do for %.1f %% of the time (at best "
			 "%.1f %%%s)",
			100 * summary.bubble, 100 * summary.at_best, why);
}
