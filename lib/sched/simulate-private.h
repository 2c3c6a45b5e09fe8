/* What the files of the simulation share: simulate.c, what happens when; simulate_host.c, processors
 * that workers share; simulate_fault.c, what is lost. */
#ifndef NN_SCHED_SIMULATE_PRIVATE_H
#define NN_SCHED_SIMULATE_PRIVATE_H

#include "sched/assign.h"
#include "sched/events.h"
#include "sched/simulate.h"

enum what {
	BEGIN,    /* a step's tasks go out */
	ARRIVE,   /* worker `who` has what its task needs */
	COMPUTED, /* on host `who` the first of those who compute is done; or worker `who`, alone */
	ANSWER,   /* a gradient of task `about` is here, of worker `who` */
	HANDLED,  /* ... and in the sum */
	UPDATED,
	FAILS, /* worker `who` */
	UP,    /* ... is back */
	LOST,  /* the coordinator */
};

enum state { IDLE, COMING, COMPUTING, ANSWERING, DOWN };

struct worker {
	size_t host;
	enum state state;
	size_t task;
	size_t next;       /* that it has got as well; or NN_NOBODY */
	size_t sending[2]; /* tasks whose gradients are on their way; or NN_NOBODY */
	double sent;       /* when the last of them has left */
	size_t own;        /* the next of its tasks, where they are fixed */
	uint64_t has;      /* the model */
	uint64_t version;  /* events of an older one are void */
	uint64_t failures;
	double began;
	double finish; /* of its task, by the host's clock */
	size_t place;  /* among those who compute on its host */
};
struct host {
	size_t *computing; /* [workers]: workers */
	size_t count;
	double clock;              /* work that each of them has got so far */
	double at;                 /* ... up to this time */
	double line_down, line_up; /* free from then on */
	uint64_t version;
	bool plain; /* nobody slows anybody down */
};

struct simulation {
	const struct nn_sim *sim;
	struct nn_sim_result *result;
	struct nn_events events;
	struct worker *workers;
	struct host *hosts;
	size_t worker_count;
	size_t idle;   /* of them */
	size_t *queue; /* [tasks]: a ring of tasks that wait */
	size_t first, waiting;
	uint64_t *tries; /* [tasks] */
	uint64_t *done;  /* [tasks]: steps, of asynchronous ones */
	bool *blocked;   /* [tasks]: it would be too far ahead */
	uint64_t slowest;
	double now;
	double link_down, link_up; /* free from then on */
	double link_down_busy, link_up_busy;
	double coordinator; /* free from then on */
	uint64_t model;
	uint64_t version;  /* of the coordinator */
	uint64_t step;     /* done */
	uint64_t saved;    /* by the last checkpoint */
	size_t answers;    /* of the step at hand */
	double first_step; /* when it was done */
	double busy;
	uint64_t lost; /* coordinators */
};

int nn_sim_put(struct simulation *s, double time, enum what what, size_t who, size_t about,
	uint64_t version, struct nn_error *err);

/* simulate_host.c: a worker begins to compute; is taken off; who is done first. */
int nn_sim_compute(struct simulation *s, size_t worker, double work, struct nn_error *err);
int nn_sim_leave(struct simulation *s, size_t worker, struct nn_error *err);
size_t nn_sim_first(struct simulation *s, size_t host);
/* How long a task takes alone, by chance. */
double nn_sim_work(const struct simulation *s, size_t task);
double nn_sim_exponential(const struct simulation *s, uint64_t of, uint64_t number, double mean);

/* simulate.c */
void nn_sim_wait(struct simulation *s, size_t task);
void nn_sim_become(struct simulation *s, struct worker *worker, enum state state);
int nn_sim_hand_out(struct simulation *s, struct nn_error *err);
int nn_sim_begin(struct simulation *s, struct nn_error *err);

/* simulate_fault.c */
int nn_sim_await_failure(struct simulation *s, size_t worker, struct nn_error *err);
int nn_sim_await_loss(struct simulation *s, struct nn_error *err);
int nn_sim_fail(struct simulation *s, size_t worker, struct nn_error *err);
int nn_sim_up(struct simulation *s, size_t worker, struct nn_error *err);
int nn_sim_lose(struct simulation *s, struct nn_error *err);

#endif
