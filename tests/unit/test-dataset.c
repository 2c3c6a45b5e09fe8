/* Data sets in memory: what is loaded, what is refused, rows by number; shards as nn_split cuts them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "data/dataset.h"
#include "data/partition.h"
#include "data/split.h"
#include "stream/writer.h"
#include "tap.h"

static struct nn_error err;

struct frame {
	uint64_t first; /* row r is [2r, 2r + 1], of class (r + p) mod 3 at position p */
	uint64_t rows;
	const char *total;
	const char *classes;
	uint64_t features; /* 0: 2 */
	uint64_t shards;
	int32_t label; /* added to the label */
	bool unlabelled;
	uint64_t positions; /* 0: y is [rows] */
	bool bytes;         /* y is U8 */
	bool tokens;
};

static void fill(struct nn_bundle *bundle, const struct frame *frame)
{
	unsigned char *x = nn_bundle_data(bundle, nn_bundle_find(bundle, "x"));
	const struct nn_tensor *y = nn_bundle_find(bundle, "y");

	for (uint64_t i = 0; i < frame->rows; i++) {
		uint64_t row = frame->first + i;

		x[2 * i] = (unsigned char)(2 * row);
		x[2 * i + 1] = (unsigned char)(2 * row + 1);
		for (uint64_t p = 0; y && p < (frame->positions ? frame->positions : 1); p++) {
			size_t at = i * (frame->positions ? frame->positions : 1) + p;
			int32_t class = (int32_t)((row + p) % 3) + frame->label;

			if (frame->bytes)
				((unsigned char *)nn_bundle_data(bundle, y))[at] =
					(unsigned char)class;
			else
				((int32_t *)nn_bundle_data(bundle, y))[at] = class;
		}
	}
}

static int write_frame(struct nn_writer *writer, const struct frame *frame)
{
	struct nn_preamble preamble = { .kind = NN_KIND_DATA,
		.rows = frame->rows,
		.shards = frame->shards,
		.end = frame->shards ? 1 : 0 };
	uint64_t shape[] = { frame->rows, frame->features ? frame->features : 2 };
	uint64_t y_shape[] = { frame->rows, frame->positions, 1 };
	unsigned y_ndim = frame->positions == 99 ? 3 : frame->positions ? 2 : 1;
	struct nn_bundle bundle = { 0 };
	int status = nn_bundle_add(&bundle, "x", NN_U8, 2, shape, &err) ||
		(!frame->unlabelled &&
			nn_bundle_add(&bundle, "y", frame->bytes ? NN_U8 : NN_I32, y_ndim, y_shape,
				&err)) ||
		nn_bundle_layout(&bundle, &err) || nn_bundle_alloc(&bundle, &err) ||
		nn_bundle_set_meta(&bundle, "x_scale", "0.5", &err) ||
		(frame->total && nn_bundle_set_meta(&bundle, "rows", frame->total, &err)) ||
		(frame->classes && nn_bundle_set_meta(&bundle, "classes", frame->classes, &err)) ||
		(frame->tokens && nn_bundle_set_meta(&bundle, "tokens", "bytes", &err));

	if (!status && shape[1] == 2)
		fill(&bundle, frame);
	status = status || nn_writer_frame(writer, &preamble, &bundle, &err);
	nn_bundle_free(&bundle);
	return status;
}

/* A file of these frames, at its start. */
static FILE *file_of(const struct frame *frames, size_t count)
{
	FILE *file = tmpfile();
	struct nn_writer *writer;
	int status = nn_writer_open(&writer, fileno(file), "file", &err);

	for (size_t i = 0; i < count && !status; i++)
		status = write_frame(writer, &frames[i]);
	if (status || nn_writer_end(writer, &err))
		printf("# %s\n", err.text);
	nn_writer_close(writer);
	lseek(fileno(file), 0, SEEK_SET);
	return file;
}

#define CLASSES "[\"a\",\"b\",\"c\"]"

