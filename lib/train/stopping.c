/* When the validation says that it is enough, and which model was the best. Kept in a checkpoint's
 * state, metadata `stopping`, so that a run that is resumed decides as one that was not stopped. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "json/json.h"
#include "loss/metrics.h"
#include "train/train-private.h"

/* "FILE.best", beside the checkpoint. */
static int best_path(const struct training *training, struct nn_buffer *path, struct nn_error *err)
{
	return nn_buffer_printf(path, err, "%s.best", training->options->checkpoint);
}

static int read_state(struct nn_stopping *stopping, const char *text, struct nn_error *err)
{
	static const char *const known[] = { "best", "step", "worse", NULL };
	struct nn_json *json = nn_json_parse(text, strlen(text), NN_STOPPING, err);
	bool good;

	if (!json)
		return NN_BAD;
	good = nn_json_type(json) == NN_JSON_OBJECT &&
		!nn_json_only_keys(json, NN_STOPPING, known, NULL) &&
		nn_json_f64(nn_json_get(json, "best"), &stopping->best) &&
		nn_json_u64(nn_json_get(json, "step"), &stopping->best_step) &&
		nn_json_u64(nn_json_get(json, "worse"), &stopping->worse);
	nn_json_free(json);
	stopping->any = good;
	return good ? NN_OK :
		      nn_fail(err, NN_BAD, "its state says of its validation what makes no sense");
}

/* The best model of the run that goes on. One of a later step than the checkpoint will be made again. */
static int read_best(struct training *training, struct nn_error *err)
{
	struct nn_stopping *stopping = &training->stopping;
	struct nn_buffer path = { 0 };
	struct nn_checkpoint kept;
	int status = best_path(training, &path, err);

	if (!status && !access(path.data, F_OK)) {
		status = nn_checkpoint_read(&kept, path.data, err);
		if (!status && kept.model.preamble.step == stopping->best_step &&
			kept.model.params.bytes == training->checkpoint->model.params.bytes) {
			stopping->params = kept.model.params.data;
			stopping->preamble = kept.model.preamble;
			kept.model.params.data = NULL;
		}
		if (!status)
			nn_checkpoint_free(&kept);
	}
	nn_buffer_free(&path);
	return status;
}

static int check_target(const struct training *training, struct nn_error *err)
{
	double target = training->options->target;

	if (!training->stopping.higher || isnan(target) || target <= 1)
		return NN_OK;
	return nn_fail(err, NN_USAGE, "--target %g: an accuracy is 1 at most, so 95 %% is 0.95",
		target);
}

/* Is there nothing more to be done? */
static bool is_enough(const struct training *training)
{
	const struct nn_train_options *options = training->options;
	const struct nn_stopping *stopping = &training->stopping;

	if (!stopping->any)
		return false;
	if (options->patience && stopping->worse >= options->patience)
		return true;
	return !isnan(options->target) &&
		(stopping->higher ? stopping->best >= options->target :
				    stopping->best <= options->target);
}

int nn_stopping_open(struct training *training, struct nn_error *err)
{
	const char *text = training->options->decided;
	struct nn_metric metric;
	struct nn_error line;
	int status;

	training->stopping.higher = !training->progress.metric_name ||
		!nn_metric_find(training->progress.metric_name, &metric) || metric.higher;
	status = check_target(training, err);
	if (!text || status)
		return status;
	status = read_state(&training->stopping, text, err);
	if (!status && training->options->keep_best)
		status = read_best(training, err);
	if (!status && training->options->keep_best && !training->stopping.params) {
		nn_fail(&line, NN_OK,
			"the best model so far, of step %llu, is not in %s.best: a better one must "
			"come, or the last is put out",
			(unsigned long long)training->stopping.best_step,
			training->options->checkpoint);
		nn_train_say(training, &line);
	}
	training->stopping.enough = is_enough(training);
	return status;
}

void nn_stopping_close(struct training *training)
{
	free(training->stopping.params);
}

static int keep(struct training *training, struct nn_error *err)
{
	struct nn_stopping *stopping = &training->stopping;
	const struct nn_model *model = &training->checkpoint->model;

	if (!stopping->params)
		stopping->params = nn_alloc_aligned(model->params.bytes, err);
	if (!stopping->params)
		return NN_FAILED;
	memcpy(stopping->params, model->params.data, model->params.bytes);
	stopping->preamble = model->preamble;
	stopping->unsaved = true;
	return NN_OK;
}

int nn_stopping_judge(struct training *training, struct nn_error *err)
{
	struct nn_stopping *stopping = &training->stopping;
	double metric = training->progress.metric;
	double gain = stopping->higher ? metric - stopping->best : stopping->best - metric;
	bool better =
		!stopping->any || gain > training->options->min_delta || isnan(stopping->best);
	int status = NN_OK;

	if (better) {
		stopping->any = true;
		stopping->best = metric;
		stopping->best_step = training->checkpoint->model.preamble.step;
		stopping->worse = 0;
		if (training->options->keep_best)
			status = keep(training, err);
	} else {
		stopping->worse++;
	}
	stopping->enough = is_enough(training);
	return status;
}

/* The best model is written first: if it is newer than the checkpoint, it will be made again. */
static int save_best(struct training *training, struct nn_error *err)
{
	struct nn_stopping *stopping = &training->stopping;
	struct nn_checkpoint best = { .model = training->checkpoint->model };
	struct nn_buffer path = { 0 };
	int status;

	if (!stopping->unsaved)
		return NN_OK;
	best.model.params.data = stopping->params;
	best.model.preamble = stopping->preamble;
	status = best_path(training, &path, err);
	if (!status)
		status = nn_checkpoint_save(&best, path.data, err);
	nn_buffer_free(&path);
	stopping->unsaved = status != NN_OK;
	return status;
}

int nn_stopping_save(struct training *training, struct nn_error *err)
{
	const struct nn_stopping *stopping = &training->stopping;
	char best[NN_F64_TEXT];
	char text[NN_F64_TEXT + 80];

	if (!stopping->any)
		return NN_OK;
	nn_format_f64(stopping->best, best);
	snprintf(text, sizeof text, "{\"best\":%s,\"step\":%llu,\"worse\":%llu}", best,
		(unsigned long long)stopping->best_step, (unsigned long long)stopping->worse);
	if (nn_bundle_set_meta(&training->checkpoint->state, NN_STOPPING, text, err))
		return NN_FAILED;
	return save_best(training, err);
}

void nn_stopping_choose(struct training *training)
{
	const struct nn_stopping *stopping = &training->stopping;
	struct nn_model *model = &training->checkpoint->model;

	if (!training->options->keep_best || !stopping->params)
		return;
	memcpy(model->params.data, stopping->params, model->params.bytes);
	model->preamble = stopping->preamble;
}
