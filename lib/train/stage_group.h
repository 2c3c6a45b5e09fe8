/* The same stage of several pipelines: one of them, the leader, adds up their gradients and updates. */
#ifndef NN_TRAIN_STAGE_GROUP_H
#define NN_TRAIN_STAGE_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "reduce/stack.h"
#include "stream/reader.h"
#include "stream/writer.h"

struct nn_stage_group {
	size_t count; /* lines: of the leader, one to each of the others; of those, one to it */
	struct nn_reader **readers;
	struct nn_writer **writers;
	double idle;
	bool victim; /* a line has failed: another process has */
};

/* `leader`: the socket to it, or -1: it is this one, and has `others` [count] in the order of the shards. */
int nn_stage_group_open(struct nn_stage_group *group, int leader, const int *others, size_t count,
	struct nn_error *err);
void nn_stage_group_close(struct nn_stage_group *group);
/* To the leader: all nodes. */
int nn_stage_group_send(struct nn_stage_group *group, struct nn_stack *sums, struct nn_error *err);
/* The leader: those of all others are added to its own. */
int nn_stage_group_collect(struct nn_stage_group *group, struct nn_stack *sums,
	struct nn_error *err);
/* The leader gives its parameters, the others take them. */
int nn_stage_group_give(struct nn_stage_group *group, const struct nn_bundle *params,
	struct nn_error *err);
int nn_stage_group_take(struct nn_stage_group *group, struct nn_bundle *params,
	struct nn_error *err);
/* Seconds that it has waited for the others, since it was last asked. */
double nn_stage_group_idle(struct nn_stage_group *group);

#endif
