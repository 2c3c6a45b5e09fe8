#include "train/stage_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/part.h"
#include "tensor/blas.h"

/* The network says which tensors are its own before they come. */
static int take_model(void *context, const struct nn_bundle *params, struct nn_error *err)
{
	struct nn_stage_part *part = context;
	int status;

	nn_network_free(part->network);
	part->network = NULL;
	status = nn_network_of_model(&part->network, params, part->name, err);
	if (!status)
		status = nn_range_parse(&part->range, part->range_text, part->network, err);
	return status ? status : nn_network_cut(part->network, &part->range, err);
}

static bool is_own(void *context, const char *name)
{
	const struct nn_stage_part *part = context;

	return !strcmp(name, "updates") || nn_network_owns(part->network, name);
}

#define WARM 128

/* OpenBLAS takes a buffer for its first product, and tries for ever where it gets none: it shall have it
 * while it is known to be there, before gradients and activations. */
static int take_buffer(struct nn_error *err)
{
	float *zeros = nn_alloc(WARM * WARM, 3 * sizeof *zeros, err);

	if (!zeros)
		return NN_FAILED;
	nn_gemm(false, false, WARM, WARM, WARM, 1, zeros, WARM, zeros + WARM * WARM, WARM, 0,
		zeros + 2 * WARM * WARM, WARM);
	free(zeros);
	return NN_OK;
}

static int finish(struct nn_stage_part *part, int status, struct nn_error *err)
{
	const struct nn_bundle *params = &part->checkpoint.model.params;

	if (!status)
		status = nn_blas_load(nn_bundle_meta(params, "kernel"), 0, err);
	if (!status)
		status = take_buffer(err);
	if (status)
		nn_stage_part_free(part);
	return status;
}

int nn_stage_part_read(struct nn_stage_part *part, const char *path, const char *range_text,
	struct nn_error *err)
{
	struct nn_part_choice choice = { take_model, is_own, part };

	*part = (struct nn_stage_part){ .range_text = range_text,
		.name = strcmp(path, "-") != 0 ? path : "stdin" };
	return finish(part, nn_part_read(&part->checkpoint, path, &choice, &part->updates, err),
		err);
}

int nn_stage_part_receive(struct nn_stage_part *part, struct nn_reader *reader,
	const char *range_text, struct nn_error *err)
{
	struct nn_part_choice choice = { take_model, is_own, part };

	*part = (struct nn_stage_part){ .range_text = range_text, .name = nn_reader_name(reader) };
	return finish(part,
		nn_part_receive(&part->checkpoint, reader, part->name, &choice, &part->updates,
			err),
		err);
}

/* Of the layers that the spec says are in the range there must be all parameters. */
static int take_own(struct nn_stage_part *part, struct nn_error *err)
{
	const struct nn_bundle *params = &part->checkpoint.model.params;
	const char *spec = nn_bundle_meta(params, "spec");
	int status;

	if (!spec || part->network)
		return nn_fail(err, NN_BAD, "%s: no part of one model", part->name);
	status = nn_network_parse(&part->network, spec, strlen(spec), "spec", err);
	if (!status)
		status = nn_range_parse(&part->range, part->range_text, part->network, err);
	if (!status)
		status = nn_network_cut(part->network, &part->range, err);
	return status ? status : nn_network_check_params(part->network, params, err);
}

static int take_frames(struct nn_stage_part *part, struct nn_reader *reader, struct nn_error *err)
{
	struct nn_checkpoint *checkpoint = &part->checkpoint;
	const struct nn_frame *frame;
	int status = NN_OK;

	while (!status && !(status = nn_reader_next(reader, &frame, err))) {
		if (!frame || frame->preamble.kind == NN_KIND_END)
			break;
		if (frame->preamble.kind == NN_KIND_MODEL && !part->network) {
			checkpoint->model.preamble = frame->preamble;
			status = nn_reader_load(reader, &checkpoint->model.params, err);
			if (!status)
				status = take_own(part, err);
		} else if (frame->preamble.kind == NN_KIND_STATE && !checkpoint->state.data) {
			checkpoint->state_preamble = frame->preamble;
			status = nn_reader_load(reader, &checkpoint->state, err);
		} else {
			status = nn_fail(err, NN_BAD, "%s: no part of one model", part->name);
		}
	}
	if (!status && !part->network)
		status = nn_fail(err, NN_BAD, "%s: there is no model in it", part->name);
	return status;
}

int nn_stage_part_take(struct nn_stage_part *part, struct nn_reader *reader, const char *range_text,
	struct nn_error *err)
{
	*part = (struct nn_stage_part){ .range_text = range_text, .name = nn_reader_name(reader) };
	return finish(part, take_frames(part, reader, err), err);
}

void nn_stage_part_free(struct nn_stage_part *part)
{
	nn_network_free(part->network);
	nn_checkpoint_free(&part->checkpoint);
	*part = (struct nn_stage_part){ 0 };
}

int nn_stage_write_sums(struct nn_stage *stage, uint64_t id, struct nn_writer *writer,
	struct nn_error *err)
{
	const struct nn_preamble *seen = nn_stage_seen(stage);
	struct nn_stack *sums = nn_stage_sums(stage);
	size_t count = sums ? nn_stack_count(sums) : 0;
	size_t part;
	size_t parts;
	int status = NN_OK;

	if (!count || !nn_stage_place(stage, &part, &parts))
		return nn_fail(err, NN_BAD, "there was no micro-batch");
	for (size_t i = 0; i < count && !status; i++) {
		const struct nn_partial *sum = nn_stack_node(sums, i);
		struct nn_preamble preamble = { .kind = NN_KIND_GRAD,
			.flags = i + 1 < count ? NN_FLAG_MORE : 0,
			.step = seen->step,
			.epoch = seen->epoch,
			.step_in_epoch = seen->step_in_epoch,
			.steps_per_epoch = seen->steps_per_epoch,
			.seed = seen->seed,
			.shards = seen->shards,
			.first = sum->range.first,
			.end = sum->range.end,
			.part = parts > 1 ? (uint32_t)part : 0,
			.parts = parts > 1 ? (uint32_t)parts : 0,
			.rows = sum->rows,
			.weight = sum->weight,
			.loss = sum->loss,
			.id = id };

		status = nn_writer_frame(writer, &preamble, &sum->sum, err);
	}
	return status;
}
