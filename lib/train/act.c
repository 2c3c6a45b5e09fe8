#include "train/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define LAYER "layer"
#define STAGE "stage"
#define KERNEL "kernel"
#define ROOM_TEXT 24

/* The tensors of a frame, in canonical order. */
static const char numbers_name[] = "numbers";
static const char labels_name[] = "labels";
static const char x_name[] = "x";
static const char y_name[] = "y";
static const char dx_name[] = "dx";

void nn_micro_free(struct nn_micro *micro)
{
	free(micro->x);
	free(micro->labels);
	free(micro->y);
	free(micro->numbers);
	*micro = (struct nn_micro){ 0 };
}

static void *rows_of(size_t rows, size_t each, size_t size, struct nn_error *err)
{
	size_t bytes;

	if (!nn_mul(rows, each, &bytes) || !nn_mul(bytes, size, &bytes)) {
		nn_fail(err, NN_FAILED, "%zu rows at once are too many", rows);
		return NULL;
	}
	return nn_alloc_aligned(bytes ? bytes : 1, err);
}

int nn_micro_reserve(struct nn_micro *micro, const struct nn_act_form *form, size_t rows,
	struct nn_error *err)
{
	struct nn_preamble preamble = micro->preamble;

	if (rows <= micro->room && micro->x)
		return NN_OK;
	nn_micro_free(micro);
	micro->preamble = preamble;
	micro->x = rows_of(rows, form->x.count, sizeof *micro->x, err);
	micro->numbers = rows_of(rows, 1, sizeof *micro->numbers, err);
	if (form->positions)
		micro->labels = rows_of(rows, form->positions, sizeof *micro->labels, err);
	else
		micro->y = rows_of(rows, form->outputs, sizeof *micro->y, err);
	if (!micro->x || !micro->numbers || !(form->positions ? (void *)micro->labels : micro->y))
		return NN_FAILED;
	micro->room = rows;
	return NN_OK;
}

int nn_act_reserve(struct nn_act_grad *grad, const struct nn_act_form *form, size_t rows,
	struct nn_error *err)
{
	if (rows <= grad->room && grad->dx)
		return NN_OK;
	free(grad->dx);
	grad->room = 0;
	grad->dx = rows_of(rows, form->x.count, sizeof *grad->dx, err);
	if (!grad->dx)
		return NN_FAILED;
	grad->room = rows;
	return NN_OK;
}

bool nn_act_is_forward(const struct nn_frame *frame)
{
	return frame->preamble.kind == NN_KIND_ACT && nn_bundle_find(frame->layout, x_name);
}

bool nn_act_is_back(const struct nn_frame *frame)
{
	return frame->preamble.kind == NN_KIND_ACT && nn_bundle_find(frame->layout, dx_name);
}

/* [rows, shape] */
static int add_rows(struct nn_bundle *layout, const char *name, enum nn_dtype dtype, uint64_t rows,
	unsigned ndim, const uint64_t *dims, struct nn_error *err)
{
	uint64_t shape[NN_MAX_DIMS + 1] = { rows };

	/* A row of eight dimensions is a vector here. */
	if (ndim >= NN_MAX_DIMS) {
		shape[1] = 1;
		for (unsigned i = 0; i < ndim; i++)
			shape[1] *= dims[i];
		ndim = 1;
	} else if (ndim) {
		memcpy(shape + 1, dims, ndim * sizeof *dims);
	}
	return nn_bundle_add(layout, name, dtype, ndim + 1, shape, err);
}

static int set_metas(struct nn_bundle *layout, const struct nn_act_form *form, struct nn_error *err)
{
	char text[ROOM_TEXT];
	int status;

	snprintf(text, sizeof text, "%zu", form->layer);
	status = nn_bundle_set_meta(layout, LAYER, text, err);
	return status ? status : nn_bundle_set_meta(layout, KERNEL, form->kernel, err);
}

static bool has_rows(const struct nn_bundle *layout, uint64_t rows)
{
	return layout->count && layout->tensors[0].shape[0] == rows;
}

