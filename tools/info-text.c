#include "tools/info-text.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/meta.h"
#include "model/network.h"
#include "model/summary.h"
#include "model/table.h"
#include "stream/describe.h"

/* So many frames in a row that are made alike are shown one by one, then the last of them. */
#define SHOWN 3
/* Bytes of a metadata text. */
#define TEXT_LIMIT 60

static int show_stats(struct info_view *view, const struct nn_stats *stats, struct nn_error *err)
{
	int status = NN_OK;

	if (stats->finite)
		status = nn_buffer_printf(&view->text, err,
			"  min %.6g  max %.6g  mean %.6g  sd %.6g  zeros %llu", stats->min,
			stats->max, stats->mean, nn_stats_deviation(stats),
			(unsigned long long)stats->zeros);
	if (!status && stats->nans + stats->infinities)
		status = nn_buffer_printf(&view->text, err, "  NaN %llu  Inf %llu",
			(unsigned long long)stats->nans, (unsigned long long)stats->infinities);
	return status;
}

/* " from 4096 of [32, 256]" */
static int show_range(struct info_view *view, const struct nn_part_range *range,
	struct nn_error *err)
{
	char shape_text[NN_SHAPE_TEXT];

	if (!range->cut)
		return NN_OK;
	nn_shape_text(range->ndim, range->shape, shape_text);
	return nn_buffer_printf(&view->text, err, " from %zu of %s", range->first, shape_text);
}

/* "  0.weight  F32 [32, 64]", names padded to `width`. */
static int show_tensor(struct info_view *view, size_t i, int width, struct nn_error *err)
{
	const struct nn_tensor *tensor = &view->layout.tensors[i];
	uint64_t shape[NN_MAX_DIMS];
	char shape_text[NN_SHAPE_TEXT];
	size_t start = view->text.length + 2;
	int status = nn_buffer_puts(&view->text, "  ", err);

	memcpy(shape, tensor->shape, sizeof shape);
	if (view->kind == NN_KIND_DATA && tensor->ndim)
		shape[0] = view->run_rows;
	nn_shape_text(tensor->ndim, shape, shape_text);
	if (!status)
		status = nn_describe_text(&view->text, tensor->name, TEXT_LIMIT, err);
	if (!status) {
		int length = (int)(view->text.length - start);

		status = nn_buffer_printf(&view->text, err, "%*s  %-4s %s",
			width > length ? width - length : 0, "", nn_dtype_name(tensor->dtype),
			shape_text);
	}
	if (!status && view->ranges)
		status = show_range(view, &view->ranges[i], err);
	if (!status && view->stats)
		status = show_stats(view, &view->stats[i], err);
	return status ? status : nn_buffer_puts(&view->text, "\n", err);
}

static int show_tensors(struct info_view *view, struct nn_error *err)
{
	size_t width = 1;
	int status = NN_OK;

	for (size_t i = 0; i < view->layout.count; i++) {
		size_t length = strlen(view->layout.tensors[i].name);

		if (length > width && length <= 32)
			width = length;
	}
	for (size_t i = 0; i < view->layout.count && !status; i++)
		status = show_tensor(view, i, (int)width, err);
	return status;
}

/* Layers that this program knows are shown as a table; else the layers in a line, or the text itself
 * where it is not a spec. */
static int show_spec(struct info_view *view, const char *spec, struct nn_error *err)
{
	struct nn_buffer line = { 0 };
	struct nn_network *network;
	char input[NN_SHAPE_TEXT];
	int status;

	status = nn_network_parse(&network, spec, strlen(spec), "spec", err);
	if (status == NN_FAILED)
		return status;
	if (!status) {
		const struct nn_shape *in = nn_network_input_shape(network);
		const struct nn_criterion *criterion = nn_network_criterion(network);

		nn_shape_text(in->ndim, in->dims, input);
		status = nn_criterion_put(criterion, &line, err);
		if (!status)
			status = nn_buffer_printf(&view->text, err, "input %s, loss %s\n", input,
				line.data[0] == '{' ? line.data : criterion->type->name);
		nn_buffer_free(&line);
		if (!status)
			status = nn_network_table(&view->text, network, "    ", err);
		/* The caller ends the line. */
		if (!status)
			view->text.data[--view->text.length] = '\0';
		nn_network_free(network);
		return status;
	}
	status = nn_spec_summary(&line, spec, err);
	if (status == NN_FAILED) {
		nn_buffer_free(&line);
		return status;
	}
	status = nn_describe_text(&view->text, status ? spec : line.data,
		status ? TEXT_LIMIT : 4096, err);
	nn_buffer_free(&line);
	return status;
}

static int show_classes(struct info_view *view, const char *text, struct nn_error *err)
{
	char **names;
	size_t count;
	int status = nn_data_classes(&view->layout, &names, &count, err);

	if (status)
		return status == NN_FAILED ? status :
					     nn_describe_text(&view->text, text, TEXT_LIMIT, err);
	for (size_t i = 0; i < count && i < 20 && !status; i++) {
		status = nn_buffer_puts(&view->text, i ? ", " : "", err);
		if (!status)
			status = nn_describe_text(&view->text, names[i], TEXT_LIMIT / 2, err);
	}
	if (!status && count > 20)
		status = nn_buffer_puts(&view->text, ", ...", err);
	if (!status)
		status = nn_buffer_printf(&view->text, err, " (%zu)", count);
	nn_data_free_names(names, count);
	return status;
}

