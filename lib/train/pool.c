/* The caller's side of a pool: what the threads do is in worker_thread.c. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/pool-private.h"

static void name_worker(struct nn_pool_worker *worker, const struct nn_place *place)
{
	if (place->name)
		snprintf(worker->name, sizeof worker->name, "worker %zu on %.50s",
			worker->number + 1, place->name);
	else
		snprintf(worker->name, sizeof worker->name, "worker %zu", worker->number + 1);
}

/* Signals are for the caller's threads: those that are blocked while a thread is made stay so in
 * it. SIGPIPE too: a worker that is gone is an error of write(2). */
static int start_threads(struct nn_pool *pool, struct nn_error *err)
{
	sigset_t all;
	sigset_t before;
	int error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->threads < pool->worker_count && !error) {
		struct nn_pool_worker *worker = &pool->workers[pool->threads];

		error = pthread_create(&worker->thread, NULL, nn_pool_live, worker);
		pool->threads += !error;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return nn_fail(err, NN_FAILED, "cannot start a thread for each of %zu workers",
			pool->worker_count);
	return NN_OK;
}

static void make_workers(struct nn_pool *pool)
{
	pthread_condattr_t monotonic;
	size_t number = 0;

	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->news, &monotonic);
	for (size_t i = 0; i < pool->options->place_count; i++)
		for (unsigned k = 0; k < pool->options->places[i].workers; k++) {
			struct nn_pool_worker *worker = &pool->workers[number];

			worker->pool = pool;
			worker->number = number++;
			worker->place = i;
			worker->task = worker->next = NN_NOBODY;
			worker->sleep = NN_POOL_FIRST_SLEEP;
			pool->direct_count += nn_pool_is_direct(worker);
			name_worker(worker, &pool->options->places[i]);
			pthread_cond_init(&worker->wake, &monotonic);
			nn_pool_set_state(worker, STARTING);
		}
	pthread_condattr_destroy(&monotonic);
}

/* Six pipe ends while a worker starts, three afterwards. */
#define FILES_PER_WORKER 6

int nn_pool_new(struct nn_pool **pool, const struct nn_pool_options *options, struct nn_error *err)
{
	struct nn_pool *new = nn_alloc(1, sizeof *new, err);
	int status = NN_FAILED;

	if (!new)
		return NN_FAILED;
	new->options = options;
	new->alarm = -1;
	for (size_t i = 0; i < options->place_count; i++)
		new->worker_count += options->places[i].workers;
	new->workers = nn_alloc(new->worker_count, sizeof *new->workers, err);
	new->able = nn_alloc(new->worker_count, sizeof *new->able, err);
	new->gone = nn_alloc(options->place_count, sizeof *new->gone, err);
	new->files = nn_alloc(options->home_count, sizeof *new->files, err);
	if (!new->workers || !new->able || !new->gone || !new->files) {
		free(new->files);
		free(new->workers);
		free(new->able);
		free(new->gone);
		free(new);
		return NN_FAILED;
	}
	make_workers(new);
	status = nn_process_need_files(FILES_PER_WORKER * new->worker_count + 2, err);
	if (!status)
		status = nn_direct_open(new, err);
	if (!status)
		status = start_threads(new, err);
	if (status) {
		nn_pool_free(new);
		return status;
	}
	*pool = new;
	return NN_OK;
}

static void free_tasks(struct nn_pool *pool)
{
	for (size_t i = pool->taken; i < pool->ready_count; i++)
		nn_partial_free(&pool->tasks[pool->ready[i % pool->task_count]].answer.partial);
	free(pool->tasks);
	free(pool->assign);
	free(pool->ready);
	pool->tasks = NULL;
	pool->assign = NULL;
	pool->ready = NULL;
	pool->task_count = 0;
}

void nn_pool_stop(struct nn_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	if (!pool->closing)
		pool->given_up = pool->worker_count - nn_pool_left(pool);
	pool->closing = true;
	for (size_t i = 0; i < pool->worker_count; i++) {
		struct nn_pool_worker *worker = &pool->workers[i];

		if (worker->running && worker->state != IDLE)
			nn_process_kill(&worker->channel.process);
		pthread_cond_signal(&worker->wake);
	}
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->threads; i++)
		pthread_join(pool->workers[i].thread, NULL);
	pool->threads = 0;
}

