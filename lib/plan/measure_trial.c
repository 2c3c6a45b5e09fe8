/* Short trainings that compute next to nothing: models, data, and what nn-train's log says of a step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "model/model.h"
#include "optim/optim.h"
#include "plan/measure-private.h"
#include "proc/process.h"

#define LINES 1000

int nn_trial_network(struct nn_network **network, const struct nn_trial *trial,
	struct nn_error *err)
{
	char spec[200];
	char hidden[80] = "";

	if (trial->hidden)
		snprintf(hidden, sizeof hidden, "{\"type\":\"dense\",\"units\":%zu},",
			trial->hidden);
	snprintf(spec, sizeof spec,
		"{\"input\":[%zu],\"layers\":[%s{\"type\":\"dense\",\"units\":%zu}],\"loss\":"
		"\"mse\"}",
		trial->in, hidden, trial->out);
	return nn_network_parse(network, spec, strlen(spec), "spec", err);
}

static int write_model(const char *path, const struct nn_trial *trial, struct nn_error *err)
{
	struct nn_checkpoint checkpoint = { .model.preamble = { .kind = NN_KIND_MODEL } };
	struct nn_network *network;
	int status = nn_trial_network(&network, trial, err);

	if (status)
		return status;
	status = nn_network_layout(network, &checkpoint.model.params, err);
	if (!status)
		status = nn_bundle_alloc(&checkpoint.model.params, err);
	if (!status)
		status = nn_bundle_set_meta(&checkpoint.model.params, "spec",
			nn_network_spec(network), err);
	if (!status)
		status = nn_checkpoint_save(&checkpoint, path, err);
	nn_checkpoint_free(&checkpoint);
	nn_network_free(network);
	return status;
}

static int make_rows(struct nn_bundle *rows, const struct nn_trial *trial, struct nn_error *err)
{
	const uint64_t x[] = { NN_TRIAL_ROWS, trial->in };
	const uint64_t y[] = { NN_TRIAL_ROWS, trial->out };
	int status = nn_bundle_add(rows, "x", NN_F32, 2, x, err);

	if (!status)
		status = nn_bundle_add(rows, "y", NN_F32, 2, y, err);
	if (!status)
		status = nn_bundle_layout(rows, err);
	if (!status)
		status = nn_bundle_alloc(rows, err);
	if (status)
		return status;
	/* Numbers that do not become subnormal ones, which are slow. */
	for (size_t i = 0; i < rows->bytes / sizeof(float); i++)
		((float *)(void *)rows->data)[i] = (float)(i % 13) / 13;
	return NN_OK;
}

static int write_data(const char *path, const struct nn_trial *trial, struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = NN_KIND_DATA, .rows = NN_TRIAL_ROWS };
	struct nn_bundle rows = { 0 };
	struct nn_writer *writer = NULL;
	struct nn_output output;
	int status = make_rows(&rows, trial, err);

	if (!status)
		status = nn_output_open(&output, path, err);
	if (!status) {
		status = nn_writer_open(&writer, output.fd, path, err);
		if (!status)
			status = nn_writer_frame(writer, &preamble, &rows, err);
		if (!status)
			status = nn_writer_end(writer, err);
		nn_writer_close(writer);
		if (!status)
			status = nn_output_commit(&output, err);
		else
			nn_output_abandon(&output);
	}
	nn_bundle_free(&rows);
	return status;
}

int nn_trial_set_up(struct nn_trial_files *files, const struct nn_trial *trial,
	struct nn_error *err)
{
	int status = write_model(files->model, trial, err);

	files->trial = trial;
	return status ? status : write_data(files->data, trial, err);
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The first quartile of the times between the lines of a log, in microseconds: what is slower was
 * disturbed. The first third is for warming up. Neighbours are taken together: the log counts whole microseconds. */
static int read_log(const char *path, double *us, double *last, struct nn_error *err)
{
	size_t together;
	FILE *file = fopen(path, "re");
	double times[LINES], steps[LINES];
	char line[1024];
	size_t count = 0, found = 0;

	while (file && count < LINES && fgets(line, sizeof line, file)) {
		char *rest = line;
		const char *step = strsep(&rest, "\t");
		const char *epoch = strsep(&rest, "\t");
		const char *time = strsep(&rest, "\t");

		count += step && epoch && time && nn_parse_f64(time, &times[count]);
	}
	if (file)
		fclose(file);
	together = count >= 100 ? 10 : 1;
	for (size_t i = count / 3; i + together < count; i += together)
		steps[found++] = 1e6 * (times[i + together] - times[i]) / (double)together;
	if (!found)
		return nn_fail(err, NN_FAILED, "nn-train has left no log");
	*last = times[count - 1];
	qsort(steps, found, sizeof *steps, by_size);
	*us = steps[(found - 1) / 4];
	return NN_OK;
}

void nn_trial_name(struct nn_trial_files *files, const char *folder)
{
	snprintf(files->model, sizeof files->model, "%s/model.nnt", folder);
	snprintf(files->data, sizeof files->data, "%s/data.nnt", folder);
	snprintf(files->log, sizeof files->log, "%s/log", folder);
}

void nn_trial_remove(const struct nn_trial_files *files)
{
	remove(files->model);
	remove(files->data);
	remove(files->log);
}

int nn_trial_run(const struct nn_trial_files *files, char *const *arguments,
	const char *const *environment, double *us, double *beside, struct nn_error *err)
{
	struct nn_spawn spawn = { .arguments = arguments,
		.environment = environment,
		.pipe_input = true,
		.pipe_errors = true };
	struct nn_process process;
	char words[200];
	char text[NN_PROCESS_TEXT];
	double start = nn_measure_now();
	double last;
	bool killed;
	int ended = 0;
	int status;

	remove(files->log);
	status = nn_process_start(&process, &spawn, err);
	if (status)
		return status;
	nn_process_close_input(&process);
	status = nn_process_end(&process, 60, &ended, &killed, err);
	nn_process_last_words(&process, words, sizeof words);
	nn_process_text(ended, text);
	if (!status && (ended || killed))
		status = nn_fail(err, NN_FAILED, "%s: %s", text, words);
	if (!status)
		status = read_log(files->log, us, &last, err);
	if (!status)
		*beside = nn_measure_now() - start - last;
	return status;
}

int nn_trial_expect(const struct nn_profile_host *host, const struct nn_trial *trial,
	const struct nn_plan_way *way, size_t tasks, size_t rows, double *us, struct nn_error *err)
{
	struct nn_plan_host place = { host, way->workers * (way->stages ? way->stages : 1), true };
	struct nn_plan_setting setting = { .hosts = &place,
		.host_count = 1,
		.coordinator = host,
		.rows = NN_TRIAL_ROWS,
		.batch = (double)rows,
		.shards = tasks };
	struct nn_plan_forecast forecast;
	struct nn_plan_model model;
	struct nn_network *network;
	int status = nn_trial_network(&network, trial, err);

	if (status)
		return status;
	while (strcmp(nn_optim_names[setting.optimizer], "sgd") != 0)
		setting.optimizer++;
	setting.model = &model;
	status = nn_plan_model_new(&model, network, err);
	if (!status)
		status = nn_plan_predict(&setting, way, &forecast, err);
	*us = 1e6 * forecast.step_seconds;
	nn_plan_model_free(&model);
	nn_network_free(network);
	return status;
}
