/* Rows of a data set in memory, as frames again. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "data/meta.h"

struct job {
	const struct nn_dataset *dataset;
	struct nn_writer *writer;
	struct nn_preamble preamble;
	struct nn_bundle frame; /* of preamble.rows rows; its data are ours */
	size_t room;            /* bytes of the data */
};

static int lay_out(struct job *job, uint64_t rows, struct nn_error *err)
{
	unsigned char *data = job->frame.data;
	int status = NN_OK;

	if (job->frame.count && job->preamble.rows == rows)
		return NN_OK;
	job->frame.data = NULL;
	nn_bundle_free(&job->frame);
	job->preamble.rows = rows;
	status = nn_data_lay_out(&job->dataset->frames[0], rows, &job->frame, err);
	if (!status && job->frame.bytes > job->room) {
		free(data);
		data = nn_alloc_aligned(job->frame.bytes, err);
		job->room = data ? job->frame.bytes : 0;
		status = data ? NN_OK : NN_FAILED;
	}
	job->frame.data = data;
	return status;
}

/* Which frame holds a row, from one that is not behind it on: rows mostly come in order. */
static size_t find_frame(const struct nn_dataset *dataset, uint64_t row, size_t from)
{
	if (row < dataset->starts[from])
		from = 0;
	while (dataset->starts[from + 1] <= row)
		from++;
	return from;
}

/* Row number `rows[i]`, or first + i, to row i of the frame. */
static void fill(struct job *job, const uint64_t *rows, uint64_t first)
{
	const struct nn_dataset *dataset = job->dataset;
	size_t at = 0;

	for (uint64_t i = 0; i < job->preamble.rows; i++) {
		uint64_t row = rows ? rows[i] : first + i;
		const struct nn_bundle *from;

		at = find_frame(dataset, row, at);
		from = &dataset->frames[at];
		for (size_t t = 0; t < from->count; t++) {
			size_t bytes = from->tensors[t].bytes /
				(size_t)(dataset->starts[at + 1] - dataset->starts[at]);

			memcpy(job->frame.data + job->frame.tensors[t].offset + (size_t)i * bytes,
				(const unsigned char *)nn_bundle_data(from, &from->tensors[t]) +
					(size_t)(row - dataset->starts[at]) * bytes,
				bytes);
		}
	}
}

static size_t row_bytes(const struct nn_dataset *dataset)
{
	size_t bytes = 0;

	for (size_t f = 0; f < dataset->frame_count && !bytes; f++)
		if (dataset->starts[f + 1] > dataset->starts[f])
			bytes = dataset->frames[f].bytes /
				(size_t)(dataset->starts[f + 1] - dataset->starts[f]);
	return bytes;
}

int nn_dataset_write(const struct nn_dataset *dataset, const uint64_t *rows, uint64_t count,
	uint64_t shard, uint64_t shards, struct nn_writer *writer, void (*written)(void *context),
	void *context, struct nn_error *err)
{
	struct job job = { .dataset = dataset,
		.writer = writer,
		.preamble = { .kind = NN_KIND_DATA,
			.shards = shards,
			.first = shard,
			.end = shard + 1 } };
	size_t most = nn_data_frame_rows(row_bytes(dataset));
	uint64_t done = 0;
	int status;

	do {
		uint64_t some = count - done < most ? count - done : most;

		status = lay_out(&job, some, err);
		if (status)
			break;
		fill(&job, rows ? rows + done : NULL, done);
		status = nn_writer_frame(writer, &job.preamble, &job.frame, err);
		if (!status && written)
			written(context);
		done += some;
	} while (!status && done < count);
	nn_bundle_free(&job.frame);
	return status;
}