void nn_pool_free(struct nn_pool *pool)
{
	if (!pool)
		return;
	nn_pool_stop(pool);
	nn_direct_close(pool);
	for (size_t i = 0; i < pool->worker_count; i++) {
		pthread_cond_destroy(&pool->workers[i].wake);
		free(pool->workers[i].holds);
	}
	pthread_cond_destroy(&pool->news);
	pthread_mutex_destroy(&pool->lock);
	free_tasks(pool);
	nn_buffer_free(&pool->said);
	free(pool->workers);
	free(pool->able);
	free(pool->gone);
	free(pool->files);
	free(pool);
}

/* Another number of tasks than before: nobody has had any of them. */
static int renew_tasks(struct nn_pool *pool, size_t count, struct nn_error *err)
{
	free_tasks(pool);
	pool->tasks = nn_alloc(count, sizeof *pool->tasks, err);
	pool->assign = nn_alloc(count, sizeof *pool->assign, err);
	pool->ready = nn_alloc(count, sizeof *pool->ready, err);
	if (!pool->tasks || !pool->assign || !pool->ready)
		return NN_FAILED;
	pool->task_count = count;
	for (size_t i = 0; i < count; i++)
		pool->assign[i].last = pool->assign[i].planned = NN_NOBODY;
	return NN_OK;
}

int nn_pool_begin(struct nn_pool *pool, const struct nn_preamble *model,
	const struct nn_bundle *params, const struct nn_preamble *tasks, size_t count,
	struct nn_error *err)
{
	int status = NN_OK;

	pthread_mutex_lock(&pool->lock);
	pool->taken = pool->ready_count = 0;
	if (count != pool->task_count)
		status = renew_tasks(pool, count, err);
	for (size_t i = 0; i < count && !status; i++) {
		pool->tasks[i] = (struct nn_pool_task){ .what = tasks ? &tasks[i] : NULL,
			.model = model,
			.params = params,
			.model_number = pool->model_number + 1 };
		pool->assign[i].waiting = tasks != NULL;
		pool->assign[i].avoid = NN_NOBODY;
	}
	if (!status)
		status = nn_pool_plan(pool, err);
	pool->model_number++;
	nn_pool_wake(pool);
	pthread_mutex_unlock(&pool->lock);
	return status;
}

void nn_pool_again(struct nn_pool *pool, size_t number, const struct nn_preamble *task,
	const struct nn_preamble *model, const struct nn_bundle *params)
{
	pthread_mutex_lock(&pool->lock);
	pool->tasks[number] = (struct nn_pool_task){ .what = task,
		.model = model,
		.params = params,
		.model_number = ++pool->model_number };
	pool->assign[number].waiting = true;
	pool->assign[number].avoid = NN_NOBODY;
	nn_pool_wake(pool);
	pthread_mutex_unlock(&pool->lock);
}

/* Lines that the threads have left. */
static void speak(struct nn_pool *pool)
{
	char *rest = pool->said.length ? pool->said.data : NULL;
	char *line;

	while (rest && (line = strsep(&rest, "\n")))
		if (*line)
			pool->options->warn("%s", line);
	nn_buffer_clear(&pool->said);
}

/* Whoever reads its answer sees an end; that of one that shares memory is read by nobody while
 * nothing comes, and if it has come while we were busy it is there in time. */
static void kill_late(struct nn_pool_worker *worker)
{
	bool direct = nn_pool_is_direct(worker) && worker->state == BUSY;
	struct nn_error why;

	if (direct && (worker->broken || nn_reader_ready(worker->channel.reader, 0)))
		return;
	worker->late = true;
	nn_process_kill(&worker->channel.process);
	nn_fail(&why, NN_FAILED, "nothing came");
	if (direct)
		nn_direct_break(worker, &why);
}

