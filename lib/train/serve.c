#include "train/serve.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "model/model.h"
#include "model/network.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "tensor/blas.h"
#include "json/json.h"
#include "train/fit.h"
#include "train/local.h"
#include "train/packed.h"
#include "train/serve_answers.h"
#include "train/serve_data.h"
#include "train/serve_shared.h"
#include "train/task.h"

struct server {
	const struct nn_serve_options *options;
	struct nn_reader *reader;
	struct nn_writer *writer;
	struct nn_serve_data *data;
	struct nn_model model;
	struct nn_network *network; /* of the model */
	struct nn_task_space space;
	/* The gradient at hand, and one that may still be on its way. */
	struct nn_partial partials[2];
	struct nn_partial *partial; /* one of them */
	struct nn_serve_answers *answers;
	bool packed;                     /* gradients */
	struct nn_optim_options inner;   /* of local steps */
	struct nn_json *document;        /* where its texts live */
	struct nn_local *local;          /* NULL: none were asked for yet */
	struct nn_shared_worker *shared; /* NULL: all comes by the pipe */
};

static int say_hello(const struct server *server, struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = NN_KIND_HELLO };
	struct nn_bundle hello = { 0 };
	int status = nn_bundle_set_meta(&hello, NN_WORKER_VERSION, PACKAGE_VERSION, err);

	if (!status)
		status = nn_bundle_set_meta(&hello, NN_WORKER_KERNEL, nn_blas_kernel(), err);
	if (!status)
		status = nn_bundle_set_meta(&hello, NN_WORKER_CPU, nn_cpu_features(), err);
	if (!status)
		status = nn_writer_frame(server->writer, &preamble, &hello, err);
	nn_bundle_free(&hello);
	return status;
}

static void say_error(const struct server *server, const struct nn_error *why)
{
	struct nn_preamble preamble = { .kind = NN_KIND_ERROR };
	struct nn_bundle error = { 0 };
	char status[16];

	snprintf(status, sizeof status, "%d", (int)why->status);
	struct nn_error ignored;

	if (nn_serve_answers_wait(server->answers, &ignored))
		return;
	if (!nn_bundle_set_meta(&error, NN_WORKER_STATUS, status, NULL) &&
		!nn_bundle_set_meta(&error, NN_WORKER_TEXT, why->text, NULL))
		nn_writer_frame(server->writer, &preamble, &error, NULL);
	nn_bundle_free(&error);
}

static int answer_rows(struct server *server, const struct nn_preamble *task, struct nn_error *err)
{
	struct nn_preamble answer = *task;
	struct nn_bundle nothing = { 0 };
	const struct nn_dataset *file;
	int status = nn_serve_data_file(server->data, task, &file, err);

	if (status)
		return status;
	answer.rows = file->rows;
	answer.id = file->id;
	answer.shards = file->shards;
	answer.first = file->shards ? file->shard : 0;
	answer.end = file->shards ? file->shard + 1 : 0;
	status = nn_serve_answers_wait(server->answers, err);
	return status ? status : nn_writer_frame(server->writer, &answer, &nothing, err);
}

/* Does the network take what the shard has? Asked once for each network and data set. */
static int check_fit(const struct server *server, const struct nn_shard *shard, bool *fits,
	struct nn_error *err)
{
	int status = NN_OK;

	if (!*fits)
		status = nn_fit_data(server->network, &server->model.params, shard->data,
			shard->name, true, err);
	*fits = !status;
	return status;
}

#define LONGEST_PACE 1e9 /* seconds */

static struct timespec now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time;
}