static void test_load(void)
{
	static const struct frame frames[] = { { .rows = 4, .total = "9", .classes = CLASSES },
		{ .first = 4, .rows = 0, .total = "9", .classes = CLASSES },
		{ .first = 4, .rows = 5, .total = "9", .classes = CLASSES } };
	static const uint64_t rows[] = { 8, 0, 4, 3, 8 };
	struct nn_dataset dataset;
	FILE *file = file_of(frames, 3);
	float x[10];
	int32_t labels[5];
	bool good = true;

	if (!ok(!nn_dataset_load(&dataset, fileno(file), "file", &err), "three frames")) {
		printf("# %s\n", err.text);
		return;
	}
	ok(dataset.rows == 9 && dataset.total_rows == 9 && dataset.features == 2 &&
			dataset.x_ndim == 1 && dataset.x_dtype == NN_U8 && dataset.x_scale == 0.5f,
		"rows and shapes");
	ok(dataset.has_classes && dataset.class_count == 3 && dataset.outputs == 0 &&
			dataset.positions == 1 && !strcmp(dataset.classes[2], "c"),
		"classes");
	nn_dataset_gather(&dataset, rows, 5, x, NULL, labels);
	for (size_t i = 0; i < 5; i++)
		good = good && x[2 * i] == (float)rows[i] &&
			x[2 * i + 1] == (float)rows[i] + 0.5f &&
			labels[i] == (int32_t)(rows[i] % 3);
	ok(good, "rows by number, scaled");
	ok(nn_bundle_meta(&dataset.metas, "classes") != NULL, "metadata");
	nn_dataset_free(&dataset);
	fclose(file);
}

/* Classes at several positions, or in bytes. */
static void test_positions(bool bytes, uint64_t positions)
{
	const struct frame frames[] = { { .rows = 4,
						.total = "7",
						.classes = CLASSES,
						.positions = positions,
						.bytes = bytes },
		{ .first = 4,
			.rows = 3,
			.total = "7",
			.classes = CLASSES,
			.positions = positions,
			.bytes = bytes } };
	static const uint64_t rows[] = { 6, 0, 3, 4 };
	size_t width = positions ? (size_t)positions : 1;
	struct nn_dataset dataset;
	FILE *file = file_of(frames, 2);
	int32_t labels[4 * 5 + 1];
	bool good = !nn_dataset_load(&dataset, fileno(file), "file", &err);

	ok(good && dataset.has_classes && dataset.positions == width && !dataset.outputs,
		"%s classes at %zu positions", bytes ? "U8" : "I32", width);
	labels[4 * width] = -7;
	if (good)
		nn_dataset_gather(&dataset, rows, 4, NULL, NULL, labels);
	for (size_t i = 0; i < 4 * width && good; i++)
		good = labels[i] == (int32_t)((rows[i / width] + i % width) % 3);
	ok(good && labels[4 * width] == -7, "their labels by number");
	nn_dataset_free(&dataset);
	fclose(file);
}

static void refused(const struct frame *frames, size_t count, const char *text)
{
	struct nn_dataset dataset;
	FILE *file = file_of(frames, count);
	int status = nn_dataset_load(&dataset, fileno(file), "file", &err);

	ok(status == NN_BAD && strstr(err.text, text), "%s", text);
	if (!status)
		nn_dataset_free(&dataset);
	else if (!strstr(err.text, text))
		printf("# %s\n", err.text);
	fclose(file);
}

