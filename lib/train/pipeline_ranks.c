/* Stages that are ranks of MPI. In each rank a thread serves its stage, as a process of nn-stage would, on sockets;
 * another one passes what goes to other ranks, and is the only one there to call MPI. On rank 0 the
 * coordinator runs besides, and does not know where the stages are. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "train/pipeline-private.h"
#include "train/stage_serve.h"

/* Two ranks have one line of a kind between them. */
enum { ORDERS, NEXT, GROUP };

struct nn_rank_stage {
	struct nn_ranks *ranks;
	struct nn_stage_serve_options serve;
	char range[48];
	int orders; /* the stage's end */
	int *group; /* [serve.group_count] */
	struct nn_ranks_line *lines;
	size_t line_count;
	pthread_t passes, serves;
	bool passing, serving;
	struct nn_error why; /* why bytes did not pass */
	int status;
};

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_ends(struct nn_rank_stage *stage)
{
	close_one(&stage->orders);
	close_one(&stage->serve.up);
	close_one(&stage->serve.down);
	close_one(&stage->serve.leader);
	for (size_t k = 0; k < stage->serve.group_count && stage->group; k++)
		close_one(&stage->group[k]);
}

static void *serve(void *data)
{
	struct nn_rank_stage *stage = data;
	struct nn_error told; /* to the coordinator, in a frame */

	nn_stage_serve(stage->orders, stage->orders, &stage->serve, &told);
	/* Others learn that it has ended. */
	close_ends(stage);
	return NULL;
}

static void *pass(void *data)
{
	struct nn_rank_stage *stage = data;

	stage->status = nn_ranks_pass(stage->ranks, stage->lines, stage->line_count, &stage->why);
	return NULL;
}

static int add_line(struct nn_rank_stage *stage, int *mine, size_t peer, unsigned label,
	struct nn_error *err)
{
	struct nn_ranks_line *line = &stage->lines[stage->line_count];

	if (nn_crew_pair(mine, &line->fd, err))
		return NN_FAILED;
	line->peer = peer;
	line->label = label;
	stage->line_count++;
	return NN_OK;
}

/* What a process would be told by its command line. */
static void set_options(struct nn_rank_stage *stage, const struct nn_pipeline_options *options)
{
	const struct nn_serve_options *data = options->train->serve;
	size_t number = stage->ranks->rank % options->stages;

	snprintf(stage->range, sizeof stage->range, "%zu/%zu", number, options->stages);
	stage->serve = (struct nn_stage_serve_options){ .model = options->model,
		.range = stage->range,
		.paths = number ? NULL : data->paths,
		.count = number ? 0 : data->count,
		.method = options->train->run.method,
		.shard_seed = options->train->run.shard_seed,
		.recompute = options->recompute,
		.up = -1,
		.down = -1,
		.leader = -1,
		.stop = options->train->stop };
}

static int add_lines(struct nn_rank_stage *stage, const struct nn_pipeline_options *options,
	struct nn_error *err)
{
	size_t rank = stage->ranks->rank;
	size_t stages = options->stages;
	size_t number = rank % stages;
	size_t others = rank < stages ? options->pipelines - 1 : 0;
	int status = NN_OK;

	stage->group = nn_alloc(others, sizeof *stage->group, err);
	if (!stage->group)
		return NN_FAILED;
	for (size_t k = 0; k < others; k++)
		stage->group[k] = -1;
	stage->serve.group = stage->group;
	stage->serve.group_count = others;
	if (number)
		status = add_line(stage, &stage->serve.up, rank - 1, NEXT, err);
	if (!status && number + 1 < stages)
		status = add_line(stage, &stage->serve.down, rank + 1, NEXT, err);
	if (!status && rank >= stages)
		status = add_line(stage, &stage->serve.leader, number, GROUP, err);
	for (size_t k = 0; k < others && !status; k++)
		status = add_line(stage, &stage->group[k], (k + 1) * stages + number, GROUP, err);
	return status;
}

static int open_stage(struct nn_rank_stage **out, const struct nn_pipeline_options *options,
	struct nn_error *err)
{
	size_t members = options->stages * options->pipelines;
	struct nn_rank_stage *stage = nn_alloc(1, sizeof *stage, err);

