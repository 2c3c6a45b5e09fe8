#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "stream/joining-private.h"
#include "stream/part.h"

/* What the frame is; NN_BAD if it is no part. */
static int look(struct nn_join_source *source, const struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
{
	char part[NN_PART_TEXT];
	char kind[16];

	source->preamble = frame->preamble;
	snprintf(source->name, sizeof source->name, "frame %llu of %.100s (%s)",
		(unsigned long long)source->preamble.sequence, nn_reader_name(reader),
		nn_part_text(&source->preamble, part));
	if (source->preamble.parts)
		return NN_OK;
	nn_fail(err, NN_BAD, "is no slice, but a whole %s (nn-slice makes slices)",
		nn_kind_name(source->preamble.kind, kind));
	return nn_reader_blame(reader, err);
}

/* The next frame that can be a part, END, or NULL. *same: its layout is that of the last one. */
static int next_part(struct nn_reader *reader, const struct nn_frame **frame, bool *same,
	struct nn_error *err)
{
	bool skipped = false;
	int status;

	while (!(status = nn_reader_next(reader, frame, err)) && *frame &&
		(*frame)->preamble.kind != NN_KIND_END && !nn_part_kind((*frame)->preamble.kind))
		skipped = true;
	*same = !skipped && !status && *frame && (*frame)->same_layout;
	return status;
}

static int fail_nothing(const struct nn_reader *reader, struct nn_error *err)
{
	return nn_fail(err, NN_BAD,
		"%s: no slice of a model, state, gradient or delta in it (nn-slice makes slices)",
		nn_reader_name(reader));
}

/* All readers stand at the same: a frame, END, or the end of their input. `first`: nothing was written yet. */
static int check_together(struct nn_reader *const *readers, const struct nn_frame *const *frames,
	size_t count, bool first, struct nn_error *err)
{
	for (size_t i = 1; i < count; i++) {
		bool here = frames[i] && frames[i]->preamble.kind != NN_KIND_END;
		bool there = frames[0] && frames[0]->preamble.kind != NN_KIND_END;

		if (here != there && first)
			return fail_nothing(readers[here ? 0 : i], err);
		if (here != there || !frames[i] != !frames[0])
			return nn_fail(err, NN_BAD, "%s has ended, but %s has more",
				nn_reader_name(readers[here || (!there && frames[i]) ? 0 : i]),
				nn_reader_name(readers[here || (!there && frames[i]) ? i : 0]));
	}
	return NN_OK;
}

/* A plain file may have its tensors in another order than they are wanted in. */
static int take_source(struct nn_join_source *source, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
{
	int status = look(source, reader, frame, err);

	source->layout = frame->layout;
	source->reader = reader;
	source->taken = 0;
	if (status || frame->ordered)
		return status;
	source->reader = NULL;
	nn_bundle_free(&source->loaded);
	status = nn_reader_load(reader, &source->loaded, err);
	source->layout = &source->loaded;
	return status;
}

/* One round. *done: all have come to their end. */
static int join_round(struct nn_join *job, struct nn_reader *const *readers, size_t count,
	struct nn_join_source *sources, const struct nn_frame **frames, uint64_t *written,
	bool *done, struct nn_error *err)
{
	unsigned kind = sources[0].preamble.kind;
	bool known = true;
	int status;

	for (size_t i = 0; i < count; i++) {
		bool same;

		status = next_part(readers[i], &frames[i], &same, err);
		if (status)
			return status;
		known = known && same;
	}
	status = check_together(readers, frames, count, !*written, err);
	*done = !frames[0];
	if (status || *done)
		return status;
	if (frames[0]->preamble.kind == NN_KIND_END)
		return *written ? nn_writer_end(job->writer, err) : NN_OK;
	for (size_t i = 0; i < count && !status; i++)
		status = take_source(&sources[i], readers[i], frames[i], err);
	if (!status)
		status = nn_join_write(job, sources, count,
			known && kind == frames[0]->preamble.kind, err);
	*written += !status;
	return status;
}

int nn_join_parts(struct nn_reader *const *readers, size_t count, struct nn_writer *writer,
	uint64_t *frames, struct nn_error *err)
{
	struct nn_join_source *sources = nn_alloc(count, sizeof *sources, err);
	const struct nn_frame **current = nn_alloc(count, sizeof *current, err);
	struct nn_join job;
	bool done = false;
	int status = nn_join_open(&job, writer, err);

	*frames = 0;
	if (!sources || !current)
		status = NN_FAILED;
	while (!status && !done)
		status = join_round(&job, readers, count, sources, current, frames, &done, err);
	if (!status && !*frames)
		status = fail_nothing(readers[0], err);
	for (size_t i = 0; sources && i < count; i++)
		nn_bundle_free(&sources[i].loaded);
	free(sources);
	free(current);
	nn_join_close(&job);
	return status;
}

/* Parts that wait for others: in the order in which they came. */
struct waiting {
	struct nn_join_source *sources;
	size_t count;
	size_t room;
};

static int enqueue(struct waiting *waiting, struct nn_reader *reader, const struct nn_frame *frame,
	struct nn_error *err)
{
	struct nn_join_source *source;
	int status;

	if (waiting->count == waiting->room) {
		size_t room = waiting->room ? 2 * waiting->room : 16;
		struct nn_join_source *sources =
			nn_realloc(waiting->sources, room, sizeof *sources, err);

		if (!sources)
			return NN_FAILED;
		waiting->sources = sources;
		waiting->room = room;
	}
	source = &waiting->sources[waiting->count];
	*source = (struct nn_join_source){ 0 };
	status = look(source, reader, frame, err);
	if (!status)
		status = nn_reader_load(reader, &source->loaded, err);
	waiting->count += !status;
	return status;
}

/* Copies the first of each part to the round: *count of them. True if all parts are among them. */
static bool gather(const struct waiting *waiting, struct nn_join_source *round, size_t parts,
	size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < waiting->count && *count < parts; i++) {
		size_t k = 0;

		while (k < *count && round[k].preamble.part != waiting->sources[i].preamble.part)
			k++;
		if (k == *count)
			round[(*count)++] = waiting->sources[i];
	}
	return *count == parts;
}

/* Those that were written. */
static void dequeue(struct waiting *waiting, const struct nn_join_source *round, size_t count)
{
	for (size_t k = 0; k < count; k++) {
		size_t i = 0;

		while (waiting->sources[i].preamble.part != round[k].preamble.part)
			i++;
		nn_bundle_free(&waiting->sources[i].loaded);
		memmove(&waiting->sources[i], &waiting->sources[i + 1],
			(--waiting->count - i) * sizeof *waiting->sources);
	}
}

/* Writes what is complete. At the end of the input nothing may be left. */
static int write_complete(struct nn_join *job, struct waiting *waiting, uint64_t *written, bool end,
	struct nn_error *err)
{
	int status = NN_OK;

	while (waiting->count && !status) {
		size_t parts = waiting->sources[0].preamble.parts;
		struct nn_join_source *round;
		size_t count;
		bool all;

		if (!end && waiting->count < parts)
			return NN_OK;
		round = nn_alloc(waiting->count < parts ? waiting->count : parts, sizeof *round,
			err);
		if (!round)
			return NN_FAILED;
		all = gather(waiting, round, parts, &count);
		for (size_t i = 0; i < count; i++)
			round[i].layout = &round[i].loaded;
		if (all || end)
			status = nn_join_write(job, round, count, false, err);
		if (all && !status) {
			dequeue(waiting, round, count);
			++*written;
		}
		free(round);
		if (!all)
			return status;
	}
	return status;
}

int nn_join_stream(struct nn_reader *reader, struct nn_writer *writer, uint64_t *frames,
	struct nn_error *err)
{
	struct waiting waiting = { 0 };
	const struct nn_frame *frame;
	struct nn_join job;
	int status = nn_join_open(&job, writer, err);

	*frames = 0;
	while (!status) {
		bool same;

		status = next_part(reader, &frame, &same, err);
		if (status || !frame)
			break;
		if (frame->preamble.kind == NN_KIND_END)
			continue;
		status = enqueue(&waiting, reader, frame, err);
		if (!status)
			status = write_complete(&job, &waiting, frames, false, err);
	}
	if (!status)
		status = write_complete(&job, &waiting, frames, true, err);
	if (!status && !*frames)
		status = fail_nothing(reader, err);
	for (size_t i = 0; i < waiting.count; i++)
		nn_bundle_free(&waiting.sources[i].loaded);
	free(waiting.sources);
	nn_join_close(&job);
	return status ? status : nn_writer_end(writer, err);
}
