#include "train/reduce.h"

#include "train/reduction.h"

/* The state of nn_reduce_merge. */
struct merge {
	struct nn_reduction reduction;
	struct nn_accumulator *accumulator; /* of the step at hand; NULL before the first */
	bool numbered;  /* frames have no shards: they are numbered as they come */
	bool written;   /* complete and handed on: kept to know what comes twice */
	uint64_t count; /* frames of this step */
};

/* Another step begins or the input ends. */
static int finish_step(struct merge *merge, struct nn_error *err)
{
	const struct nn_reduce_options *options = merge->reduction.options;
	int status = NN_OK;

	if (!merge->accumulator)
		return NN_OK;
	if (options->weights && merge->count != options->weight_count)
		return nn_fail(err, NN_USAGE, "%zu weights for %llu inputs", options->weight_count,
			(unsigned long long)merge->count);
	if (merge->numbered)
		nn_accumulator_close(merge->accumulator, merge->count);
	if (!merge->written)
		status = nn_reduction_write(&merge->reduction, merge->accumulator, err);
	nn_accumulator_free(merge->accumulator);
	merge->accumulator = NULL;
	merge->reduction.has_reference = false;
	return status;
}

static int start_step(struct merge *merge, const struct nn_preamble *preamble, struct nn_error *err)
{
	merge->numbered = merge->reduction.kind != NN_KIND_GRAD || !preamble->shards;
	merge->written = false;
	merge->count = 0;
	merge->accumulator = nn_accumulator_new(merge->numbered ? 0 : preamble->shards, err);
	return merge->accumulator ? NN_OK : NN_FAILED;
}

static int merge_frame(struct merge *merge, struct nn_reader *reader, const struct nn_frame *frame,
	struct nn_error *err)
{
	struct nn_reduction *reduction = &merge->reduction;
	int status = NN_OK;

	if (!reduction->kind)
		status = nn_reduction_start(reduction, frame->preamble.kind, err);
	if (status || frame->preamble.kind != reduction->kind)
		return status;
	if (merge->accumulator && reduction->kind == NN_KIND_GRAD &&
		frame->preamble.step != reduction->reference.step)
		status = finish_step(merge, err);
	if (!status && !merge->accumulator)
		status = start_step(merge, &frame->preamble, err);
	if (!status)
		status = nn_reduction_check(reduction, reader, frame, err);
	if (!status)
		status = nn_reduction_add(reduction, merge->accumulator, reader, frame,
			merge->count, err);
	if (status)
		return status;
	merge->count++;
	if (merge->written || !nn_accumulator_complete(merge->accumulator))
		return NN_OK;
	merge->written = true;
	status = nn_reduction_write(reduction, merge->accumulator, err);
	nn_accumulator_forget(merge->accumulator);
	return status;
}

int nn_reduce_merge(struct nn_reader *reader, struct nn_writer *writer,
	const struct nn_reduce_options *options, struct nn_error *err)
{
	struct merge merge = { .reduction = { .options = options, .writer = writer } };
	const struct nn_frame *frame;
	int status;

	for (;;) {
		status = nn_reader_next(reader, &frame, err);
		if (status || !frame)
			break;
		if (nn_reduction_takes(frame->preamble.kind))
			status = merge_frame(&merge, reader, frame, err);
		if (status)
			break;
	}
	if (!status && !merge.reduction.kind)
		status = nn_fail(err, NN_BAD, "%s: no gradient, model or delta in it",
			nn_reader_name(reader));
	if (!status)
		status = finish_step(&merge, err);
	nn_accumulator_free(merge.accumulator);
	return status ? status : nn_writer_end(writer, err);
}