/* A slow worker is one that sleeps: it leaves the processor to others. */
static void keep_pace(struct timespec began, double seconds)
{
	struct timespec until = began;

	seconds = seconds < LONGEST_PACE ? seconds : LONGEST_PACE;
	if (!(seconds > 0))
		return;
	until.tv_sec += (time_t)seconds;
	until.tv_nsec += (long)((seconds - floor(seconds)) * 1e9);
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static int make_partial(struct server *server, struct nn_error *err)
{
	struct nn_bundle *sum = &server->partial->sum;
	int status = nn_network_layout(server->network, sum, err);

	if (!status && !server->shared)
		status = nn_bundle_alloc(sum, err);
	return status ? status : nn_bundle_set_meta(sum, "kernel", nn_blas_kernel(), err);
}

/* What is on its way stays as it is. */
static int choose_partial(struct server *server, struct nn_error *err)
{
	if (!nn_serve_answers_busy(server->answers))
		return NN_OK;
	server->partial = &server->partials[server->partial == server->partials];
	return server->partial->sum.data ? NN_OK : make_partial(server, err);
}

static int answer_task(struct server *server, const struct nn_preamble *task, struct nn_error *err)
{
	const struct nn_step step = { task->step, task->epoch, task->step_in_epoch,
		task->steps_per_epoch, task->seed };
	struct nn_preamble grad = *task;
	struct nn_shard shard;
	struct timespec began = now();
	bool shared = task->flags & NN_FLAG_REFERENCE;
	bool *fits;
	int status = nn_serve_data_shard(server->data, task, &shard, &fits, err);

	if (!status && shared)
		status = nn_shared_worker_point(server->shared, task, &server->model.params,
			&server->partial->sum, err);
	if (!status && (!server->network || (!shared && task->id != server->model.preamble.id)))
		status = nn_fail(err, NN_BAD, "a task for model %016llx, which did not come",
			(unsigned long long)task->id);
	if (!status)
		status = check_fit(server, &shard, fits, err);
	if (!status && !shared)
		status = choose_partial(server, err);
	if (!status && task->rows)
		status = nn_local_gradient(server->local, server->network, &server->model.params,
			&shard, &step, task->rows, &server->space, server->partial, err);
	else if (!status)
		status = nn_task_gradient(server->network, &server->model.params, &shard, &step,
			&server->space, server->partial, err);
	/* What was computed ahead was of a model that may never be. */
	if (!status && !isfinite(server->partial->loss) && !(shared && task->reference[3]))
		status =
			nn_task_blame(server->network, &server->space, &step, server->partial, err);
	if (status)
		return status;
	keep_pace(began, server->options->pace * (double)server->partial->rows);
	grad.kind = NN_KIND_GRAD;
	grad.part = grad.parts = 0;
	grad.rows = server->partial->rows;
	grad.weight = server->partial->weight;
	grad.loss = server->partial->loss;
	return shared ? nn_writer_reference(server->writer, &grad, err) :
			nn_serve_answers_put(server->answers, &grad, &server->partial->sum,
				server->packed, nn_reader_ready(server->reader, 0), err);
}

static int check_task(const struct nn_preamble *task, struct nn_error *err)
{
	if (!task->shards ||
		(task->end == task->first + 1 && task->steps_per_epoch &&
			task->step_in_epoch < task->steps_per_epoch))
		return NN_OK;
	return nn_fail(err, NN_BAD, "a task of shards %llu to %llu, step %llu of %llu",
		(unsigned long long)task->first, (unsigned long long)task->end,
		(unsigned long long)task->step_in_epoch, (unsigned long long)task->steps_per_epoch);
}

/* What lies in shared memory is not ours to free. */
static void let_go(struct server *server)
{
	if (!server->shared)
		return;
	server->model.params.data = NULL;
	server->partial->sum.data = NULL;
}

static void free_partials(struct server *server)
{
	nn_partial_free(&server->partials[0]);
	nn_partial_free(&server->partials[1]);
}

static int take_network(struct server *server, struct nn_error *err)
{
	const struct nn_bundle *params = &server->model.params;
	int status;

	if (server->network && nn_network_is_of(server->network, params))
		return nn_network_check_params(server->network, params, err);
	status = nn_serve_answers_wait(server->answers, err);
	if (status)
		return status;
	nn_network_free(server->network);
	server->network = NULL;
	let_go(server);
	free_partials(server);
	nn_serve_data_doubt(server->data);
	status = nn_network_of_model(&server->network, params, "model", err);
	if (!status)
		status = nn_blas_load(nn_bundle_meta(params, "kernel"), 0, err);
	return status ? status : make_partial(server, err);
}

/* Who packs models wants packed gradients. */
static int unpack(struct server *server, const struct nn_bundle *before, struct nn_error *err)
{
	int status = nn_packed_open(&server->model.params, before, err);

	if (!status)
		status = nn_serve_answers_wait(server->answers, err);
	server->packed = true;
	nn_writer_be_quick(server->writer);
	if (!status)
		server->model.preamble.id = nn_bundle_id(&server->model.params);
	return status;
}

static int take_model(struct server *server, const struct nn_frame *frame, struct nn_error *err)
{
	int status;

	struct nn_model before;

	let_go(server);
	before = server->model;
	status = nn_model_load(&server->model, server->reader, frame, err);
	if (!status && nn_packed_is(&server->model.params))
		status = unpack(server, &before.params, err);
	nn_model_free(&before);
	if (!status && server->shared)
		status = nn_shared_worker_describe(server->shared, &server->model.params, err);
	return status ? status : take_network(server, err);
}

/* The first task of local steps says how: the others say the same. */
static int learn_local(struct server *server, const struct nn_frame *frame, struct nn_error *err)
{
	const char *optimizer;
	int status;

	if (!frame->preamble.rows || !frame->preamble.shards || server->local)
		return NN_OK;
	optimizer = frame->layout ? nn_bundle_meta(frame->layout, NN_WORKER_OPTIMIZER) : NULL;
	if (!optimizer)
		return nn_fail(err, NN_BAD, "local steps, but no optimizer for them");
	status = nn_optim_options_read(&server->inner, &server->document, optimizer, err);
	if (status)
		return status;
	server->local = nn_local_new(&server->inner,
		nn_bundle_meta(frame->layout, NN_LOCAL_KEEP) != NULL, err);
	return server->local ? NN_OK : NN_FAILED;
}

static int take_frame(struct server *server, const struct nn_frame *frame, struct nn_error *err)
{
	struct nn_preamble task = frame->preamble;
	char kind[16];
	int status;

	if (task.kind == NN_KIND_MODEL)
		return take_model(server, frame, err);
	if (task.kind == NN_KIND_DATA)
		return nn_serve_data_take(server->data, server->reader, frame, err);
	if (task.kind != NN_KIND_TASK) {
		nn_fail(err, NN_BAD, "a frame of %s, which is no task",
			nn_kind_name(task.kind, kind));
		return nn_reader_blame(server->reader, err);
	}
	status = nn_reader_verify(server->reader, err);
	if (!status)
		status = check_task(&task, err);
	if (!status)
		status = learn_local(server, frame, err);
	if (status)
		return status;
	if (task.flags & NN_FLAG_REFERENCE && task.reference[0] != NN_SHARED_GRADIENT) {
		status = nn_shared_worker_slice(server->shared, &task, err);
		return status ? status : nn_writer_reference(server->writer, &task, err);
	}
	return task.shards ? answer_task(server, &task, err) : answer_rows(server, &task, err);
}

static int serve(struct server *server, struct nn_error *err)
{
	const struct nn_frame *frame;
	int status = nn_blas_load(server->options->kernel, 0, err);

	if (!status)
		status = say_hello(server, err);
	while (!status) {
		nn_shared_worker_spin(server->shared, server->reader);
		status = nn_reader_next(server->reader, &frame, err);
		if (status)
			break;
		if (!frame || frame->preamble.kind == NN_KIND_END) {
			status = nn_serve_answers_wait(server->answers, err);
			return status ? status : nn_writer_end(server->writer, err);
		}
		status = take_frame(server, frame, err);
	}
	return status;
}

static void close_server(struct server *server)
{
	nn_serve_answers_free(server->answers);
	nn_serve_data_free(server->data);
	let_go(server);
	nn_model_free(&server->model);
	nn_network_free(server->network);
	nn_task_space_free(&server->space);
	free_partials(server);
	nn_local_free(server->local);
	nn_json_free(server->document);
	nn_shared_worker_free(server->shared);
	nn_writer_close(server->writer);
	nn_reader_close(server->reader);
}

int nn_serve(int in, int out, const struct nn_serve_options *options, struct nn_error *err)
{
	struct server server = { .options = options };
	struct nn_error why;
	int status = nn_reader_open(&server.reader, in, "stdin", 0, &why);

	server.partial = server.partials;
	if (!status)
		status = nn_writer_open(&server.writer, out, "stdout", &why);
	if (!status && options->shared) {
		nn_reader_take_references(server.reader);
		status = nn_shared_worker_new(&server.shared, (int)options->shared, &why);
	}
	if (!status)
		status = nn_serve_answers_new(&server.answers, server.writer, &why);
	if (!status)
		status = nn_serve_data_new(&server.data, options, &why);
	if (!status) {
		status = serve(&server, &why);
		if (status)
			say_error(&server, &why);
	}
	close_server(&server);
	if (status)
		*err = why;
	return status;
}
