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
 * A fault is an end, a silence longer than the timeout, a frame that is damaged or not the answer,
 * a number that is none. take_fault ends the process, and
 *   - gives the task back: another worker takes it, if there is one, at most `retries` times more;
 *   - lets the worker sleep (DEAD), 0.1 s at first and twice as long each time, up to 10 s; an
 *     answer resets that. Then it is started again;
 *   - retires it if it has not come as far as hello `retries` times more, and all workers of its
 *     place if the fault would come again there: a file that cannot be read, no such tool, another
 *     version.
 * The pool fails when a task was tried too often, when two workers (or one twice) have given numbers
 * for it that are none, or when all workers are retired. A worker whose time
 * is up is killed by whoever waits in nn_pool_next, which makes the fault. nn_pool_free kills those
 * that are BUSY or STARTING and lets IDLE ones go by END.
 *
 * A worker that shares memory moves between IDLE and BUSY by the hand of whoever waits in
 * nn_pool_next (hand_out and nn_pool_finish_task, direct.c), its thread being asleep: two wake-ups less
 * a task. A fault there is left for the thread (await_fault), and all else is as above. */
#include <stdio.h>
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
	double timeout = pool->options->timeout;

	worker->state = state;
	if (state == BUSY)
		worker->began = nn_pool_now();
	pool->able[worker->number] =
		state != DEAD && state != RETIRED && !pool->gone[worker->place];
	worker->deadline =
		(state == BUSY || state == STARTING) && timeout > 0 ? nn_pool_now() + timeout : 0;
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

