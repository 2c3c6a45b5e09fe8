#include "train/stage_serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "optim/optim.h"
#include "tensor/blas.h"
#include "tensor/vector.h"
#include "train/finite.h"
#include "train/fit.h"
#include "train/serve.h"
#include "train/stage.h"
#include "train/stage_group.h"
#include "train/stage_part.h"
#include "train/state.h"
#include "train/update.h"

struct server {
	const struct nn_stage_serve_options *options;
	int in;
	struct nn_reader *reader;
	struct nn_writer *writer;
	struct nn_stage_part part;
	struct nn_updater *updater;
	struct nn_update_options how;
	struct nn_json *document; /* where the optimizer's texts live */
	struct nn_dataset *data;  /* [options->count] */
	struct nn_shards shards;
	uint64_t count;      /* V */
	uint64_t first, end; /* this pipeline's */
	struct nn_stage_options ends;
	struct nn_stage *stage;
	struct nn_stage_group group;
	struct nn_bundle squares, seconds; /* of reports */
	double began;                      /* the step */
	double reported;                   /* what it has made of it */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void say_nothing(const char *format, ...)
{
	(void)format;
}

static void report_nothing(const struct nn_update_report *report)
{
	(void)report;
}

static const char *order_of(const struct nn_frame *frame)
{
	const char *order = nn_bundle_meta(frame->layout, NN_STAGE_ORDER);

	return frame->preamble.kind == NN_KIND_TASK && order ? order : "";
}

/* What the coordinator says before anything else. */
static int take_begin(struct server *server, struct nn_error *err)
{
	const struct nn_frame *frame;
	const char *optimizer;
	int status = nn_reader_find(server->reader, NN_KIND_TASK, &frame, err);

	if (status)
		return status;
	optimizer = frame ? nn_bundle_meta(frame->layout, "optimizer") : NULL;
	if (!optimizer || strcmp(order_of(frame), "begin") != 0)
		return nn_fail(err, NN_BAD, "%s: no order to begin",
			nn_reader_name(server->reader));
	server->count = frame->preamble.shards;
	server->first = frame->preamble.first;
	server->end = frame->preamble.end;
	server->how = (struct nn_update_options){ .warn = say_nothing,
		.note = say_nothing,
		.report = report_nothing };
	status = nn_optim_options_read(&server->how.optim, &server->document, optimizer, err);
	if (!status)
		status = nn_blas_load(nn_bundle_meta(frame->layout, "kernel"), 0, err);
	return status ? status : nn_reader_verify(server->reader, err);
}

/* One file is cut in views, several are a shard each. */
static int load_data(struct server *server, struct nn_error *err)
{
	const struct nn_stage_serve_options *options = server->options;
	struct nn_view view = { .method = options->method, .seed = options->shard_seed };
	char which[64];
	int status = NN_OK;

	server->data = nn_alloc(options->count, sizeof *server->data, err);
	if (!server->data)
		return NN_FAILED;
	for (size_t i = 0; i < options->count && !status; i++) {
		const char *name;
		int fd;

		status = nn_open_input(options->paths[i], &fd, &name, err);
		if (status)
			return status;
		status = nn_dataset_load(&server->data[i], fd, name, err);
		close(fd);
		if (!status)
			status = nn_fit_data(server->part.network,
				&server->part.checkpoint.model.params, &server->data[i], name, true,
				err);
	}
	snprintf(which, sizeof which, "0-%llu/%llu", (unsigned long long)server->count - 1,
		(unsigned long long)server->count);
	if (server->count == 1)
		snprintf(which, sizeof which, "0/1");
	view.which = which;
	if (status)
		return status;
	if (options->count == 1 && !server->data[0].shards)
		return nn_shards_of_view(&server->shards, server->data, options->paths[0], &view,
			err);
	return nn_shards_of_files(&server->shards, server->data,
		(const char *const *)options->paths, options->count, err);
}

static int open_stage(struct server *server, struct nn_error *err)
{
	const struct nn_stage_serve_options *options = server->options;
	struct nn_stage_options *ends = &server->ends;
	const struct nn_range *range = &server->part.range;

	*ends = (struct nn_stage_options){ .network = server->part.network,
		.params = &server->part.checkpoint.model.params,
		.range = *range,
		.in_flight = range->stages - range->stage,
		.recompute = options->recompute,
		.shards = server->count,
		.data = &server->shards,
		.out_forward = options->down,
		.out_forward_name = "the stage behind",
		.out_back = options->up,
		.out_back_name = "the stage before" };
	ends->inputs[ends->input_count++] = (struct nn_stage_input){ .fd = server->in,
		.name = "stdin",
		.carries = NN_STAGE_ORDERS,
		.reader = server->reader };
	if (options->up >= 0)
		ends->inputs[ends->input_count++] = (struct nn_stage_input){ .fd = options->up,
			.name = "the stage before",
			.carries = NN_STAGE_FORWARD };
	if (options->down >= 0)
		ends->inputs[ends->input_count++] = (struct nn_stage_input){ .fd = options->down,
			.name = "the stage behind",
			.carries = NN_STAGE_BACK };
	return nn_stage_open(&server->stage, ends, err);
}

/* A bundle of one vector of doubles. */
static int make_vector(struct nn_bundle *bundle, const char *name, uint64_t count,
	struct nn_error *err)
{
	int status = nn_bundle_add(bundle, name, NN_F64, 1, &count, err);

