#include "train/stage_group.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int nn_stage_group_open(struct nn_stage_group *group, int leader, const int *others, size_t count,
	struct nn_error *err)
{
	int status = NN_OK;

	if (leader >= 0) {
		others = &leader;
		count = 1;
	}
	group->readers = nn_alloc(count, sizeof(struct nn_reader *), err);
	group->writers = nn_alloc(count, sizeof(struct nn_writer *), err);
	if (!group->readers || !group->writers)
		return NN_FAILED;
	group->count = count;
	for (size_t i = 0; i < count && !status; i++) {
		/* For nn_io_bound. */
		fcntl(others[i], F_SETFL, O_NONBLOCK);
		status = nn_reader_open(&group->readers[i], others[i], "another pipeline", 0, err);
		if (!status)
			status = nn_writer_open(&group->writers[i], others[i], "another pipeline",
				err);
	}
	return status;
}

void nn_stage_group_close(struct nn_stage_group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		nn_reader_close(group->readers[i]);
		nn_writer_close(group->writers[i]);
	}
	free(group->readers);
	free(group->writers);
	*group = (struct nn_stage_group){ 0 };
}

static int check(struct nn_stage_group *group, int status)
{
	group->victim = group->victim || status == NN_FAILED;
	return status;
}

int nn_stage_group_send(struct nn_stage_group *group, struct nn_stack *sums, struct nn_error *err)
{
	size_t count = nn_stack_count(sums);
	int status = NN_OK;

	for (size_t i = 0; i < count && !status; i++) {
		const struct nn_partial *node = nn_stack_node(sums, i);
		struct nn_preamble preamble = { .kind = NN_KIND_GRAD,
			.flags = i + 1 < count ? NN_FLAG_MORE : 0,
			.shards = node->range.end,
			.first = node->range.first,
			.end = node->range.end,
			.rows = node->rows,
			.weight = node->weight,
			.loss = node->loss };

		status = nn_writer_frame(group->writers[0], &preamble, &node->sum, err);
	}
	return check(group, status);
}

/* Straight into its place. */
static int take_numbers(struct nn_reader *reader, const struct nn_frame *frame,
	struct nn_bundle *bundle, struct nn_error *err)
{
	int status = NN_OK;

	if (nn_bundle_same_layout(frame->layout, bundle, err) || !frame->ordered)
		return nn_reader_blame(reader, err);
	if (bundle->bytes)
		status = nn_reader_take(reader, bundle->data, bundle->bytes, err);
	return status ? status : nn_reader_verify(reader, err);
}

static int await(struct nn_stage_group *group, size_t i, unsigned kind,
	const struct nn_frame **frame, struct nn_error *err)
{
	double began = now();
	int status = nn_reader_find(group->readers[i], kind, frame, err);

	group->idle += now() - began;
	if (!status && !*frame)
		status = nn_fail(err, NN_FAILED, "another pipeline has ended");
	return status;
}

static int take_node(struct nn_stage_group *group, size_t i, struct nn_stack *sums, bool *more,
	struct nn_error *err)
{
	const struct nn_frame *frame;
	struct nn_partial *next;
	int status = await(group, i, NN_KIND_GRAD, &frame, err);

	if (!status)
		status = nn_stack_next(sums, &next, err);
	if (!status)
		status = take_numbers(group->readers[i], frame, &next->sum, err);
	if (status)
		return status;
	next->range = (struct nn_node){ frame->preamble.first, frame->preamble.end };
	next->rows = frame->preamble.rows;
	next->weight = frame->preamble.weight;
	next->loss = frame->preamble.loss;
	*more = frame->preamble.flags & NN_FLAG_MORE;
	nn_stack_push(sums);
	return NN_OK;
}

int nn_stage_group_collect(struct nn_stage_group *group, struct nn_stack *sums,
	struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < group->count && !status; i++) {
		bool more = true;

		while (more && !status)
			status = take_node(group, i, sums, &more, err);
	}
	return check(group, status);
}

int nn_stage_group_give(struct nn_stage_group *group, const struct nn_bundle *params,
	struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = NN_KIND_MODEL };
	int status = NN_OK;

	for (size_t i = 0; i < group->count && !status; i++)
		status = nn_writer_frame(group->writers[i], &preamble, params, err);
	return check(group, status);
}

int nn_stage_group_take(struct nn_stage_group *group, struct nn_bundle *params,
	struct nn_error *err)
{
	const struct nn_frame *frame;
	int status = await(group, 0, NN_KIND_MODEL, &frame, err);

	if (!status)
		status = take_numbers(group->readers[0], frame, params, err);
	return check(group, status);
}

double nn_stage_group_idle(struct nn_stage_group *group)
{
	double idle = group->idle;

	group->idle = 0;
	return idle;
}
