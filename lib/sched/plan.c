#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sched/assign.h"

#define FADE 0.8    /* what each further task leaves of the weight of those before it */
#define BETTER 0.95 /* of the old plan's time, that the new one must take to be worth a change */

void nn_assign_measure(struct nn_assign_speed *speed, double size, double time)
{
	if (!(size > 0) || !(time > 0))
		return;
	speed->done = FADE * speed->done + size;
	speed->time = FADE * speed->time + time;
}

double nn_assign_capacity(const struct nn_assign_speed *speed)
{
	return speed->time > 0 ? speed->done / speed->time : 0;
}

struct plan {
	const struct nn_assign_view *view;
	double *capacity; /* [worker_count]; 0: takes no tasks */
	double *load;     /* [worker_count] */
	size_t *order;    /* [task_count]: the largest first */
	size_t *owners;   /* [task_count] */
};

static void free_plan(struct plan *plan)
{
	free(plan->capacity);
	free(plan->load);
	free(plan->order);
	free(plan->owners);
}

static int alloc_plan(struct plan *plan, const struct nn_assign_view *view, struct nn_error *err)
{
	*plan = (struct plan){ .view = view,
		.capacity = nn_alloc(view->worker_count, sizeof *plan->capacity, err),
		.load = nn_alloc(view->worker_count, sizeof *plan->load, err),
		.order = nn_alloc(view->task_count, sizeof *plan->order, err),
		.owners = nn_alloc(view->task_count, sizeof *plan->owners, err) };
	if (plan->capacity && plan->load && plan->order && plan->owners)
		return NN_OK;
	free_plan(plan);
	return NN_FAILED;
}

/* Of those who are able; false: none is known. */
static bool fill_capacities(struct plan *plan, const double *capacity)
{
	const struct nn_assign_view *view = plan->view;
	double sum = 0;
	size_t known = 0;

	for (size_t i = 0; i < view->worker_count; i++)
		if (view->able[i] && capacity[i] > 0) {
			sum += capacity[i];
			known++;
		}
	for (size_t i = 0; i < view->worker_count; i++)
		if (view->able[i] && known)
			plan->capacity[i] = capacity[i] > 0 ? capacity[i] : sum / (double)known;
	return known > 0;
}

static int by_size(const void *a, const void *b, void *context)
{
	const struct nn_assign_task *tasks = context;
	size_t left = *(const size_t *)a;
	size_t right = *(const size_t *)b;

	if (tasks[left].size != tasks[right].size)
		return tasks[left].size > tasks[right].size ? -1 : 1;
	return left < right ? -1 : left > right;
}

/* Of those who may; if nobody may now, of all: it is then for whoever may one day. */
static size_t earliest(const struct plan *plan, size_t task, bool anyone)
{
	double size = plan->view->tasks[task].size;
	size_t best = NN_NOBODY;
	double ready = 0;

	for (size_t i = 0; i < plan->view->worker_count; i++) {
		double time;

		if (!(plan->capacity[i] > 0) ||
			(!anyone && !nn_assign_allowed(plan->view, task, i)))
			continue;
		time = (plan->load[i] + size) / plan->capacity[i];
		if (best == NN_NOBODY || time < ready) {
			best = i;
			ready = time;
		}
	}
	return best == NN_NOBODY && !anyone ? earliest(plan, task, true) : best;
}

/* When the last one is done, by the loads. */
static double finish_of(const struct plan *plan)
{
	double finish = 0;

	for (size_t i = 0; i < plan->view->worker_count; i++)
		if (plan->capacity[i] > 0 && plan->load[i] / plan->capacity[i] > finish)
			finish = plan->load[i] / plan->capacity[i];
	return finish;
}

static double make(struct plan *plan)
{
	const struct nn_assign_view *view = plan->view;

	for (size_t i = 0; i < view->task_count; i++)
		plan->order[i] = i;
	qsort_r(plan->order, view->task_count, sizeof *plan->order, by_size,
		(struct nn_assign_task *)(size_t)view->tasks);
	for (size_t i = 0; i < view->task_count; i++) {
		size_t task = plan->order[i];

		plan->owners[task] = earliest(plan, task, false);
		plan->load[plan->owners[task]] += view->tasks[task].size;
	}
	return finish_of(plan);
}

/* Is the plan that the tasks have as good as the one in `plan`, ready at `finish`? */
static bool may_stay(struct plan *plan, double finish)
{
	const struct nn_assign_view *view = plan->view;
	double *old = plan->load;
	bool stays = true;

	for (size_t task = 0; task < view->task_count; task++) {
		size_t planned = view->tasks[task].planned;

		if (planned == NN_NOBODY || !view->able[planned])
			return false;
	}
	memset(old, 0, view->worker_count * sizeof *old);
	for (size_t task = 0; task < view->task_count; task++)
		old[view->tasks[task].planned] += view->tasks[task].size;
	for (size_t task = 0; task < view->task_count; task++)
		stays = stays && (old[plan->owners[task]] > 0 || !(view->tasks[task].size > 0));
	return stays && finish >= BETTER * finish_of(plan);
}

int nn_assign_plan(struct nn_assign_task *tasks, const struct nn_assign_view *view,
	const double *capacity, struct nn_error *err)
{
	struct plan plan;
	bool known;

	if (alloc_plan(&plan, view, err))
		return NN_FAILED;
	known = fill_capacities(&plan, capacity);
	if (!known || !may_stay(&plan, make(&plan)))
		for (size_t task = 0; task < view->task_count; task++)
			tasks[task].planned = known ? plan.owners[task] : NN_NOBODY;
	free_plan(&plan);
	return NN_OK;
}

/* The worker that is free first and has something to do, and its task. */
static size_t first_free(const struct nn_assign_view *view, const double *free_at, size_t *task)
{
	size_t first = NN_NOBODY;

	for (size_t i = 0; i < view->worker_count; i++) {
		size_t next;

		if (!view->able[i] || (first != NN_NOBODY && free_at[i] >= free_at[first]))
			continue;
		next = nn_assign_next(view, i);
		if (next != NN_NOBODY) {
			first = i;
			*task = next;
		}
	}
	return first;
}

int nn_assign_simulate(struct nn_assign_task *tasks, const struct nn_assign_view *view,
	const double *capacity, size_t *owners, double *finish, struct nn_error *err)
{
	double *free_at = nn_alloc(view->worker_count, sizeof *free_at, err);
	size_t worker;
	size_t task;

	if (!free_at)
		return NN_FAILED;
	*finish = 0;
	while ((worker = first_free(view, free_at, &task)) != NN_NOBODY) {
		owners[task] = worker;
		tasks[task].waiting = false;
		free_at[worker] += tasks[task].size / capacity[worker];
		if (free_at[worker] > *finish)
			*finish = free_at[worker];
	}
	free(free_at);
	return NN_OK;
}
