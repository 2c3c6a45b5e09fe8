/* Workers that share memory with us: the thread that waits in nn_pool_next hands them their tasks
 * and takes their answers itself, by references of a few bytes that no pipe keeps waiting. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "train/pool-private.h"
#include "train/serve.h"

/* Seconds. To be woken takes a third of it. */
#define SPIN 100e-6

int nn_direct_open(struct nn_pool *pool, struct nn_error *err)
{
	if (!pool->direct_count)
		return NN_OK;
	pool->polled = nn_alloc(2 * pool->direct_count + 1, sizeof *pool->polled, err);
	pool->polled_workers =
		nn_alloc(2 * pool->direct_count + 1, sizeof *pool->polled_workers, err);
	pool->parts = nn_alloc(pool->direct_count + 1, sizeof *pool->parts, err);
	if (!pool->polled || !pool->polled_workers || !pool->parts)
		return NN_FAILED;
	pool->alarm = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->alarm < 0)
		return nn_fail_errno(err, NN_FAILED, "cannot make an event descriptor");
	/* Who looks takes a processor from those who work, unless there is one more. */
	pool->spin = pool->direct_count < pool->options->processors ? SPIN : 0;
	return NN_OK;
}

void nn_direct_close(struct nn_pool *pool)
{
	if (pool->alarm >= 0)
		close(pool->alarm);
	free(pool->polled);
	free(pool->polled_workers);
	free(pool->parts);
}

int nn_direct_describe(struct nn_pool_worker *worker, struct nn_error *err)
{
	const struct nn_pool_options *options = worker->pool->options;
	struct nn_preamble model = { .kind = NN_KIND_MODEL };
	struct nn_bundle told = { 0 };
	char spin[24];
	int status = nn_bundle_copy_metas(options->description, &told, err);

	snprintf(spin, sizeof spin, "%.0f",
		worker->pool->direct_count <= options->processors ? SPIN * 1e6 : 0);
	if (!status)
		status = nn_bundle_set_meta(&told, NN_WORKER_SPIN, spin, err);
	if (!status)
		status = nn_channel_send_model(&worker->channel, &model, &told, err);
	nn_bundle_free(&told);
	return status;
}

void nn_direct_break(struct nn_pool_worker *worker, const struct nn_error *why)
{
	worker->broken = true;
	worker->fault = *why;
	pthread_cond_signal(&worker->wake);
}

/* IDLE -> BUSY, or one more to be at afterwards. */
static void ask(struct nn_pool_worker *worker, const struct nn_direct_request *request)
{
	struct nn_error why;

	worker->queue[worker->queued++] = *request;
	if (worker->queued == 1) {
		worker->task = request->task;
		nn_pool_set_state(worker, BUSY);
	}
	if (nn_channel_send_task(&worker->channel, &request->asked, &why))
		nn_direct_break(worker, &why);
}

static bool is_there(const struct nn_pool_worker *worker)
{
	return (worker->state == IDLE || worker->state == BUSY) && nn_pool_is_direct(worker) &&
		!worker->broken && !worker->pool->gone[worker->place];
}

static size_t count_tasks(const struct nn_pool_worker *worker)
{
	size_t count = 0;

	for (size_t i = 0; i < worker->queued; i++)
		count += worker->queue[i].task != NN_NOBODY;
	return count;
}

static bool any_has_task(const struct nn_pool *pool)
{
	for (size_t i = 0; i < pool->worker_count; i++)
		if (pool->workers[i].state == BUSY &&
			(!nn_pool_is_direct(&pool->workers[i]) || count_tasks(&pool->workers[i])))
			return true;
	return false;
}

/* One task more than it is at keeps a worker from waiting for us; but not one that another could
 * begin sooner. */
static bool wants(const struct nn_pool_worker *worker)
{
	size_t tasks = count_tasks(worker);

	return is_there(worker) && worker->queued < NN_DIRECT_QUEUE &&
		(!tasks ||
			(tasks == 1 &&
				nn_pool_waiting(worker->pool) >= worker->pool->worker_count));
}

static void hand_out(struct nn_pool_worker *worker)
{
	struct nn_pool *pool = worker->pool;
	struct nn_shared *shared = pool->options->shared;
	struct nn_direct_request request = { .task = nn_pool_next_task(pool, worker),
		.buffer = NN_NO_BUFFER };

	if (request.task == NN_NOBODY)
		return;
	request.asked = *pool->tasks[request.task].what;
	if (request.asked.shards) {
		request.buffer = nn_shared_take(shared, worker->number, !any_has_task(pool));
		if (request.buffer == NN_NO_BUFFER)
			return;
		request.asked.flags = NN_FLAG_REFERENCE;
		request.asked.id = 0;
		request.asked.reference[0] = NN_SHARED_GRADIENT;
		request.asked.reference[1] = pool->ahead ? !shared->current : shared->current;
		request.asked.reference[2] = request.buffer;
		request.asked.reference[3] = pool->ahead ? nn_shared_plan(shared)->turn : 0;
	}
	pool->assign[request.task].waiting = false;
	ask(worker, &request);
}