static int lay_out(struct nn_bundle *layout, const struct nn_act_form *form, uint64_t rows,
	size_t stage, struct nn_error *err)
{
	uint64_t targets = form->positions ? form->positions : form->outputs;
	char text[ROOM_TEXT];
	int status;

	if (has_rows(layout, rows))
		return NN_OK;
	nn_bundle_free(layout);
	status = set_metas(layout, form, err);
	snprintf(text, sizeof text, "%zu", stage);
	if (!status)
		status = nn_bundle_set_meta(layout, STAGE, text, err);
	if (!status)
		status = add_rows(layout, numbers_name, NN_U64, rows, 0, NULL, err);
	if (!status)
		status = add_rows(layout, x_name, NN_F32, rows, form->x.ndim, form->x.dims, err);
	if (!status)
		status = add_rows(layout, form->positions ? labels_name : y_name,
			form->positions ? NN_I32 : NN_F32, rows, 1, &targets, err);
	return status ? status : nn_bundle_layout(layout, err);
}

static int lay_out_back(struct nn_bundle *layout, const struct nn_act_form *form, uint64_t rows,
	struct nn_error *err)
{
	int status;

	if (has_rows(layout, rows))
		return NN_OK;
	nn_bundle_free(layout);
	status = set_metas(layout, form, err);
	if (!status)
		status = add_rows(layout, dx_name, NN_F32, rows, form->x.ndim, form->x.dims, err);
	return status ? status : nn_bundle_layout(layout, err);
}

/* Where the numbers of a tensor are; NULL: no tensor of ours. */
static void *place_of(const struct nn_micro *micro, const float *x, const char *name)
{
	if (!strcmp(name, numbers_name))
		return micro->numbers;
	if (!strcmp(name, labels_name))
		return micro->labels;
	if (!strcmp(name, y_name))
		return micro->y;
	return strcmp(name, x_name) != 0 ? NULL : (void *)(size_t)x;
}

int nn_act_write(struct nn_writer *writer, const struct nn_act_form *form, size_t stage,
	const struct nn_micro *micro, const float *x, struct nn_bundle *layout,
	struct nn_error *err)
{
	struct nn_preamble preamble = micro->preamble;
	int status = lay_out(layout, form, preamble.rows, stage, err);

	preamble.kind = NN_KIND_ACT;
	preamble.flags = 0;
	if (!status)
		status = nn_writer_begin(writer, &preamble, layout, err);
	for (size_t i = 0; i < layout->count && !status; i++) {
		const struct nn_tensor *tensor = &layout->tensors[i];

		status =
			nn_writer_put(writer, place_of(micro, x, tensor->name), tensor->bytes, err);
	}
	return status ? status : nn_writer_finish(writer, err);
}

int nn_act_write_back(struct nn_writer *writer, const struct nn_act_form *form,
	const struct nn_preamble *preamble, const float *dx, struct nn_bundle *layout,
	struct nn_error *err)
{
	struct nn_preamble back = *preamble;
	int status = lay_out_back(layout, form, preamble->rows, err);

	back.kind = NN_KIND_ACT;
	back.flags = 0;
	if (!status)
		status = nn_writer_begin(writer, &back, layout, err);
	if (!status)
		status = nn_writer_put(writer, dx, layout->bytes, err);
	return status ? status : nn_writer_finish(writer, err);
}

static int check_layer(const struct nn_frame *frame, const struct nn_act_form *form,
	const char *what, struct nn_error *err)
{
	const char *layer = nn_bundle_meta(frame->layout, LAYER);
	const char *kernel = nn_bundle_meta(frame->layout, KERNEL);
	uint64_t number;

	if (!layer || !nn_parse_u64(layer, &number))
		return nn_fail(err, NN_BAD, "no metadata \"" LAYER "\": which layer takes it?");
	if (number != form->layer)
		return nn_fail(err, NN_BAD,
			"%s layer %llu, but this stage, layers %s, wants layer %zu's: ranges must "
			"follow one another without gap or overlap",
			what, (unsigned long long)number, form->layers, form->layer);
	if (kernel && strcmp(kernel, form->kernel) != 0)
		return nn_fail(err, NN_BAD, "kernel %s, but this stage has %s", kernel,
			form->kernel);
	return NN_OK;
}

