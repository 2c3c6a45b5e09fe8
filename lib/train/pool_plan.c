/* What a pool knows of its workers' capacities and its tasks' sizes. */
#include <stdlib.h>

#include "train/placement.h"
#include "train/pool-private.h"

static bool has_data(const struct nn_pool *pool, size_t operand, size_t worker)
{
	const struct nn_pool_options *options = pool->options;
	size_t place = pool->workers[worker].place;

	return !options->homes || operand >= options->home_count || !options->homes[operand] ||
		nn_placement_is_home(options->homes[operand], options->places[place].name);
}

/* Those who share memory read the files of this machine and are not asked afterwards what they have, so
 * while there are some they say what a file holds. */
static bool may_say(const struct nn_pool *pool, size_t operand, size_t worker)
{
	if (pool->direct_count == pool->worker_count || nn_pool_is_direct(&pool->workers[worker]))
		return true;
	for (size_t i = 0; pool->direct_count && i < pool->worker_count; i++)
		if (nn_pool_is_direct(&pool->workers[i]) && pool->able[i] &&
			has_data(pool, operand, i))
			return false;
	return true;
}

static bool is_allowed(const void *context, size_t task, size_t worker)
{
	const struct nn_pool *pool = context;
	const struct nn_preamble *what = pool->tasks[task].what;

	if (!what)
		return true;
	return has_data(pool, what->part, worker) &&
		(what->shards || may_say(pool, what->part, worker));
}

struct nn_assign_view nn_pool_view(const struct nn_pool *pool)
{
	return (struct nn_assign_view){ .method = pool->options->assign,
		.tasks = pool->assign,
		.task_count = pool->task_count,
		.able = pool->able,
		.worker_count = pool->worker_count,
		.allowed = pool->options->homes ? is_allowed : NULL,
		.context = pool };
}

size_t nn_pool_lost_data(const struct nn_pool *pool)
{
	for (size_t i = 0; pool->options->homes && i < pool->options->home_count; i++) {
		bool found = false;

		for (size_t k = 0; k < pool->worker_count && !found; k++)
			found = pool->workers[k].state != RETIRED &&
				!pool->gone[pool->workers[k].place] && has_data(pool, i, k);
		if (!found)
			return i;
	}
	return NN_NOBODY;
}

void nn_pool_set_sizes(struct nn_pool *pool, const double *sizes)
{
	pthread_mutex_lock(&pool->lock);
	pool->sizes = sizes;
	/* Of the tasks before, with other sizes. */
	for (size_t i = 0; i < pool->task_count; i++)
		pool->assign[i].planned = NN_NOBODY;
	pthread_mutex_unlock(&pool->lock);
}

int nn_pool_plan(struct nn_pool *pool, struct nn_error *err)
{
	const struct nn_pool_options *options = pool->options;
	struct nn_assign_view view = nn_pool_view(pool);
	const double *capacity = options->capacity;
	double *measured = NULL;
	int status;

	if (options->assign != NN_ASSIGN_WEIGHTED)
		return NN_OK;
	for (size_t i = 0; i < pool->task_count; i++)
		pool->assign[i].size = pool->sizes ? pool->sizes[i] : 1;
	if (!capacity) {
		measured = nn_alloc(pool->worker_count, sizeof *measured, err);
		if (!measured)
			return NN_FAILED;
		for (size_t i = 0; i < pool->worker_count; i++)
			measured[i] = nn_assign_capacity(&pool->workers[i].speed);
		capacity = measured;
	}
	status = nn_assign_plan(pool->assign, &view, capacity, err);
	free(measured);
	return status;
}

/* Of a task that is about rows nothing is known before: it is the reading of a file. */
static double size_of(const struct nn_pool *pool, size_t task)
{
	return pool->sizes && task != NN_NOBODY ? pool->sizes[task] : 1;
}

double nn_pool_limit(const struct nn_pool_worker *worker)
{
	const struct nn_pool *pool = worker->pool;
	double longest = pool->options->timeout;
	bool reads = worker->task != NN_NOBODY && !pool->tasks[worker->task].what->shards;
	double limit = 0;

	if (!pool->options->adaptive || worker->state == STARTING || reads)
		return longest;
	if (!worker->fresh)
		limit = nn_deadline_of(&worker->times, size_of(pool, worker->task));
	return limit > 0 ? limit : nn_deadline_first(pool->longest_first, longest);
}

static void note_time(struct nn_pool_worker *worker)
{
	struct nn_pool *pool = worker->pool;
	double seconds = nn_pool_now() - worker->began;

	if (!pool->options->adaptive)
		return;
	if ((worker->fresh || worker->times.count < NN_DEADLINE_ENOUGH) &&
		pool->longest_first < seconds)
		pool->longest_first = seconds;
	worker->fresh = false;
	nn_deadline_note(&worker->times, size_of(pool, worker->task), seconds);
}

size_t nn_pool_left(const struct nn_pool *pool)
{
	size_t left = 0;

	for (size_t i = 0; i < pool->worker_count; i++)
		left += pool->workers[i].state != RETIRED && !pool->gone[pool->workers[i].place];
	return left;
}

size_t nn_pool_waiting(const struct nn_pool *pool)
{
	size_t waiting = 0;

	for (size_t i = 0; i < pool->task_count; i++)
		waiting += pool->assign[i].waiting;
	return waiting;
}

void nn_pool_measure(struct nn_pool_worker *worker, const struct nn_answer *answer)
{
	if (answer->preamble.shards)
		note_time(worker);
	/* What a question about rows took is the reading of a file. */
	if (worker->pool->options->assign == NN_ASSIGN_WEIGHTED && answer->preamble.shards &&
		answer->preamble.kind == NN_KIND_GRAD)
		nn_assign_measure(&worker->speed, (double)answer->preamble.rows,
			nn_pool_now() - worker->began);
}
