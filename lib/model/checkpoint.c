#include "model/model.h"

#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "stream/part.h"

void nn_model_free(struct nn_model *model)
{
	nn_bundle_free(&model->params);
	*model = (struct nn_model){ 0 };
}

static int check_id(const struct nn_reader *reader, uint64_t said, uint64_t id,
	struct nn_error *err)
{
	if (!said || said == id)
		return NN_OK;
	nn_fail(err, NN_BAD, "its parameters have id %016llx, but it says %016llx",
		(unsigned long long)id, (unsigned long long)said);
	return nn_reader_blame(reader, err);
}

bool nn_model_is_part(const struct nn_model *model)
{
	return nn_is_part(&model->preamble, &model->params);
}

int nn_model_load_part(struct nn_model *model, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
{
	uint64_t id;
	int status;

	*model = (struct nn_model){ .preamble = frame->preamble };
	status = nn_reader_load(reader, &model->params, err);
	if (!status)
		status = nn_bundle_to_f32(&model->params, err);
	/* Its id is that of the whole. */
	if (status || nn_model_is_part(model))
		return status;
	id = nn_bundle_id(&model->params);
	status = check_id(reader, model->preamble.id, id, err);
	if (status)
		nn_model_free(model);
	else
		model->preamble.id = id;
	return status;
}

int nn_model_load(struct nn_model *model, struct nn_reader *reader, const struct nn_frame *frame,
	struct nn_error *err)
{
	if (nn_part_refuse(&frame->preamble, frame->layout, err))
		return nn_reader_blame(reader, err);
	return nn_model_load_part(model, reader, frame, err);
}

int nn_model_verify(struct nn_reader *reader, const struct nn_frame *frame, struct nn_error *err)
{
	size_t left = frame->layout->bytes;
	uint64_t said = frame->preamble.id;
	unsigned char block[65536];
	struct nn_hasher *hasher;
	uint64_t id;
	int status = NN_OK;

	if (!said || !frame->ordered || !nn_bundle_is_f32(frame->layout) ||
		nn_is_part(&frame->preamble, frame->layout))
		return nn_reader_verify(reader, err);
	hasher = nn_hasher_new(err);
	if (!hasher)
		return NN_FAILED;
	while (left && !status) {
		size_t piece = left < sizeof block ? left : sizeof block;

		status = nn_reader_take(reader, block, piece, err);
		nn_hasher_add(hasher, block, piece);
		left -= piece;
	}
	id = nn_hasher_value(hasher);
	nn_hasher_free(hasher);
	if (!status)
		status = nn_reader_verify(reader, err);
	return status ? status : check_id(reader, said, id ? id : 1, err);
}

int nn_model_write(struct nn_model *model, struct nn_writer *writer, struct nn_error *err)
{
	model->preamble.kind = NN_KIND_MODEL;
	model->preamble.flags = 0;
	if (!nn_model_is_part(model))
		model->preamble.id = nn_bundle_id(&model->params);
	return nn_writer_frame(writer, &model->preamble, &model->params, err);
}

void nn_checkpoint_free(struct nn_checkpoint *checkpoint)
{
	nn_model_free(&checkpoint->model);
	nn_bundle_free(&checkpoint->state);
	*checkpoint = (struct nn_checkpoint){ 0 };
}

/* The slice of a model has its slice of the state. */
static int check_state_part(const struct nn_checkpoint *checkpoint, const struct nn_frame *frame,
	struct nn_error *err)
{
	const struct nn_preamble *model = &checkpoint->model.preamble;
	char have[NN_PART_TEXT];
	char want[NN_PART_TEXT];

	if (frame->preamble.part == model->part &&
		(frame->preamble.parts == model->parts ||
			(frame->preamble.parts <= 1 && model->parts <= 1)))
		return NN_OK;
	return nn_fail(err, NN_BAD, "a state, %s, behind a model, %s",
		nn_part_text(&frame->preamble, have), nn_part_text(model, want));
}

/* A later model replaces an earlier one, and what stood behind that. */
static int read_frames(struct nn_checkpoint *checkpoint, struct nn_reader *reader, bool parts,
	struct nn_error *err)
{
	const struct nn_frame *frame;

	for (;;) {
		int status = nn_reader_next(reader, &frame, err);

		if (status || !frame)
			return status;
		if (frame->preamble.kind == NN_KIND_MODEL) {
			nn_checkpoint_free(checkpoint);
			status = (parts ? nn_model_load_part : nn_model_load)(&checkpoint->model,
				reader, frame, err);
		} else if (frame->preamble.kind == NN_KIND_STATE) {
			nn_bundle_free(&checkpoint->state);
			checkpoint->state_preamble = frame->preamble;
			status = check_state_part(checkpoint, frame, err);
			if (status)
				return nn_reader_blame(reader, err);
			status = nn_reader_load(reader, &checkpoint->state, err);
		}
		if (status)
			return status;
	}
}

static int read_checkpoint(struct nn_checkpoint *checkpoint, const char *path, bool parts,
	struct nn_error *err)
{
	struct nn_reader *reader = NULL;
	const char *name;
	int fd;
	int status = nn_open_input(path, &fd, &name, err);

	*checkpoint = (struct nn_checkpoint){ 0 };
	if (status)
		return status;
	status = nn_reader_open(&reader, fd, name, NN_KIND_MODEL, err);
	if (!status)
		status = read_frames(checkpoint, reader, parts, err);
	if (!status && !checkpoint->model.params.count)
		status = nn_fail(err, NN_BAD, "%s: there is no model in it", name);
	if (!status && checkpoint->state.count + checkpoint->state.meta_count &&
		checkpoint->state_preamble.step != checkpoint->model.preamble.step)
		status =
			nn_fail(err, NN_BAD, "%s: a model of step %llu with the state of step %llu",
				name, (unsigned long long)checkpoint->model.preamble.step,
				(unsigned long long)checkpoint->state_preamble.step);
	nn_reader_close(reader);
	if (fd != STDIN_FILENO)
		close(fd);
	if (status)
		nn_checkpoint_free(checkpoint);
	return status;
}

int nn_checkpoint_read(struct nn_checkpoint *checkpoint, const char *path, struct nn_error *err)
{
	return read_checkpoint(checkpoint, path, false, err);
}

int nn_checkpoint_read_part(struct nn_checkpoint *checkpoint, const char *path,
	struct nn_error *err)
{
	return read_checkpoint(checkpoint, path, true, err);
}

int nn_checkpoint_write(struct nn_checkpoint *checkpoint, struct nn_writer *writer,
	struct nn_error *err)
{
	int status = nn_model_write(&checkpoint->model, writer, err);

	if (status || !(checkpoint->state.count + checkpoint->state.meta_count))
		return status;
	checkpoint->state_preamble.kind = NN_KIND_STATE;
	checkpoint->state_preamble.step = checkpoint->model.preamble.step;
	checkpoint->state_preamble.id = checkpoint->model.preamble.id;
	checkpoint->state_preamble.part = checkpoint->model.preamble.part;
	checkpoint->state_preamble.parts = checkpoint->model.preamble.parts;
	return nn_writer_frame(writer, &checkpoint->state_preamble, &checkpoint->state, err);
}

int nn_checkpoint_save(struct nn_checkpoint *checkpoint, const char *path, struct nn_error *err)
{
	struct nn_output output;
	struct nn_writer *writer;
	int status = nn_output_open(&output, path, err);

	if (status)
		return status;
	status = nn_writer_open(&writer, output.fd, output.name, err);
	if (!status) {
		status = nn_checkpoint_write(checkpoint, writer, err);
		if (!status)
			status = nn_writer_end(writer, err);
		nn_writer_close(writer);
	}
	if (!status)
		return nn_output_commit(&output, err);
	nn_output_abandon(&output);
	return status;
}
