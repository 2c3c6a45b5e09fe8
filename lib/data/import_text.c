/* Texts: a row is a run of bytes, and has a class at each: the byte behind it. So a model of the rows
 * learns what comes next, at all places at once.
 *
 * All frames say how many rows there are. A regular file's size tells that, and its rows are written as
 * they are read; any other text is read to its end first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "data/import.h"
#include "data/meta.h"
#include "data/text_tokens.h"

#define BLOCK ((size_t)1 << 20)

struct text {
	const struct nn_import *import;
	struct nn_import_file *file;
	size_t context; /* N */
	uint64_t stride;
	uint64_t length; /* of the whole */
	uint64_t rows;
	bool is_held;
	struct nn_buffer held; /* the whole, then */
	uint64_t at;           /* bytes taken */
	uint64_t lines;        /* line feeds among them */
	bool is_partial;       /* some byte has no token */
	int tokens[NN_BYTES];
	char **classes;
	size_t class_count;
};

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name);

	return length > strlen(end) && !strcmp(name + length - strlen(end), end);
}

/* Any bytes may be a text: by the name alone. */
static bool detect(const struct nn_import_file *file)
{
	return ends_with(file->name, ".txt") || ends_with(file->name, ".txt.gz");
}

static int refuse_options(const struct nn_import *import, struct nn_error *err)
{
	if (import->target || import->target_type || import->columns || import->drop ||
		import->header || import->delimiter || import->na || import->standardize)
		return nn_fail(err, NN_USAGE,
			"a text has no columns: only --context, --stride, --tokens, --like and -o go with it (a table? -f csv)");
	if (import->like && (import->context || import->tokens))
		return nn_fail(err, NN_USAGE, "--like says the context and the tokens");
	return NN_OK;
}

/* ---- Reading ---- */

static int hold(struct text *text, struct nn_error *err)
{
	size_t got = BLOCK;

	while (got == BLOCK) {
		int status = nn_buffer_reserve(&text->held, BLOCK, err);

		if (!status)
			status = nn_import_take(text->file, text->held.data + text->held.length,
				BLOCK, &got, err);
		if (status)
			return status;
		text->held.length += got;
		if (text->import->progress)
			text->import->progress(text->held.length / text->stride);
	}
	text->is_held = true;
	text->length = text->held.length;
	return NN_OK;
}

/* How long it is, and so how many rows it makes. */
static int measure(struct text *text, struct nn_error *err)
{
	const char *name = text->file->name;
	uint64_t left = nn_source_left(text->file->source);
	bool used = text->import->tokens && !strcmp(text->import->tokens, "used");
	int status = NN_OK;

	text->length = text->file->head_length + left;
	/* Files of /proc say that they are empty. */
	if (!left || left == UINT64_MAX || used)
		status = hold(text, err);
	if (status)
		return status;
	if (text->length > text->context) {
		text->rows = (text->length - text->context - 1) / text->stride + 1;
		return NN_OK;
	}
	if (text->length < 2)
		return nn_fail(err, NN_BAD, "%s: %s", name,
			text->length ? "is one byte: nothing comes behind it" :
				       "is empty: no text");
	if (text->import->like)
		return nn_fail(err, NN_BAD, "%s: is %llu bytes long, a row as in %s takes %zu",
			name, (unsigned long long)text->length, text->import->like_name,
			text->context + 1);
	return nn_fail(err, NN_BAD,
		"%s: is %llu bytes long, a row of --context %zu takes %zu (--context %llu would do)",
		name, (unsigned long long)text->length, text->context, text->context + 1,
		(unsigned long long)text->length - 1);
}

static uint64_t count_lines(const unsigned char *bytes, size_t count)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < count; i++)
		lines += bytes[i] == '\n';
	return lines;
}

static int refuse_byte(const struct text *text, const unsigned char *bytes, size_t i,
	struct nn_error *err)
{
	char byte[NN_BYTE_NAME];

	nn_byte_name(bytes[i], byte);
	return nn_fail(err, NN_BAD, "%s: line %llu, byte %llu: '%s': %s does not have this byte",
		text->file->name, (unsigned long long)(text->lines + count_lines(bytes, i) + 1),
		(unsigned long long)(text->at + i), byte, text->import->like_name);
}

