/* The loop of a training by stages. A step is committed when all stages have the sum of its gradients, and
 * the norm of the whole is known: then all update, and those that go on begin the next step at once, while
 * what they did is told. */
#include "train/pipeline.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "json/json.h"
#include "optim/optim.h"
#include "train/pipeline-private.h"
#include "train/stage_serve.h"

static unsigned long long print(uint64_t number)
{
	return (unsigned long long)number;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool is_done(const struct training *training)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;

	return training->last_step ? model->step >= training->last_step :
				     model->epoch >= training->last_epoch;
}

static bool is_time_to_save(const struct training *training, uint64_t before)
{
	const struct nn_train_options *options = training->options;

	if (!options->checkpoint)
		return false;
	if (options->every && training->progress.steps / options->every > before / options->every)
		return true;
	return options->every_seconds > 0 && now() >= training->saved_at + options->every_seconds;
}

/* A signal to the coordinator, or to another rank. */
static int wants_stop(const struct nn_pipeline *pipeline)
{
	int signal = pipeline->training.options->stop();

	return signal ? signal : pipeline->signal;
}

static uint64_t steps_left(const struct training *training)
{
	const struct nn_preamble *model = &training->checkpoint->model.preamble;

	if (is_done(training))
		return 0;
	if (training->last_step)
		return training->last_step - model->step;
	return (training->last_epoch - model->epoch) * training->steps_per_epoch -
		model->step_in_epoch;
}

/* What each stage has made of the step: sums of squares in the order of the whole's tensors. */
static int gather(struct nn_pipeline *pipeline, struct nn_error *err)
{
	const struct nn_bundle *params = &pipeline->checkpoint->model.params;
	double *part = nn_alloc(params->count, sizeof *part, err);
	int status = part ? NN_OK : NN_FAILED;

	for (size_t i = 0; i < pipeline->count && !status; i++) {
		struct nn_member *member = &pipeline->members[i];
		const struct nn_frame *frame;
		size_t count = 0;

		status = nn_crew_await(pipeline, member, NN_KIND_METRICS, &frame, err);
		for (size_t k = 0; k < params->count && !status; k++)
			count += nn_pipeline_owner(pipeline, params->tensors[k].name) ==
				member->stage;
		if (!status && !i) {
			pipeline->rows = frame->preamble.rows;
			pipeline->weight = frame->preamble.weight;
			pipeline->loss = frame->preamble.loss;
		}
		if (!status)
			status = nn_crew_take(member, frame, NN_STAGE_SQUARES, part, count, err);
		count = 0;
		for (size_t k = 0; k < params->count && !status && !member->pipeline; k++)
			if (nn_pipeline_owner(pipeline, params->tensors[k].name) == member->stage)
				pipeline->squares[k] = part[count++];
	}
	free(part);
	return status;
}

/* The update is done, and what it took. */
static int hear_done(struct nn_pipeline *pipeline, struct nn_error *err)
{
	struct training *training = &pipeline->training;
	int status = NN_OK;

	pipeline->seconds[0] = pipeline->seconds[1] = 0;
	for (size_t i = 0; i < pipeline->count && !status; i++) {
		struct nn_member *member = &pipeline->members[i];
		const struct nn_frame *frame;
		double seconds[2] = { 0 };

		status = nn_crew_await(pipeline, member, NN_KIND_METRICS, &frame, err);
		if (!status && frame->preamble.rows && frame->preamble.rows < NSIG)
			pipeline->signal = (int)frame->preamble.rows;
		if (!status)
			status = nn_crew_take(member, frame, NN_STAGE_SECONDS, seconds, 2, err);
		pipeline->seconds[0] += seconds[0];
		pipeline->seconds[1] += seconds[1];
		training->worker_seconds[i] = seconds[1] - seconds[0];
	}
	pipeline->totals[0] += pipeline->seconds[0];
	pipeline->totals[1] += pipeline->seconds[1];
	return status;
}