	if (!status)
		status = nn_bundle_layout(bundle, err);
	return status ? status : nn_bundle_alloc(bundle, err);
}

static int say_hello(struct server *server, struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = NN_KIND_HELLO };
	struct nn_bundle hello = { 0 };
	int status = nn_bundle_set_meta(&hello, NN_WORKER_VERSION, PACKAGE_VERSION, err);

	for (size_t i = 0; i < server->options->count; i++)
		preamble.rows += server->data[i].rows;
	if (!status)
		status = nn_bundle_set_meta(&hello, NN_WORKER_KERNEL, nn_blas_kernel(), err);
	if (!status)
		status = nn_writer_frame(server->writer, &preamble, &hello, err);
	nn_bundle_free(&hello);
	return status;
}

static int begin(struct server *server, struct nn_error *err)
{
	const struct nn_stage_serve_options *options = server->options;
	struct nn_bundle *params = &server->part.checkpoint.model.params;
	int status = take_begin(server, err);

	if (!status && !options->model)
		status = nn_stage_part_take(&server->part, server->reader, options->range, err);
	else if (!status)
		status = nn_stage_part_read(&server->part, options->model, options->range, err);
	/* Only who updates has a state. */
	if (!status && options->leader < 0)
		status = nn_updater_new(&server->updater, &server->part.checkpoint,
			server->part.name, &server->how, err);
	else if (!status)
		nn_bundle_free(&server->part.checkpoint.state);
	if (!status && options->count)
		status = load_data(server, err);
	if (!status)
		status = nn_stage_group_open(&server->group, options->leader, options->group,
			options->group_count, err);
	if (!status)
		status = make_vector(&server->squares, NN_STAGE_SQUARES, params->count, err);
	if (!status)
		status = make_vector(&server->seconds, NN_STAGE_SECONDS, 2, err);
	if (!status)
		status = open_stage(server, err);
	/* Whatever it then waits for, it does so no longer than there are orders. */
	if (!status)
		nn_io_bound(nn_stage_orders_end(server->stage), -1, -1);
	return status ? status : say_hello(server, err);
}

/* All shards' sum; NULL, of another pipeline's: it has been sent to where it is summed. */
static int sum_up(struct server *server, const struct nn_partial **sum, struct nn_error *err)
{
	struct nn_stack *sums = nn_stage_sums(server->stage);
	int status;

	*sum = NULL;
	if (server->options->leader >= 0)
		return nn_stage_group_send(&server->group, sums, err);
	status = nn_stage_group_collect(&server->group, sums, err);
	if (status)
		return status;
	*sum = nn_stack_node(sums, 0);
	if (nn_stack_count(sums) != 1 || (*sum)->range.first || (*sum)->range.end != server->count)
		return nn_fail(err, NN_BAD, "not all shards have come");
	status = nn_check_finite_bundle(&(*sum)->sum, err);
	return status ? nn_updater_diverged(server->updater, "the sum of the gradients", err) :
			NN_OK;
}

static void square(const struct server *server, const struct nn_bundle *sum)
{
	double *squares = (double *)(void *)server->squares.data;

	for (size_t i = 0; i < sum->count; i++) {
		const struct nn_tensor *tensor = &sum->tensors[i];

		squares[i] = nn_is_statistic(tensor->name) ?
			0 :
			nn_vector_square_sum(nn_bundle_data(sum, tensor), tensor->count);
	}
}

static int make_step(struct server *server, const struct nn_preamble *order, struct nn_error *err)
{
	struct nn_preamble *model = &server->part.checkpoint.model.preamble;
	struct nn_preamble report = { .kind = NN_KIND_METRICS, .step = order->step };
	struct nn_step step = { order->step, order->epoch, order->step_in_epoch,
		order->steps_per_epoch, order->seed };
	const struct nn_partial *sum = NULL;
	int status;

	model->step = order->step;
	model->epoch = order->epoch;
	model->step_in_epoch = order->step_in_epoch;
	model->steps_per_epoch = order->steps_per_epoch;
	model->seed = order->seed;
	server->began = now();
	if (nn_stage_sums(server->stage))
		nn_stack_clear(nn_stage_sums(server->stage));
	status = nn_stage_run(server->stage, &step, (size_t)server->first,
		server->end - server->first, err);
	if (!status)
		status = sum_up(server, &sum, err);
	if (status)
		return status;
	if (sum) {
		square(server, &sum->sum);
		report.rows = sum->rows;
		report.weight = sum->weight;
		report.loss = sum->loss;
	}
	server->reported = now();
	return nn_writer_frame(server->writer, &report, &server->squares, err);
}

