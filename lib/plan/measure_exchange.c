/* Workers that share memory, as nn-train has them, at trainings that compute next to nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "model/model.h"
#include "optim/optim.h"
#include "plan/measure-private.h"
#include "plan/predict.h"

#define ROWS 64
#define LINES 1000
#define TASK_ROWS 4 /* where tasks have something to write */

/* A layer, and how many steps of it are enough. */
struct trial {
	size_t in, out;
	size_t steps;
};
static const struct trial tiny = { 1, 1, 600 };
static const struct trial near[NN_PROFILE_NEAR] = { { 256, 256, 200 }, { 1024, 1024, 18 } };

struct files {
	char model[512];
	char data[512];
	char log[512];
	const struct trial *trial; /* that model and data are of */
};

static int make_network(struct nn_network **network, const struct trial *trial,
	struct nn_error *err)
{
	char spec[160];

	snprintf(spec, sizeof spec,
		"{\"input\":[%zu],\"layers\":[{\"type\":\"dense\",\"units\":%zu}],\"loss\":\"mse\"}",
		trial->in, trial->out);
	return nn_network_parse(network, spec, strlen(spec), "spec", err);
}

static int write_model(const char *path, const struct trial *trial, struct nn_error *err)
{
	struct nn_checkpoint checkpoint = { .model.preamble = { .kind = NN_KIND_MODEL } };
	struct nn_network *network;
	int status = make_network(&network, trial, err);

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

static int make_rows(struct nn_bundle *rows, const struct trial *trial, struct nn_error *err)
{
	const uint64_t x[] = { ROWS, trial->in };
	const uint64_t y[] = { ROWS, trial->out };
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

static int write_data(const char *path, const struct trial *trial, struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = NN_KIND_DATA, .rows = ROWS };
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

static int set_up(struct files *files, const struct trial *trial, struct nn_error *err)
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
static int read_log(const char *path, double *us, struct nn_error *err)
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
	qsort(steps, found, sizeof *steps, by_size);
	*us = steps[(found - 1) / 4];
	return NN_OK;
}

static int train_once(const char *tool, const struct files *files, size_t workers, size_t tasks,
	double *us, struct nn_error *err)
{
	char worker_text[24], task_text[24], row_text[24], step_text[24];
	const char *const arguments[] = { tool, "-w", worker_text, "--shards", task_text, "-b",
		row_text, "-n", step_text, "--lr", "0.001", "--log", files->log, "-o", "/dev/null",
		files->model, files->data, NULL };
	struct nn_spawn spawn = { .arguments = (char *const *)(size_t)arguments,
		.pipe_input = true,
		.pipe_errors = true };
	struct nn_process process;
	char words[200];
	char text[NN_PROCESS_TEXT];
	bool killed;
	int ended = 0;
	int status;

	snprintf(worker_text, sizeof worker_text, "%zu", workers);
	snprintf(task_text, sizeof task_text, "%zu", tasks);
	snprintf(row_text, sizeof row_text, "%zu",
		files->trial == &tiny ? ROWS : TASK_ROWS * tasks);
	snprintf(step_text, sizeof step_text, "%zu", files->trial->steps);
	remove(files->log);
	status = nn_process_start(&process, &spawn, err);
	if (status)
		return status;
	nn_process_close_input(&process);
	status = nn_process_end(&process, 60, &ended, &killed, err);
	nn_process_last_words(&process, words, sizeof words);
	nn_process_text(ended, text);
	if (!status && (ended || killed))
		status = nn_fail(err, NN_FAILED, "a short training of %zu workers: %s: %s", workers,
			text, words);
	return status ? status : read_log(files->log, us, err);
}

/* The better of two: the other one was disturbed. */
static int train(const char *tool, const struct files *files, size_t workers, size_t tasks,
	double *us, struct nn_error *err)
{
	double again;
	int status = train_once(tool, files, workers, tasks, us, err);

	if (!status)
		status = train_once(tool, files, workers, tasks, &again, err);
	*us = !status && again < *us ? again : *us;
	return status;
}

static int measure(struct nn_profile_host *host, const char *tool, const struct files *files,
	size_t workers, struct nn_error *err)
{
	size_t few = workers;
	size_t many = few < ROWS / 16 ? 16 * few : ROWS;
	double few_us, many_us;
	double *step = &host->exchange_step_us[host->exchange_count];
	double *task = &host->exchange_task_us[host->exchange_count];
	int status = train(tool, files, workers, few, &few_us, err);

	if (!status)
		status = train(tool, files, workers, many, &many_us, err);
	if (status)
		return status;
	*task = many_us > few_us ? (many_us - few_us) / (double)(many - few) : 0;
	*step = few_us > *task * (double)few ? few_us - *task * (double)few : 0;
	host->exchange_workers[host->exchange_count++] = (double)workers;
	return NN_OK;
}

/* What a step of the trial should take, as far as is known. */
static int expect(const struct nn_profile_host *host, const struct trial *trial, size_t workers,
	size_t tasks, double *us, struct nn_error *err)
{
	struct nn_plan_host place = { host, workers, true };
	struct nn_plan_way way = { .kind = NN_PLAN_SYNC, .workers = workers };
	struct nn_plan_setting setting = { .hosts = &place,
		.host_count = 1,
		.coordinator = host,
		.rows = ROWS,
		.batch = TASK_ROWS * (double)tasks,
		.shards = tasks };
	struct nn_plan_forecast forecast;
	struct nn_plan_model model;
	struct nn_network *network;
	int status = make_network(&network, trial, err);

	if (status)
		return status;
	while (strcmp(nn_optim_names[setting.optimizer], "sgd") != 0)
		setting.optimizer++;
	setting.model = &model;
	status = nn_plan_model_new(&model, network, err);
	if (!status)
		status = nn_plan_predict(&setting, &way, &forecast, err);
	*us = 1e6 * forecast.step_seconds;
	nn_plan_model_free(&model);
	nn_network_free(network);
	return status;
}

/* What is more than that, by two numbers of tasks: the part that grows with them, and the rest. */
static int measure_near(struct nn_profile_host *host, const char *tool, const struct files *files,
	size_t which, size_t at, struct nn_error *err)
{
	size_t workers = (size_t)host->exchange_workers[at];
	double running = host->exchange_workers[at] < host->processors ?
		host->exchange_workers[at] :
		host->processors;
	size_t tasks[] = { workers,
		4 * workers < ROWS / TASK_ROWS ? ROWS / TASK_ROWS : 4 * workers };
	double params = (double)((files->trial->in + 1) * files->trial->out);
	double more[2];
	double task, update;

	for (size_t i = 0; i < 2; i++) {
		double found, wanted;
		int status = train(tool, files, workers, tasks[i], &found, err);

		if (!status)
			status = expect(host, files->trial, workers, tasks[i], &wanted, err);
		if (status)
			return status;
		more[i] = 1e3 * (found - wanted) / params;
	}
	task = (more[1] - more[0]) / ((double)(tasks[1] - tasks[0]) / running);
	task = task > 0 ? task : 0;
	update = more[0] - task * (double)tasks[0] / running;
	host->near_task_ns[which * host->exchange_count + at] = task;
	host->near_update_ns[which * host->exchange_count + at] = update > 0 ? update : 0;
	return NN_OK;
}

int nn_measure_exchange(struct nn_profile_host *host, const char *tool, const char *folder,
	nn_measure_tell *tell, struct nn_error *err)
{
	size_t most = (size_t)host->processors;
	struct files files;
	int status;

	snprintf(files.model, sizeof files.model, "%s/model.nnt", folder);
	snprintf(files.data, sizeof files.data, "%s/data.nnt", folder);
	snprintf(files.log, sizeof files.log, "%s/log", folder);
	tell("workers that share memory");
	status = set_up(&files, &tiny, err);
	/* Up to twice as many as there are processors: they take turns then. */
	for (size_t workers = 1; !status && workers <= 2 * most && workers < ROWS / TASK_ROWS &&
		host->exchange_count < NN_PROFILE_POINTS;
		workers *= 2)
		status = measure(host, tool, &files, workers, err);
	/* As long as nothing is known of it, it is taken to be nothing. */
	for (size_t which = 0; which < NN_PROFILE_NEAR && !status; which++) {
		status = set_up(&files, &near[which], err);
		for (size_t at = 0; at < host->exchange_count && !status; at++)
			status = measure_near(host, tool, &files, which, at, err);
	}
	remove(files.model);
	remove(files.data);
	remove(files.log);
	return status;
}
