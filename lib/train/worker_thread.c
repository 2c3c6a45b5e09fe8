/* The states of a worker, and who moves it from one to another. Each worker has a thread, which
 * alone changes its state, under the pool's lock; what blocks is done without the lock.
 *
 *                 hello: become_ready         await_task
 *      STARTING ----------------------> IDLE ------------> BUSY
 *       ^    |                          |  ^                |  |
 *       |    |                   retire |  +----------------+  |
 *       |    | take_fault               |     finish_task      | take_fault
 *       |    |                          v                      |
 *       |    +---------------------> RETIRED <-----------------+
 *       |    |                          ^                      |
 *       |    v                          | at the end           |
 *       +-- DEAD -----------------------+                      |
 *  sleep_off ^                                                 |
 *            +-------------------------------------------------+
 *
 * A worker that is BUSY may have been sent its next task as well (look_ahead), so that it need not wait
 * for the line: IDLE is passed through then, and after a fault both tasks are given back.
 *
 * A fault is an end, a silence longer than the timeout (nn_pool_limit), a frame that is damaged or not
 * the answer, a number that is none. take_fault (worker_fault.c) ends the process, and
 *   - gives the task back: another worker takes it, if there is one, at most `retries` times more;
 *   - lets the worker sleep (DEAD), 0.1 s at first and twice as long each time, up to 10 s; an
 *     answer resets that. Then it is started again;
 *   - retires it if it has not come as far as hello `retries` times more, and all workers of its
 *     place if the fault would come again there: a file that cannot be read, no such tool, another
 *     version.
 * The pool fails when a task was tried too often, when two tries of it gave numbers that are none, when
 * all workers are retired, or when fewer than the quorum are left: neither retired nor of a place that
 * was given up. One that sleeps or starts again is left.
 *
 * A worker whose time is up is killed by whoever waits in nn_pool_next, which makes the fault: the
 * thread waits for the process alone (nn_process_bound), not for the end of its pipes, which others
 * may hold open. nn_pool_stop kills those that are BUSY or STARTING and lets IDLE ones go by END.
 *
 * A worker that shares memory moves between IDLE and BUSY by the hand of whoever waits in
 * nn_pool_next (hand_out and nn_pool_finish_task, direct.c), its thread being asleep: two wake-ups less
 * a task. A fault there is left for the thread (await_fault), and all else is as above; but numbers
 * that are none are for whoever sums them to find (shared_doubt.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "train/pool-private.h"

#define LONGEST_SLEEP 10.0

double nn_pool_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void nn_pool_wait(struct nn_pool *pool, pthread_cond_t *condition, double until)
{
	struct timespec time = { .tv_sec = (time_t)until };

	if (until <= 0) {
		pthread_cond_wait(condition, &pool->lock);
		return;
	}
	time.tv_nsec = (long)((until - (double)time.tv_sec) * 1e9);
	pthread_cond_timedwait(condition, &pool->lock, &time);
}

size_t nn_pool_next_task(const struct nn_pool *pool, const struct nn_pool_worker *worker)
{
	struct nn_assign_view view = nn_pool_view(pool);

	return nn_assign_next(&view, worker->number);
}

void nn_pool_wake(struct nn_pool *pool)
{
	for (size_t i = 0; i < pool->worker_count; i++) {
		struct nn_pool_worker *worker = &pool->workers[i];

		/* Those who share memory are handed tasks by the caller: direct.c. */
		if (worker->state == IDLE &&
			(pool->gone[worker->place] ||
				(!nn_pool_is_direct(worker) &&
					nn_pool_next_task(pool, worker) != NN_NOBODY)))
			pthread_cond_signal(&worker->wake);
	}
}

void nn_pool_set_state(struct nn_pool_worker *worker, enum nn_worker_state state)
{
	struct nn_pool *pool = worker->pool;

	worker->state = state;
	if (state == BUSY)
		worker->began = nn_pool_now();
	pool->able[worker->number] =
		state != DEAD && state != RETIRED && !pool->gone[worker->place];
	worker->limit = state == BUSY || state == STARTING ? nn_pool_limit(worker) : 0;
	worker->deadline = worker->limit > 0 ? nn_pool_now() + worker->limit : 0;
}

bool nn_pool_is_direct(const struct nn_pool_worker *worker)
{
	return worker->pool->options->places[worker->place].shared > 0;
}

/* The caller hands out tasks and takes the answers: the thread waits for a fault, which becomes
 * its own. False: there will be none. */
