#include "stream/slicing.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "stream/cut.h"
#include "stream/part.h"

#define BLOCK ((size_t)256 << 10)
#define ALL UINT32_MAX

/* So many bytes of the data section are one slice's, or everybody's. */
struct run {
	uint32_t part;
	size_t bytes;
};

struct job {
	struct nn_slicing *slicing;
	struct nn_reader *reader;
	struct nn_hasher *hasher; /* of a model's parameters */
	unsigned char *block;
	/* How frames of this layout are cut. */
	bool known;
	unsigned kind;
	struct nn_bundle *slices; /* [parts], layouts */
	struct run *runs;
	size_t run_count;
	size_t run_room;
	/* Of a frame that had to be loaded, because it is in another order. */
	struct nn_bundle loaded;
	size_t taken;
};

static void forget_layout(struct job *job)
{
	for (uint32_t k = 0; k < job->slicing->parts; k++)
		nn_bundle_free(&job->slices[k]);
	job->known = false;
	job->run_count = 0;
}

static int add_run(struct job *job, uint32_t part, size_t bytes, struct nn_error *err)
{
	struct run *last = job->run_count ? &job->runs[job->run_count - 1] : NULL;

	if (!bytes)
		return NN_OK;
	if (last && last->part == part) {
		last->bytes += bytes;
		return NN_OK;
	}
	if (job->run_count == job->run_room) {
		size_t room = job->run_room ? 2 * job->run_room : 16;
		struct run *runs = nn_realloc(job->runs, room, sizeof *runs, err);

		if (!runs)
			return NN_FAILED;
		job->runs = runs;
		job->run_room = room;
	}
	job->runs[job->run_count++] = (struct run){ part, bytes };
	return NN_OK;
}

/* Runs of neighbours: of a model, a slice is a single one. */
static int plan_runs(struct job *job, const struct nn_cut *cut, const struct nn_bundle *layout,
	struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < layout->count && !status; i++) {
		const struct nn_tensor *tensor = &layout->tensors[i];
		size_t size = nn_dtype_size(tensor->dtype);
		size_t first;
		size_t end;

		if (!nn_part_parameter(tensor->name, job->kind)) {
			status = add_run(job, ALL, tensor->bytes, err);
			continue;
		}
		for (uint32_t part = 0; part < job->slicing->parts && !status; part++)
			if (nn_cut_range(cut, i, part, &first, &end))
				status = add_run(job, part, (end - first) * size, err);
	}
	return status;
}

static int plan(struct job *job, const struct nn_frame *frame, struct nn_error *err)
{
	struct nn_cut *cut;
	int status;

	if (job->known && frame->same_layout && frame->preamble.kind == job->kind)
		return NN_OK;
	forget_layout(job);
	job->kind = frame->preamble.kind;
	status = nn_cut_new(&cut, frame->layout, job->kind, job->slicing->parts, err);
	if (status)
		return status;
	for (uint32_t k = 0; k < job->slicing->parts && !status; k++)
		if (job->slicing->writers[k])
			status = nn_cut_layout(cut, k, &job->slices[k], err);
	if (!status)
		status = plan_runs(job, cut, frame->layout, err);
	nn_cut_free(cut);
	job->known = !status;
	return status;
}

/* A slice could not be written. */
static int lost(struct job *job, uint32_t part, struct nn_error *err)
{
	struct nn_slicing *slicing = job->slicing;
	int status =
		slicing->failed ? slicing->failed(slicing->context, part, err) : (int)err->status;

	if (!status)
		slicing->writers[part] = NULL;
	return status;
}

/* The headers go out at once: whoever joins slices reads those of all before the data of one, and
 * must not wait for us while we wait for it. */
static int begin(struct job *job, const struct nn_frame *frame, struct nn_error *err)
{
	for (uint32_t k = 0; k < job->slicing->parts; k++) {
		struct nn_writer *writer = job->slicing->writers[k];
		struct nn_preamble preamble = frame->preamble;

		preamble.part = k;
		preamble.parts = job->slicing->parts;
		if (writer &&
			(nn_writer_begin(writer, &preamble, &job->slices[k], err) ||
				nn_writer_put(writer, NULL, 0, err)) &&
			lost(job, k, err))
			return (int)err->status;
	}
	return NN_OK;
}

static int put(struct job *job, uint32_t part, const void *bytes, size_t count,
	struct nn_error *err)
{
	uint32_t from = part == ALL ? 0 : part;
	uint32_t to = part == ALL ? job->slicing->parts : part + 1;

	for (uint32_t k = from; k < to; k++)
		if (job->slicing->writers[k] &&
			nn_writer_put(job->slicing->writers[k], bytes, count, err) &&
			lost(job, k, err))
			return (int)err->status;
	return NN_OK;
}

