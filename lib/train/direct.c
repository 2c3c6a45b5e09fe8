/* Workers that share memory with us: the thread that waits in nn_pool_next hands them their tasks
 * and takes their answers itself, by references of a few bytes that no pipe keeps waiting. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "train/pool-private.h"
#include "train/serve.h"

/* Seconds. To be woken takes a third of it. */
#define SPIN 100e-6

int nn_direct_open(struct nn_pool *pool, struct nn_error *err)
{
	if (!pool->direct_count)
		return NN_OK;
	pool->polled = nn_alloc(pool->direct_count + 1, sizeof *pool->polled, err);
	pool->polled_workers = nn_alloc(pool->direct_count + 1, sizeof *pool->polled_workers, err);
	if (!pool->polled || !pool->polled_workers)
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

static void break_worker(struct nn_pool_worker *worker, const struct nn_error *why)
{
	worker->broken = true;
	worker->fault = *why;
	pthread_cond_signal(&worker->wake);
}

/* IDLE -> BUSY */
static void ask(struct nn_pool_worker *worker, const struct nn_preamble *what)
{
	struct nn_error why;

	worker->asked = *what;
	nn_pool_set_state(worker, BUSY);
	if (nn_channel_send_task(&worker->channel, &worker->asked, &why))
		break_worker(worker, &why);
}

static bool is_free(const struct nn_pool_worker *worker)
{
	return worker->state == IDLE && nn_pool_is_direct(worker) && !worker->broken &&
		!worker->pool->gone[worker->place];
}

static bool any_is_busy(const struct nn_pool *pool)
{
	for (size_t i = 0; i < pool->worker_count; i++)
		if (pool->workers[i].state == BUSY)
			return true;
	return false;
}

static void hand_out(struct nn_pool_worker *worker)
{
	struct nn_pool *pool = worker->pool;
	struct nn_shared *shared = pool->options->shared;
	size_t number = nn_pool_next_task(pool, worker);
	struct nn_preamble task;

	if (number == NN_NOBODY)
		return;
	task = *pool->tasks[number].what;
	if (task.shards) {
		worker->buffer = nn_shared_take(shared, !any_is_busy(pool));
		if (worker->buffer == NN_NO_BUFFER)
			return;
		task.flags = NN_FLAG_REFERENCE;
		task.id = 0;
		task.reference[0] = NN_SHARED_GRADIENT;
		task.reference[1] = shared->current;
		task.reference[2] = worker->buffer;
	}
	worker->task = number;
	pool->assign[number].waiting = false;
	ask(worker, &task);
}

/* A worker that is gone is an error of write(2), and no signal. */
static void hold_signal(sigset_t *before)
{
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, before);
}

static void release_signal(const sigset_t *before)
{
	const struct timespec at_once = { 0 };
	sigset_t pipe;

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
	for (size_t i = 0; i < pool->worker_count; i++)
		if (is_free(&pool->workers[i]))
			hand_out(&pool->workers[i]);
	release_signal(&before);
}