static void test_refusals(void)
{
	struct frame good = { .rows = 4, .total = "8", .classes = CLASSES };
	struct frame frames[2] = { good, good };

	refused(frames, 0, "file: holds no data frames");
	refused(frames, 1, "file: names 8 rows but holds 4");
	frames[1].total = "9";
	refused(frames, 2, "file: frame 1: metadata `rows` differs");
	frames[1] = good;
	frames[1].features = 3;
	refused(frames, 2, "file: frame 1: tensor x: U8 [4, 3], in the first frame U8 [4, 2]");
	frames[1] = good;
	frames[1].unlabelled = true;
	refused(frames, 2, "file: frame 1: tensor y: ");
	frames[1] = good;
	frames[1].shards = 2;
	refused(frames, 2, "file: frame 1: rows of shard 0 of 2 behind those of 0 of 0");
	frames[1] = good;
	frames[1].label = 1;
	refused(frames, 2, "file: frame 1: tensor y: row 2: class 3, there are 3");
	frames[1].label = -1;
	refused(frames, 2, "file: frame 1: tensor y: row 0: class -1, there are 3");
	frames[1].positions = 4;
	frames[1].label = 0;
	refused(frames, 2, "file: frame 1: tensor y: I32 [4, 4], in the first frame I32 [4]");
	frames[0].positions = 4;
	frames[1].label = 1;
	refused(frames, 2, "file: frame 1: tensor y: row 0, position 2: class 3, there are 3");
	frames[0].bytes = frames[1].bytes = true;
	refused(frames, 2, "file: frame 1: tensor y: row 0, position 2: class 3, there are 3");
	frames[1].label = -1;
	refused(frames, 2, "file: frame 1: tensor y: row 0, position 0: class 255, there are 3");
	frames[0].positions = 99;
	refused(frames, 1, "file: frame 0: tensor y: class numbers of 3 dimensions");
	frames[0] = good;
	frames[0].tokens = true;
	refused(frames, 1, "file: frame 0: tensor x: row 1, position 1: token 3, there are 3");
	frames[0].classes = NULL;
	refused(frames, 1, "file: frame 0: metadata `tokens`, but no `classes`");
	frames[0] = good;
	frames[0].total = "x";
	refused(frames, 1, "metadata `rows`: 'x' is no whole number");
	frames[0] = good;
	frames[0].classes = "[1]";
	refused(frames, 1, "file: frame 0: metadata `classes`: ");
	frames[0].classes = "[]";
	refused(frames, 1, "file: frame 0: metadata `classes`: not an array of names");
}

/* nn_split writes what nn_partition_list says. */
static void test_split(const char *method, uint64_t shards, const double *weights)
{
	static const struct frame frames[] = { { .rows = 40, .total = "100", .classes = CLASSES },
		{ .first = 40, .rows = 40, .total = "100", .classes = CLASSES },
		{ .first = 80, .rows = 20, .total = "100", .classes = CLASSES } };
	FILE *file = file_of(frames, 3);
	FILE *files[8];
	struct nn_writer *writers[8];
	struct nn_writer *ours[8];
	struct nn_split split = { .method = method,
		.shards = shards,
		.weights = weights,
		.seed = 5,
		.writers = writers };
	struct nn_partition partition;
	struct nn_reader *reader;
	uint64_t rows;
	bool good;

	for (uint64_t k = 0; k < shards; k++) {
		files[k] = tmpfile();
		nn_writer_open(&ours[k], fileno(files[k]), "shard", &err);
		writers[k] = ours[k];
	}
	good = !nn_reader_open(&reader, fileno(file), "file", 0, &err) &&
		!nn_split(reader, &split, &rows, &err) && rows == 100 &&
		!nn_partition_init(&partition, method, 100, shards, weights, 5, &err);
	for (uint64_t k = 0; k < shards && good; k++) {
		struct nn_dataset dataset;
		uint64_t *list = NULL;
		uint64_t count = 0;

		lseek(fileno(files[k]), 0, SEEK_SET);
		good = !nn_dataset_load(&dataset, fileno(files[k]), "shard", &err) &&
			!nn_partition_list(&partition, k, &list, &count, &err) &&
			dataset.rows == count && dataset.total_rows == 100 &&
			dataset.shards == shards && dataset.shard == k;
		for (uint64_t i = 0; i < count && good; i++) {
			float x[2];
			int32_t label;

			nn_dataset_gather(&dataset, &i, 1, x, NULL, &label);
			good = x[0] == (float)list[i] && label == (int32_t)(list[i] % 3);
		}
		nn_dataset_free(&dataset);
		free(list);
	}
	ok(good, "%s, %llu shards%s: the rows of nn_partition_list", method,
		(unsigned long long)shards, weights ? " with weights" : "");
	nn_partition_free(&partition);
	nn_reader_close(reader);
	for (uint64_t k = 0; k < shards; k++) {
		nn_writer_close(ours[k]);
		fclose(files[k]);
	}
	fclose(file);
}

int main(void)
{
	static const double weights[] = { 1, 5, 0.01, 2.5 };

	test_load();
	for (uint64_t positions = 0; positions < 6; positions++) {
		test_positions(false, positions);
		test_positions(true, positions);
	}
	test_refusals();
	for (size_t m = 0; nn_partitioner_names[m]; m++) {
		test_split(nn_partitioner_names[m], 1, NULL);
		test_split(nn_partitioner_names[m], 7, NULL);
		test_split(nn_partitioner_names[m], 4, weights);
	}
	return tap_done();
}