void nn_direct_forget(struct nn_pool_worker *worker)
{
	struct nn_pool *pool = worker->pool;

	for (size_t i = 0; i < worker->queued; i++) {
		nn_shared_put(pool->options->shared, worker->queue[i].buffer);
		if (i && worker->queue[i].task != NN_NOBODY)
			pool->assign[worker->queue[i].task].waiting = true;
	}
	worker->queued = 0;
}

void nn_direct_drop(struct nn_pool_worker *worker)
{
	for (size_t i = 0; i < worker->queued; i++)
		if (worker->queue[i].task != NN_NOBODY) {
			worker->queue[i].task = NN_NOBODY;
			worker->queue[i].dropped = true;
		}
	worker->task = NN_NOBODY;
}

/* Frames of a few bytes come and go as a whole. A worker that has sent half of one, or does not take
 * any more, has stopped there; milliseconds. */
#define PATIENCE 100

/* A worker that is gone is an error of write(2), and no signal. */
static void hold_signal(sigset_t *before)
{
	sigset_t pipe;

	nn_io_bound(-1, -1, PATIENCE);

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, before);
}

static void release_signal(const sigset_t *before)
{
	const struct timespec at_once = { 0 };
	sigset_t pipe;

	nn_io_bound(-1, -1, -1);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (!sigismember(before, SIGPIPE))
		while (sigtimedwait(&pipe, NULL, &at_once) > 0)
			;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

void nn_direct_hand_out(struct nn_pool *pool)
{
	sigset_t before;

	if (!pool->direct_count)
		return;
	hold_signal(&before);
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < pool->worker_count; i++)
			if (wants(&pool->workers[i]))
				hand_out(&pool->workers[i]);
	release_signal(&before);
}

static void take_slice(struct nn_pool_worker *worker, const struct nn_direct_request *request,
	const struct nn_answer *answer)
{
	struct nn_direct_part *part = &worker->pool->parts[request->asked.part];

	part->answered = true;
	part->finite = answer->preamble.rows > 0;
	nn_pool_set_state(worker, IDLE);
}

/* BUSY -> IDLE, or to what it was asked next. */
static void take(struct nn_pool_worker *worker)
{
	struct nn_direct_request request = worker->queue[0];
	struct nn_answer answer;
	struct nn_error why;

	if (nn_channel_take_reference(&worker->channel, &request.asked, &answer, &why)) {
		nn_direct_break(worker, &why);
		return;
	}
	worker->queued--;
	memmove(worker->queue, worker->queue + 1, worker->queued * sizeof *worker->queue);
	if (request.dropped) {
		nn_shared_put(worker->pool->options->shared, request.buffer);
		nn_pool_set_state(worker, IDLE);
	} else if (request.task == NN_NOBODY) {
		take_slice(worker, &request, &answer);
	} else {
		answer.buffer = request.buffer;
		nn_pool_finish_task(worker, &answer);
	}
	if (worker->queued) {
		worker->task = worker->queue[0].task;
		nn_pool_set_state(worker, BUSY);
	}
}

static nfds_t list_polled(struct nn_pool *pool)
{
	nfds_t count = 0;

	for (size_t i = 0; i < pool->worker_count; i++) {
		const struct nn_pool_worker *worker = &pool->workers[i];

		if (worker->state != BUSY || worker->broken || !nn_pool_is_direct(worker))
			continue;
		pool->polled_workers[count] = i;
		pool->polled[count++] =
			(struct pollfd){ .fd = worker->channel.process.output, .events = POLLIN };
		pool->polled_workers[count] = i;
		pool->polled[count++] =
			(struct pollfd){ .fd = worker->channel.process.ended, .events = POLLIN };
	}
	pool->polled[count] = (struct pollfd){ .fd = pool->alarm, .events = POLLIN };
	return count + 1;
}

static void sleep_for(struct pollfd *polled, nfds_t count, double seconds, bool for_ever)
{
	struct timespec time = { .tv_sec = (time_t)seconds };

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	if (ppoll(polled, count, for_ever ? NULL : &time, NULL) < 0)
		for (nfds_t i = 0; i < count; i++)
			polled[i].revents = 0;
}

static bool has_come(const struct pollfd *polled, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++)
		if (polled[i].revents)
			return true;
	return false;
}

/* To be woken by an answer takes long where the processor has gone to sleep too. So we sleep for
 * most of the time that an answer usually takes, look for it around the time when it is due, and
 * sleep again if it does not come. */
static void look(const struct nn_pool *pool, nfds_t count, double usual)
{
	double due = nn_pool_now() + usual;

	if (usual > 10 * SPIN)
		sleep_for(pool->polled, count, 0.8 * usual, false);
	while (!has_come(pool->polled, count) && nn_pool_now() < due + 0.5 * usual + SPIN) {
		sched_yield();
		poll(pool->polled, count, 0);
	}
}