/* The next `count` bytes, of which there must be so many. */
static int take(struct text *text, unsigned char *to, size_t count, struct nn_error *err)
{
	size_t got = count;
	int status = NN_OK;

	if (text->is_held)
		memcpy(to, text->held.data + text->at, count);
	else
		status = nn_import_take(text->file, to, count, &got, err);
	if (!status && got < count)
		status = nn_fail(err, NN_FAILED, "%s: had %llu bytes, and has become shorter",
			text->file->name, (unsigned long long)text->length);
	return status;
}

/* The same, as tokens. */
static int take_tokens(struct text *text, unsigned char *to, size_t count, struct nn_error *err)
{
	int status = take(text, to, count, err);

	for (size_t i = 0; i < count && !status && text->is_partial; i++)
		if (text->tokens[to[i]] < 0)
			status = refuse_byte(text, to, i, err);
	if (status)
		return status;
	text->lines += text->is_partial ? count_lines(to, count) : 0;
	text->at += count;
	for (size_t i = 0; i < count; i++)
		to[i] = (unsigned char)text->tokens[to[i]];
	return NN_OK;
}

static int skip(struct text *text, uint64_t count, struct nn_error *err)
{
	unsigned char bytes[4096];
	int status = NN_OK;

	while (count && !status) {
		size_t some = count < sizeof bytes ? (size_t)count : sizeof bytes;

		status = take(text, bytes, some, err);
		text->lines += count_lines(bytes, some);
		text->at += some;
		count -= some;
	}
	return status;
}

/* ---- Tokens ---- */

/* A class for each byte that is `there`, all or those of the text, in ascending order. */
static int name_classes(struct text *text, const bool there[NN_BYTES], struct nn_error *err)
{
	text->classes = nn_alloc(NN_BYTES, sizeof *text->classes, err);
	if (!text->classes)
		return NN_FAILED;
	for (unsigned b = 0; b < NN_BYTES; b++) {
		char name[NN_BYTE_NAME];

		text->tokens[b] = -1;
		if (!there[b])
			continue;
		nn_byte_name((unsigned char)b, name);
		text->classes[text->class_count] = nn_strdup(name, err);
		if (!text->classes[text->class_count])
			return NN_FAILED;
		text->tokens[b] = (int)text->class_count++;
	}
	return NN_OK;
}

/* The other's classes, which must say what they are. */
static int like_classes(struct text *text, struct nn_error *err)
{
	const struct nn_import *import = text->import;
	const char *tokens = nn_bundle_meta(import->like, "tokens");
	int *bytes;
	int status;

	if (!tokens || strcmp(tokens, "bytes"))
		return nn_fail(err, NN_BAD,
			"%s does not say how the bytes of a text are numbered (is %s a table? -f csv)",
			import->like_name, text->file->name);
	status = nn_data_classes(import->like, &text->classes, &text->class_count, err);
	if (!status && !text->class_count)
		status = nn_fail(err, NN_BAD, "has no metadata `classes`");
	if (!status && text->class_count > NN_BYTES)
		status = nn_fail(err, NN_BAD, "%zu classes are more than bytes can number",
			text->class_count);
	if (status)
		return nn_fail_in(err, "%s", import->like_name);
	bytes = nn_alloc(text->class_count, sizeof *bytes, err);
	if (!bytes)
		return NN_FAILED;
	nn_token_tables(text->classes, text->class_count, bytes, text->tokens);
	free(bytes);
	for (unsigned b = 0; b < NN_BYTES; b++)
		text->is_partial = text->is_partial || text->tokens[b] < 0;
	return NN_OK;
}

static int make_tokens(struct text *text, struct nn_error *err)
{
	bool there[NN_BYTES];
	bool used = text->import->tokens && !strcmp(text->import->tokens, "used");

	memset(there, !used, sizeof there);
	for (size_t i = 0; i < text->held.length && used; i++)
		there[(unsigned char)text->held.data[i]] = true;
	return name_classes(text, there, err);
}

/* ---- Writing ---- */

static int make_metas(const struct text *text, struct nn_bundle *metas, struct nn_error *err)
{
	struct nn_buffer names = { 0 };
	char rows[32];
	int status;

	snprintf(rows, sizeof rows, "%llu", (unsigned long long)text->rows);
	status = nn_bundle_set_meta(metas, "rows", rows, err);
	if (!status)
		status = nn_data_put_names(&names, text->classes, text->class_count, err);
	if (!status)
		status = nn_bundle_set_meta(metas, "classes", names.data, err);
	nn_buffer_free(&names);
	return status ? status : nn_bundle_set_meta(metas, "tokens", "bytes", err);
}

