#include "data/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/meta.h"
#include "data/partition.h"

struct job {
	struct nn_split *split;
	struct nn_partition partition;
	struct nn_bundle first; /* the first frame, without data */
	uint64_t rows;          /* N */
	uint64_t done;
	/* Rows of the current frame by shard: starts[k] .. starts[k+1] of `list`. */
	uint64_t *owners; /* [room] */
	uint64_t *list;   /* [room] */
	size_t room;
	uint64_t *starts; /* [shards + 1] */
	bool *served;     /* [shards]: has a frame */
	unsigned char *scratch;
	size_t scratch_bytes;
	/* The last part's layout, for parts of as many rows. */
	struct nn_bundle part;
	uint64_t part_rows;
	uint64_t part_shard; /* of sets: each says its own number of rows */
};

/* What all frames say. */
static int start(struct job *job, const struct nn_bundle *frame, const struct nn_preamble *preamble,
	struct nn_error *err)
{
	const struct nn_split *split = job->split;
	bool said;
	int status = nn_data_total(frame, &job->rows, &said, err);

	if (status)
		return status;
	if (!said)
		return nn_fail(err, NN_BAD,
			"metadata `rows` is missing: how many rows has the set?");
	if (preamble->shards)
		return nn_fail(err, NN_BAD,
			"is shard %llu of %llu already; cut the whole set "
			"instead (see --sets)",
			(unsigned long long)preamble->first, (unsigned long long)preamble->shards);
	status = nn_bundle_copy_layout(frame, &job->first, err);
	if (!status)
		status = nn_bundle_copy_metas(frame, &job->first, err);
	if (!status)
		status = nn_partition_init(&job->partition, split->method, job->rows, split->shards,
			split->weights, split->seed, err);
	if (status)
		return status;
	job->starts = nn_alloc((size_t)split->shards + 1, sizeof *job->starts, err);
	job->served = nn_alloc((size_t)split->shards, sizeof *job->served, err);
	return job->starts && job->served ? NN_OK : NN_FAILED;
}

static int check(struct job *job, const struct nn_bundle *frame, const struct nn_preamble *preamble,
	uint64_t *count, struct nn_error *err)
{
	int status = nn_data_check_frame(frame, preamble, count, err);

	if (!status && !job->starts)
		status = start(job, frame, preamble, err);
	else if (!status)
		status = nn_data_same_rows(&job->first, frame, err);
	if (!status && preamble->shards)
		status = nn_fail(err, NN_BAD, "rows of a shard behind rows of a whole set");
	if (!status && *count > job->rows - job->done)
		status = nn_fail(err, NN_BAD, "row %llu of a set of %llu",
			(unsigned long long)(job->done + *count), (unsigned long long)job->rows);
	return status;
}

/* Fills list and starts for the frame's rows: a counting sort by shard. */
static int sort_rows(struct job *job, uint64_t count, struct nn_error *err)
{
	uint64_t shards = job->split->shards;

	if (count > job->room) {
		free(job->owners);
		free(job->list);
		job->owners = nn_alloc((size_t)count, sizeof *job->owners, err);
		job->list = nn_alloc((size_t)count, sizeof *job->list, err);
		job->room = (size_t)count;
		if (!job->owners || !job->list)
			return NN_FAILED;
	}
	memset(job->starts, 0, ((size_t)shards + 1) * sizeof *job->starts);
	for (uint64_t i = 0; i < count; i++) {
		job->owners[i] = nn_partition_shard(&job->partition, job->done + i);
		job->starts[job->owners[i]]++;
	}
	for (uint64_t k = 1; k <= shards; k++)
		job->starts[k] += job->starts[k - 1];
	/* From the end, so that each shard's rows stay in order. */
	for (uint64_t i = count; i-- > 0;)
		job->list[--job->starts[job->owners[i]]] = i;
	return NN_OK;
}

/* A set of its own has as many rows as the shard it would be. */
static int count_own_rows(struct job *job, uint64_t k, struct nn_error *err)
{
	char text[24];

	snprintf(text, sizeof text, "%llu",
		(unsigned long long)nn_partition_size(&job->partition, k));
	return nn_bundle_set_meta(&job->part, "rows", text, err);
}

/* job->part becomes the layout of `rows` rows of shard k. */
static int lay_out(struct job *job, uint64_t k, uint64_t rows, struct nn_error *err)
{
	int status = NN_OK;

	if (job->part.count && job->part_rows == rows &&
		(!job->split->sets || job->part_shard == k))
		return NN_OK;
	nn_bundle_free(&job->part);
	status = nn_data_lay_out(&job->first, rows, &job->part, err);
	if (!status && job->split->sets)
		status = count_own_rows(job, k, err);
	job->part_rows = rows;
	job->part_shard = k;
	return status;
}

/* Neighbouring rows from where they are. The frame and its part have their tensors in one order. */
static int write_run(struct job *job, struct nn_writer *writer, const struct nn_preamble *preamble,
	const struct nn_bundle *frame, uint64_t frame_rows, uint64_t row, struct nn_error *err)
{
	int status = nn_writer_begin(writer, preamble, &job->part, err);

	for (size_t t = 0; t < frame->count && !status; t++) {
		size_t row_bytes = frame->tensors[t].bytes / (size_t)frame_rows;
		const unsigned char *from = nn_bundle_data(frame, &frame->tensors[t]);

		status = nn_writer_put(writer, from + (size_t)row * row_bytes,
			job->part.tensors[t].bytes, err);
	}
	return status ? status : nn_writer_finish(writer, err);
}

