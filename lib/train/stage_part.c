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
