/* IDX, the format of MNIST (http://yann.lecun.com/exdb/mnist/): two zeros, a code of the element, the
 * number of dimensions, each dimension as 32 bits, then the elements; all big-endian.
 *
 * Images stay what they are: bytes are scaled by the reader (x_scale), so that they pass as fast as
 * they are inflated. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "data/import.h"
#include "data/meta.h"

#define ROW_LIMIT ((size_t)64 << 20)
#define BYTE_SCALE "0.00392156862745098" /* 1/255 */

struct idx {
	struct nn_import_file *file;
	enum nn_dtype dtype;
	unsigned ndim;
	uint64_t shape[NN_MAX_DIMS];
	size_t row_count; /* elements of a row */
};

static bool element(unsigned code, enum nn_dtype *dtype)
{
	switch (code) {
	case 0x08:
		*dtype = NN_U8;
		return true;
	case 0x09:
		*dtype = NN_I8;
		return true;
	case 0x0b:
		*dtype = NN_I16;
		return true;
	case 0x0c:
		*dtype = NN_I32;
		return true;
	case 0x0d:
		*dtype = NN_F32;
		return true;
	case 0x0e:
		*dtype = NN_F64;
		return true;
	default:
		return false;
	}
}

static bool detect(const struct nn_import_file *file)
{
	enum nn_dtype dtype;

	return file->head_length >= 8 && !file->head[0] && !file->head[1] &&
		element(file->head[2], &dtype) && file->head[3];
}

static int open_idx(struct idx *idx, struct nn_import_file *file, struct nn_error *err)
{
	unsigned char bytes[4 * NN_MAX_DIMS];
	const char *name = file->name;
	size_t got;
	int status;

	*idx = (struct idx){ .file = file, .row_count = 1 };
	if (!detect(file))
		return nn_fail(err, NN_BAD,
			"%s: not an IDX file: it does not begin with 0 0, a type and dimensions",
			name);
	element(file->head[2], &idx->dtype);
	idx->ndim = file->head[3];
	file->taken = 4;
	if (idx->ndim > NN_MAX_DIMS)
		return nn_fail(err, NN_BAD, "%s: %u dimensions, at most %d are taken", name,
			idx->ndim, NN_MAX_DIMS);
	status = nn_import_take(file, bytes, (size_t)4 * idx->ndim, &got, err);
	if (status)
		return status;
	if (got < (size_t)4 * idx->ndim)
		return nn_fail(err, NN_BAD, "%s: is cut off in its %u dimensions", name, idx->ndim);
	for (unsigned i = 0; i < idx->ndim; i++) {
		const unsigned char *b = bytes + (size_t)4 * i;

		idx->shape[i] =
			(uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3];
		if (i && !nn_mul(idx->row_count, (size_t)idx->shape[i], &idx->row_count))
			return nn_fail(err, NN_BAD, "%s: its shape overflows", name);
	}
	if (!idx->shape[0] || !idx->row_count)
		return nn_fail(err, NN_BAD, "%s: has no elements", name);
	if (idx->row_count > ROW_LIMIT / nn_dtype_size(idx->dtype))
		return nn_fail(err, NN_BAD, "%s: a row of more than 64 MiB", name);
	return NN_OK;
}

static void swap_bytes(unsigned char *bytes, size_t size, size_t count)
{
	for (size_t i = 0; i < count; i++, bytes += size)
		for (size_t a = 0, b = size - 1; a < b; a++, b--) {
			unsigned char byte = bytes[a];

			bytes[a] = bytes[b];
			bytes[b] = byte;
		}
}

