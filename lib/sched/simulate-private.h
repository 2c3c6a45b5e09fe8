/* What the files of the simulation share: simulate.c, what happens when; simulate_share.c, what
 * workers share; simulate_fault.c, what is lost;
 * simulate_run.c, all of it. */
#ifndef NN_SCHED_SIMULATE_PRIVATE_H
#define NN_SCHED_SIMULATE_PRIVATE_H

#include "sched/assign.h"
#include "sched/events.h"
#include "sched/simulate.h"

enum what {
	BEGIN,    /* a step's tasks go out */
	ARRIVE,   /* worker `who` has what its task needs */
	COMPUTED, /* worker `who`, alone on its processor */
	SHARED,   /* of what shares resource `who` the first is done */
	ANSWER,   /* a gradient of task `about` is here, of worker `who` */
	HANDLED,  /* ... and in the sum */
	UPDATED,
	FAILS, /* worker `who` */
	UP,    /* ... is back */
	LOST,  /* the coordinator */
};

/* HOLDING: its task is done, but the gradient before it has not left yet. */
enum state { IDLE, COMING, COMPUTING, HOLDING, ANSWERING, DOWN };

struct worker {
	size_t host;
	enum state state;
	size_t task;
	size_t next;       /* that it has got as well; or NN_NOBODY */
	size_t sending[2]; /* tasks whose gradients are on their way; or NN_NOBODY */
	unsigned ways; /* that the model, on its way, has still to pass: its host's line, ours */
	unsigned ways_back; /* the same of a gradient */
	size_t own;         /* the next of its tasks, where they are fixed */
	uint64_t has;       /* the model */
	uint64_t version;   /* events of an older one are void */
	uint64_t failures;
	double began;
};

/* Something that those who use it get equal parts of: a host's processors, a line in one direction.
 * Who uses it is kept by the work that each of them will have got when he is done, which is known when
 * he begins. */
struct resource {
	struct nn_events users; /* time: that work; who, about: a worker, and what it passes */
	size_t count;           /* of them that are not void */
	double clock;           /* work that each has got so far ... */
	double at;              /* ... up to this time */
	uint64_t version;
};
enum {
	PROCESSORS,
	LINE_DOWN,
	LINE_UP,
	RESOURCES
}; /* of each host; and of the coordinator's lines */

struct simulation {
	const struct nn_sim *sim;
	struct nn_sim_result *result;
	struct nn_events events;
	struct worker *workers;
	struct resource
		*resources; /* [host_count + 1][RESOURCES]: the last are the coordinator's */
	size_t worker_count;
	size_t idle;   /* of them */
	size_t *queue; /* [tasks]: a ring of tasks that wait */
	size_t first, waiting;
	uint64_t *tries; /* [tasks] */
	uint64_t *done;  /* [tasks]: steps, of asynchronous ones */
	bool *blocked;   /* [tasks]: it would be too far ahead */
	uint64_t slowest;
	size_t slow; /* tasks that have done no more than that */
	double now;
	double busy_link[RESOURCES];
	double coordinator; /* free from then on */
	uint64_t model;
	uint64_t version;  /* of the coordinator */
	uint64_t step;     /* done */
	uint64_t saved;    /* by the last checkpoint */
	size_t answers;    /* of the step at hand */
	bool begun;        /* its tasks have gone out */
	uint64_t looked;   /* at workers and tasks, one by one */
	double first_step; /* when it was done */
	double busy;
	uint64_t lost; /* coordinators */
};

int nn_sim_put(struct simulation *s, double time, enum what what, size_t who, size_t about,
	uint64_t version, struct nn_error *err);

/* simulate_share.c: `worker` begins to use a resource of a host for so much work, leaves it early, and who is
 * done; nn_sim_shared takes the first and calls nn_sim_passed. */
int nn_sim_use(struct simulation *s, size_t host, unsigned which, size_t worker, double work,
	struct nn_error *err);
int nn_sim_leave(struct simulation *s, size_t host, unsigned which, struct nn_error *err);
int nn_sim_shared(struct simulation *s, size_t resource, struct nn_error *err);
/* Nobody slows anybody down there. */
bool nn_sim_is_plain(const struct nn_sim_host *host);
/* How long a task takes alone, by chance. */
double nn_sim_work(const struct simulation *s, size_t task);
double nn_sim_exponential(const struct simulation *s, uint64_t of, uint64_t number, double mean);

/* simulate.c */
int nn_sim_passed(struct simulation *s, size_t worker, size_t resource, struct nn_error *err);
void nn_sim_wait(struct simulation *s, size_t task);
void nn_sim_become(struct simulation *s, struct worker *worker, enum state state);
int nn_sim_hand_out(struct simulation *s, struct nn_error *err);
int nn_sim_begin(struct simulation *s, struct nn_error *err);
int nn_sim_happen(struct simulation *s, struct nn_event event, struct nn_error *err);

/* simulate_fault.c */
int nn_sim_await_failure(struct simulation *s, size_t worker, struct nn_error *err);
int nn_sim_await_loss(struct simulation *s, struct nn_error *err);
int nn_sim_fail(struct simulation *s, size_t worker, struct nn_error *err);
int nn_sim_up(struct simulation *s, size_t worker, struct nn_error *err);
int nn_sim_lose(struct simulation *s, struct nn_error *err);

#endif
