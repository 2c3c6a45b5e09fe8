/* A stage of nn-train: makes steps as it is told, and keeps its parameters and their state.
 *
 * What passes between it and the coordinator, in frames of nnt(5):
 *
 *   coordinator  task     metadata `order`: `begin`, with `optimizer`, `kernel`; shards [first, end) of V are
 *                         this pipeline's
 *   coordinator  model, state, END   behind it, to a stage that cannot read the file: its part of them
 *   stage        hello    it has its part of the model; rows, of the first stage: of the data
 *   coordinator  task     `step`: the gradient of that step
 *   stage        metrics  rows, weight and loss, of all shards; tensor `squares`, F64 [tensors]: of the sum of
 *                         the gradients, by name
 *   coordinator  task     `update`: weight is the norm of the whole gradient; rows 1: a step follows at once,
 *                         which the frame names; 0: another order does
 *   stage        metrics  done; tensor `seconds`, F64 [2]: in which it had nothing to do, of how many; rows: the
 *                         signal that wants the run to stop, if it has had one
 *   coordinator  task     `params`, `state`: once more what it has
 *   stage        model, state    its part
 *   stage        error    metadata `status`, `text`, `victim`: another process has failed; then it ends
 *   coordinator  END      the stage ends
 *
 * Between stages, and between the pipelines' stages of the same number, there are sockets of their own: the
 * first pipeline's stage adds up what the others send it (grad), updates, and sends them the parameters
 * (model). */
#ifndef NN_TRAIN_STAGE_SERVE_H
#define NN_TRAIN_STAGE_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define NN_STAGE_ORDER "order"
#define NN_STAGE_VICTIM "victim"
#define NN_STAGE_SQUARES "squares"
#define NN_STAGE_SECONDS "seconds"

struct nn_stage_serve_options {
	const char *model; /* a file; NULL: its part comes behind the order to begin */
	const char *range; /* as nn_range_parse takes it: I/N */
	/* Of the first stage: [count] one file, of which shards are views, or a shard each. */
	char *const *paths;
	size_t count;
	const char *method;
	uint64_t shard_seed;
	bool recompute;
	int up;     /* socket to the stage before; -1: none */
	int down;   /* ... and behind */
	int leader; /* socket to the first pipeline's stage; -1: it is this one */
	const int
		*group; /* [group_count]: sockets to the other pipelines' stages, in their order */
	size_t group_count;
	int (*stop)(void); /* the signal that wants the run to stop, or 0; NULL: nobody asks */
};

/* Until END. What fails is said in an error frame too. */
int nn_stage_serve(int in, int out, const struct nn_stage_serve_options *options,
	struct nn_error *err);

#endif