static void tell(struct nn_pipeline *pipeline, double lr, double norm)
{
	struct training *training = &pipeline->training;
	struct nn_train_progress *progress = &training->progress;
	const struct nn_preamble *model = &pipeline->checkpoint->model.preamble;
	struct nn_update_report report = { .step = model->step,
		.epoch = model->epoch,
		.loss = pipeline->loss / pipeline->weight,
		.lr = lr,
		.norm = norm / pipeline->weight };

	pipeline->options->how->report(&report);
	progress->rows = pipeline->rows;
	progress->all_rows += pipeline->rows;
	progress->seconds = now() - training->began;
	progress->busy = pipeline->count;
	progress->bubble =
		pipeline->seconds[1] > 0 ? pipeline->seconds[0] / pipeline->seconds[1] : 0;
	progress->bytes = 0;
	for (size_t i = 0; i < pipeline->count; i++)
		progress->bytes += nn_reader_position(pipeline->members[i].reader) +
			nn_writer_position(pipeline->members[i].writer);
	training->options->progress(progress);
}

/* The stages are at work on the model's step. `*goes_on`: they are at work on the next one. */
static int step(struct nn_pipeline *pipeline, bool *goes_on, struct nn_error *err)
{
	struct training *training = &pipeline->training;
	struct nn_preamble *model = &pipeline->checkpoint->model.preamble;
	uint64_t before = training->progress.steps;
	double lr = nn_schedule_rate(&pipeline->optim, pipeline->updates);
	struct nn_preamble next;
	double norm;
	int status = gather(pipeline, err);

	if (status)
		return status;
	if (!(pipeline->weight > 0))
		return nn_fail(err, NN_BAD,
			"step %llu: the total weight is zero: there is nothing to divide by",
			print(model->step));
	norm = sqrt(nn_tree_sum(pipeline->squares, pipeline->checkpoint->model.params.count));
	/* From here on the step is made. */
	nn_preamble_advance(model);
	model->id = 0;
	training->progress.steps++;
	pipeline->updates++;
	pipeline->steps++;
	*goes_on =
		!is_done(training) && !is_time_to_save(training, before) && !wants_stop(pipeline);
	next = *model;
	next.weight = norm;
	next.rows = *goes_on;
	status = nn_crew_order(pipeline, "update", &next, false, err);
	if (!status)
		status = hear_done(pipeline, err);
	if (!status)
		tell(pipeline, lr, norm);
	return status;
}

/* As nn_train: a disk that is full now may have room the next time. */
static int save(struct nn_pipeline *pipeline, bool last, struct nn_error *err)
{
	struct training *training = &pipeline->training;
	const char *path = training->options->checkpoint;
	uint64_t step = pipeline->checkpoint->model.preamble.step;
	struct nn_error why;
	int status;

	if (!path || training->saved == step)
		return NN_OK;
	status = nn_pipeline_save(pipeline, path, &why);
	training->saved_at = now();
	if (!status)
		training->saved = step;
	/* A stage that is gone is no matter of the disk. */
	for (size_t i = 0; i < pipeline->count && status; i++)
		if (pipeline->members[i].failed || pipeline->members[i].spoke) {
			*err = why;
			return status;
		}
	if (status && (last || !training->unsaved))
		training->options->unsaved(&why, last);
	training->unsaved = status != NN_OK;
	return NN_OK;
}

static int stopped(struct nn_pipeline *pipeline, int signal, struct nn_error *err)
{
	struct training *training = &pipeline->training;
	const char *path = training->options->checkpoint;
	uint64_t step = pipeline->checkpoint->model.preamble.step;
	int status = NN_OK;

	if (path && training->saved != step)
		status = nn_pipeline_save(pipeline, path, err);
	nn_crew_stop(pipeline, status != NN_OK);
	if (status)
		return status;
	return nn_fail(err, NN_FAILED, "stopped by signal %d (%s) after step %llu%s%s%s", signal,
		strsignal(signal), print(step),
		path ? ": --resume goes on from " : ", and nothing is kept (--checkpoint)",
		path ? path : "", "");
}

static int loop(struct nn_pipeline *pipeline, struct nn_error *err)
{
	struct training *training = &pipeline->training;
	bool goes_on = false;
	int status = NN_OK;

	while (!status && !is_done(training)) {
		uint64_t before = training->progress.steps;
		int signal;

		if (!goes_on)
			status = nn_crew_order(pipeline, "step",
				&pipeline->checkpoint->model.preamble, false, err);
		if (!status)
			status = step(pipeline, &goes_on, err);
		if (status || goes_on)
			continue;
		if (is_time_to_save(training, before) && !is_done(training))
			status = save(pipeline, false, err);
		signal = wants_stop(pipeline);
		if (!status && signal && !is_done(training))
			return stopped(pipeline, signal, err);
	}
	return status ? status : save(pipeline, true, err);
}

