#include "sched/assign.h"

const char *const nn_assign_names[] = { "static", "dynamic", "weighted", NULL };

enum nn_assign nn_assign_of(const char *name)
{
	for (size_t i = 0; nn_assign_names[i]; i++)
		if (name == nn_assign_names[i])
			return (enum nn_assign)i;
	return NN_ASSIGN_DYNAMIC;
}

bool nn_assign_allowed(const struct nn_assign_view *view, size_t task, size_t worker)
{
	return !view->allowed || view->allowed(view->context, task, worker);
}

/* Is there anyone else who could do what `worker` has failed at? */
static bool has_other(const struct nn_assign_view *view, size_t task, size_t worker)
{
	for (size_t i = 0; i < view->worker_count; i++)
		if (i != worker && view->able[i] && nn_assign_allowed(view, task, i))
			return true;
	return false;
}

static bool may_take(const struct nn_assign_view *view, size_t task, size_t worker)
{
	const struct nn_assign_task *what = &view->tasks[task];

	return what->waiting && nn_assign_allowed(view, task, worker) &&
		(what->avoid != worker || !has_other(view, task, worker));
}

/* The first that may, from worker task modulo their number on. */
static size_t owner(const struct nn_assign_view *view, size_t task)
{
	for (size_t i = 0; i < view->worker_count; i++) {
		size_t worker = (task + i) % view->worker_count;

		if (view->able[worker] && may_take(view, task, worker))
			return worker;
	}
	return NN_NOBODY;
}

static size_t next_static(const struct nn_assign_view *view, size_t worker)
{
	for (size_t task = 0; task < view->task_count; task++)
		if (view->tasks[task].waiting && owner(view, task) == worker)
			return task;
	return NN_NOBODY;
}

/* Its own of the last step, whose data it has at hand; else one that nobody had; else any. */
static size_t next_dynamic(const struct nn_assign_view *view, size_t worker)
{
	size_t fresh = NN_NOBODY;
	size_t any = NN_NOBODY;

	for (size_t task = 0; task < view->task_count; task++) {
		size_t last = view->tasks[task].last;

		if (!may_take(view, task, worker))
			continue;
		if (last == worker)
			return task;
		if (last == NN_NOBODY && fresh == NN_NOBODY)
			fresh = task;
		if (any == NN_NOBODY)
			any = task;
	}
	return fresh != NN_NOBODY ? fresh : any;
}

/* Its own; else one whose owner cannot do it. */
static size_t next_weighted(const struct nn_assign_view *view, size_t worker)
{
	size_t orphan = NN_NOBODY;

	for (size_t task = 0; task < view->task_count; task++) {
		size_t planned = view->tasks[task].planned;

		if (!may_take(view, task, worker))
			continue;
		if (planned == worker)
			return task;
		if (orphan == NN_NOBODY && (!view->able[planned] || !may_take(view, task, planned)))
			orphan = task;
	}
	return orphan;
}

size_t nn_assign_next(const struct nn_assign_view *view, size_t worker)
{
	if (view->method == NN_ASSIGN_STATIC)
		return next_static(view, worker);
	/* A plan has all tasks or none. */
	if (view->method == NN_ASSIGN_WEIGHTED && view->task_count &&
		view->tasks[0].planned != NN_NOBODY)
		return next_weighted(view, worker);
	return next_dynamic(view, worker);
}