static void sleep_until(struct nn_pool *pool, nfds_t count, double until, double *usual)
{
	double began = nn_pool_now();
	double left;

	if (pool->spin > 0)
		look(pool, count, *usual);
	left = until > 0 ? until - nn_pool_now() : 0;
	if (!has_come(pool->polled, count))
		sleep_for(pool->polled, count, left > 0 ? left : 0, until <= 0);
	*usual += 0.1 * (nn_pool_now() - began - *usual);
}

static bool any_is_at_slice(const struct nn_pool *pool)
{
	for (size_t i = 0; i < pool->worker_count; i++)
		if (pool->workers[i].queued > count_tasks(&pool->workers[i]))
			return true;
	return false;
}

/* What has come from a worker; an end of its process is an answer too. */
static void take_all(struct nn_pool_worker *worker, const struct pollfd *polled)
{
	const struct nn_process *process = &worker->channel.process;
	bool ended = polled->fd == process->ended;

	nn_io_bound(-1, process->ended, PATIENCE);
	while (worker->state == BUSY && !worker->broken &&
		(nn_reader_ready(worker->channel.reader, 0) || ended))
		take(worker);
	nn_io_bound(-1, -1, -1);
}

void nn_direct_wait(struct nn_pool *pool, double until)
{
	nfds_t count = list_polled(pool);
	bool slice = any_is_at_slice(pool);
	uint64_t times;

	pthread_mutex_unlock(&pool->lock);
	for (nfds_t i = 0; i < count; i++)
		pool->polled[i].revents = 0;
	sleep_until(pool, count, until, slice ? &pool->usual_slice : &pool->usual_task);
	pthread_mutex_lock(&pool->lock);
	if (pool->polled[count - 1].revents && read(pool->alarm, &times, sizeof times) < 0)
		times = 0;
	for (nfds_t i = 0; i < count - 1; i++)
		if (pool->polled[i].revents)
			take_all(&pool->workers[pool->polled_workers[i]], &pool->polled[i]);
}

static bool is_free(const struct nn_pool_worker *worker)
{
	return is_there(worker) && !worker->queued;
}

/* A part for each worker that is free, and one for us if there is a processor for us. */
static void give_parts(struct nn_pool *pool, const struct nn_pool_slices *slices, size_t count,
	size_t ours)
{
	struct nn_shared_plan *plan = nn_shared_plan(pool->options->shared);
	size_t parts = count + ours;
	size_t given = 0;

	plan->parts = parts;
	for (size_t k = 0; k < parts; k++)
		pool->parts[k] = (struct nn_direct_part){ .from = slices->blocks * k / parts,
			.to = slices->blocks * (k + 1) / parts };
	for (size_t i = 0; i < pool->worker_count && given < count; i++) {
		struct nn_direct_request request = { .task = NN_NOBODY, .buffer = NN_NO_BUFFER };

		if (!is_free(&pool->workers[i]))
			continue;
		request.asked = (struct nn_preamble){ .kind = NN_KIND_TASK,
			.part = (uint32_t)given,
			.parts = (uint32_t)parts,
			.flags = NN_FLAG_REFERENCE,
			.reference = { (uint64_t)slices->op, slices->with, pool->parts[given].from,
				pool->parts[given].to } };
		ask(&pool->workers[i], &request);
		given++;
	}
}

void nn_pool_slice(struct nn_pool *pool, const struct nn_pool_slices *slices)
{
	size_t most = slices->blocks / (slices->least ? slices->least : 1);
	size_t ours = pool->spin > 0;
	size_t count = 0;
	sigset_t before;

	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->worker_count && count + ours < most; i++)
		count += is_free(&pool->workers[i]);
	if (!count)
		ours = 1;
	pool->part_count = count + ours;
	hold_signal(&before);
	give_parts(pool, slices, count, ours);
	release_signal(&before);
	pthread_mutex_unlock(&pool->lock);
}

void nn_pool_ahead(struct nn_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->ahead = true;
	nn_direct_hand_out(pool);
	pool->ahead = false;
	pthread_mutex_unlock(&pool->lock);
}

/* What nobody has answered: our part in the beginning; in the end what others have failed at. */
static void do_part(struct nn_pool *pool, const struct nn_pool_slices *slices, size_t number)
{
	struct nn_shared *shared = pool->options->shared;
	struct nn_direct_part *part = &pool->parts[number];

	part->finite = slices->mine(slices->context, part->from, part->to);
	part->answered = true;
	if (slices->op == NN_SHARED_UPDATE)
		nn_shared_set_made(shared, number, nn_shared_plan(shared)->turn);
}

void nn_pool_sliced(struct nn_pool *pool, const struct nn_pool_slices *slices, bool *finite)
{
	if (pool->spin > 0)
		do_part(pool, slices, pool->part_count - 1);
	pthread_mutex_lock(&pool->lock);
	while (any_is_at_slice(pool))
		nn_direct_wait(pool, nn_pool_kill_late(pool));
	pthread_mutex_unlock(&pool->lock);
	*finite = true;
	for (size_t k = 0; k < pool->part_count; k++) {
		if (!pool->parts[k].answered)
			do_part(pool, slices, k);
		*finite = *finite && pool->parts[k].finite;
	}
}
