#include "sched/assign.h"

const char *const nn_assign_names[] = { "static", "dynamic", NULL };

/* Is there anyone else who could do what `worker` has failed at? */
static bool has_other(const struct nn_assign_view *view, size_t worker)
{
	for (size_t i = 0; i < view->worker_count; i++)
		if (i != worker && view->able[i])
			return true;
	return false;
}

static bool may_take(const struct nn_assign_view *view, size_t task, size_t worker)
{
	const struct nn_assign_task *what = &view->tasks[task];

	return what->waiting && (what->avoid != worker || !has_other(view, worker));
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

size_t nn_assign_next(const struct nn_assign_view *view, size_t worker)
{
	return view->method == NN_ASSIGN_STATIC ? next_static(view, worker) :
						  next_dynamic(view, worker);
}