double nn_pool_kill_late(struct nn_pool *pool)
{
	double time = nn_pool_now();
	double least = pool->options->adaptive ? NN_DEADLINE_LEAST : pool->options->timeout;
	/* A thread may set a deadline while we sleep: not one before this. */
	double next = least > 0 ? time + least : 0;

	for (size_t i = 0; i < pool->worker_count; i++) {
		struct nn_pool_worker *worker = &pool->workers[i];

		if (!worker->running || worker->late || worker->deadline <= 0)
			continue;
		if (worker->deadline <= time) {
			kill_late(worker);
		} else if (worker->deadline < next) {
			next = worker->deadline;
		}
	}
	return next;
}

int nn_pool_next(struct nn_pool *pool, struct nn_answer *answer, struct nn_error *err)
{
	int status = NN_OK;

	pthread_mutex_lock(&pool->lock);
	while (!pool->failed && pool->taken == pool->ready_count) {
		double next = nn_pool_kill_late(pool);

		speak(pool);
		nn_direct_hand_out(pool);
		if (pool->direct_count)
			nn_direct_wait(pool, next);
		else
			nn_pool_wait(pool, &pool->news, next);
	}
	speak(pool);
	if (pool->taken < pool->ready_count) {
		struct nn_pool_task *task =
			&pool->tasks[pool->ready[pool->taken++ % pool->task_count]];

		*answer = task->answer;
		task->answer.partial = (struct nn_partial){ 0 };
	} else {
		*err = pool->failure;
		status = (int)err->status;
	}
	pthread_mutex_unlock(&pool->lock);
	return status;
}

void nn_pool_drop(struct nn_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	for (; pool->taken < pool->ready_count; pool->taken++) {
		struct nn_answer *answer =
			&pool->tasks[pool->ready[pool->taken % pool->task_count]].answer;

		nn_shared_put(pool->options->shared, answer->buffer);
		nn_partial_free(&answer->partial);
	}
	for (size_t i = 0; i < pool->task_count; i++)
		pool->assign[i].waiting = false;
	for (size_t i = 0; i < pool->worker_count; i++)
		if (nn_pool_is_direct(&pool->workers[i]))
			nn_direct_drop(&pool->workers[i]);
	pthread_mutex_unlock(&pool->lock);
}

void nn_pool_elsewhere(struct nn_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->task_count; i++)
		pool->assign[i].avoid = pool->assign[i].last;
	pthread_mutex_unlock(&pool->lock);
}

void nn_pool_say(struct nn_pool *pool, const struct nn_error *line)
{
	pthread_mutex_lock(&pool->lock);
	speak(pool);
	pthread_mutex_unlock(&pool->lock);
	pool->options->warn("%s", line->text);
}

size_t nn_pool_given_up(const struct nn_pool *pool)
{
	return pool->given_up;
}

bool nn_pool_may_retry(const struct nn_pool *pool)
{
	return pool->options->retries > 0;
}

bool nn_pool_is_shared(const struct nn_pool *pool)
{
	return pool->worker_count && pool->direct_count == pool->worker_count;
}

size_t nn_pool_size(const struct nn_pool *pool)
{
	return pool->worker_count;
}

size_t nn_pool_busy(struct nn_pool *pool)
{
	size_t busy = 0;

	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->worker_count; i++)
		busy += pool->workers[i].state == BUSY;
	pthread_mutex_unlock(&pool->lock);
	return busy;
}

uint64_t nn_pool_retries(struct nn_pool *pool)
{
	uint64_t retries;

	pthread_mutex_lock(&pool->lock);
	retries = pool->retries;
	pthread_mutex_unlock(&pool->lock);
	return retries;
}

uint64_t nn_pool_bytes(struct nn_pool *pool)
{
	uint64_t bytes;

	pthread_mutex_lock(&pool->lock);
	bytes = pool->bytes;
	pthread_mutex_unlock(&pool->lock);
	return bytes;
}

void nn_pool_watch(struct nn_pool *pool, double *seconds, char *states)
{
	static const char letters[] = { [STARTING] = 'x',
		[IDLE] = '.',
		[BUSY] = '*',
		[DEAD] = 'x',
		[RETIRED] = '-' };

	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->worker_count; i++) {
		seconds[i] = pool->workers[i].seconds;
		pool->workers[i].seconds = 0;
		states[i] = letters[pool->workers[i].state];
	}
	states[pool->worker_count] = '\0';
	pthread_mutex_unlock(&pool->lock);
}
