/* What the stages have, put together again. All is asked of them in the order of the whole, a piece at a
 * time: nobody here ever holds the model. Its id stands in front of it, so parameters are asked for twice. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/memory.h"
#include "train/pipeline-private.h"

#define PIECE ((size_t)256 << 10)
#define UPDATES "updates"

size_t nn_pipeline_owner(const struct nn_pipeline *pipeline, const char *name)
{
	const char *slash = strchr(name, '/');
	size_t layer = strtoul(slash ? slash + 1 : name, NULL, 10);
	size_t stage = 0;

	while (stage + 1 < pipeline->options->stages && layer >= pipeline->ends[stage])
		stage++;
	return stage;
}

/* Where it goes: one of them, or both NULL. */
struct sink {
	struct nn_hasher *hasher;
	struct nn_writer *writer;
};

static int pass(const struct sink *sink, struct nn_member *member, unsigned char *piece,
	size_t bytes, struct nn_error *err)
{
	int status = NN_OK;

	nn_crew_bound(member);
	while (bytes && !status) {
		size_t count = bytes < PIECE ? bytes : PIECE;

		status = nn_reader_take(member->reader, piece, count, err);
		member->failed = status;
		if (!status && sink->hasher)
			nn_hasher_add(sink->hasher, piece, count);
		if (!status && sink->writer)
			status = nn_writer_put(sink->writer, piece, count, err);
		bytes -= count;
	}
	return status;
}

/* All of them count updates, and the same. */
static int pass_updates(struct nn_pipeline *pipeline, const struct sink *sink, unsigned char *piece,
	struct nn_error *err)
{
	static const struct sink nowhere;
	int status = NN_OK;

	for (size_t i = 0; i < pipeline->options->stages && !status; i++)
		status = pass(i ? &nowhere : sink, nn_crew_member(pipeline, i, 0), piece,
			sizeof(uint64_t), err);
	return status;
}

static int pass_all(struct nn_pipeline *pipeline, const struct nn_bundle *layout,
	const struct sink *sink, unsigned char *piece, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < layout->count && !status; i++) {
		const struct nn_tensor *tensor = &layout->tensors[i];

		if (!strcmp(tensor->name, UPDATES))
			status = pass_updates(pipeline, sink, piece, err);
		else
			status = pass(sink,
				nn_crew_member(pipeline, nn_pipeline_owner(pipeline, tensor->name),
					0),
				piece, tensor->bytes, err);
	}
	return status;
}

static int collect(struct nn_pipeline *pipeline, bool state, const struct sink *sink,
	struct nn_error *err)
{
	static const struct nn_preamble nothing;
	const struct nn_bundle *layout =
		state ? &pipeline->checkpoint->state : &pipeline->checkpoint->model.params;
	unsigned char *piece = nn_alloc_aligned(PIECE, err);
	const struct nn_frame *frame;
	size_t bytes = 0;
	int status = piece ? NN_OK : NN_FAILED;

	if (!status)
		status = nn_crew_order(pipeline, state ? "state" : "params", &nothing, true, err);
	for (size_t i = 0; i < pipeline->options->stages && !status; i++) {
		status = nn_crew_await(pipeline, nn_crew_member(pipeline, i, 0),
			state ? NN_KIND_STATE : NN_KIND_MODEL, &frame, err);
		if (!status)
			bytes += frame->layout->bytes - (state && i ? sizeof(uint64_t) : 0);
	}
	if (!status && bytes != layout->bytes)
		status = nn_fail(err, NN_FAILED, "the stages have other parameters than the model");
	if (!status)
		status = pass_all(pipeline, layout, sink, piece, err);
	for (size_t i = 0; i < pipeline->options->stages && !status; i++) {
		struct nn_member *member = nn_crew_member(pipeline, i, 0);

		nn_crew_bound(member);
		status = nn_reader_verify(member->reader, err);
		member->failed = status;
	}
	free(piece);
	return status;
}

static int find_id(struct nn_pipeline *pipeline, struct nn_error *err)
{
	struct nn_preamble *model = &pipeline->checkpoint->model.preamble;
	struct sink sink = { .hasher = nn_hasher_new(err) };
	int status = sink.hasher ? NN_OK : NN_FAILED;

	if (!status)
		status = collect(pipeline, false, &sink, err);
	if (!status) {
		model->id = nn_hasher_value(sink.hasher);
		model->id = model->id ? model->id : 1;
	}
	nn_hasher_free(sink.hasher);
	return status;
}

static int write_frame(struct nn_pipeline *pipeline, struct nn_writer *writer, bool state,
	struct nn_error *err)
{
	struct nn_checkpoint *checkpoint = pipeline->checkpoint;
	struct nn_preamble preamble =
		state ? checkpoint->state_preamble : checkpoint->model.preamble;
	struct sink sink = { .writer = writer };
	int status;

	preamble.kind = state ? NN_KIND_STATE : NN_KIND_MODEL;
	preamble.flags = 0;
	preamble.step = checkpoint->model.preamble.step;
	preamble.id = checkpoint->model.preamble.id;
	status = nn_writer_begin(writer, &preamble,
		state ? &checkpoint->state : &checkpoint->model.params, err);
	if (!status)
		status = collect(pipeline, state, &sink, err);
	return status ? status : nn_writer_finish(writer, err);
}

int nn_pipeline_write(struct nn_pipeline *pipeline, int fd, const char *name, bool state,
	struct nn_error *err)
{
	struct nn_writer *writer = NULL;
	int status = NN_OK;

	if (!pipeline->checkpoint->model.preamble.id)
		status = find_id(pipeline, err);
	if (!status)
		status = nn_writer_open(&writer, fd, name, err);
	if (!status)
		status = write_frame(pipeline, writer, false, err);
	if (!status && state)
		status = write_frame(pipeline, writer, true, err);
	if (!status)
		status = nn_writer_end(writer, err);
	nn_writer_close(writer);
	return status;
}

int nn_pipeline_save(struct nn_pipeline *pipeline, const char *path, struct nn_error *err)
{
	struct nn_output output;
	int status = nn_output_open(&output, path, err);

	if (status)
		return status;
	status = nn_pipeline_write(pipeline, output.fd, output.name, true, err);
	if (!status)
		return nn_output_commit(&output, err);
	nn_output_abandon(&output);
	return status;
}
