/* nn-plan's ways to run a training: which are tried, what they would be like, how they are typed. */
#ifndef NN_TOOLS_PLAN_WAYS_H
#define NN_TOOLS_PLAN_WAYS_H

#include "base/memory.h"
#include "plan/predict.h"
#include "proc/hosts.h"

struct plan_ways {
	const struct nn_plan_setting *setting;
	const struct nn_hosts *hosts; /* as they were named; none: this machine */
	const char *model;            /* operand */
	const char *optimizer;
	const char *assign; /* NULL: not given */
	uint64_t workers;   /* these alone; 0: powers of two, and what the hosts have */
	const char *only;   /* one of nn_plan_kind_names; NULL: all */
	uint64_t local_steps, stages, slices; /* 0: some */
	struct nn_plan_forecast *list;        /* what is found [count] */
	size_t count;
	size_t room;
	size_t best;   /* in the list: what is recommended */
	size_t faster; /* of another result, and much faster; or NN_NO_WAY */
	size_t holds;  /* n T holds up to so many workers */
	size_t lost;   /* the first in the list where it does not; or NN_NO_WAY */
};
#define NN_NO_WAY ((size_t)-1)

/* Fills in the list and what follows it; exits on failure. */
void plan_ways_try(struct plan_ways *ways);
/* The line that runs it. */
int plan_ways_command(const struct plan_ways *ways, const struct nn_plan_forecast *forecast,
	struct nn_buffer *line, struct nn_error *err);

#endif