/* Rows picked out of the frame. */
static int write_picked(struct job *job, struct nn_writer *writer,
	const struct nn_preamble *preamble, const struct nn_bundle *frame, uint64_t frame_rows,
	const uint64_t *rows, uint64_t count, struct nn_error *err)
{
	int status;

	if (job->part.bytes > job->scratch_bytes) {
		free(job->scratch);
		job->scratch = nn_alloc_aligned(job->part.bytes, err);
		job->scratch_bytes = job->scratch ? job->part.bytes : 0;
		if (!job->scratch)
			return NN_FAILED;
	}
	for (size_t t = 0; t < frame->count; t++) {
		size_t row_bytes = frame->tensors[t].bytes / (size_t)frame_rows;
		const unsigned char *from = nn_bundle_data(frame, &frame->tensors[t]);
		unsigned char *to = job->scratch + job->part.tensors[t].offset;

		for (uint64_t i = 0; i < count; i++, to += row_bytes)
			memcpy(to, from + (size_t)rows[i] * row_bytes, row_bytes);
	}
	job->part.data = job->scratch;
	status = nn_writer_frame(writer, preamble, &job->part, err);
	job->part.data = NULL;
	return status;
}

/* Shard k cannot be written. */
static int give_up(struct nn_split *split, uint64_t k, struct nn_error *err)
{
	int status = split->failed ? split->failed(split->context, k, err) : (int)err->status;

	split->writers[k] = NULL;
	return status;
}

/* A part of `count` rows, perhaps none, to shard k; `frame` may be NULL if there are none. */
static int write_part(struct job *job, uint64_t k, const struct nn_bundle *frame,
	uint64_t frame_rows, const uint64_t *rows, uint64_t count, struct nn_error *err)
{
	struct nn_split *split = job->split;
	struct nn_preamble preamble = { .kind = NN_KIND_DATA, .rows = count };
	struct nn_writer *writer = split->writers[k];
	int status;

	if (!writer)
		return NN_OK;
	if (!split->sets) {
		preamble.shards = split->shards;
		preamble.first = k;
		preamble.end = k + 1;
	}
	status = lay_out(job, k, count, err);
	if (status)
		return status;
	if (!count)
		status = nn_writer_frame(writer, &preamble, &job->part, err);
	else if (rows[count - 1] - rows[0] == count - 1)
		status = write_run(job, writer, &preamble, frame, frame_rows, rows[0], err);
	else
		status = write_picked(job, writer, &preamble, frame, frame_rows, rows, count, err);
	job->served[k] = true;
	return status ? give_up(split, k, err) : NN_OK;
}

static int split_frame(struct job *job, const struct nn_bundle *frame, uint64_t count,
	struct nn_error *err)
{
	int status = sort_rows(job, count, err);

	for (uint64_t k = 0; k < job->split->shards && !status; k++) {
		uint64_t begin = job->starts[k];
		uint64_t end = job->starts[k + 1];

		if (begin < end)
			status = write_part(job, k, frame, count, job->list + begin, end - begin,
				err);
	}
	job->done += count;
	return status;
}

static int finish(struct job *job, const char *name, struct nn_error *err)
{
	struct nn_split *split = job->split;
	int status = NN_OK;

	if (!job->starts)
		return nn_fail(err, NN_BAD, "%s: holds no data frames", name);
	if (job->done < job->rows)
		return nn_fail(err, NN_BAD, "%s: names %llu rows but holds %llu", name,
			(unsigned long long)job->rows, (unsigned long long)job->done);
	for (uint64_t k = 0; k < split->shards && !status; k++) {
		if (!job->served[k])
			status = write_part(job, k, NULL, 0, NULL, 0, err);
		if (!status && split->writers[k] && nn_writer_end(split->writers[k], err))
			status = give_up(split, k, err);
	}
	return status;
}

static void free_job(struct job *job)
{
	nn_partition_free(&job->partition);
	nn_bundle_free(&job->first);
	nn_bundle_free(&job->part);
	free(job->owners);
	free(job->list);
	free(job->starts);
	free(job->served);
	free(job->scratch);
}

int nn_split(struct nn_reader *reader, struct nn_split *split, uint64_t *rows, struct nn_error *err)
{
	struct job job = { .split = split };
	const struct nn_frame *frame;
	int status;

	while (!(status = nn_reader_find(reader, NN_KIND_DATA, &frame, err)) && frame) {
		struct nn_bundle bundle = { 0 };
		uint64_t count = 0;

		status = nn_reader_load(reader, &bundle, err);
		if (!status && check(&job, &bundle, &frame->preamble, &count, err))
			status = nn_reader_blame(reader, err);
		if (!status)
			status = split_frame(&job, &bundle, count, err);
		nn_bundle_free(&bundle);
		if (status)
			break;
		if (split->progress)
			split->progress(split->context, job.done);
	}
	if (!status)
		status = finish(&job, nn_reader_name(reader), err);
	*rows = job.rows;
	free_job(&job);
	return status;
}
