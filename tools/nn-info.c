/* nn-info: show what is inside streams and files. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/meta.h"
#include "json/json.h"
#include "model/model.h"
#include "model/network.h"
#include "model/summary.h"
#include "model/table.h"
#include "stream/describe.h"
#include "stream/reader.h"
#include "stream/source.h"
#include "tensor/blas.h"
#include "train/journal.h"

/* So many frames in a row that are made alike are shown one by one, then the last of them. */
#define SHOWN 3
/* Bytes of a metadata text. */
#define TEXT_LIMIT 60
/* Text is written in blocks of about as many bytes. */
#define TEXT_BLOCK ((size_t)64 << 10)

static bool with_stats, verify, json, journal, build;
static const char *values; /* the tensor that is to be printed */
static const char *output_path;

static const struct cli_option options[] = {
	CLI_FLAG('s', "stats", &with_stats, "min, max, mean and deviation of each tensor"),
	CLI_FLAG('V', "verify", &verify, "print one line a file: is it whole and undamaged?"),
	CLI_FLAG('j', "json", &json, "print one JSON object a frame"),
	CLI_FLAG(0, "journal", &journal,
		"print of each gradient what the journal of nn-train has of it"),
	CLI_STRING(0, "values", "TENSOR", &values,
		"print the numbers of this tensor alone, one row a line, with commas"),
	CLI_FLAG(0, "build", &build,
		"show how this program was built and what it would run, and stop"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-info", "[FILE...]",
	"show what is inside streams and files", options };

/* What is being shown: a file, and in it a run of frames that are made alike. */
struct view {
	struct nn_output output;
	struct nn_buffer text; /* not written yet */
	const char *name;
	uint64_t streams; /* END frames so far */
	uint64_t frames;
	uint64_t rows;   /* of data frames */
	bool has_values; /* the tensor was found */
	bool has_gradient;

	uint64_t run;            /* frames in the run; 0: none is open */
	unsigned kind;           /* of all in it */
	struct nn_bundle layout; /* of the first, with its metadata */
	uint64_t run_rows;
	struct nn_stats *stats;  /* of each tensor, over all frames of the run; NULL: not wanted */
	struct nn_buffer latest; /* the line of the latest frame, if it was not shown */
};

static int flush(struct view *view, struct nn_error *err)
{
	int status = view->text.length ? nn_write(view->output.fd, view->text.data,
						 view->text.length, view->output.name, err) :
					 NN_OK;

	nn_buffer_clear(&view->text);
	return status;
}

static int show_stats(struct view *view, const struct nn_stats *stats, struct nn_error *err)
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

/* "  0.weight  F32 [32, 64]", names padded to `width`. */
static int show_tensor(struct view *view, size_t i, int width, struct nn_error *err)
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
	if (!status && view->stats)
		status = show_stats(view, &view->stats[i], err);
	return status ? status : nn_buffer_puts(&view->text, "\n", err);
}

static int show_tensors(struct view *view, struct nn_error *err)
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
static int show_spec(struct view *view, const char *spec, struct nn_error *err)
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

static int show_classes(struct view *view, const char *text, struct nn_error *err)
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
static int show_tokens(struct view *view, const char *text, struct nn_error *err)
{
	const struct nn_tensor *x = nn_bundle_find(&view->layout, "x");
	int status = nn_describe_text(&view->text, text, TEXT_LIMIT, err);

	if (!status && view->kind == NN_KIND_DATA && x && x->ndim == 2)
		status = nn_buffer_printf(&view->text, err, ", context %llu",
			(unsigned long long)x->shape[1]);
	return status;
}

static int show_metas(struct view *view, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < view->layout.meta_count && !status; i++) {
		const struct nn_meta *meta = &view->layout.metas[i];

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
static int close_run(struct view *view, struct nn_error *err)
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
	free(view->stats);
	view->stats = NULL;
	view->run = 0;
	view->run_rows = 0;
	return status;
}

static bool continues_run(const struct view *view, const struct nn_frame *frame)
{
	struct nn_error err;
	bool data = view->kind == NN_KIND_DATA;

	/* Numbers of several gradients say nothing together; rows do. */
	return view->run && frame->preamble.kind == view->kind && !(with_stats && !data) &&
		(frame->same_layout ||
			(data && !nn_data_same_rows(&view->layout, frame->layout, &err)));
}

