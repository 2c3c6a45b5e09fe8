/* What a pool knows of its workers' capacities and its tasks' sizes. */
#include <stdlib.h>

#include "train/pool-private.h"

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
	struct nn_assign_view view = { options->assign, pool->assign, pool->task_count, pool->able,
		pool->worker_count };
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

void nn_pool_measure(struct nn_pool_worker *worker, const struct nn_answer *answer)
{
	/* What a question about rows took is the reading of a file. */
	if (worker->pool->options->assign == NN_ASSIGN_WEIGHTED && answer->preamble.shards &&
		answer->preamble.kind == NN_KIND_GRAD)
		nn_assign_measure(&worker->speed, (double)answer->preamble.rows,
			nn_pool_now() - worker->began);
}
