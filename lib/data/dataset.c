#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/meta.h"
#include "tensor/vector.h"

size_t nn_data_frame_rows(size_t row_bytes)
{
	size_t fit = NN_DATA_FRAME_BYTES / (row_bytes ? row_bytes : 1);

	return fit < 1 ? 1 : fit < NN_DATA_FRAME_ROWS ? fit : NN_DATA_FRAME_ROWS;
}

/* As class numbers are stored. */
static bool holds_numbers(const struct nn_tensor *tensor)
{
	return tensor->dtype == NN_I32 || tensor->dtype == NN_U8;
}

/* Takes shapes, classes and scaling from the first frame. */
static int describe(struct nn_dataset *dataset, const struct nn_bundle *frame, struct nn_error *err)
{
	const struct nn_tensor *x = nn_bundle_find(frame, "x");
	const struct nn_tensor *y = nn_bundle_find(frame, "y");
	int status;

	dataset->x_ndim = x->ndim - 1;
	dataset->x_dtype = x->dtype;
	dataset->features = 1;
	for (unsigned i = 0; i < dataset->x_ndim; i++) {
		dataset->x_shape[i] = x->shape[i + 1];
		if (!nn_mul(dataset->features, (size_t)x->shape[i + 1], &dataset->features))
			return nn_fail(err, NN_BAD, "tensor x: its shape overflows");
	}
	if (!dataset->features)
		return nn_fail(err, NN_BAD, "tensor x: rows without a value");
	status = nn_data_scale(frame, &dataset->x_scale, err);
	if (!status)
		status = nn_data_classes(frame, &dataset->classes, &dataset->class_count, err);
	if (status)
		return status;
	if (y && holds_numbers(y) && dataset->classes) {
		dataset->has_classes = true;
		if (y->ndim > 2)
			return nn_fail(err, NN_BAD, "tensor y: class numbers of %u dimensions",
				y->ndim);
		dataset->positions = y->ndim == 2 ? (size_t)y->shape[1] : 1;
	} else if (y) {
		dataset->outputs = 1;
		for (unsigned i = 1; i < y->ndim; i++)
			if (!nn_mul(dataset->outputs, (size_t)y->shape[i], &dataset->outputs))
				return nn_fail(err, NN_BAD, "tensor y: its shape overflows");
		if (!dataset->outputs)
			return nn_fail(err, NN_BAD, "tensor y: rows without a value");
	}
	if (nn_bundle_meta(frame, "tokens") && (!dataset->classes || !holds_numbers(x)))
		return nn_fail(err, NN_BAD, "metadata `tokens`, but %s",
			dataset->classes ? "x is neither U8 nor I32" : "no `classes`");
	return nn_bundle_copy_metas(frame, &dataset->metas, err);
}

/* The first number that is not below `limit`; `count` if there is none. */
static size_t first_beyond(const void *numbers, enum nn_dtype dtype, size_t count, size_t limit)
{
	size_t i = 0;

	if (dtype == NN_U8 && limit <= UINT8_MAX)
		while (i < count && ((const unsigned char *)numbers)[i] < limit)
			i++;
	else if (dtype == NN_U8)
		i = count;
	else
		/* A negative one is far beyond as an unsigned one. */
		while (i < count && (size_t)((const int32_t *)numbers)[i] < limit)
			i++;
	return i;
}

static int32_t number_at(const void *numbers, enum nn_dtype dtype, size_t i)
{
	return dtype == NN_U8 ? ((const unsigned char *)numbers)[i] : ((const int32_t *)numbers)[i];
}

/* Class numbers index tables: none may be out of them. `what` is what the tensor has of them. */
static int check_numbers(const struct nn_dataset *dataset, const struct nn_bundle *frame,
	const char *name, const char *what, struct nn_error *err)
{
	const struct nn_tensor *tensor = nn_bundle_find(frame, name);
	const void *numbers = nn_bundle_data(frame, tensor);
	size_t bad = first_beyond(numbers, tensor->dtype, tensor->count, dataset->class_count);
	size_t width;
	char position[40] = "";

	if (bad == tensor->count)
		return NN_OK;
	width = tensor->count / (size_t)tensor->shape[0];
	if (width > 1)
		snprintf(position, sizeof position, ", position %zu", bad % width);
	return nn_fail(err, NN_BAD, "tensor %s: row %zu%s: %s %ld, there are %zu", name,
		bad / width, position, what, (long)number_at(numbers, tensor->dtype, bad),
		dataset->class_count);
}

