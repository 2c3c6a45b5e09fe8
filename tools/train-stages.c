#include "tools/train-stages.h"

#include <stdio.h>

#include "base/memory.h"
#include "train/pipeline.h"

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
		.started = started };

	return nn_pipeline_train(checkpoint, &options, &summary, err);
}

void train_stages_done(void)
{
	if (summary.steps)
		cli_note("bubble: the stages had nothing to do for %.1f %% of the time (at best "
			 "%.1f %%: more --shards make it less)",
			100 * summary.bubble, 100 * summary.at_best);
}