/* IDLE -> BUSY; false: there will be no more for this worker. */
static bool await_task(struct nn_pool_worker *worker)
{
	struct nn_pool *pool = worker->pool;

	while (!pool->closing && !pool->gone[worker->place]) {
		worker->task = nn_pool_next_task(pool, worker);
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

/* BUSY -> IDLE */
void nn_pool_finish_task(struct nn_pool_worker *worker, const struct nn_answer *answer)
{
	struct nn_pool *pool = worker->pool;
	struct nn_pool_task *task = &pool->tasks[worker->task];
	uint64_t bytes;

	nn_pool_measure(worker, answer);
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

/* The task that the worker has got; called with the lock, which is released meanwhile. */
static int do_task(struct nn_pool_worker *worker, struct nn_error *err)
{
	struct nn_pool *pool = worker->pool;
	const struct nn_preamble *what = pool->tasks[worker->task].what;
	const struct nn_pool_task *task = &pool->tasks[worker->task];
	const struct nn_preamble *model = worker->has == task->model_number ? NULL : task->model;
	const struct nn_bundle *params = task->params;
	struct nn_answer answer;
	int status = NN_OK;

	worker->has = task->model_number;
	pthread_mutex_unlock(&pool->lock);
	if (model)
		status = nn_channel_send_model(&worker->channel, model, params, err);
	if (!status)
		status = nn_channel_ask(&worker->channel, what, params, &answer, err);
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

static void fail_pool(struct nn_pool *pool, const struct nn_error *err)
{
	if (!pool->failed)
		pool->failure = *err;
	pool->failed = true;
}

static void say(struct nn_pool *pool, const char *line)
{
	nn_buffer_printf(&pool->said, NULL, "%s\n", line);
}

static void name_task(const struct nn_preamble *what, char *out, size_t size)
{
	if (what->shards)
		snprintf(out, size, "step %llu, shard %llu: ", (unsigned long long)what->step,
			(unsigned long long)what->first);
	else
		out[0] = '\0';
}

/* Who could do the task of this one, now or soon, and has its data? */
static bool has_other(const struct nn_pool_worker *worker, size_t task)
{
	const struct nn_pool *pool = worker->pool;
	struct nn_assign_view view = nn_pool_view(pool);

	for (size_t i = 0; i < pool->worker_count && task != NN_NOBODY; i++)
		if (i != worker->number && pool->able[i] && nn_assign_allowed(&view, task, i))
			return true;
	return false;
}

/* Those who are left may not have all of the data: that ends the run. */
static void check_data(struct nn_pool *pool, const struct nn_error *named)
{
	size_t lost = nn_pool_lost_data(pool);
	struct nn_error line;

	if (lost == NN_NOBODY)
		return;
	nn_fail(&line, NN_FAILED, "%s; nobody is left who has %s, which lies there alone",
		named->text, pool->options->operands[lost]);
	fail_pool(pool, &line);
}

/* The worker's place is given up, and the run, if it was the last. What this machine has to say
 * needs no name. */
static void give_up_place(struct nn_pool_worker *worker, const struct nn_error *plain,
	const struct nn_error *named)
{
	struct nn_pool *pool = worker->pool;
	const struct nn_place *place = &pool->options->places[worker->place];
	struct nn_error line;
	bool others = false;

	pool->gone[worker->place] = true;
	for (size_t i = 0; i < pool->worker_count; i++)
		if (pool->workers[i].place == worker->place)
			pool->able[i] = false;
	for (size_t i = 0; i < pool->options->place_count; i++)
		others = others || !pool->gone[i];
	if (!others) {
		fail_pool(pool, place->name ? named : plain);
		return;
	}
	check_data(pool, named);
	if (pool->failed)
		return;
	nn_fail(&line, NN_FAILED, "%s; no more tasks go to %s", named->text,
		place->name ? place->name : "this machine");
	say(pool, line.text);
}

/* Gives the task back, for another to do. */
static void return_task(struct nn_pool_worker *worker, const struct nn_error *why, bool counts)
{
	struct nn_pool *pool = worker->pool;
	struct nn_error last;
	struct nn_pool_task *task;

	if (worker->task == NN_NOBODY)
		return;
	task = &pool->tasks[worker->task];
	pool->assign[worker->task].waiting = true;
	pool->assign[worker->task].avoid = worker->number;
	worker->task = NN_NOBODY;
	pool->retries++;
	if (!counts)
		return;
	if (task->faults++ >= pool->options->retries)
		nn_fail(&last, why->status, "%s; that was try %llu, and the last (--retries)",
			why->text, (unsigned long long)task->faults);
	else if (why->status == NN_BAD && task->bad++)
		nn_fail(&last, why->status, "%s, as it was in the try before", why->text);
	else
		return;
	fail_pool(pool, &last);
}

/* Ends the process, and finds out more of the cause. `named` says who and at which task. */
static void find_cause(struct nn_pool_worker *worker, struct nn_error *why, struct nn_error *named)
{
	struct nn_pool *pool = worker->pool;
	char task[80] = "";

	if (worker->running) {
		worker->running = false;
		pthread_mutex_unlock(&pool->lock);
		nn_channel_break(&worker->channel, why);
		pthread_mutex_lock(&pool->lock);
	}
	if (worker->late)
		nn_fail(why, NN_FAILED, "nothing came for %g s (--timeout)",
			pool->options->timeout);
	*named = *why;
	if (worker->task != NN_NOBODY)
		name_task(pool->tasks[worker->task].what, task, sizeof task);
	nn_fail(named, why->status, "%s: %s%s", worker->name, task, why->text);
}

static bool all_retired(const struct nn_pool *pool)
{
	for (size_t i = 0; i < pool->worker_count; i++)
		if (pool->workers[i].state != RETIRED)
			return false;
	return true;
}

/* Of a fault that may not come again: DEAD, or RETIRED if it never gets ready. `task` is what it was
 * at. */
static void go_on(struct nn_pool_worker *worker, bool was_ready, size_t task,
	const struct nn_error *named)
{
	struct nn_pool *pool = worker->pool;
	struct nn_error line;

	if (!was_ready && worker->starts++ >= pool->options->retries) {
		nn_pool_set_state(worker, RETIRED);
		nn_fail(&line, named->status, "%s; it is given up (--retries)", named->text);
		if (all_retired(pool)) {
			nn_fail(&line, named->status, "%s; no worker is left", named->text);
			fail_pool(pool, &line);
		}
		check_data(pool, named);
	} else {
		nn_pool_set_state(worker, DEAD);
		nn_fail(&line, named->status, "%s; %s in %g s", named->text,
			was_ready && has_other(worker, task) ?
				"another takes it, and this one starts again" :
				"it starts again",
			worker->sleep);
	}
	if (!pool->failed)
		say(pool, line.text);
}

/* BUSY, STARTING -> DEAD or RETIRED; called with the lock, which is released meanwhile. */
static void take_fault(struct nn_pool_worker *worker, struct nn_error *why)
{
	struct nn_pool *pool = worker->pool;
	bool was_ready = worker->state != STARTING;
	size_t task = worker->task;
	bool hopeless;
	struct nn_error named;

	find_cause(worker, why, &named);
	nn_direct_forget(worker);
	hopeless = worker->channel.hopeless;
	if (pool->closing || pool->gone[worker->place]) {
		return_task(worker, &named, false);
		nn_pool_set_state(worker, RETIRED);
	} else if (hopeless) {
		return_task(worker, &named, false);
		nn_pool_set_state(worker, RETIRED);
		give_up_place(worker, why, &named);
	} else {
		return_task(worker, &named, true);
		go_on(worker, was_ready, task, &named);
	}
	if (!pool->closing && !pool->failed && all_retired(pool)) {
		nn_fail(why, named.status, "%s; no worker is left", named.text);
		fail_pool(pool, why);
	}
	nn_pool_wake(pool);
	nn_pool_tell(pool);
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
	pthread_mutex_unlock(&pool->lock);
	nn_channel_dismiss(&worker->channel);
	pthread_mutex_lock(&pool->lock);
}

void *nn_pool_live(void *argument)
{
	struct nn_pool_worker *worker = argument;
	struct nn_pool *pool = worker->pool;
	struct nn_error err;

	pthread_mutex_lock(&pool->lock);
	while (worker->state != RETIRED && !pool->closing && !pool->gone[worker->place]) {
		int status = start_worker(worker, &err);

		if (!status && nn_pool_is_direct(worker))
			status = await_fault(worker, &err) ? (int)err.status : NN_OK;
		else
			while (!status && await_task(worker))
				status = do_task(worker, &err);
		if (!status) {
			retire(worker);
			break;
		}
		take_fault(worker, &err);
		if (worker->state == DEAD)
			sleep_off(worker);
	}
	nn_pool_set_state(worker, RETIRED);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}
