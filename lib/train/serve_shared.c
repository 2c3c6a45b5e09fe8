#include "train/serve_shared.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "json/json.h"
#include "model/network.h"
#include "train/serve.h"
#include "train/shared_slice.h"

struct nn_shared_worker {
	int fd;
	struct nn_shared *shared; /* NULL: not needed yet */
	struct nn_slicer *slicer; /* NULL: not needed yet */
	struct nn_shared_sources sources;
	const struct nn_bundle *params;
	struct nn_optim_options optim;
	struct nn_json *document; /* where its texts live */
	double spin;              /* seconds */
};

int nn_shared_worker_new(struct nn_shared_worker **worker, int fd, struct nn_error *err)
{
	*worker = nn_alloc(1, sizeof **worker, err);
	if (!*worker)
		return NN_FAILED;
	(*worker)->fd = fd;
	return NN_OK;
}

void nn_shared_worker_free(struct nn_shared_worker *worker)
{
	if (!worker)
		return;
	if (!worker->shared)
		close(worker->fd);
	nn_shared_free(worker->shared);
	nn_slicer_free(worker->slicer);
	nn_shared_sources_free(&worker->sources);
	nn_json_free(worker->document);
	free(worker);
}

static int lay_out(struct nn_bundle *model, struct nn_error *err)
{
	const char *spec = nn_bundle_meta(model, "spec");
	struct nn_network *network = NULL;
	struct nn_bundle whole = { 0 };
	int status;

	if (!spec || model->count)
		return nn_fail(err, NN_BAD, "a model, where the description of one is due");
	status = nn_network_parse(&network, spec, strlen(spec), "the description", err);
	if (!status)
		status = nn_network_layout(network, &whole, err);
	if (!status)
		status = nn_bundle_copy_metas(model, &whole, err);
	nn_network_free(network);
	if (status) {
		nn_bundle_free(&whole);
		return status;
	}
	nn_bundle_free(model);
	*model = whole;
	return NN_OK;
}

int nn_shared_worker_describe(struct nn_shared_worker *worker, struct nn_bundle *model,
	struct nn_error *err)
{
	const char *optimizer;
	const char *spin;
	uint64_t microseconds = 0;
	int status = lay_out(model, err);

	optimizer = nn_bundle_meta(model, NN_WORKER_OPTIMIZER);
	spin = nn_bundle_meta(model, NN_WORKER_SPIN);
	if (!status && !optimizer)
		status = nn_fail(err, NN_BAD, "the description names no optimizer");
	if (status)
		return status;
	if (spin && nn_parse_u64(spin, &microseconds))
		worker->spin = 1e-6 * (double)microseconds;
	worker->params = model;
	nn_slicer_free(worker->slicer);
	worker->slicer = NULL;
	nn_json_free(worker->document);
	return nn_optim_options_read(&worker->optim, &worker->document, optimizer, err);
}

static int attach(struct nn_shared_worker *worker, struct nn_error *err)
{
	int status = NN_OK;

	if (!worker->params)
		return nn_fail(err, NN_BAD, "a reference, before any model");
	if (!worker->shared)
		status = nn_shared_attach(&worker->shared, worker->fd, err);
	if (!status && worker->shared->sizes.params != worker->params->bytes)
		status = nn_fail(err, NN_BAD, "the shared memory is made for another model");
	return status;
}

/* Others are at work on the parameters: it takes microseconds, unless one of them has died. If the
 * coordinator gives up, it ends us. */
static void await_made(const struct nn_shared *shared, uint64_t turn)
{
	const struct timespec nap = { .tv_nsec = 50000 };

	for (unsigned looks = 0; turn && !nn_shared_is_made(shared, turn); looks++)
		if (looks < 1000)
			sched_yield();
		else
			nanosleep(&nap, NULL);
}

int nn_shared_worker_point(struct nn_shared_worker *worker, const struct nn_preamble *task,
	struct nn_bundle *params, struct nn_bundle *grad, struct nn_error *err)
{
	int status = attach(worker, err);

	if (status)
		return status;
	if (task->reference[1] > 1 || task->reference[2] >= worker->shared->sizes.buffers)
		return nn_fail(err, NN_BAD, "a task beyond the shared memory");
	await_made(worker->shared, task->reference[3]);
	params->data =
		(unsigned char *)nn_shared_params(worker->shared, (unsigned)task->reference[1]);
	grad->data = (unsigned char *)nn_shared_buffer(worker->shared, (size_t)task->reference[2]);
	return NN_OK;
}

static int prepare(struct nn_shared_worker *worker, const struct nn_preamble *task,
	struct nn_error *err)
{
	int status = attach(worker, err);

	if (!status && !worker->slicer)
		status = nn_slicer_new(&worker->slicer, worker->params, &worker->optim, err);
	if (!status)
		status = nn_shared_sources_read(&worker->sources, worker->slicer, worker->shared,
			err);
	if (status)
		return status;
	if (task->reference[2] > task->reference[3] ||
		task->reference[3] > worker->shared->sizes.blocks)
		return nn_fail(err, NN_BAD, "a task beyond the shared memory");
	return NN_OK;
}

int nn_shared_worker_slice(struct nn_shared_worker *worker, struct nn_preamble *task,
	struct nn_error *err)
{
	size_t from = (size_t)task->reference[2];
	size_t to = (size_t)task->reference[3];
	int status = prepare(worker, task, err);

	if (status)
		return status;
	if (task->reference[0] == NN_SHARED_SUM &&
		task->reference[1] < worker->shared->sizes.buffers) {
		nn_shared_sum(worker->slicer, worker->shared, &worker->sources,
			(size_t)task->reference[1], from, to);
		task->rows = 1;
		return NN_OK;
	}
	if (task->reference[0] != NN_SHARED_UPDATE || task->reference[1] > 1)
		return nn_fail(err, NN_BAD, "a reference to do %llu with %llu",
			(unsigned long long)task->reference[0],
			(unsigned long long)task->reference[1]);
	task->rows = nn_shared_update(worker->slicer, worker->shared, &worker->sources,
		(unsigned)task->reference[1], from, to);
	nn_shared_set_made(worker->shared, task->part, nn_shared_plan(worker->shared)->turn);
	return NN_OK;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void nn_shared_worker_spin(const struct nn_shared_worker *worker, const struct nn_reader *reader)
{
	double until;

	if (!worker || worker->spin <= 0)
		return;
	until = now() + worker->spin;
	while (!nn_reader_ready(reader, 0) && now() < until)
		sched_yield();
}
