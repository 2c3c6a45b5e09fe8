#include "train/task.h"

#include <stdlib.h>

#include "base/memory.h"
#include "data/sampler.h"

void nn_task_space_free(struct nn_task_space *space)
{
	free(space->rows);
	free(space->x);
	free(space->y);
	free(space->labels);
	*space = (struct nn_task_space){ 0 };
}

/* What was in it is not wanted any more: nothing is copied. */
static int renew(void *place, size_t count, size_t size, struct nn_error *err)
{
	void **block = place;
	size_t bytes;

	free(*block);
	*block = NULL;
	if (!nn_mul(count, size, &bytes))
		return nn_fail(err, NN_FAILED, "%zu rows at once are too many", count);
	*block = nn_alloc_aligned(bytes, err);
	return *block ? NN_OK : NN_FAILED;
}

static int make_room(struct nn_task_space *space, const struct nn_dataset *data, size_t rows,
	struct nn_error *err)
{
	size_t outputs = data->has_classes ? 0 : data->outputs;
	int status;

	if (rows <= space->room && space->features == data->features && space->outputs == outputs &&
		space->positions == data->positions)
		return NN_OK;
	space->room = 0;
	space->features = data->features;
	space->outputs = outputs;
	space->positions = data->positions;
	status = renew(&space->rows, rows, sizeof *space->rows, err);
	if (!status)
		status = renew(&space->x, rows, data->features * sizeof *space->x, err);
	if (!status && data->has_classes)
		status = renew(&space->labels, rows, data->positions * sizeof *space->labels, err);
	if (!status && !data->has_classes)
		status = renew(&space->y, rows, data->outputs * sizeof *space->y, err);
	if (!status)
		space->room = rows;
	return status;
}

int nn_task_gradient(struct nn_network *network, const struct nn_bundle *params,
	const struct nn_shard *shard, const struct nn_step *step, struct nn_task_space *space,
	struct nn_partial *partial, struct nn_error *err)
{
	struct nn_step_rows range =
		nn_sampler_range(shard->count, step->step_in_epoch, step->steps_per_epoch);
	struct nn_pass pass = { step->seed, step->step, shard->number, true };
	struct nn_batch batch;
	struct nn_loss_sum sum;
	size_t count = (size_t)(range.end - range.begin);
	int status = make_room(space, shard->data, count, err);

	if (!status)
		status = nn_network_reserve(network, nn_network_at_once(network, count), err);
	if (status)
		return nn_fail_in(err, "%s", shard->name);
	nn_sampler_rows(range, shard->count, step->seed, step->epoch, shard->number, space->rows);
	for (size_t i = 0; i < count && shard->rows; i++)
		space->rows[i] = shard->rows[space->rows[i]];
	nn_dataset_gather(shard->data, space->rows, count, space->x, space->y, space->labels);
	batch = (struct nn_batch){ space->x, space->y, space->labels, count, space->rows };
	if (nn_network_gradient(network, params, &batch, &pass, false, &partial->sum, &sum, err))
		return nn_fail_in(err, "%s", shard->name);
	partial->range = (struct nn_node){ shard->number, shard->number + 1 };
	partial->rows = count;
	partial->weight = sum.weight;
	partial->loss = sum.loss;
	return NN_OK;
}

int nn_task_blame(const struct nn_network *network, const struct nn_task_space *space,
	const struct nn_step *step, const struct nn_partial *partial, struct nn_error *err)
{
	struct nn_batch batch = { .x = space->x,
		.rows = (size_t)partial->rows,
		.numbers = space->rows };

	nn_network_blame(network, &batch, partial->loss, err);
	/* No learning rate has made the first model. */
	return nn_fail(err, NN_BAD, "step %llu, shard %llu: %s; %s may help",
		(unsigned long long)step->step, (unsigned long long)partial->range.first, err->text,
		step->step ? "a smaller --lr, --warmup or --clip" :
			     "smaller inputs (nn-import --standardize) or another init");
}