/* "bytes", and of how many of them a row is made. */
static int show_tokens(struct info_view *view, const char *text, struct nn_error *err)
{
	const struct nn_tensor *x = nn_bundle_find(&view->layout, "x");
	int status = nn_describe_text(&view->text, text, TEXT_LIMIT, err);

	if (!status && view->kind == NN_KIND_DATA && x && x->ndim == 2)
		status = nn_buffer_printf(&view->text, err, ", context %llu",
			(unsigned long long)x->shape[1]);
	return status;
}

static int show_metas(struct info_view *view, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < view->layout.meta_count && !status; i++) {
		const struct nn_meta *meta = &view->layout.metas[i];

		if (view->ranges && !strcmp(meta->key, NN_PART_META))
			continue;
		status = nn_buffer_puts(&view->text, "  ", err);
		if (!status)
			status = nn_describe_text(&view->text, meta->key, TEXT_LIMIT, err);
		if (!status)
			status = nn_buffer_puts(&view->text, ": ", err);
		if (!status && !strcmp(meta->key, "spec"))
			status = show_spec(view, meta->value, err);
		else if (!status && !strcmp(meta->key, "classes"))
			status = show_classes(view, meta->value, err);
		else if (!status && !strcmp(meta->key, "tokens"))
			status = show_tokens(view, meta->value, err);
		else if (!status)
			status = nn_describe_text(&view->text, meta->value, TEXT_LIMIT, err);
		if (!status)
			status = nn_buffer_puts(&view->text, "\n", err);
	}
	return status;
}

/* The run's last frame, and what is the same in all of them. */
int info_close_run(struct info_view *view, struct nn_error *err)
{
	int status = NN_OK;

	if (!view->run)
		return NN_OK;
	if (view->run > SHOWN + 1)
		status = nn_buffer_printf(&view->text, err, "... %llu more of the same\n",
			(unsigned long long)(view->run - SHOWN - 1));
	if (!status && view->run > SHOWN)
		status = nn_buffer_append(&view->text, view->latest.data, view->latest.length, err);
	if (!status)
		status = show_tensors(view, err);
	if (!status)
		status = show_metas(view, err);
	nn_bundle_free(&view->layout);
	free(view->ranges);
	view->ranges = NULL;
	free(view->stats);
	view->stats = NULL;
	view->run = 0;
	view->run_rows = 0;
	return status;
}

/* Metadata that make no sense are shown as they are. */
static int take_ranges(struct info_view *view, struct nn_error *err)
{
	if (!nn_part_kind(view->kind) || !nn_bundle_meta(&view->layout, NN_PART_META) ||
		nn_part_ranges(&view->ranges, &view->layout, view->kind, err) != NN_FAILED)
		return NN_OK;
	return NN_FAILED;
}

static bool continues_run(const struct info_view *view, const struct nn_frame *frame)
{
	struct nn_error err;
	bool data = view->kind == NN_KIND_DATA;

	/* Numbers of several gradients say nothing together; rows do. */
	return view->run && frame->preamble.kind == view->kind && !(view->with_stats && !data) &&
		(frame->same_layout ||
			(data && !nn_data_same_rows(&view->layout, frame->layout, &err)));
}

int info_show_frame(struct info_view *view, const struct nn_frame *frame,
	const struct nn_stats *stats, struct nn_error *err)
{
	struct nn_buffer *line = &view->text;
	int status = NN_OK;

	if (!continues_run(view, frame)) {
		status = info_close_run(view, err);
		view->kind = frame->preamble.kind;
		if (!status)
			status = nn_bundle_copy_layout(frame->layout, &view->layout, err);
		if (!status)
			status = nn_bundle_copy_metas(frame->layout, &view->layout, err);
		if (!status)
			status = take_ranges(view, err);
		if (!status && stats) {
			view->stats = nn_alloc(frame->layout->count, sizeof *stats, err);
			status = view->stats ? NN_OK : NN_FAILED;
		}
	}
	if (status)
		return status;
	for (size_t i = 0; stats && i < view->layout.count; i++)
		nn_stats_merge(&view->stats[i], &stats[i]);
	view->run++;
	if (frame->layout->count && frame->layout->tensors[0].ndim)
		view->run_rows += frame->layout->tensors[0].shape[0];
	if (view->run > SHOWN) {
		line = &view->latest;
		nn_buffer_clear(line);
	}
	status = nn_describe_frame(line, frame, err);
	return status ? status : nn_buffer_puts(line, "\n", err);
}

int info_show_end(struct info_view *view, const struct nn_frame *frame, struct nn_error *err)
{
	char bytes[NN_F64_TEXT];
	int status = info_close_run(view, err);

	if (status || frame->plain)
		return status;
	status = nn_describe_frame(&view->text, frame, err);
	if (!status && view->rows)
		status = nn_buffer_printf(&view->text, err, ", %llu rows",
			(unsigned long long)view->rows);
	nn_format_bytes(frame->position + nn_frame_bytes(&frame->preamble), bytes);
	return status ? status : nn_buffer_printf(&view->text, err, ", %s\n", bytes);
}