	*out = stage;
	if (!stage)
		return NN_FAILED;
	stage->ranks = options->ranks;
	stage->orders = -1;
	set_options(stage, options);
	/* Of the leader, one to each; of all, those to neighbours and to other pipelines. */
	stage->lines = nn_alloc(2 * members + 4, sizeof *stage->lines, err);
	return stage->lines ? add_lines(stage, options, err) : NN_FAILED;
}

static int start(struct nn_rank_stage *stage, struct nn_error *err)
{
	int status = nn_crew_thread(&stage->passes, pass, stage, err);

	stage->passing = !status;
	if (!status)
		status = nn_crew_thread(&stage->serves, serve, stage, err);
	stage->serving = stage->passing && !status;
	return status;
}

/* When it has ended, and all that it said is where it belongs. */
static int close_stage(struct nn_rank_stage *stage, struct nn_error *err)
{
	int status;

	if (!stage)
		return NN_OK;
	if (stage->serving)
		pthread_join(stage->serves, NULL);
	else
		close_ends(stage);
	if (stage->passing)
		pthread_join(stage->passes, NULL);
	for (size_t i = 0; i < stage->line_count && !stage->passing; i++)
		close(stage->lines[i].fd);
	status = stage->status;
	if (status)
		*err = stage->why;
	free(stage->lines);
	free(stage->group);
	free(stage);
	return status;
}

int nn_rank_stage_agree(struct nn_ranks *ranks, int status, struct nn_error *err)
{
	struct nn_error mine = *err;
	int all = nn_ranks_agree(ranks, status, err);

	if (status)
		*err = mine;
	return all;
}

int nn_rank_stage_lead(struct nn_pipeline *pipeline, struct nn_error *err)
{
	int status = open_stage(&pipeline->mine, pipeline->options, err);
	struct nn_rank_stage *stage = pipeline->mine;

	for (size_t i = 0; i < pipeline->count && !status; i++) {
		struct nn_member *member = &pipeline->members[i];

		status = i ? add_line(stage, &member->orders, i, ORDERS, err) :
			     nn_crew_pair(&member->orders, &stage->orders, err);
		/* For nn_io_bound. */
		if (!status)
			fcntl(member->orders, F_SETFL, O_NONBLOCK);
		if (!status)
			status = nn_reader_open(&member->reader, member->orders, member->name, 0,
				err);
		if (!status)
			status = nn_writer_open(&member->writer, member->orders, member->name, err);
	}
	if (!status)
		status = start(stage, err);
	/* Then the others wait for what does not come. */
	pipeline->options->ranks->lost = status != NN_OK;
	return status;
}

int nn_rank_stage_end(struct nn_pipeline *pipeline, int status, struct nn_error *err)
{
	const struct nn_pipeline_options *options = pipeline->options;
	struct nn_ranks *ranks = options->ranks;
	struct nn_error why;
	int passed = NN_OK;

	/* Who hangs keeps all lines open. */
	ranks->lost = ranks->lost || pipeline->timed_out;
	if (ranks->lost)
		return status;
	passed = close_stage(pipeline->mine, &why);
	pipeline->mine = NULL;
	if (passed && !status) {
		*err = why;
		status = passed;
	}
	ranks->lost = passed != NN_OK;
	if (ranks->lost)
		return status;
	for (size_t r = options->stages * options->pipelines; r < ranks->size; r++)
		nn_ranks_wake(ranks, r);
	return nn_rank_stage_agree(ranks, status, err);
}

int nn_rank_stage_follow(const struct nn_pipeline_options *options, struct nn_error *err)
{
	struct nn_ranks *ranks = options->ranks;
	struct nn_rank_stage *stage = NULL;
	int status = nn_ranks_agree(ranks, NN_OK, err);
	struct nn_error why;

	if (status)
		return status;
	if (ranks->rank >= options->stages * options->pipelines) {
		nn_ranks_sleep(ranks);
		return nn_ranks_agree(ranks, NN_OK, err);
	}
	status = open_stage(&stage, options, err);
	if (!status)
		status = add_line(stage, &stage->orders, 0, ORDERS, err);
	if (!status)
		status = start(stage, err);
	if (close_stage(stage, &why) && !status) {
		*err = why;
		status = (int)why.status;
	}
	/* Who passes nothing on would keep the others waiting. */
	ranks->lost = status != NN_OK;
	return status ? status : nn_ranks_agree(ranks, NN_OK, err);
}
