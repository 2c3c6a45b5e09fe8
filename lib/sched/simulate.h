/* A training, simulated event by event: workers that are alike or not, tasks that take unlike times,
 * lines that are full, workers that fail. Pure: what is drawn at random is a function of the seed, the
 * step and the task, so that a change elsewhere leaves it as it was.
 *
 * A step hands the model to each worker that takes a task of it, computes all tasks, brings back a
 * gradient of each, and updates; the next one begins then. A worker on another host gets its next task
 * while it is at one, if that is planned for it, and sends while it computes. */
#ifndef NN_SCHED_SIMULATE_H
#define NN_SCHED_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* How the time of a task is spread; its mean is what it is. */
enum nn_sim_tail {
	NN_SIM_STEADY,
	NN_SIM_LOGNORMAL,   /* times exp(s z - s^2 / 2), z normal: s is `spread` */
	NN_SIM_EXPONENTIAL, /* times 1 - s + s e, e exponential of mean 1; s is `spread`, 0 to 1 */
};

/* Workers on one host. Seconds. */
struct nn_sim_host {
	size_t workers;
	size_t processors; /* that they share */
	double speed;      /* tasks of task_seconds are done in task_seconds / speed */
	/* The speed of each of k that compute at once, k <= processors, is share[k - 1]; NULL: 1. With
	 * more of them the processors go round. */
	const double *share;
	double latency; /* one way; 0 and no down, up: it has our memory */
	double down;    /* its line is taken by a model ... */
	double up;      /* ... and by a gradient, for so long */
};

struct nn_sim {
	const struct nn_sim_host *hosts;
	size_t host_count;
	size_t tasks;        /* of a step: shards */
	uint64_t steps;      /* to simulate */
	double task_seconds; /* that a task takes alone */
	enum nn_sim_tail tail;
	double spread;
	double link_down;        /* the coordinator's line is taken by a model for so long */
	double link_up;          /* by a gradient */
	double begin_seconds;    /* before tasks go out */
	double handle_seconds;   /* the coordinator is at work for each answer ... */
	double update_seconds;   /* ... and when all are there */
	bool fixed;              /* task i is worker i's, modulo their number */
	bool async;              /* each gradient is an update */
	uint64_t staleness;      /* then no shard is more steps ahead of the slowest */
	double mtbf;             /* mean time between failures of a worker, exponential; 0: never */
	double coordinator_mtbf; /* the same of the coordinator, which goes on from its checkpoint */
	double restart_seconds;
	uint64_t checkpoint_every; /* steps; 0: none, and the coordinator is never lost */
	double checkpoint_seconds;
	uint64_t seed;
};

struct nn_sim_result {
	double seconds; /* for all steps */
	double step;    /* seconds a step, the first left out if there are more */
	double busy;    /* share of the workers' time in which they compute */
	double link;    /* share of the time in which the coordinator's line is taken, either way */
	uint64_t retries;   /* tasks done again */
	uint64_t failures;  /* of workers */
	uint64_t rollbacks; /* to a checkpoint, the coordinator being lost */
	uint64_t steps_again;
	uint64_t events;
};

/* NN_USAGE: there is no worker or task, or a number is below 0 or none; NN_FAILED without memory; NN_BAD if it
 * goes nowhere: no step ends within `limit` events (0: 100 million). */
int nn_simulate(const struct nn_sim *sim, uint64_t limit, struct nn_sim_result *result,
	struct nn_error *err);

#endif