static bool await_fault(struct nn_pool_worker *worker, struct nn_error *err)
{
	struct nn_pool *pool = worker->pool;

	while (!pool->closing && !(pool->gone[worker->place] && worker->state == IDLE) &&
		!worker->broken)
		pthread_cond_wait(&worker->wake, &pool->lock);
	if (!worker->broken)
		return false;
	*err = worker->fault;
	return true;
}

/* IDLE -> BUSY; false: there will be no more for this worker. *sent: it has that task already. */
static bool await_task(struct nn_pool_worker *worker, bool *sent)
{
	struct nn_pool *pool = worker->pool;

	while (!pool->closing && !pool->gone[worker->place]) {
		*sent = worker->next != NN_NOBODY;
		worker->task = *sent ? worker->next : nn_pool_next_task(pool, worker);
		worker->next = NN_NOBODY;
		if (worker->task != NN_NOBODY) {
			pool->assign[worker->task].waiting = false;
			nn_pool_set_state(worker, BUSY);
			return true;
		}
		pthread_cond_wait(&worker->wake, &pool->lock);
	}
	return false;
}

void nn_pool_tell(struct nn_pool *pool)
{
	uint64_t one = 1;

	pthread_cond_signal(&pool->news);
	if (pool->alarm >= 0 && write(pool->alarm, &one, sizeof one) < 0)
		return; /* it is as loud as it can be */
}

/* For notes of `count` things that it holds. */
static int make_room(struct nn_pool_worker *worker, size_t count, struct nn_error *err)
{
	bool *more;

	if (worker->hold_count >= count)
		return NN_OK;
	more = nn_realloc(worker->holds, count, sizeof *more, err);
	if (!more)
		return NN_FAILED;
	memset(more + worker->hold_count, 0, (count - worker->hold_count) * sizeof *more);
	worker->holds = more;
	worker->hold_count = count;
	return NN_OK;
}

static int take_file(struct nn_pool_worker *worker, const struct nn_preamble *answer,
	struct nn_error *err)
{
	struct nn_pool *pool = worker->pool;
	struct nn_pool_file *file = &pool->files[answer->part];
	const char *name = pool->options->operands[answer->part];

	if (!file->known) {
		*file = (struct nn_pool_file){ .known = true, .answer = *answer };
		snprintf(file->from, sizeof file->from, "%s", worker->name);
	}
	if (file->answer.rows != answer->rows)
		return nn_fail(err, NN_BAD, "%s has %llu rows there, and %llu for %s", name,
			(unsigned long long)answer->rows, (unsigned long long)file->answer.rows,
			file->from);
	if (file->answer.id != answer->id || file->answer.shards != answer->shards ||
		file->answer.first != answer->first)
		return nn_fail(err, NN_BAD, "%s holds other rows there than for %s", name,
			file->from);
	return NN_OK;
}

/* It has been asked, so there is no need to ask it again. */
static void note_file(struct nn_pool_worker *worker, const struct nn_preamble *answer)
{
	struct nn_error ignored;

	if (!take_file(worker, answer, &ignored) &&
		!make_room(worker, worker->pool->options->home_count, &ignored))
		worker->holds[answer->part] = true;
}

/* BUSY -> IDLE */
void nn_pool_finish_task(struct nn_pool_worker *worker, const struct nn_answer *answer)
{
	struct nn_pool *pool = worker->pool;
	struct nn_pool_task *task = &pool->tasks[worker->task];
	uint64_t bytes;

	nn_pool_measure(worker, answer);
	if (!task->what->shards)
		note_file(worker, &answer->preamble);
	task->answer = *answer;
	task->answer.task = worker->task;
	snprintf(task->answer.from, sizeof task->answer.from, "%s", worker->name);
	pool->assign[worker->task].last = worker->number;
	pool->ready[pool->ready_count++ % pool->task_count] = worker->task;
	worker->sleep = NN_POOL_FIRST_SLEEP;
	worker->task = NN_NOBODY;
	worker->seconds += nn_pool_now() - worker->began;
	bytes = nn_channel_bytes(&worker->channel);
	pool->bytes += bytes - worker->counted;
	worker->counted = bytes;
	nn_pool_set_state(worker, IDLE);
	if (!nn_pool_is_direct(worker))
		nn_pool_tell(pool);
	else if (pool->gone[worker->place])
		pthread_cond_signal(&worker->wake);
}

/* Data that pass take their time: what has to come in time is the next frame of them, and how long a
 * task takes is another matter. */
