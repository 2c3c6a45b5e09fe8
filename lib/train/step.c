#include "train/step.h"

/* One epoch's steps for a shard of `rows` rows. */
static uint64_t steps_for(const struct nn_task_options *options, const struct nn_preamble *model,
	uint64_t rows)
{
	uint64_t batch = options->batch;

	if (model->steps_per_epoch)
		return model->steps_per_epoch;
	if (options->steps_per_epoch)
		return options->steps_per_epoch;
	return batch && rows ? rows / batch + (rows % batch > 0) : 1;
}

/* The model is obeyed: all of its tasks must agree. Said once. */
static void tell_what_is_not_used(const struct nn_task_options *options,
	const struct nn_shards *shards, const struct nn_preamble *model, const char *name,
	bool *told)
{
	struct nn_preamble unknown = *model;
	uint64_t wanted;

	unknown.steps_per_epoch = 0;
	wanted = steps_for(options, &unknown, shards->list[0].count);
	if (*told || !options->warn || !model->steps_per_epoch ||
		!(options->batch || options->steps_per_epoch) || wanted == model->steps_per_epoch)
		return;
	*told = true;
	options->warn(
		"%s has %llu steps an epoch already: --%s, which would make it %llu, is not used",
		name, (unsigned long long)model->steps_per_epoch,
		options->steps_per_epoch ? "steps-per-epoch" : "batch", (unsigned long long)wanted);
}

int nn_step_resolve(struct nn_step *step, const struct nn_preamble *model, const char *name,
	const struct nn_shards *all, const struct nn_task_options *options, bool *told,
	struct nn_error *err)
{
	const struct nn_shard *shards = all->list;

	tell_what_is_not_used(options, all, model, name, told);
	*step = (struct nn_step){ .step = model->step,
		.epoch = model->epoch,
		.step_in_epoch = model->step_in_epoch,
		.steps_per_epoch = steps_for(options, model, shards[0].count),
		.seed = options->has_seed ? options->seed : model->seed };
	for (size_t i = 1; i < all->count; i++) {
		uint64_t steps = steps_for(options, model, shards[i].count);

		if (steps != step->steps_per_epoch)
			return nn_fail(err, NN_BAD,
				"with batches of %llu rows shard %llu has %llu steps an epoch and "
				"shard %llu has %llu: give --steps-per-epoch instead",
				(unsigned long long)options->batch,
				(unsigned long long)shards[0].number,
				(unsigned long long)step->steps_per_epoch,
				(unsigned long long)shards[i].number, (unsigned long long)steps);
	}
	if (step->step_in_epoch >= step->steps_per_epoch)
		return nn_fail(err, NN_BAD, "%s: step %llu of an epoch of %llu steps", name,
			(unsigned long long)step->step_in_epoch,
			(unsigned long long)step->steps_per_epoch);
	return NN_OK;
}
