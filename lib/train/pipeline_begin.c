/* What the data are, how long the run is, and who gets which layers. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "json/json.h"
#include "model/cost.h"
#include "train/pipeline-private.h"
#include "train/state.h"

/* How many rows are in a file, and which shard it is. Its frames pass by: the first stage keeps them. */
static int look_at(const char *path, const char *name, struct nn_preamble *answer,
	struct nn_error *err)
{
	const struct nn_frame *frame;
	struct nn_reader *reader = NULL;
	const char *ignored;
	int fd;
	int status = nn_open_input(path, &fd, &ignored, err);

	if (status)
		return status;
	status = nn_reader_open(&reader, fd, name, NN_KIND_DATA, err);
	while (!status && !(status = nn_reader_next(reader, &frame, err)) && frame) {
		const struct nn_tensor *x =
			frame->layout ? nn_bundle_find(frame->layout, "x") : NULL;

		if (frame->preamble.kind != NN_KIND_DATA || !x || !x->ndim)
			continue;
		answer->rows += x->shape[0];
		answer->shards = frame->preamble.shards;
		answer->first = answer->shards ? frame->preamble.first : 0;
		answer->end = answer->shards ? frame->preamble.end : 0;
	}
	nn_reader_close(reader);
	close(fd);
	return status;
}

static int look_at_data(struct nn_pipeline *pipeline, struct nn_error *err)
{
	const struct nn_train_options *train = pipeline->options->train;
	int status = NN_OK;

	pipeline->answers = nn_alloc(train->files, sizeof *pipeline->answers, err);
	if (!pipeline->answers)
		return NN_FAILED;
	for (size_t i = 0; i < train->files && !status; i++) {
		/* No two are taken for twins. */
		pipeline->answers[i].id = i + 1;
		status = look_at(train->serve->paths[i], train->paths[i], &pipeline->answers[i],
			err);
	}
	pipeline->training.answers = pipeline->answers;
	return status;
}

/* As nn_updater_new, but nobody here has a state. */
static int resolve_optimizer(struct nn_pipeline *pipeline, struct nn_error *err)
{
	struct nn_checkpoint *checkpoint = pipeline->checkpoint;
	const char *json = nn_bundle_meta(&checkpoint->state, "optimizer");
	struct nn_optim_options stored;
	struct nn_bundle state = { 0 };
	struct nn_buffer text = { 0 };
	int status = NN_OK;

	pipeline->optim = pipeline->options->how->optim;
	pipeline->updates = json ? pipeline->options->updates : 0;
	if (json && nn_optim_options_read(&stored, &pipeline->document, json, err))
		return nn_fail_in(err, "%s", pipeline->options->checkpoint_name);
	status = nn_optim_resolve(&pipeline->optim, json ? &stored : NULL, err);
	if (!status && json)
		nn_update_note_changes(pipeline->options->how, pipeline->options->checkpoint_name,
			&stored, &pipeline->optim);
	if (!status && json && strcmp(stored.method, pipeline->optim.method) != 0)
		pipeline->updates = 0;
	if (!status)
		status = nn_state_layout(&state, &checkpoint->model.params, &pipeline->optim, err);
	if (!status)
		status = nn_optim_options_write(&text, &pipeline->optim, err);
	pipeline->optimizer = text.data;
	nn_bundle_free(&checkpoint->state);
	checkpoint->state = state;
	checkpoint->state_preamble = (struct nn_preamble){ 0 };
	return status;
}

static double work_of(const struct nn_layer_cost *costs, size_t from, size_t to)
{
	double work = 0;

	for (size_t i = from; i < to; i++)
		work += costs[i].forward + costs[i].backward;
	return work;
}

static int cut(struct nn_pipeline *pipeline, struct nn_error *err)
{
	size_t stages = pipeline->options->stages;
	struct nn_layer_cost *costs = NULL;
	struct nn_network *network = NULL;
	size_t count = 0;
	int status = nn_network_of_model(&network, &pipeline->checkpoint->model.params,
		pipeline->options->checkpoint_name, err);

	if (!status)
		status = nn_cost_of_network(network, &costs, &count, err);
	pipeline->ends = nn_alloc(stages, sizeof *pipeline->ends, err);
	if (!status && !pipeline->ends)
		status = NN_FAILED;
	if (!status && stages > count)
		status = nn_fail(err, NN_USAGE,
			"--stages %zu: the network has only %zu layers to be shared out", stages,
			count);
	if (!status)
		status = nn_cost_cut(costs, count, stages, pipeline->ends, err);
	for (size_t i = 0; i < stages && !status; i++) {
		double share = work_of(costs, i ? pipeline->ends[i - 1] : 0, pipeline->ends[i]) /
			work_of(costs, 0, count);

		if (share > pipeline->largest)
			pipeline->largest = share;
	}
	free(costs);
	nn_network_free(network);
	return status;
}

int nn_pipeline_begin(struct nn_pipeline *pipeline, struct nn_error *err)
{
	struct training *training = &pipeline->training;
	int status = look_at_data(pipeline, err);

	if (!status)
		status = nn_train_survey(training, err);
	if (!status && pipeline->options->pipelines > training->run.shards)
		status = nn_fail(err, NN_USAGE,
			"--workers %zu: more pipelines than the %llu shards that they share "
			"(--shards makes more)",
			pipeline->options->pipelines, (unsigned long long)training->run.shards);
	if (!status)
		status = nn_train_plan(training, err);
	if (!status)
		status = resolve_optimizer(pipeline, err);
	if (!status)
		status = nn_run_write(&training->run, &pipeline->checkpoint->state, err);
	if (!status)
		status = cut(pipeline, err);
	if (status)
		return status;
	pipeline->squares =
		nn_alloc(pipeline->checkpoint->model.params.count, sizeof *pipeline->squares, err);
	return pipeline->squares ? NN_OK : NN_FAILED;
}
