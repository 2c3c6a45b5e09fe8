/* What becomes of a worker after a fault, of its task, and of the run: the rules at the head of
 * worker_thread.c. All of it under the pool's lock. */
#include <stdio.h>
#include <string.h>

#include "train/pool-private.h"

void nn_pool_fail(struct nn_pool *pool, const struct nn_error *err)
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
	nn_pool_fail(pool, &line);
}

static void check_quorum(struct nn_pool *pool, const struct nn_error *named)
{
	size_t left = nn_pool_left(pool);
	struct nn_error line;

	if (left >= pool->options->quorum)
		return;
	nn_fail(&line, NN_FAILED, "%s; %zu of %zu workers are left, fewer than %zu (--quorum)",
		named->text, left, pool->worker_count, pool->options->quorum);
	nn_pool_fail(pool, &line);
}

/* The first thing that goes wrong with another host. */
static const char *remedy(const struct nn_place *place, const struct nn_error *why)
{
	return place->ssh && !place->supplied && strstr(why->text, "cannot open: No such file") ?
		" (--send sends the data; paths begin at the login folder there)" :
		"";
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
		nn_fail(&line, named->status, "%s%s", place->name ? named->text : plain->text,
			remedy(place, named));
		nn_pool_fail(pool, &line);
		return;
	}
	check_data(pool, named);
	check_quorum(pool, named);
	if (pool->failed)
		return;
	nn_fail(&line, NN_FAILED, "%s%s; no more tasks go to %s", named->text, remedy(place, named),
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
	nn_pool_fail(pool, &last);
}

void nn_pool_forget_next(struct nn_pool_worker *worker)
{
	if (worker->next != NN_NOBODY)
		worker->pool->assign[worker->next].waiting = true;
	worker->next = NN_NOBODY;
}

static void tell_late(const struct nn_pool_worker *worker, struct nn_error *why)
{
	double usual = nn_deadline_usual(&worker->times, 0);

	if (!worker->pool->options->adaptive || worker->state == STARTING || usual <= 0)
		nn_fail(why, NN_FAILED, "nothing came for %.3g s (--timeout)", worker->limit);
	else
		nn_fail(why, NN_FAILED,
			"nothing came for %.3g s, where %.2g s are usual (--timeout auto)",
			worker->limit, usual);
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
		tell_late(worker, why);
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
			nn_pool_fail(pool, &line);
		}
		check_data(pool, named);
		check_quorum(pool, &line);
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
void nn_pool_take_fault(struct nn_pool_worker *worker, struct nn_error *why)
{
	struct nn_pool *pool = worker->pool;
	bool was_ready = worker->state != STARTING;
	size_t task = worker->task;
	bool hopeless;
	struct nn_error named;

	find_cause(worker, why, &named);
	nn_direct_forget(worker);
	nn_pool_forget_next(worker);
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
		nn_pool_fail(pool, why);
	}
	nn_pool_wake(pool);
	nn_pool_tell(pool);
}