/* Both must be the same tensors; `wanted` has no data. */
static int check_tensors(const struct nn_frame *frame, const struct nn_bundle *wanted,
	struct nn_error *err)
{
	if (nn_bundle_same_layout(frame->layout, wanted, err))
		return nn_fail_in(err, "not what passes between these layers");
	return NN_OK;
}

int nn_act_read(struct nn_reader *reader, const struct nn_frame *frame,
	const struct nn_act_form *form, struct nn_micro *micro, size_t *stage, struct nn_error *err)
{
	uint64_t rows = frame->preamble.rows;
	const char *made_by = nn_bundle_meta(frame->layout, STAGE);
	bool fits = rows <= micro->room && micro->x;
	struct nn_bundle wanted = { 0 };
	struct nn_bundle loaded = { 0 };
	uint64_t number = 0;
	int status = check_layer(frame, form, "activations for", err);

	if (!status && rows > NN_LAYER_LIMIT)
		status = nn_fail(err, NN_BAD, "%llu rows are too many", (unsigned long long)rows);
	if (!status && (!made_by || !nn_parse_u64(made_by, &number) || number > UINT32_MAX - 2))
		status = nn_fail(err, NN_BAD, "no metadata \"" STAGE "\": which has made it?");
	*stage = (size_t)number;
	if (!status)
		status = lay_out(&wanted, form, rows, *stage, err);
	if (!status)
		status = check_tensors(frame, &wanted, err);
	if (status) {
		nn_bundle_free(&wanted);
		return nn_reader_blame(reader, err);
	}
	micro->preamble = frame->preamble;
	if (!fits) {
		/* Bytes that have come justify the memory that they go to. */
		status = nn_reader_load(reader, &loaded, err);
		if (!status)
			status = nn_micro_reserve(micro, form, (size_t)rows, err);
	}
	for (size_t i = 0; i < wanted.count && !status; i++) {
		const struct nn_tensor *tensor = &wanted.tensors[i];
		void *place = place_of(micro, micro->x, tensor->name);

		if (fits)
			status = nn_reader_take(reader, place, tensor->bytes, err);
		else
			memcpy(place, nn_bundle_data(&loaded, tensor), tensor->bytes);
	}
	if (!status)
		status = nn_reader_verify(reader, err);
	nn_bundle_free(&wanted);
	nn_bundle_free(&loaded);
	return status;
}

int nn_act_read_back(struct nn_reader *reader, const struct nn_frame *frame,
	const struct nn_act_form *form, struct nn_act_grad *grad, struct nn_error *err)
{
	uint64_t rows = frame->preamble.rows;
	struct nn_bundle wanted = { 0 };
	struct nn_bundle loaded = { 0 };
	int status = check_layer(frame, form, "a gradient from", err);

	if (!status && rows > NN_LAYER_LIMIT)
		status = nn_fail(err, NN_BAD, "%llu rows are too many", (unsigned long long)rows);
	if (!status)
		status = lay_out_back(&wanted, form, rows, err);
	if (!status)
		status = check_tensors(frame, &wanted, err);
	if (status) {
		nn_bundle_free(&wanted);
		return nn_reader_blame(reader, err);
	}
	grad->preamble = frame->preamble;
	if (rows <= grad->room && grad->dx) {
		status = nn_reader_take(reader, grad->dx, wanted.bytes, err);
		if (!status)
			status = nn_reader_verify(reader, err);
	} else {
		/* Bytes that have come justify the memory that they go to. */
		status = nn_reader_load(reader, &loaded, err);
		if (!status)
			status = nn_act_reserve(grad, form, (size_t)rows, err);
		if (!status)
			memcpy(grad->dx, loaded.data, loaded.bytes);
	}
	nn_bundle_free(&wanted);
	nn_bundle_free(&loaded);
	return status;
}