static int show_frame(struct view *view, const struct nn_frame *frame, const struct nn_stats *stats,
	struct nn_error *err)
{
	struct nn_buffer *line = &view->text;
	int status = NN_OK;

	if (!continues_run(view, frame)) {
		status = close_run(view, err);
		view->kind = frame->preamble.kind;
		if (!status)
			status = nn_bundle_copy_layout(frame->layout, &view->layout, err);
		if (!status)
			status = nn_bundle_copy_metas(frame->layout, &view->layout, err);
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

static int show_end(struct view *view, const struct nn_frame *frame, struct nn_error *err)
{
	char bytes[NN_F64_TEXT];
	int status = close_run(view, err);

	if (status || frame->plain)
		return status;
	status = nn_describe_frame(&view->text, frame, err);
	if (!status && view->rows)
		status = nn_buffer_printf(&view->text, err, ", %llu rows",
			(unsigned long long)view->rows);
	nn_format_bytes(frame->position + nn_frame_bytes(&frame->preamble), bytes);
	return status ? status : nn_buffer_printf(&view->text, err, ", %s\n", bytes);
}

/* Loads the frame for its numbers: *stats, of each tensor, is the caller's to free. */
static int measure(struct nn_reader *reader, struct nn_stats **stats, struct nn_error *err)
{
	struct nn_bundle bundle;
	int status = nn_reader_load(reader, &bundle, err);

	if (status)
		return status;
	*stats = nn_alloc(bundle.count, sizeof **stats, err);
	for (size_t i = 0; i < bundle.count && *stats; i++)
		nn_stats_of(&(*stats)[i], nn_bundle_data(&bundle, &bundle.tensors[i]),
			bundle.tensors[i].dtype, bundle.tensors[i].count);
	nn_bundle_free(&bundle);
	return *stats ? NN_OK : NN_FAILED;
}

/* The tensor of --values, if this frame has it. */
static int show_values(struct view *view, struct nn_reader *reader, struct nn_error *err)
{
	struct nn_bundle bundle;
	const struct nn_tensor *tensor;
	int status = nn_reader_load(reader, &bundle, err);

	if (status)
		return status;
	tensor = nn_bundle_find(&bundle, values);
	if (tensor) {
		const void *data = nn_bundle_data(&bundle, tensor);
		uint64_t rows = tensor->ndim ? tensor->shape[0] : 1;

		view->has_values = true;
		for (uint64_t row = 0; row < rows && !status; row++) {
			status = nn_tensor_put_row(&view->text, tensor, data, row, err);
			if (!status && view->text.length > TEXT_BLOCK)
				status = flush(view, err);
		}
	}
	nn_bundle_free(&bundle);
	return status;
}

static int show_journal(struct view *view, struct nn_reader *reader, const struct nn_frame *frame,
	struct nn_error *err)
{
	struct nn_bundle grad;
	int status = nn_reader_load(reader, &grad, err);

	if (status)
		return status;
	view->has_gradient = true;
	status = nn_journal_describe(&view->text, &frame->preamble, nn_bundle_id(&grad),
		nn_bundle_meta(&grad, "kernel"), err);
	nn_bundle_free(&grad);
	return status ? status : nn_buffer_puts(&view->text, "\n", err);
}

static int take_frame(struct view *view, struct nn_reader *reader, const struct nn_frame *frame,
	struct nn_error *err)
{
	bool end = frame->preamble.kind == NN_KIND_END;
	struct nn_stats *stats = NULL;
	int status;

	if (end)
		status = NN_OK;
	else if (verify && frame->preamble.kind == NN_KIND_MODEL)
		status = nn_model_verify(reader, frame, err);
	else if (values)
		status = show_values(view, reader, err);
	else if (journal &&
		(frame->preamble.kind == NN_KIND_GRAD || frame->preamble.kind == NN_KIND_DELTA))
		status = show_journal(view, reader, frame, err);
	else if (with_stats && !verify)
		status = measure(reader, &stats, err);
	else
		status = nn_reader_verify(reader, err);
	if (!status && json && !(end && frame->plain))
		status =
			nn_describe_json(&view->text, view->name, view->streams, frame, stats, err);
	else if (!status && !json && !verify && !values && !journal)
		status = end ? show_end(view, frame, err) : show_frame(view, frame, stats, err);
	view->frames += !end;
	view->streams += end;
	if (frame->preamble.kind == NN_KIND_DATA)
		view->rows += frame->preamble.rows;
	free(stats);
	return status ? status : flush(view, err);
}

static int show_verified(struct view *view, bool plain, struct nn_error *err)
{
	int status = nn_describe_text(&view->text, view->name, 400, err);

	if (!status && plain)
		status = nn_buffer_puts(&view->text, ": whole (safetensors: without digests)\n",
			err);
	else if (!status)
		status = nn_buffer_printf(&view->text, err, ": OK, %llu frame%s\n",
			(unsigned long long)view->frames, view->frames == 1 ? "" : "s");
	return status ? status : flush(view, err);
}

static int show_stream(struct view *view, struct nn_reader *reader, struct nn_error *err)
{
	const struct nn_frame *frame;
	bool plain = false;
	int status = nn_reader_next(reader, &frame, err);

	while (!status && frame) {
		plain = frame->plain;
		status = take_frame(view, reader, frame, err);
		if (!status)
			status = nn_reader_next(reader, &frame, err);
	}
	if (!status && verify && !json)
		status = show_verified(view, plain, err);
	if (!status && values && !view->has_values)
		status = nn_fail(err, NN_BAD, "%s: has no tensor '%s'", view->name, values);
	if (!status && journal && !view->has_gradient)
		status = nn_fail(err, NN_BAD, "%s: there is no gradient in it", view->name);
	return status;
}

static int show_file(struct view *view, const char *path, bool titled, struct nn_error *err)
{
	struct nn_reader *reader = NULL;
	int fd;
	int status = nn_open_input(path, &fd, &view->name, err);

	if (status)
		return status;
	cli_refuse_same(&view->output, fd, view->name);
	view->frames = view->streams = view->rows = 0;
	view->has_values = view->has_gradient = false;
	status = nn_reader_open(&reader, fd, view->name, NN_KIND_MODEL, err);
	if (!status && titled)
		status = nn_describe_text(&view->text, view->name, 400, err);
	if (!status && titled)
		status = nn_buffer_puts(&view->text, ":\n", err);
	if (!status)
		status = show_stream(view, reader, err);
	/* What was whole is shown, whatever came behind it. */
	if (status) {
		struct nn_error second;

		if (!close_run(view, &second))
			flush(view, &second);
	}
	nn_reader_close(reader);
	if (fd != STDIN_FILENO)
		close(fd);
	return status;
}

static int show_build(struct view *view, struct nn_error *err)
{
	struct nn_error why;
	const char *kernel = nn_blas_load(NULL, 0, &why) ? why.text : nn_blas_kernel();
	char hash[32];
	char zlib[32];
	char cjson[32];
	int status;

	nn_hash_library(hash);
	nn_source_library(zlib);
	nn_json_library(cjson);
	status = nn_buffer_printf(&view->text, err,
		"version:        nnpipe %s\nstream format:  %d\ncompiler:       %s\n"
		"libraries:      %s, %s, %s\nthis CPU:       %s\nmatrix kernel:  %s\n",
		PACKAGE_VERSION, NN_FRAME_VERSION, NN_BUILD, hash, zlib, cjson, nn_cpu_features(),
		kernel);
	return status ? status : flush(view, err);
}

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	char *standard_input[] = { "-" };
	struct view view = { 0 };
	struct nn_error err;
	int result = NN_OK;

	if (build && count)
		cli_usage("--build takes no FILE");
	if ((values || journal) && (with_stats || verify || json || build))
		cli_usage("--%s prints %s and nothing else: no --%s", values ? "values" : "journal",
			values ? "numbers" : "gradients",
			with_stats     ? "stats" :
				verify ? "verify" :
				json   ? "json" :
					 "build");
	if (values && journal)
		cli_usage("either --values or --journal");
	if (!count) {
		operands = standard_input;
		count = 1;
	}
	cli_output(&view.output, output_path, false);
	if (build) {
		if (show_build(&view, &err))
			cli_die(&err);
		count = 0;
	}
	for (int i = 0; i < count; i++) {
		if (!show_file(&view, operands[i],
			    count > 1 && !json && !verify && !values && !journal, &err))
			continue;
		/* One bad file does not hide the next. */
		result = result ? result : (int)err.status;
		err.status = (enum nn_status)result;
		if (i == count - 1)
			cli_die(&err);
		cli_warn("%s", err.text);
	}
	if (!result && nn_output_commit(&view.output, &err))
		cli_die(&err);
	nn_output_abandon(&view.output);
	return result;
}
