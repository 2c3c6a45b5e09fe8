#include "data/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/dataset.h"

void nn_rows_init(struct nn_rows *rows, size_t width, size_t y_bytes, bool wide)
{
	*rows = (struct nn_rows){ .width = width, .wide = wide };
	rows->block_rows = nn_data_frame_rows(width * sizeof(float) + y_bytes);
}

void nn_rows_free(struct nn_rows *rows)
{
	for (size_t i = 0; i < rows->block_count; i++)
		free(rows->blocks[i]);
	free(rows->blocks);
	*rows = (struct nn_rows){ 0 };
}

static size_t row_bytes(const struct nn_rows *rows)
{
	return rows->width * (rows->wide ? sizeof(double) : sizeof(float));
}

static const void *row_at(const struct nn_rows *rows, uint64_t row)
{
	const unsigned char *block = rows->blocks[row / rows->block_rows];

	return block + (size_t)(row % rows->block_rows) * row_bytes(rows);
}

int nn_rows_place(struct nn_rows *rows, void **place, struct nn_error *err)
{
	if (!rows->next) {
		void **blocks =
			nn_realloc(rows->blocks, rows->block_count + 1, sizeof *blocks, err);

		if (!blocks)
			return NN_FAILED;
		rows->blocks = blocks;
		rows->next = nn_alloc_aligned(rows->block_rows * row_bytes(rows), err);
		if (!rows->next)
			return NN_FAILED;
		blocks[rows->block_count++] = rows->next;
	}
	*place = rows->next;
	return NN_OK;
}

void nn_rows_keep(struct nn_rows *rows)
{
	rows->count++;
	rows->next = (unsigned char *)rows->next + row_bytes(rows);
	if (rows->count % rows->block_rows == 0)
		rows->next = NULL;
}

static double value_at(const struct nn_rows *rows, const void *row, size_t i)
{
	return rows->wide ? ((const double *)row)[i] : (double)((const float *)row)[i];
}

void nn_rows_renumber(struct nn_rows *rows, size_t i, const size_t *ranks)
{
	for (uint64_t r = 0; r < rows->count; r++) {
		unsigned char *row = rows->blocks[r / rows->block_rows];
		double value;

		row += (size_t)(r % rows->block_rows) * row_bytes(rows);
		value = value_at(rows, row, i);
		if (isnan(value))
			continue;
		if (rows->wide)
			((double *)(void *)row)[i] = (double)ranks[(size_t)value];
		else
			((float *)(void *)row)[i] = (float)ranks[(size_t)value];
	}
}

/* The row as double: where it lies, or copied to `scratch` [width]. */
NN_CLONES
static const double *as_double(const struct nn_rows *rows, uint64_t row, double *scratch)
{
	const void *from = row_at(rows, row);

	if (rows->wide)
		return from;
	for (size_t i = 0; i < rows->width; i++)
		scratch[i] = (double)((const float *)from)[i];
	return scratch;
}

/* Sums over the rows, for each number of a row. */
struct sums {
	double *mean;
	double *total;
	double *there; /* cells that are not missing */
	double *scratch;
};

NN_CLONES
static void add_values(const struct nn_rows *rows, struct sums *sums)
{
	double *total = sums->total;
	double *there = sums->there;

	for (uint64_t r = 0; r < rows->count; r++) {
		const double *row = as_double(rows, r, sums->scratch);

		for (size_t i = 0; i < rows->width; i++) {
			total[i] += isnan(row[i]) ? 0.0 : row[i];
			there[i] += isnan(row[i]) ? 0.0 : 1.0;
		}
	}
}

NN_CLONES
static void add_squares(const struct nn_rows *rows, struct sums *sums)
{
	double *total = sums->total;
	const double *mean = sums->mean;

	for (uint64_t r = 0; r < rows->count; r++) {
		const double *row = as_double(rows, r, sums->scratch);

		for (size_t i = 0; i < rows->width; i++) {
			double distance = row[i] - mean[i];

			total[i] += isnan(distance) ? 0.0 : distance * distance;
		}
	}
}