static void renew_deadline(void *context)
{
	struct nn_pool_worker *worker = context;
	struct nn_pool *pool = worker->pool;

	pthread_mutex_lock(&pool->lock);
	if (pool->options->timeout > 0)
		worker->deadline = nn_pool_now() + pool->options->timeout;
	pthread_mutex_unlock(&pool->lock);
}

/* The task begins now. */
static void begin_anew(struct nn_pool_worker *worker)
{
	pthread_mutex_lock(&worker->pool->lock);
	worker->began = nn_pool_now();
	if (worker->limit > 0)
		worker->deadline = worker->began + worker->limit;
	pthread_mutex_unlock(&worker->pool->lock);
}

static bool is_supplied(const struct nn_pool_worker *worker)
{
	return worker->pool->options->places[worker->place].supplied;
}

/* A worker that has files must have the same as whoever said first how many rows there are: else the
 * model would depend on who has done what. */
static int look_at_file(struct nn_pool_worker *worker, const struct nn_preamble *what,
	struct nn_error *err)
{
	const struct nn_preamble task = { .kind = NN_KIND_TASK,
		.part = what->part,
		.parts = what->parts };
	struct nn_pool *pool = worker->pool;
	struct nn_answer answer;
	struct nn_error named;
	int status = nn_channel_ask(&worker->channel, &task, NULL, &answer, err);

	if (status)
		return status;
	pthread_mutex_lock(&pool->lock);
	status = take_file(worker, &answer.preamble, err);
	if (status) {
		nn_fail(&named, NN_BAD, "%s: %s", worker->name, err->text);
		nn_pool_fail(pool, &named);
	}
	pthread_mutex_unlock(&pool->lock);
	return status;
}

/* The worker must have the data of a task: they are sent, or it is looked at what it has, each once.
 * Without the lock, as all that the thread alone has. */
static int provide(struct nn_pool_worker *worker, const struct nn_preamble *what,
	struct nn_error *err)
{
	const struct nn_supply *supply = worker->pool->options->supply;
	size_t count = is_supplied(worker) ? (size_t)what->shards : what->parts;
	size_t number = is_supplied(worker) ? (size_t)what->first : what->part;
	int status;

	status = make_room(worker, count, err);
	if (status)
		return status;
	if (worker->holds[number])
		return NN_OK;
	status = is_supplied(worker) ? nn_channel_send_shard(&worker->channel, supply, what->first,
					       renew_deadline, worker, err) :
				       look_at_file(worker, what, err);
	worker->holds[number] = !status;
	begin_anew(worker);
	return status;
}

/* All that it needs, and the task; without the lock. */
static int send_task(struct nn_pool_worker *worker, const struct nn_preamble *what,
	const struct nn_preamble *model, const struct nn_bundle *params, struct nn_error *err)
{
	int status = what->shards ? provide(worker, what, err) : NN_OK;

	if (!status && model)
		status = nn_channel_send_model(&worker->channel, model, params, err);
	return status ? status : nn_channel_send_task(&worker->channel, what, err);
}

/* A task more, so that the line and the worker are at work at once: what it needs must be there, or
 * both ends could wait for one another; and nobody else shall wait for what lies there. */
static size_t look_ahead(const struct nn_pool_worker *worker)
{
	const struct nn_pool *pool = worker->pool;
	size_t next = nn_pool_next_task(pool, worker);
	const struct nn_pool_task *task = next == NN_NOBODY ? NULL : &pool->tasks[next];
	size_t number;

	if (!task || !task->what->shards || task->model_number != worker->has ||
		pool->gone[worker->place])
		return NN_NOBODY;
	number = is_supplied(worker) ? (size_t)task->what->first : task->what->part;
	if (number >= worker->hold_count || !worker->holds[number])
		return NN_NOBODY;
	if (pool->options->assign == NN_ASSIGN_STATIC ||
		pool->assign[next].planned == worker->number)
		return next;
	return nn_pool_waiting(pool) >= 2 * pool->worker_count ? next : NN_NOBODY;
}

