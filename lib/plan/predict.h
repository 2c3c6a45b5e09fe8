/* What a training would take: a way to run it becomes a simulation (sched/simulate.h), whose times
 * come from a profile. Pure: no I/O.
 *
 * Two laws say most of it. C = k b: what crosses in a step is k messages of b bytes, a model for each
 * worker on another host and a gradient for each of the V tasks there. P = n T: n workers do n times what
 * one does, as long as nothing is lost; forecasts say from where on that is not so, and why. */
#ifndef NN_PLAN_PREDICT_H
#define NN_PLAN_PREDICT_H

#include "plan/model.h"
#include "sched/simulate.h"

enum nn_plan_kind {
	NN_PLAN_SYNC,   /* all gradients of one model make the next */
	NN_PLAN_PACKED, /* the same, packed without loss */
	NN_PLAN_LOCAL,  /* local steps */
	NN_PLAN_ASYNC,
	NN_PLAN_STAGES, /* layers in stages; workers: pipelines side by side */
	NN_PLAN_SLICES, /* gradients and models to and from servers that have a slice each */
	NN_PLAN_MPI,    /* ranks that exchange slices by MPI */
};
extern const char *const nn_plan_kind_names[]; /* by number, NULL-terminated */

struct nn_plan_way {
	enum nn_plan_kind kind;
	size_t workers;
	size_t stages;        /* of NN_PLAN_STAGES */
	size_t slices;        /* of NN_PLAN_SLICES */
	uint64_t local_steps; /* of NN_PLAN_LOCAL */
};

/* Where workers may be: in this order. */
struct nn_plan_host {
	const struct nn_profile_host *host;
	size_t workers;
	bool here; /* it shares memory with the coordinator */
};

struct nn_plan_setting {
	const struct nn_plan_model *model;
	const struct nn_plan_host *hosts; /* the first computes what one worker would */
	size_t host_count;
	const struct nn_profile_host *coordinator;
	struct nn_profile_line line; /* to hosts beyond those: all like the last one */
	double rows;                 /* of the data */
	double batch;                /* rows a step; 0: all */
	uint64_t shards;             /* V; 0: as many as suit */
	size_t optimizer;            /* place in nn_optim_names */
	double link;        /* bytes a second of the coordinator's line; 0: as its lines say */
	double grad_ratio;  /* bytes that packing leaves of a gradient */
	double model_ratio; /* ... of what has changed in a model */
	bool pack;          /* whatever crosses is packed */
	bool pack_auto; /* as nn-train --compress auto has it: NN_PLAN_SYNC packs on slow lines too */
	enum nn_sim_tail tail;
	double spread;
	double mtbf; /* of any process, seconds; 0: none fails */
	double restart_seconds;
	uint64_t checkpoint_every;
	bool fixed; /* static assignment */
	uint64_t staleness;
	uint64_t seed;
	uint64_t steps; /* to simulate; 0: some */
	double alone;   /* what nn_plan_alone says of the rest; 0: it is found out */
};

enum nn_plan_loss {
	NN_PLAN_NOTHING,    /* n T holds, within a tenth */
	NN_PLAN_SHARDS,     /* more workers than tasks, or tasks that do not divide among them */
	NN_PLAN_PROCESSORS, /* workers share processors, or caches and memory */
	NN_PLAN_SMALL,      /* tasks of few rows are slow for their size */
	NN_PLAN_LINE,       /* the coordinator's line is full, or a host's */
	NN_PLAN_LATENCY,    /* exchange, and the way there and back */
	NN_PLAN_SUM,        /* sums and update */
	NN_PLAN_STRAGGLERS,
	NN_PLAN_FAILURES,
	NN_PLAN_BUBBLE, /* stages that wait for each other */
};
/* "the line is full", ... */
const char *nn_plan_loss_text(enum nn_plan_loss loss);

struct nn_plan_forecast {
	struct nn_plan_way way;
	uint64_t shards;     /* V */
	double step_seconds; /* INFINITY: failures are more frequent than steps end */
	double samples_per_second;
	double speedup;    /* against one worker on the first host, of the same batch */
	double efficiency; /* that over the number of workers */
	double messages;   /* k and b: bytes of a step are k b; a b of all their kinds */
	double message_bytes;
	double bytes;        /* a step */
	double worker_bytes; /* memory of a worker, or of the largest stage */
	double coordinator_bytes;
	double epoch_seconds;
	double busy;    /* share of workers' time in which they compute */
	double line;    /* share of the time in which the coordinator's line is taken */
	double retries; /* a step */
	double bubble;  /* of stages */
	bool there;     /* the hosts named have so many workers */
	bool same_bits; /* the model that comes out is that of one worker */
	bool packed;
	enum nn_plan_loss loss; /* what takes most, if n T does not hold */
};

/* Seconds of a step of one worker beside the coordinator, on the first host, with the same luck: what speed-ups
 * are against. It is the same for all ways. INFINITY: it comes to no end. */
int nn_plan_alone(const struct nn_plan_setting *setting, double *seconds, struct nn_error *err);
/* NN_USAGE: the way makes no sense for the model: more stages than layers, say. */
int nn_plan_predict(const struct nn_plan_setting *setting, const struct nn_plan_way *way,
	struct nn_plan_forecast *forecast, struct nn_error *err);

#endif
