/* Who does which task: pure functions of what is known, no I/O and no clock. The result of a
 * training does not depend on them; how long it takes does. */
#ifndef NN_SCHED_ASSIGN_H
#define NN_SCHED_ASSIGN_H

#include <stdbool.h>
#include <stddef.h>

enum nn_assign {
	NN_ASSIGN_STATIC,  /* task i is for worker i modulo their number, as long as that one can */
	NN_ASSIGN_DYNAMIC, /* it is for whoever is free; rather for who did it in the last step */
};
extern const char *const nn_assign_names[]; /* by number, NULL-terminated */

#define NN_NOBODY ((size_t)-1)

/* What is known of a task; before the first step both are NN_NOBODY. */
struct nn_assign_task {
	bool waiting; /* nobody has it, and it is not done */
	size_t last;  /* who did it in the last step */
	size_t avoid; /* who has failed at it: another shall try, if there is one */
};
/* What is known of all. */
struct nn_assign_view {
	enum nn_assign method;
	const struct nn_assign_task *tasks;
	size_t task_count;
	const bool *able; /* [worker_count]: can it take a task, now or when it has done its own? */
	size_t worker_count;
};

/* The task that `worker`, which is free, shall take; NN_NOBODY: none. */
size_t nn_assign_next(const struct nn_assign_view *view, size_t worker);

#endif
