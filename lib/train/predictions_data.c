#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "data/meta.h"
#include "train/predictions.h"

/* A frame that fills row by row. */
struct frame {
	struct nn_bundle bundle;
	size_t rows; /* in it now */
	size_t room;
	float *x;        /* [room, positions, outputs] */
	float *y;        /* [room, outputs], or */
	int32_t *labels; /* [room, positions], or both NULL */
};

/* Metadata of the set that is written. */
static int describe(const struct nn_evaluation *evaluation, struct nn_bundle *bundle,
	struct nn_error *err)
{
	struct nn_buffer names = { 0 };
	char text[64];
	int status;

	snprintf(text, sizeof text, "%" PRIu64, evaluation->rows);
	status = nn_bundle_set_meta(bundle, "rows", text, err);
	snprintf(text, sizeof text, "predictions of model %016" PRIx64,
		evaluation->model.preamble.id);
	if (!status)
		status = nn_bundle_set_meta(bundle, "origin", text, err);
	if (!status && evaluation->loss->wants_classes && evaluation->names) {
		status = nn_data_put_names(&names, evaluation->names, evaluation->outputs, err);
		if (!status)
			status = nn_bundle_set_meta(bundle, "classes", names.data, err);
	}
	nn_buffer_free(&names);
	return status;
}

/* An empty frame with room for that many rows. */
static int make_frame(const struct nn_evaluation *evaluation, size_t room, struct frame *frame,
	struct nn_error *err)
{
	bool several = evaluation->positions > 1;
	uint64_t shape[3] = { room, evaluation->positions, evaluation->outputs };
	uint64_t flat[2] = { room, evaluation->outputs };
	bool classes = evaluation->loss->wants_classes;
	struct nn_bundle *bundle = &frame->bundle;
	int status =
		nn_bundle_add(bundle, "x", NN_F32, several ? 3 : 2, several ? shape : flat, err);

	if (!status && evaluation->labelled)
		status = nn_bundle_add(bundle, "y", classes ? NN_I32 : NN_F32,
			classes && !several ? 1 : 2, classes ? shape : flat, err);
	if (!status)
		status = nn_bundle_layout(bundle, err);
	if (!status)
		status = nn_bundle_alloc(bundle, err);
	if (!status)
		status = describe(evaluation, bundle, err);
	if (status)
		return status;
	frame->rows = 0;
	frame->room = room;
	frame->x = nn_bundle_data(bundle, nn_bundle_find(bundle, "x"));
	if (evaluation->labelled && classes)
		frame->labels = nn_bundle_data(bundle, nn_bundle_find(bundle, "y"));
	else if (evaluation->labelled)
		frame->y = nn_bundle_data(bundle, nn_bundle_find(bundle, "y"));
	return NN_OK;
}

/* Writes the full frame and makes the next one, of the rows that are left. */
static int turn_frame(const struct nn_evaluation *evaluation, struct frame *frame, uint64_t left,
	struct nn_writer *writer, struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = NN_KIND_DATA,
		.rows = frame->rows,
		.id = evaluation->model.preamble.id };
	size_t room = frame->room;
	int status = nn_writer_frame(writer, &preamble, &frame->bundle, err);

	nn_bundle_free(&frame->bundle);
	*frame = (struct frame){ 0 };
	if (status || !left)
		return status;
	return make_frame(evaluation, left < room ? (size_t)left : room, frame, err);
}

static int add_block(struct nn_evaluation *evaluation, const struct nn_evaluated *block,
	struct frame *frame, struct nn_writer *writer, struct nn_error *err)
{
	size_t positions = evaluation->positions;
	size_t outputs = positions * evaluation->outputs;
	int status = NN_OK;

	for (size_t row = 0; row < block->rows && !status; row++) {
		memcpy(frame->x + frame->rows * outputs, block->out + row * outputs,
			outputs * sizeof *frame->x);
		if (frame->y)
			memcpy(frame->y + frame->rows * outputs, block->y + row * outputs,
				outputs * sizeof *frame->y);
		if (frame->labels)
			memcpy(frame->labels + frame->rows * positions,
				block->labels + row * positions, positions * sizeof *frame->labels);
		frame->rows++;
		if (frame->rows == frame->room)
			status = turn_frame(evaluation, frame,
				evaluation->rows - block->first - row - 1, writer, err);
	}
	return status;
}

int nn_predictions_data(struct nn_evaluation *evaluation, struct nn_writer *writer,
	void (*progress)(uint64_t rows, uint64_t all), struct nn_error *err)
{
	size_t most = nn_data_frame_rows(
		(evaluation->positions * evaluation->outputs +
			(evaluation->positions > 1 ? evaluation->positions : 0)) *
		sizeof(float));
	struct nn_evaluated block;
	struct frame frame = { 0 };
	int status = make_frame(evaluation,
		evaluation->rows < most ? (size_t)evaluation->rows : most, &frame, err);

	/* No rows are one empty frame: the shape of nothing is still known. */
	if (!status && !evaluation->rows)
		status = turn_frame(evaluation, &frame, 0, writer, err);
	while (!status && !(status = nn_evaluation_next(evaluation, &block, err)) && block.rows) {
		nn_evaluation_predict(evaluation, &block);
		status = add_block(evaluation, &block, &frame, writer, err);
		if (!status && progress)
			progress(evaluation->at, evaluation->rows);
	}
	nn_bundle_free(&frame.bundle);
	return status ? status : nn_writer_end(writer, err);
}
