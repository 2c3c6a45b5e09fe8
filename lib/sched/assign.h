/* Who does which task: pure functions of what is known, no I/O and no clock. The result of a
 * training does not depend on them; how long it takes does. */
#ifndef NN_SCHED_ASSIGN_H
#define NN_SCHED_ASSIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum nn_assign {
	NN_ASSIGN_STATIC,  /* task i is for worker i modulo their number, as long as that one can */
	NN_ASSIGN_DYNAMIC, /* it is for whoever is free; rather for who did it in the last step */
	NN_ASSIGN_WEIGHTED, /* as nn_assign_plan has it; what it leaves open, as dynamic */
};
extern const char *const nn_assign_names[]; /* by number, NULL-terminated */
/* The method of a name: one of the above, the list's own pointer, or NULL: dynamic. */
enum nn_assign nn_assign_of(const char *name);

#define NN_NOBODY ((size_t)-1)

/* What is known of a task; before the first step all workers are NN_NOBODY. */
struct nn_assign_task {
	bool waiting;   /* nobody has it, and it is not done */
	size_t last;    /* who did it in the last step */
	size_t avoid;   /* who has failed at it: another shall try, if there is one */
	size_t planned; /* whose it is by the plan */
	double size;    /* >= 0, in rows or whatever all tasks are measured by */
};
/* What is known of all. */
struct nn_assign_view {
	enum nn_assign method;
	const struct nn_assign_task *tasks;
	size_t task_count;
	const bool *able; /* [worker_count]: can it take a task, now or when it has done its own? */
	size_t worker_count;
	/* May this one do that task, now or ever? NULL: all may do all. */
	bool (*allowed)(const void *context, size_t task, size_t worker);
	const void *context;
};
/* view->allowed, or true. */
bool nn_assign_allowed(const struct nn_assign_view *view, size_t task, size_t worker);

/* The task that `worker`, which is free, shall take; NN_NOBODY: none. */
size_t nn_assign_next(const struct nn_assign_view *view, size_t worker);

/* Plans who does what so that all are ready as early as may be: sets `planned` of view->tasks, which
 * are `tasks`. capacity[worker_count] is how much of a task's size a worker does in the time that
 * all of them are measured by; 0: not known, and taken for the mean of those known. If none is known
 * there is no plan: NN_NOBODY.
 *
 * The largest task goes first, each to who would have done it earliest, with what it has already: of
 * two alike, to the first. Tasks of one size are ready as early as any plan could have them (largest
 * remainders are not as good: of 3 tasks on capacities 1 and 4 they give the slow one a task);
 * uneven ones within a factor of 2 of it, and mostly far closer (Gonzalez, Ibarra, Sahni: Bounds for
 * LPT schedules on uniform processors, 1977).
 *
 * A plan that was there stays while all who have tasks by it are able, nobody stands idle whom the new
 * one would use, and the new one would not be ready 5 % earlier: measured capacities tremble, and who
 * has a shard's data at hand shall keep it. NN_FAILED without memory. */
int nn_assign_plan(struct nn_assign_task *tasks, const struct nn_assign_view *view,
	const double *capacity, struct nn_error *err);

/* Measured capacity: what was done in what time, the past fading; zeroed before the first. */
struct nn_assign_speed {
	double done;
	double time;
};
void nn_assign_measure(struct nn_assign_speed *speed, double size, double time);
/* Size per time; 0: nothing is known. */
double nn_assign_capacity(const struct nn_assign_speed *speed);

/* Runs all tasks on workers as fast as `capacity` says, all of it known: who does which, into
 * owners[task_count], and when the last is done. Tasks are as they are before the first step, and
 * planned if the method wants it; all are done afterwards. NN_FAILED without memory. */
int nn_assign_simulate(struct nn_assign_task *tasks, const struct nn_assign_view *view,
	const double *capacity, size_t *owners, double *finish, struct nn_error *err);

#endif