/* BUSY -> IDLE */
static void take(struct nn_pool_worker *worker)
{
	struct nn_answer answer;
	struct nn_error why;

	if (nn_channel_take_reference(&worker->channel, &worker->asked, &answer, &why)) {
		break_worker(worker, &why);
	} else if (worker->at_slice) {
		worker->at_slice = false;
		worker->sliced = true;
		worker->asked.rows = answer.preamble.rows;
		nn_pool_set_state(worker, IDLE);
	} else {
		answer.buffer = worker->buffer;
		worker->buffer = NN_NO_BUFFER;
		nn_pool_finish_task(worker, &answer);
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
static void look(struct nn_pool *pool, nfds_t count)
{
	double began = nn_pool_now();
	double due = began + pool->usual;

	if (pool->usual > 10 * SPIN)
		sleep_for(pool->polled, count, 0.8 * pool->usual, false);
	while (!has_come(pool->polled, count) && nn_pool_now() < due + 0.5 * pool->usual + SPIN) {
		sched_yield();
		poll(pool->polled, count, 0);
	}
}

static void sleep_until(struct nn_pool *pool, nfds_t count, double until)
{
	double began = nn_pool_now();
	double left;

	if (pool->spin > 0)
		look(pool, count);
	left = until > 0 ? until - nn_pool_now() : 0;
	if (!has_come(pool->polled, count))
		sleep_for(pool->polled, count, left > 0 ? left : 0, until <= 0);
	pool->usual += 0.1 * (nn_pool_now() - began - pool->usual);
}

void nn_direct_wait(struct nn_pool *pool, double until)
{
	nfds_t count = list_polled(pool);
	uint64_t times;

	pthread_mutex_unlock(&pool->lock);
	for (nfds_t i = 0; i < count; i++)
		pool->polled[i].revents = 0;
	sleep_until(pool, count, until);
	pthread_mutex_lock(&pool->lock);
	if (pool->polled[count - 1].revents && read(pool->alarm, &times, sizeof times) < 0)
		times = 0;
	for (nfds_t i = 0; i < count - 1; i++) {
		struct nn_pool_worker *worker = &pool->workers[pool->polled_workers[i]];

		if (pool->polled[i].revents && worker->state == BUSY && !worker->broken)
			take(worker);
	}
}

static bool any_is_at_slice(const struct nn_pool *pool)
{
	for (size_t i = 0; i < pool->worker_count; i++)
		if (pool->workers[i].at_slice)
			return true;
	return false;
}

struct part {
	size_t from;
	size_t to;
	struct nn_pool_worker *worker;
};

/* A part for each worker that is free, and perhaps one for us, at parts[count]. */
static size_t give_parts(struct nn_pool *pool, const struct nn_pool_slices *slices,
	struct part *parts)
{
	size_t most = slices->blocks / (slices->least ? slices->least : 1);
	size_t ours = pool->spin > 0;
	size_t count = 0;
	sigset_t before;

	for (size_t i = 0; i < pool->worker_count && count + ours < most; i++)
		if (is_free(&pool->workers[i]))
			parts[count++].worker = &pool->workers[i];
	if (!count)
		ours = 1;
	hold_signal(&before);
	for (size_t k = 0; k < count + ours; k++) {
		struct nn_preamble task = { .kind = NN_KIND_TASK,
			.flags = NN_FLAG_REFERENCE,
			.reference = { (uint64_t)slices->op, slices->with } };

		parts[k].from = slices->blocks * k / (count + ours);
		parts[k].to = slices->blocks * (k + 1) / (count + ours);
		if (k == count)
			break;
		task.reference[2] = parts[k].from;
		task.reference[3] = parts[k].to;
		parts[k].worker->at_slice = true;
		parts[k].worker->sliced = false;
		ask(parts[k].worker, &task);
	}
	release_signal(&before);
	if (!ours)
		parts[count].from = parts[count].to = slices->blocks;
	return count;
}

int nn_pool_slice(struct nn_pool *pool, const struct nn_pool_slices *slices, bool *finite,
	struct nn_error *err)
{
	struct part *parts = nn_alloc(pool->direct_count + 1, sizeof *parts, err);
	size_t count;

	if (!parts)
		return NN_FAILED;
	pthread_mutex_lock(&pool->lock);
	count = give_parts(pool, slices, parts);
	pthread_mutex_unlock(&pool->lock);
	*finite = parts[count].from == parts[count].to ||
		slices->mine(slices->context, parts[count].from, parts[count].to);
	pthread_mutex_lock(&pool->lock);
	while (any_is_at_slice(pool))
		nn_direct_wait(pool, nn_pool_kill_late(pool));
	pthread_mutex_unlock(&pool->lock);
	for (size_t k = 0; k < count; k++) {
		const struct nn_pool_worker *worker = parts[k].worker;

		*finite = (worker->sliced ? worker->asked.rows > 0 :
					    slices->mine(slices->context, parts[k].from,
						    parts[k].to)) &&
			*finite;
	}
	free(parts);
	return NN_OK;
}
