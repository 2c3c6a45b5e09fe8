/* nn-info: show what is inside streams and files. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/text.h"
#include "cli/cli.h"
#include "json/json.h"
#include "model/model.h"
#include "stream/describe.h"
#include "stream/reader.h"
#include "stream/source.h"
#include "tensor/blas.h"
#include "train/journal.h"

#include "tools/info-text.h"

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

static int flush(struct info_view *view, struct nn_error *err)
{
	int status = view->text.length ? nn_write(view->output.fd, view->text.data,
						 view->text.length, view->output.name, err) :
					 NN_OK;

	nn_buffer_clear(&view->text);
	return status;
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
static int show_values(struct info_view *view, struct nn_reader *reader, struct nn_error *err)
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

static int show_journal(struct info_view *view, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
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

static int take_frame(struct info_view *view, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
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
		status = end ? info_show_end(view, frame, err) :
			       info_show_frame(view, frame, stats, err);
	view->frames += !end;
	view->streams += end;
	if (frame->preamble.kind == NN_KIND_DATA)
		view->rows += frame->preamble.rows;
	free(stats);
	return status ? status : flush(view, err);
}

static int show_verified(struct info_view *view, bool plain, struct nn_error *err)
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

static int show_stream(struct info_view *view, struct nn_reader *reader, struct nn_error *err)
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

static int show_file(struct info_view *view, const char *path, bool titled, struct nn_error *err)
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

		if (!info_close_run(view, &second))
			flush(view, &second);
	}
	nn_reader_close(reader);
	if (fd != STDIN_FILENO)
		close(fd);
	return status;
}

static int show_build(struct info_view *view, struct nn_error *err)
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
		"libraries:      %s, %s, %s\nthis CPU:       %s\nmatrix kernel:  %s\n"
		"MPI:            %s\n",
		PACKAGE_VERSION, NN_FRAME_VERSION, NN_BUILD, hash, zlib, cjson, nn_cpu_features(),
		kernel, NN_MPI);
	return status ? status : flush(view, err);
}

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	char *standard_input[] = { "-" };
	struct info_view view = { 0 };
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
	view.with_stats = with_stats;
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