/* Of `rows` rows; x lies before y. */
static int lay_out(struct nn_bundle *frame, const struct text *text, size_t rows,
	const struct nn_bundle *metas, struct nn_error *err)
{
	uint64_t shape[] = { rows, text->context };
	int status = nn_bundle_add(frame, "x", NN_U8, 2, shape, err);

	if (!status)
		status = nn_bundle_add(frame, "y", NN_U8, 2, shape, err);
	if (!status)
		status = nn_bundle_layout(frame, err);
	if (!status)
		status = nn_bundle_copy_metas(metas, frame, err);
	return status ? status : nn_bundle_alloc(frame, err);
}

/* The tokens of a row and the one behind it: window [N + 1], which holds those of the row before. */
static int next_row(struct text *text, unsigned char *window, bool first, struct nn_error *err)
{
	size_t width = text->context + 1;
	size_t kept = !first && text->stride < width ? width - (size_t)text->stride : 0;
	int status = NN_OK;

	memmove(window, window + width - kept, kept);
	if (!first && text->stride > width)
		status = skip(text, text->stride - width, err);
	return status ? status : take_tokens(text, window + kept, width - kept, err);
}

static int write_frames(struct text *text, const struct nn_bundle *metas, unsigned char *window,
	struct nn_writer *writer, struct nn_error *err)
{
	size_t most = nn_data_frame_rows(2 * text->context);
	struct nn_bundle frame = { 0 };
	int status = NN_OK;

	for (uint64_t done = 0; done < text->rows && !status;) {
		uint64_t left = text->rows - done;
		size_t count = left < most ? (size_t)left : most;
		struct nn_preamble preamble = { .kind = NN_KIND_DATA, .rows = count };

		if (!frame.data || frame.tensors[0].shape[0] != count) {
			nn_bundle_free(&frame);
			status = lay_out(&frame, text, count, metas, err);
		}
		for (size_t row = 0; row < count && !status; row++) {
			size_t at = row * text->context;

			status = next_row(text, window, !(done + row), err);
			memcpy(frame.data + at, window, text->context);
			memcpy(frame.data + frame.tensors[1].offset + at, window + 1,
				text->context);
		}
		if (!status)
			status = nn_writer_frame(writer, &preamble, &frame, err);
		done += count;
		if (text->import->progress)
			text->import->progress(done);
	}
	nn_bundle_free(&frame);
	return status;
}

static int write_text(struct text *text, struct nn_writer *writer, struct nn_error *err)
{
	unsigned char *window = nn_alloc(text->context + 1, 1, err);
	struct nn_bundle metas = { 0 };
	int status = window ? make_metas(text, &metas, err) : NN_FAILED;

	if (!status)
		status = write_frames(text, &metas, window, writer, err);
	nn_bundle_free(&metas);
	free(window);
	return status;
}

static int find_context(struct text *text, struct nn_error *err)
{
	const struct nn_import *import = text->import;

	text->context = import->context ? (size_t)import->context : NN_DEFAULT_CONTEXT;
	if (import->like && (!import->like_context || import->like_context > NN_MOST_CONTEXT))
		return nn_fail(err, NN_BAD, "%s: its rows are no runs of 1 to %d tokens",
			import->like_name, NN_MOST_CONTEXT);
	if (import->like)
		text->context = (size_t)import->like_context;
	text->stride = import->stride ? import->stride : text->context;
	return NN_OK;
}

static int run(const struct nn_import *import, struct nn_import_file *files, size_t count,
	struct nn_writer *writer, struct nn_import_report *report, struct nn_error *err)
{
	struct text text = { .import = import, .file = &files[0] };
	int status = refuse_options(import, err);

	(void)count;
	if (!status && import->like)
		status = like_classes(&text, err);
	if (!status)
		status = find_context(&text, err);
	if (!status)
		status = measure(&text, err);
	if (!status && !import->like)
		status = make_tokens(&text, err);
	if (!status)
		status = write_text(&text, writer, err);
	if (!status) {
		report->rows = text.rows;
		report->inputs = text.context;
		report->labelled = true;
		report->left_out = text.length - ((text.rows - 1) * text.stride + text.context + 1);
		nn_import_report_classes(report, text.classes, text.class_count);
	}
	nn_data_free_names(text.classes, text.class_count);
	nn_buffer_free(&text.held);
	return status;
}

const struct nn_importer nn_importer_text = {
	.name = "text",
	.detect = detect,
	.files = 1,
	.run = run,
};
