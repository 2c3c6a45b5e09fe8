/* A training by stages: each of several processes has some of the layers, their state, and nothing else of
 * the model. What comes out are the bits of nn_train with workers that have all of it. */
#ifndef NN_TRAIN_PIPELINE_H
#define NN_TRAIN_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/io.h"
#include "model/model.h"
#include "proc/hosts.h"
#include "ranks/ranks.h"
#include "train/train.h"
#include "train/update.h"

#define NN_STAGE_TOOL "nn-stage"

/* What is known when the stages have their parts. */
struct nn_pipeline_start {
	size_t stages;
	size_t pipelines;
	const size_t *ends; /* [stages]: stage i has the layers up to ends[i], from ends[i - 1] */
	/* Of their forward and backward passes together, the share of the largest: 1 / stages would be even. */
	double largest;
};

struct nn_pipeline_options {
	size_t stages;    /* >= 1 */
	size_t pipelines; /* m: each has 1 / m of the shards; >= 1 */
	bool recompute;
	uint64_t threads;                    /* of the products of each stage; 0: one */
	const char *model;                   /* a file: what the stages read their parts from */
	const char *checkpoint_name;         /* what to call it */
	uint64_t updates;                    /* made with the state in it */
	const struct nn_update_options *how; /* as given: the rest is in the state */
	const struct nn_train_options *train;
	const struct nn_hosts *hosts; /* as many slots as stages of all pipelines; none: all here */
	/* They are ranks of MPI, at least so many, all of which call this; those that are too many do nothing.
	 * NULL: they are processes. */
	struct nn_ranks *ranks;
	const char *ssh;          /* and its options */
	const char *tool;         /* nn-stage on the hosts */
	struct nn_output *output; /* the trained model goes there, not committed */
	double timeout; /* seconds that none of them may say nothing when it is to; 0: for ever */
	void (*started)(const struct nn_pipeline_start *start);
};
/* What the stages have done all in all. */
struct nn_pipeline_summary {
	double bubble; /* share of the time of the steps that they had nothing to do */
	/* Of as many micro-batches and stages of this arithmetic; (n - 1) / (m + n - 1) if they are even. */
	double at_best;
	double uneven; /* the same of very many micro-batches: what is left is because stages are not even */
	uint64_t steps;
};

/* `checkpoint` is an outline (nn_part_read) whose model names its kernel: metadata, preambles and layouts, which
 * go from step to step there. NN_USAGE: more stages than layers, more pipelines than shards. NN_BAD: numbers that
 * are none, which one stage says; NN_FAILED: a stage has died, which is named; the last checkpoint stays. */
int nn_pipeline_train(struct nn_checkpoint *checkpoint, const struct nn_pipeline_options *options,
	struct nn_pipeline_summary *summary, struct nn_error *err);

#endif