/* The next bytes of the data, in canonical order. */
static int take(struct job *job, const unsigned char **bytes, size_t count, struct nn_error *err)
{
	*bytes = job->block;
	if (!job->loaded.data)
		return nn_reader_take(job->reader, job->block, count, err);
	*bytes = job->loaded.data + job->taken;
	job->taken += count;
	return NN_OK;
}

static int pass_data(struct job *job, bool hash, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < job->run_count && !status; i++)
		for (size_t left = job->runs[i].bytes; left && !status;) {
			size_t piece = left < BLOCK ? left : BLOCK;
			const unsigned char *bytes;

			status = take(job, &bytes, piece, err);
			if (!status && hash)
				nn_hasher_add(job->hasher, bytes, piece);
			if (!status)
				status = put(job, job->runs[i].part, bytes, piece, err);
			left -= piece;
		}
	return status;
}

/* Who has a slice cannot check it any more. */
static int check_id(const struct job *job, const struct nn_frame *frame, struct nn_error *err)
{
	uint64_t id = nn_hasher_value(job->hasher);

	id = id ? id : 1;
	if (id == frame->preamble.id)
		return NN_OK;
	nn_fail(err, NN_BAD, "its parameters have id %016llx, but it says %016llx",
		(unsigned long long)id, (unsigned long long)frame->preamble.id);
	return nn_reader_blame(job->reader, err);
}

static int slice_frame(struct job *job, const struct nn_frame *frame, struct nn_error *err)
{
	bool hash = frame->preamble.kind == NN_KIND_MODEL && frame->preamble.id &&
		nn_bundle_is_f32(frame->layout);
	char text[NN_PART_TEXT];
	int status = NN_OK;

	if (nn_is_part(&frame->preamble, frame->layout))
		status = nn_fail(err, NN_BAD, "is %s already",
			frame->preamble.parts > 1 ? nn_part_text(&frame->preamble, text) :
						    "a slice");
	if (!status)
		status = plan(job, frame, err);
	if (status)
		return status == NN_FAILED ? status : nn_reader_blame(job->reader, err);
	job->taken = 0;
	if (!frame->ordered)
		status = nn_reader_load(job->reader, &job->loaded, err);
	nn_hasher_reset(job->hasher);
	if (!status)
		status = begin(job, frame, err);
	if (!status)
		status = pass_data(job, hash, err);
	if (!status)
		status = nn_reader_verify(job->reader, err);
	if (!status && hash)
		status = check_id(job, frame, err);
	for (uint32_t k = 0; k < job->slicing->parts && !status; k++)
		if (job->slicing->writers[k] && nn_writer_finish(job->slicing->writers[k], err))
			status = lost(job, k, err);
	nn_bundle_free(&job->loaded);
	return status;
}

static int end_all(struct job *job, struct nn_error *err)
{
	for (uint32_t k = 0; k < job->slicing->parts; k++)
		if (job->slicing->writers[k] && nn_writer_end(job->slicing->writers[k], err) &&
			lost(job, k, err))
			return (int)err->status;
	return NN_OK;
}

static int slice_frames(struct job *job, uint64_t *frames, struct nn_error *err)
{
	const struct nn_frame *frame;
	int status;

	while (!(status = nn_reader_next(job->reader, &frame, err)) && frame) {
		if (frame->preamble.kind == NN_KIND_END) {
			/* Nothing was of use: that is said before anybody takes the end for one. */
			status = *frames ? end_all(job, err) : NN_OK;
		} else if (!nn_part_kind(frame->preamble.kind)) {
			job->known = false;
		} else {
			status = slice_frame(job, frame, err);
			*frames += !status;
			if (!status && job->slicing->progress)
				job->slicing->progress(job->slicing->context, *frames);
		}
		if (status)
			return status;
	}
	if (!status && !*frames)
		status = nn_fail(err, NN_BAD, "%s: no model, state, gradient or delta in it",
			nn_reader_name(job->reader));
	return status;
}

int nn_slice_stream(struct nn_reader *reader, struct nn_slicing *slicing, uint64_t *frames,
	struct nn_error *err)
{
	struct job job = { .slicing = slicing, .reader = reader };
	int status = NN_FAILED;

	*frames = 0;
	job.slices = nn_alloc(slicing->parts, sizeof *job.slices, err);
	job.block = job.slices ? nn_alloc_aligned(BLOCK, err) : NULL;
	job.hasher = job.block ? nn_hasher_new(err) : NULL;
	if (job.hasher)
		status = slice_frames(&job, frames, err);
	if (job.slices)
		forget_layout(&job);
	nn_hasher_free(job.hasher);
	free(job.slices);
	free(job.block);
	free(job.runs);
	return status;
}