/* A frame's rows beyond the first must look like the first's. */
static int check_like_first(const struct nn_dataset *dataset, const struct nn_bundle *frame,
	const struct nn_preamble *preamble, struct nn_error *err)
{
	if (preamble->shards != dataset->shards ||
		(preamble->shards && preamble->first != dataset->shard))
		return nn_fail(err, NN_BAD,
			"rows of shard %llu of %llu behind those of %llu of %llu",
			(unsigned long long)preamble->first, (unsigned long long)preamble->shards,
			(unsigned long long)dataset->shard, (unsigned long long)dataset->shards);
	return nn_data_same_rows(&dataset->frames[0], frame, err);
}

static void identify(struct nn_dataset *dataset, const struct nn_bundle *frame, uint64_t rows)
{
	const uint64_t parts[] = { dataset->id, rows, nn_hash(frame->data, frame->bytes) };

	dataset->id = nn_hash(parts, sizeof parts);
}

static int add_frame(struct nn_dataset *dataset, struct nn_bundle *frame,
	const struct nn_preamble *preamble, struct nn_error *err)
{
	uint64_t rows;
	int status = nn_data_check_frame(frame, preamble, &rows, err);

	if (!status && !dataset->frame_count) {
		dataset->shards = preamble->shards;
		dataset->shard = preamble->first;
		status = describe(dataset, frame, err);
	} else if (!status) {
		status = check_like_first(dataset, frame, preamble, err);
	}
	if (!status && dataset->has_classes)
		status = check_numbers(dataset, frame, "y", "class", err);
	if (!status && nn_bundle_meta(frame, "tokens"))
		status = check_numbers(dataset, frame, "x", "token", err);
	if (status)
		return status;
	/* Grown at powers of two. */
	if (!(dataset->frame_count & (dataset->frame_count - 1))) {
		size_t room = dataset->frame_count ? 2 * dataset->frame_count : 1;
		struct nn_bundle *frames = nn_realloc(dataset->frames, room, sizeof *frames, err);
		uint64_t *starts;

		if (!frames)
			return NN_FAILED;
		dataset->frames = frames;
		starts = nn_realloc(dataset->starts, room + 1, sizeof *starts, err);
		if (!starts)
			return NN_FAILED;
		dataset->starts = starts;
		starts[0] = 0;
	}
	identify(dataset, frame, rows);
	dataset->frames[dataset->frame_count++] = *frame;
	*frame = (struct nn_bundle){ 0 };
	dataset->rows += rows;
	dataset->starts[dataset->frame_count] = dataset->rows;
	return NN_OK;
}

int nn_dataset_finish(struct nn_dataset *dataset, const char *name, struct nn_error *err)
{
	bool said = false;

	if (!dataset->frame_count)
		return nn_fail(err, NN_BAD, "%s: holds no data frames", name);
	if (nn_data_total(&dataset->metas, &dataset->total_rows, &said, err))
		return nn_fail_in(err, "%s", name);
	if (!said)
		dataset->total_rows = dataset->rows;
	if (!dataset->shards && dataset->rows != dataset->total_rows)
		return nn_fail(err, NN_BAD, "%s: names %llu rows but holds %llu", name,
			(unsigned long long)dataset->total_rows, (unsigned long long)dataset->rows);
	return NN_OK;
}