/* The mean is rounded, so equal cells could have a tiny spread. */
static bool is_constant(const struct nn_rows *rows, size_t i, double *value)
{
	bool found = false;

	for (uint64_t r = 0; r < rows->count; r++) {
		double cell = value_at(rows, row_at(rows, r), i);

		if (isnan(cell))
			continue;
		if (found && cell != *value)
			return false;
		found = true;
		*value = cell;
	}
	return true;
}

static void set_column(const struct nn_rows *rows, struct nn_column *column, size_t i,
	const struct sums *sums)
{
	column->mean = sums->mean[i];
	column->sd = sqrt(sums->total[i] / sums->there[i]);
	if (column->sd > 0.0 && column->sd <= 1e-9 * fabs(column->mean) &&
		is_constant(rows, i, &column->mean))
		column->sd = 0.0;
}

int nn_rows_measure(const struct nn_rows *rows, struct nn_columns *columns, const size_t *inputs,
	struct nn_error *err)
{
	size_t width = rows->width;
	double *block = nn_alloc(width, 4 * sizeof *block, err);
	struct sums sums = { block, block + width, block + 2 * width, block + 3 * width };
	int status = NN_OK;

	if (!block)
		return NN_FAILED;
	add_values(rows, &sums);
	for (size_t i = 0; i < width && !status; i++) {
		struct nn_column *column = &columns->items[inputs[i]];
		char text[NN_COLUMN_TEXT];

		if (column->kind == NN_COLUMN_NUMBER && sums.there[i] == 0.0) {
			nn_column_text(inputs[i], column->name, text);
			status = nn_fail(err, NN_BAD, "%s: holds no number", text);
		}
		sums.mean[i] = sums.total[i] / sums.there[i];
		sums.total[i] = 0.0;
	}
	if (!status)
		add_squares(rows, &sums);
	for (size_t i = 0; i < width && !status; i++)
		if (columns->items[inputs[i]].kind == NN_COLUMN_NUMBER)
			set_column(rows, &columns->items[inputs[i]], i, &sums);
	free(block);
	return status;
}

/* How the numbers of a row become inputs: (number - shift) / divisor, `fill` for a missing one. */
struct scaling {
	double *shift;
	double *divisor;
	double *fill;
	double *scratch;
	bool texts; /* there are one-hot columns */
};

static int make_scaling(struct scaling *scaling, const struct nn_rows *rows,
	const struct nn_columns *columns, const size_t *inputs, struct nn_error *err)
{
	size_t width = rows->width;
	double *block = nn_alloc(width, 4 * sizeof *block, err);

	*scaling = (struct scaling){ block, block + width, block + 2 * width, block + 3 * width,
		false };
	if (!block)
		return NN_FAILED;
	for (size_t i = 0; i < width; i++) {
		const struct nn_column *column = &columns->items[inputs[i]];

		scaling->texts = scaling->texts || column->kind == NN_COLUMN_ONE_HOT;
		scaling->fill[i] = column->mean;
		scaling->shift[i] = column->standardized ? column->mean : 0.0;
		scaling->divisor[i] = 1.0;
		/* Whatever is divided by infinity is 0, as all of a constant column should be. */
		if (column->standardized)
			scaling->divisor[i] = column->sd > 0.0 ? column->sd : (double)INFINITY;
	}
	return NN_OK;
}

/* x [width]; adding 0 makes -0 a 0. */
NN_CLONES
static void scale_row(const struct scaling *scaling, const double *row, size_t width, float *x)
{
	const double *shift = scaling->shift;
	const double *divisor = scaling->divisor;
	const double *fill = scaling->fill;

	for (size_t i = 0; i < width; i++) {
		double value = isnan(row[i]) ? fill[i] : row[i];

		x[i] = (float)((value - shift[i]) / divisor[i] + 0.0);
	}
}

/* As scale_row, with texts among the numbers. */
static void spread_row(const struct scaling *scaling, const double *row, size_t width,
	const struct nn_columns *columns, const size_t *inputs, float *x)
{
	for (size_t i = 0; i < width; i++) {
		const struct nn_column *column = &columns->items[inputs[i]];
		double value = isnan(row[i]) ? scaling->fill[i] : row[i];

		if (column->kind == NN_COLUMN_NUMBER) {
			*x++ = (float)((value - scaling->shift[i]) / scaling->divisor[i] + 0.0);
			continue;
		}
		for (size_t v = 0; v < column->values.count; v++)
			*x++ = row[i] == (double)v ? 1.0f : 0.0f;
	}
}