static int begin(struct nn_pipeline *pipeline, struct nn_error *err)
{
	struct training *training = &pipeline->training;
	struct nn_pipeline_start stages = { .stages = pipeline->options->stages,
		.pipelines = pipeline->options->pipelines };
	struct nn_train_start start;
	int status = nn_pipeline_begin(pipeline, err);

	if (pipeline->options->ranks)
		status = nn_rank_stage_agree(pipeline->options->ranks, status, err);
	if (status)
		return status;
	status = nn_crew_start(pipeline, err);
	/* Then the others wait for what does not come. */
	if (pipeline->options->ranks && !pipeline->mine)
		pipeline->options->ranks->lost = true;
	if (status)
		return status;
	training->worker_seconds = nn_alloc(pipeline->count, sizeof *training->worker_seconds, err);
	training->worker_states = nn_alloc(pipeline->count + 1, 1, err);
	if (!training->worker_seconds || !training->worker_states)
		return NN_FAILED;
	memset(training->worker_states, '*', pipeline->count);
	training->progress.workers = pipeline->count;
	training->progress.worker_seconds = training->worker_seconds;
	training->progress.worker_states = training->worker_states;
	start = (struct nn_train_start){ .rows = training->rows,
		.shards = training->run.shards,
		.steps_per_epoch = training->steps_per_epoch,
		.batch = training->run.batch ? training->run.batch : training->rows,
		.kernel = nn_bundle_meta(&pipeline->checkpoint->model.params, "kernel"),
		.workers = pipeline->count,
		.steps = steps_left(training),
		.last_epoch = training->last_epoch,
		.numbered = training->numbered,
		.optim = &pipeline->optim };
	training->options->started(&start);
	stages.ends = pipeline->ends;
	stages.largest = pipeline->largest;
	pipeline->options->started(&stages);
	training->began = training->saved_at = now();
	return NN_OK;
}

static void finish(struct nn_pipeline *pipeline)
{
	struct training *training = &pipeline->training;

	free(training->worker_seconds);
	free(training->worker_states);
	free(training->files);
	free(training->sizes);
	free(training->tasks);
	free(pipeline->answers);
	free(pipeline->ends);
	free(pipeline->squares);
	free(pipeline->optimizer);
	nn_json_free(pipeline->document);
}

static void sum_up(const struct nn_pipeline *pipeline, struct nn_pipeline_summary *summary)
{
	double stages = (double)pipeline->options->stages;
	double tasks = (double)pipeline->training.run.shards / (double)pipeline->options->pipelines;
	double largest = pipeline->largest > 0 ? pipeline->largest : 1 / stages;

	*summary = (struct nn_pipeline_summary){ .steps = pipeline->steps };
	if (pipeline->totals[1] > 0)
		summary->bubble = pipeline->totals[0] / pipeline->totals[1];
	/* Micro-batches follow each other as the largest stage lets them; the last one goes through the others. */
	if (tasks > 0)
		summary->at_best = 1 - tasks / (stages * (tasks * largest + 1 - largest));
	summary->uneven = 1 - 1 / (stages * largest);
}

int nn_pipeline_train(struct nn_checkpoint *checkpoint, const struct nn_pipeline_options *options,
	struct nn_pipeline_summary *summary, struct nn_error *err)
{
	struct nn_pipeline pipeline = { .options = options,
		.checkpoint = checkpoint,
		.training = { .options = options->train,
			.checkpoint = checkpoint,
			.run = options->train->run,
			.saved = UINT64_MAX } };
	const struct training *training = &pipeline.training;
	struct nn_error why;
	int status;

	*summary = (struct nn_pipeline_summary){ 0 };
	if (options->ranks && options->ranks->rank)
		return nn_rank_stage_follow(options, err);
	status = begin(&pipeline, err);
	if (!status)
		status = loop(&pipeline, err);
	if (!status)
		status = nn_pipeline_write(&pipeline, options->output->fd, options->output->name,
			false, err);
	if (status && pipeline.count)
		status = nn_crew_blame(&pipeline, err);
	if (status && training->saved != UINT64_MAX && err->status == NN_FAILED && pipeline.count) {
		why = *err;
		nn_fail(err, NN_FAILED, "%s; --resume goes on after step %llu", why.text,
			print(training->saved));
	}
	nn_crew_stop(&pipeline, status != NN_OK);
	if (pipeline.mine)
		status = nn_rank_stage_end(&pipeline, status, err);
	sum_up(&pipeline, summary);
	finish(&pipeline);
	return status;
}