/* The task that the worker has got; called with the lock, which is released meanwhile. */
static int do_task(struct nn_pool_worker *worker, bool sent, struct nn_error *err)
{
	struct nn_pool *pool = worker->pool;
	const struct nn_preamble *what = pool->tasks[worker->task].what;
	const struct nn_pool_task *task = &pool->tasks[worker->task];
	const struct nn_preamble *model = worker->has == task->model_number ? NULL : task->model;
	const struct nn_bundle *params = task->params;
	const struct nn_preamble *more;
	struct nn_answer answer;
	struct nn_error ignored;
	int status = NN_OK;

	worker->has = task->model_number;
	if (!sent) {
		pthread_mutex_unlock(&pool->lock);
		status = send_task(worker, what, model, params, err);
		pthread_mutex_lock(&pool->lock);
	}
	if (!status && !pool->closing)
		worker->next = look_ahead(worker);
	more = NULL;
	if (worker->next != NN_NOBODY) {
		pool->assign[worker->next].waiting = false;
		more = pool->tasks[worker->next].what;
	}
	pthread_mutex_unlock(&pool->lock);
	/* A worker that takes no more may have said why: its answer tells, or the end behind it. */
	if (!status && more)
		nn_channel_send_task(&worker->channel, more, &ignored);
	if (!status)
		status = nn_channel_take_answer(&worker->channel, what, params, &answer, err);
	pthread_mutex_lock(&pool->lock);
	if (!status)
		nn_pool_finish_task(worker, &answer);
	return status;
}

/* STARTING -> IDLE */
static void become_ready(struct nn_pool_worker *worker)
{
	worker->starts = 0;
	worker->has = 0;
	if (worker->hold_count)
		memset(worker->holds, 0, worker->hold_count * sizeof *worker->holds);
	worker->fresh = true;
	nn_pool_set_state(worker, IDLE);
	if (nn_pool_is_direct(worker))
		nn_pool_tell(worker->pool);
}

/* Starts the process and waits for its hello, without the lock. */
static int start_worker(struct nn_pool_worker *worker, struct nn_error *err)
{
	struct nn_pool *pool = worker->pool;
	const struct nn_place *place = &pool->options->places[worker->place];
	int status;

	nn_pool_set_state(worker, STARTING);
	worker->broken = false;
	worker->counted = 0;
	worker->late = false;
	pthread_mutex_unlock(&pool->lock);
	status = nn_channel_open(&worker->channel, place, worker->name, worker->number + 1, err);
	pthread_mutex_lock(&pool->lock);
	if (status)
		return status;
	worker->channel.order = pool->options->order;
	worker->running = true;
	if (pool->closing)
		nn_process_kill(&worker->channel.process);
	pthread_mutex_unlock(&pool->lock);
	status = nn_channel_hello(&worker->channel, err);
	if (!status && place->shared)
		status = nn_direct_describe(worker, err);
	pthread_mutex_lock(&pool->lock);
	if (!status)
		become_ready(worker);
	return status;
}

/* DEAD -> STARTING, by and by. */
static void sleep_off(struct nn_pool_worker *worker)
{
	struct nn_pool *pool = worker->pool;
	double until = nn_pool_now() + worker->sleep;

	worker->sleep = 2 * worker->sleep < LONGEST_SLEEP ? 2 * worker->sleep : LONGEST_SLEEP;
	while (!pool->closing && !pool->gone[worker->place] && nn_pool_now() < until)
		nn_pool_wait(pool, &worker->wake, until);
}

/* IDLE -> RETIRED */
static void retire(struct nn_pool_worker *worker)
{
	struct nn_pool *pool = worker->pool;

	nn_pool_set_state(worker, RETIRED);
	worker->running = false;
	/* Nobody will read what it is at, and somebody else must do it. */
	if (worker->next != NN_NOBODY) {
		nn_process_kill(&worker->channel.process);
		nn_pool_forget_next(worker);
		nn_pool_wake(pool);
		nn_pool_tell(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	nn_channel_dismiss(&worker->channel);
	pthread_mutex_lock(&pool->lock);
}

void *nn_pool_live(void *argument)
{
	struct nn_pool_worker *worker = argument;
	struct nn_pool *pool = worker->pool;
	struct nn_error err;
	bool sent;

	pthread_mutex_lock(&pool->lock);
	while (worker->state != RETIRED && !pool->closing && !pool->gone[worker->place]) {
		int status = start_worker(worker, &err);

		if (!status && nn_pool_is_direct(worker))
			status = await_fault(worker, &err) ? (int)err.status : NN_OK;
		else
			while (!status && await_task(worker, &sent))
				status = do_task(worker, sent, &err);
		if (!status) {
			retire(worker);
			break;
		}
		nn_pool_take_fault(worker, &err);
		if (worker->state == DEAD)
			sleep_off(worker);
	}
	nn_pool_set_state(worker, RETIRED);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}
