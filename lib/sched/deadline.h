/* How long to wait for an answer, by how long a worker has taken so far: pure functions. A deadline
 * that passes too soon costs a task that is done twice and a worker that starts again; one that
 * passes too late, as long a silence. */
#ifndef NN_SCHED_DEADLINE_H
#define NN_SCHED_DEADLINE_H

#include <stddef.h>

/* What one worker has taken for its last tasks; zeroed before the first. */
#define NN_DEADLINE_TASKS 16
struct nn_deadline {
	double sizes[NN_DEADLINE_TASKS]; /* of tasks, in whatever all of them are measured by */
	double seconds[NN_DEADLINE_TASKS];
	size_t count; /* that were noted; the last NN_DEADLINE_TASKS of them are kept */
};
void nn_deadline_note(struct nn_deadline *known, double size, double seconds);

/* Seconds: never less, because a machine that is busy with something else is not a fault. */
#define NN_DEADLINE_LEAST 5.0
/* Tasks that say something. */
#define NN_DEADLINE_ENOUGH 3

/* For a task of that size: 10 times what such a task took in the middle (the median), 3 times what it
 * took at most, NN_DEADLINE_LEAST; the longest of these. The time of a task is taken to grow with its
 * size, not to shrink. 0: fewer than NN_DEADLINE_ENOUGH are known. */
double nn_deadline_of(const struct nn_deadline *known, double size);
/* The median itself; 0: nothing is known. */
double nn_deadline_usual(const struct nn_deadline *known, double size);
/* For one of the first tasks, when a worker may read its data: 10 times what the first ones of other
 * workers took at most (0: not known), but a minute at least, and `longest` at most or if nothing is
 * known. */
double nn_deadline_first(double others, double longest);

#endif