/* The bundle of a frame of `count` rows. */
static int lay_out(struct nn_bundle *frame, size_t count, size_t features,
	const struct nn_rows_targets *targets, const struct nn_bundle *metas, struct nn_error *err)
{
	uint64_t x_shape[] = { count, features };
	uint64_t y_shape[] = { count, targets->outputs };
	int status = nn_bundle_add(frame, "x", NN_F32, 2, x_shape, err);

	if (!status && targets->labels)
		status = nn_bundle_add(frame, "y", NN_I32, 1, y_shape, err);
	if (!status && targets->numbers)
		status = nn_bundle_add(frame, "y", NN_F32, 2, y_shape, err);
	if (!status)
		status = nn_bundle_layout(frame, err);
	return status ? status : nn_bundle_copy_metas(metas, frame, err);
}

static int write_frame(struct nn_writer *writer, const struct nn_bundle *frame, uint64_t first,
	size_t count, const float *x, const struct nn_rows_targets *targets, struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = NN_KIND_DATA, .rows = count };
	int status = nn_writer_begin(writer, &preamble, frame, err);

	for (size_t t = 0; t < frame->count && !status; t++) {
		const struct nn_tensor *tensor = &frame->tensors[t];
		const void *from = x;

		if (!strcmp(tensor->name, "y"))
			from = targets->labels ? (const void *)(targets->labels + first) :
						 targets->numbers + first * targets->outputs;
		status = nn_writer_put(writer, from, tensor->bytes, err);
	}
	return status ? status : nn_writer_finish(writer, err);
}

/* Are the numbers in memory those of the frame? */
static bool needs_encoding(const struct nn_rows *rows, const struct nn_columns *columns,
	const size_t *inputs)
{
	if (rows->wide)
		return true;
	for (size_t i = 0; i < rows->width; i++) {
		const struct nn_column *column = &columns->items[inputs[i]];

		if (column->kind != NN_COLUMN_NUMBER || column->filled || column->standardized)
			return true;
	}
	return false;
}

int nn_rows_write(const struct nn_rows *rows, const struct nn_columns *columns,
	const size_t *inputs, const struct nn_rows_targets *targets, const struct nn_bundle *metas,
	struct nn_writer *writer, struct nn_error *err)
{
	size_t features = nn_columns_inputs(columns);
	bool encoded = needs_encoding(rows, columns, inputs);
	size_t frame_rows =
		encoded ? nn_data_frame_rows(features * sizeof(float)) : rows->block_rows;
	struct nn_bundle frame = { 0 };
	struct scaling scaling;
	float *x = NULL;
	uint64_t first = 0;
	size_t laid_out = SIZE_MAX;
	int status = make_scaling(&scaling, rows, columns, inputs, err);

	if (!status && encoded) {
		if (rows->count < frame_rows)
			frame_rows = rows->count ? (size_t)rows->count : 1;
		x = nn_alloc_aligned(frame_rows * features * sizeof *x, err);
		status = x ? NN_OK : NN_FAILED;
	}
	do {
		uint64_t left = rows->count - first;
		size_t count = left < frame_rows ? (size_t)left : frame_rows;

		if (!status && count != laid_out) {
			nn_bundle_free(&frame);
			status = lay_out(&frame, count, features, targets, metas, err);
			laid_out = count;
		}
		for (size_t r = 0; r < count && !status && encoded; r++) {
			const double *row = as_double(rows, first + r, scaling.scratch);

			if (scaling.texts)
				spread_row(&scaling, row, rows->width, columns, inputs,
					x + r * features);
			else
				scale_row(&scaling, row, features, x + r * features);
		}
		if (!status)
			status = write_frame(writer, &frame, first, count,
				encoded       ? x :
					count ? row_at(rows, first) :
						NULL,
				targets, err);
		first += count;
	} while (!status && first < rows->count);
	nn_bundle_free(&frame);
	free(scaling.shift);
	free(x);
	return status;
}