int nn_dataset_take(struct nn_dataset *dataset, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
{
	struct nn_bundle bundle = { 0 };
	int status = nn_reader_load(reader, &bundle, err);

	if (status)
		return status;
	status = add_frame(dataset, &bundle, &frame->preamble, err);
	nn_bundle_free(&bundle);
	return status ? nn_reader_blame(reader, err) : NN_OK;
}

int nn_dataset_load(struct nn_dataset *dataset, int fd, const char *name, struct nn_error *err)
{
	struct nn_reader *reader;
	const struct nn_frame *frame;
	int status;

	*dataset = (struct nn_dataset){ 0 };
	status = nn_reader_open(&reader, fd, name, NN_KIND_DATA, err);
	if (status)
		return status;
	while (!(status = nn_reader_find(reader, NN_KIND_DATA, &frame, err)) && frame) {
		status = nn_dataset_take(dataset, reader, frame, err);
		if (status)
			break;
	}
	nn_reader_close(reader);
	if (!status)
		status = nn_dataset_finish(dataset, name, err);
	if (status)
		nn_dataset_free(dataset);
	return status;
}

void nn_dataset_free(struct nn_dataset *dataset)
{
	for (size_t i = 0; i < dataset->frame_count; i++)
		nn_bundle_free(&dataset->frames[i]);
	nn_data_free_names(dataset->classes, dataset->class_count);
	free(dataset->frames);
	free(dataset->starts);
	nn_bundle_free(&dataset->metas);
	*dataset = (struct nn_dataset){ 0 };
}

static size_t frame_of(const struct nn_dataset *dataset, uint64_t row)
{
	size_t low = 0;
	size_t high = dataset->frame_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (dataset->starts[middle] <= row)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void copy_labels(int32_t *to, const void *from, enum nn_dtype dtype, size_t count)
{
	if (dtype == NN_I32)
		memcpy(to, from, count * sizeof *to);
	else
		for (size_t i = 0; i < count; i++)
			to[i] = ((const unsigned char *)from)[i];
}

/* Where frames have their rows: all have them alike. */
#define VIEWS 64
struct gather {
	const struct nn_dataset *dataset;
	enum nn_dtype x_dtype, y_dtype;
	size_t x_bytes, y_bytes; /* of a row; 0: nobody wants it, or it is not there */
	struct {
		const unsigned char *x, *y;
	} views[VIEWS]; /* of the first frames, once somebody has asked */
};

static const unsigned char *data_of(const struct nn_bundle *frame, const char *name)
{
	const struct nn_tensor *tensor = nn_bundle_find(frame, name);

	return tensor ? nn_bundle_data(frame, tensor) : NULL;
}

/* Where row `number` is. */
static void find_row(struct gather *gather, uint64_t number, const unsigned char **x,
	const unsigned char **y)
{
	const struct nn_dataset *dataset = gather->dataset;
	size_t f = frame_of(dataset, number);
	size_t row = (size_t)(number - dataset->starts[f]);
	size_t view = f < VIEWS ? f : VIEWS - 1;

	if (f >= VIEWS - 1 || !gather->views[f].x) {
		gather->views[view].x = data_of(&dataset->frames[f], "x");
		gather->views[view].y = gather->y_bytes ? data_of(&dataset->frames[f], "y") : NULL;
	}
	*x = gather->views[view].x + row * gather->x_bytes;
	*y = gather->y_bytes ? gather->views[view].y + row * gather->y_bytes : NULL;
}

/* Rows are drawn from all over a set that no cache holds: what comes soon is asked for in good time. */
#define AHEAD 12
#define AHEAD_MOST 4096 /* bytes of a row */
#define LINE 64

static void ask_for(const unsigned char *place, size_t bytes)
{
	for (size_t i = 0; i < bytes && i < AHEAD_MOST; i += LINE)
		__builtin_prefetch(place + i, 0, 2);
}

static void begin(struct gather *gather, const struct nn_dataset *dataset, bool targets)
{
	const struct nn_bundle *first = &dataset->frames[0];
	const struct nn_tensor *x = nn_bundle_find(first, "x");
	const struct nn_tensor *y = targets ? nn_bundle_find(first, "y") : NULL;

	*gather = (struct gather){ .dataset = dataset, .x_dtype = x->dtype };
	gather->x_bytes = dataset->features * nn_dtype_size(x->dtype);
	if (!y)
		return;
	gather->y_dtype = y->dtype;
	gather->y_bytes = nn_dtype_size(y->dtype) *
		(dataset->has_classes ? dataset->positions : dataset->outputs);
}

void nn_dataset_gather(const struct nn_dataset *dataset, const uint64_t *rows, size_t count,
	float *x, float *y, int32_t *labels)
{
	size_t features = dataset->features;
	const unsigned char *inputs[AHEAD];
	const unsigned char *targets[AHEAD];
	struct gather gather;

	if (!count)
		return;
	begin(&gather, dataset, y || labels);
	/* Row i is asked for AHEAD turns before it is copied. */
	for (size_t i = 0; i < count + AHEAD; i++) {
		size_t done = i - AHEAD;

		if (i >= AHEAD && x) {
			nn_tensor_to_f32(x + done * features, inputs[done % AHEAD], gather.x_dtype,
				features);
			if (dataset->x_scale != 1.0f)
				nn_vector_scale(x + done * features, x + done * features,
					dataset->x_scale, features);
		}
		if (i >= AHEAD && y && gather.y_bytes)
			nn_tensor_to_f32(y + done * dataset->outputs, targets[done % AHEAD],
				gather.y_dtype, dataset->outputs);
		if (i >= AHEAD && labels && gather.y_bytes)
			copy_labels(labels + done * dataset->positions, targets[done % AHEAD],
				gather.y_dtype, dataset->positions);
		if (i >= count)
			continue;
		find_row(&gather, rows[i], &inputs[i % AHEAD], &targets[i % AHEAD]);
		ask_for(inputs[i % AHEAD], gather.x_bytes);
		ask_for(targets[i % AHEAD], gather.y_bytes);
	}
}