static void apply(struct server *server, const struct nn_partial *sum,
	const struct nn_optim_pass *pass)
{
	struct nn_bundle *params = &server->part.checkpoint.model.params;
	const struct nn_optimizer *optimizer = nn_optim_find(pass->options->method);
	struct nn_optim_vectors place = { .params = (float *)(void *)params->data };

	for (size_t i = 0; i < nn_optim_slots(optimizer, pass->options) && params->count; i++)
		place.slots[i] = nn_state_slot(&server->part.checkpoint.state, optimizer->slots[i]);
	nn_optim_update(optimizer, pass, params, 0, params->bytes / sizeof(float), &place, &place,
		(const float *)(const void *)sum->sum.data);
}

static int update(struct server *server, double norm, struct nn_error *err)
{
	struct nn_bundle *params = &server->part.checkpoint.model.params;
	const struct nn_partial *sum;
	struct nn_optim_pass pass;

	if (server->options->leader >= 0)
		return nn_stage_group_take(&server->group, params, err);
	sum = nn_stack_node(nn_stage_sums(server->stage), 0);
	nn_updater_pass(server->updater, sum->weight, norm, &pass);
	apply(server, sum, &pass);
	if (nn_check_finite_bundle(params, err))
		return nn_updater_diverged(server->updater,
			"the learning rate is too high: updated", err);
	nn_updater_made(server->updater, &pass, 1, sum->loss, sum->weight, norm);
	return nn_stage_group_give(&server->group, params, err);
}

static int make_update(struct server *server, const struct nn_preamble *order, struct nn_error *err)
{
	struct nn_preamble done = { .kind = NN_KIND_METRICS };
	double *seconds = (double *)(void *)server->seconds.data;
	double came = now();
	int status = update(server, order->weight, err);

	seconds[0] = nn_stage_idle(server->stage) + nn_stage_group_idle(&server->group) +
		(came - server->reported);
	seconds[1] = came - server->began;
	if (server->options->stop)
		done.rows = (uint64_t)server->options->stop();
	if (!status)
		status = nn_writer_frame(server->writer, &done, &server->seconds, err);
	if (!status && order->rows)
		status = make_step(server, order, err);
	return status;
}

static int write_part(struct server *server, bool state, struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = state ? NN_KIND_STATE : NN_KIND_MODEL };

	return nn_writer_frame(server->writer, &preamble,
		state ? &server->part.checkpoint.state : &server->part.checkpoint.model.params,
		err);
}

static int obey(struct server *server, const char *what, const struct nn_preamble *order,
	struct nn_error *err)
{
	if (!strcmp(what, "step"))
		return make_step(server, order, err);
	if (!strcmp(what, "update"))
		return make_update(server, order, err);
	if (!strcmp(what, "params") || !strcmp(what, "state"))
		return write_part(server, !strcmp(what, "state"), err);
	return nn_fail(err, NN_BAD, "stdin: no order that is known");
}

static int serve(struct server *server, struct nn_error *err)
{
	int status = begin(server, err);

	while (!status) {
		struct nn_reader *reader;
		const struct nn_frame *frame;
		struct nn_preamble order;
		char what[16];

		status = nn_stage_await(server->stage, &reader, &frame, err);
		if (status || !frame)
			break;
		order = frame->preamble;
		snprintf(what, sizeof what, "%s", order_of(frame));
		status = nn_reader_verify(reader, err);
		nn_stage_taken(server->stage);
		if (!status)
			status = obey(server, what, &order, err);
	}
	return status;
}

static void say_error(struct server *server, const struct nn_error *why)
{
	struct nn_preamble preamble = { .kind = NN_KIND_ERROR };
	bool victim = server->stage && nn_stage_is_victim(server->stage);
	struct nn_bundle error = { 0 };
	char status[16];

	snprintf(status, sizeof status, "%d", (int)why->status);
	if (!nn_bundle_set_meta(&error, NN_WORKER_STATUS, status, NULL) &&
		!nn_bundle_set_meta(&error, NN_WORKER_TEXT, why->text, NULL) &&
		(!(victim || server->group.victim) ||
			!nn_bundle_set_meta(&error, NN_STAGE_VICTIM, "yes", NULL)))
		nn_writer_frame(server->writer, &preamble, &error, NULL);
	nn_bundle_free(&error);
}

int nn_stage_serve(int in, int out, const struct nn_stage_serve_options *options,
	struct nn_error *err)
{
	struct server server = { .options = options, .in = in };
	int status = nn_writer_open(&server.writer, out, "stdout", err);

	if (!status)
		status = nn_reader_open(&server.reader, in, "stdin", 0, err);
	if (!status) {
		status = serve(&server, err);
		if (status)
			say_error(&server, err);
		else
			nn_stage_leave(server.stage);
		if (!status)
			status = nn_writer_end(server.writer, err);
	}
	nn_stage_close(server.stage);
	nn_stage_group_close(&server.group);
	nn_updater_free(server.updater);
	nn_stage_part_free(&server.part);
	for (size_t i = 0; i < options->count && server.data; i++)
		nn_dataset_free(&server.data[i]);
	free(server.data);
	nn_shards_free(&server.shards);
	nn_json_free(server.document);
	nn_bundle_free(&server.squares);
	nn_bundle_free(&server.seconds);
	nn_reader_close(server.reader);
	nn_writer_close(server.writer);
	return status;
}