/* `rows` rows, from row `first`, in the machine's byte order. */
static int take_rows(struct idx *idx, void *to, uint64_t first, size_t rows, struct nn_error *err)
{
	size_t size = nn_dtype_size(idx->dtype);
	size_t row_bytes = idx->row_count * size;
	size_t got;
	int status = nn_import_take(idx->file, to, rows * row_bytes, &got, err);

	if (status)
		return status;
	if (got < rows * row_bytes)
		return nn_fail(err, NN_BAD,
			"%s: names %llu rows of %zu bytes, and ends in row %llu", idx->file->name,
			(unsigned long long)idx->shape[0], row_bytes,
			(unsigned long long)(first + got / row_bytes));
	if (size > 1 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		swap_bytes(to, size, rows * idx->row_count);
	return NN_OK;
}

static int check_end(struct idx *idx, struct nn_error *err)
{
	unsigned char byte;
	size_t got;
	int status = nn_import_take(idx->file, &byte, 1, &got, err);

	if (!status && got)
		return nn_fail(err, NN_BAD, "%s: goes on behind its %llu rows", idx->file->name,
			(unsigned long long)idx->shape[0]);
	return status;
}

/* All labels; memory grows with those that come. */
static int read_labels(struct idx *idx, int32_t **labels, int32_t *highest, struct nn_error *err)
{
	uint64_t done = 0;
	size_t room = 0;
	int status = NN_OK;

	*labels = NULL;
	*highest = 0;
	if (idx->ndim != 1 || idx->dtype == NN_F32 || idx->dtype == NN_F64)
		return nn_fail(err, NN_BAD, "%s: labels are whole numbers in one dimension",
			idx->file->name);
	while (!status && done < idx->shape[0]) {
		unsigned char block[4 * 4096];
		float values[4096];
		uint64_t left = idx->shape[0] - done;
		size_t count = left < 4096 ? (size_t)left : 4096;

		if (done + count > room) {
			int32_t *grown =
				nn_realloc(*labels, room = 2 * room + 4096, sizeof *grown, err);

			if (!grown)
				return NN_FAILED;
			*labels = grown;
		}
		status = take_rows(idx, block, done, count, err);
		if (!status)
			nn_tensor_to_f32(values, block, idx->dtype, count);
		for (size_t i = 0; i < count && !status; i++) {
			if (values[i] < 0.0f || values[i] > 65535.0f)
				return nn_fail(err, NN_BAD,
					"%s: row %llu: %.0f is no class (0 to 65535)",
					idx->file->name, (unsigned long long)(done + i),
					(double)values[i]);
			(*labels)[done + i] = (int32_t)values[i];
			if ((*labels)[done + i] > *highest)
				*highest = (*labels)[done + i];
		}
		done += count;
	}
	return status ? status : check_end(idx, err);
}

/* Classes "0", "1", ... up to the highest that came. */
static int name_classes(struct nn_bundle *metas, int32_t highest, struct nn_import_report *report,
	struct nn_error *err)
{
	size_t count = (size_t)highest + 1;
	char **names = nn_alloc(count, sizeof *names, err);
	struct nn_buffer text = { 0 };
	int status = names ? NN_OK : NN_FAILED;

	for (size_t i = 0; i < count && !status; i++) {
		char name[24];

		snprintf(name, sizeof name, "%zu", i);
		names[i] = nn_strdup(name, err);
		status = names[i] ? NN_OK : NN_FAILED;
	}
	if (!status)
		status = nn_data_put_names(&text, names, count, err);
	if (!status)
		status = nn_bundle_set_meta(metas, "classes", text.data, err);
	if (!status)
		nn_import_report_classes(report, names, count);
	nn_data_free_names(names, names ? count : 0);
	nn_buffer_free(&text);
	return status;
}

/* The other's classes, which must hold the labels. */
static int like_classes(const struct nn_import *import, struct nn_bundle *metas, int32_t highest,
	struct nn_import_report *report, struct nn_error *err)
{
	char **names;
	size_t count;
	int status = nn_data_classes(import->like, &names, &count, err);

	if (status)
		return nn_fail_in(err, "%s", import->like_name);
	if ((size_t)highest >= count)
		status = nn_fail(err, NN_BAD, "class %ld is not among the %zu of %s", (long)highest,
			count, import->like_name);
	else
		status = nn_bundle_set_meta(metas, "classes",
			nn_bundle_meta(import->like, "classes"), err);
	if (!status)
		nn_import_report_classes(report, names, count);
	nn_data_free_names(names, count);
	return status;
}

static int make_metas(const struct idx *x, const struct nn_import *import, bool labelled,
	int32_t highest, struct nn_bundle *metas, struct nn_import_report *report,
	struct nn_error *err)
{
	char rows[32];
	int status;

	snprintf(rows, sizeof rows, "%llu", (unsigned long long)x->shape[0]);
	status = nn_bundle_set_meta(metas, "rows", rows, err);
	if (!status && x->dtype == NN_U8)
		status = nn_bundle_set_meta(metas, "x_scale", BYTE_SCALE, err);
	if (status || !labelled)
		return status;
	if (import->like)
		return like_classes(import, metas, highest, report, err);
	return name_classes(metas, highest, report, err);
}

static int lay_out(struct nn_bundle *frame, const struct idx *x, size_t rows, bool labelled,
	const struct nn_bundle *metas, struct nn_error *err)
{
	uint64_t shape[NN_MAX_DIMS];
	int status;

	memcpy(shape, x->shape, sizeof shape);
	shape[0] = rows;
	status = nn_bundle_add(frame, "x", x->dtype, x->ndim, shape, err);
	if (!status && labelled)
		status = nn_bundle_add(frame, "y", NN_I32, 1, shape, err);
	if (!status)
		status = nn_bundle_layout(frame, err);
	if (!status)
		status = nn_bundle_copy_metas(metas, frame, err);
	return status ? status : nn_bundle_alloc(frame, err);
}

/* Frames as they come. */
static int write_frames(struct idx *x, const int32_t *labels, const struct nn_bundle *metas,
	const struct nn_import *import, struct nn_writer *writer, struct nn_error *err)
{
	size_t row_bytes = x->row_count * nn_dtype_size(x->dtype);
	size_t most = nn_data_frame_rows(row_bytes);
	struct nn_bundle frame = { 0 };
	int status = NN_OK;

	for (uint64_t done = 0; done < x->shape[0] && !status;) {
		uint64_t left = x->shape[0] - done;
		size_t count = left < most ? (size_t)left : most;
		struct nn_preamble preamble = { .kind = NN_KIND_DATA, .rows = count };

		if (!frame.data || nn_bundle_find(&frame, "x")->shape[0] != count) {
			nn_bundle_free(&frame);
			status = lay_out(&frame, x, count, labels != NULL, metas, err);
		}
		if (!status)
			status = take_rows(x, nn_bundle_data(&frame, nn_bundle_find(&frame, "x")),
				done, count, err);
		if (!status && labels)
			memcpy(nn_bundle_data(&frame, nn_bundle_find(&frame, "y")), labels + done,
				count * sizeof *labels);
		if (!status)
			status = nn_writer_frame(writer, &preamble, &frame, err);
		done += count;
		if (import->progress)
			import->progress(done);
	}
	nn_bundle_free(&frame);
	return status ? status : check_end(x, err);
}

static int refuse_options(const struct nn_import *import, struct nn_error *err)
{
	if (import->target)
		return nn_fail(err, NN_USAGE,
			"IDX files have no columns: the labels are a second file, behind the first");
	if (import->target_type || import->columns || import->drop || import->header ||
		import->delimiter || import->na || import->standardize)
		return nn_fail(err, NN_USAGE,
			"IDX files have no columns: only --format, --like and -o go with them");
	return NN_OK;
}

static int run(const struct nn_import *import, struct nn_import_file *files, size_t count,
	struct nn_writer *writer, struct nn_import_report *report, struct nn_error *err)
{
	struct idx x;
	struct idx y;
	struct nn_bundle metas = { 0 };
	int32_t *labels = NULL;
	int32_t highest = 0;
	bool labelled = count > 1;
	int status = refuse_options(import, err);

	if (!status)
		status = open_idx(&x, &files[0], err);
	if (!status && labelled)
		status = open_idx(&y, &files[1], err);
	if (!status && labelled && x.ndim == 1 && y.ndim > 1)
		status = nn_fail(err, NN_BAD,
			"%s holds labels and %s images: the images come first (swap them)",
			x.file->name, y.file->name);
	if (!status && labelled && x.shape[0] != y.shape[0])
		status = nn_fail(err, NN_BAD, "%s has %llu rows and %s %llu labels", x.file->name,
			(unsigned long long)x.shape[0], y.file->name,
			(unsigned long long)y.shape[0]);
	if (!status && labelled)
		status = read_labels(&y, &labels, &highest, err);
	if (!status)
		status = make_metas(&x, import, labelled, highest, &metas, report, err);
	if (!status)
		status = write_frames(&x, labels, &metas, import, writer, err);
	if (!status) {
		report->rows = x.shape[0];
		report->inputs = x.row_count;
		report->labelled = labelled;
	}
	free(labels);
	nn_bundle_free(&metas);
	return status;
}

const struct nn_importer nn_importer_idx = {
	.name = "idx",
	.detect = detect,
	.files = 2,
	.run = run,
};
