#include "data/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "stream/frame.h"

#define HEAD ((size_t)64 << 10)

/* In the order in which they are tried. */
static const struct nn_importer *const importers[] = {
	&nn_importer_idx,
	&nn_importer_text,
	&nn_importer_tsv,
	&nn_importer_csv,
};
const char *const nn_importer_names[] = { "auto", "csv", "tsv", "idx", "text", NULL };

static int choose(const struct nn_import *import, const struct nn_import_file *file,
	const struct nn_importer **importer, struct nn_error *err)
{
	bool automatic = !strcmp(import->format, "auto");

	if (file->head_length >= 8 && nn_is_magic(file->head))
		return nn_fail(err, NN_BAD, "%s: is an nnt stream already", file->name);
	/* What is to be like a text is one. */
	if (automatic && import->like && nn_bundle_meta(import->like, "tokens")) {
		*importer = &nn_importer_text;
		return NN_OK;
	}
	for (size_t i = 0; i < sizeof importers / sizeof importers[0]; i++)
		if (automatic ? importers[i]->detect(file) :
				!strcmp(importers[i]->name, import->format)) {
			*importer = importers[i];
			return NN_OK;
		}
	return nn_fail(err, NN_USAGE, "no format '%s'", import->format);
}

static int open_file(struct nn_import_file *file, int fd, const char *name, struct nn_error *err)
{
	int status;

	*file = (struct nn_import_file){ .name = name };
	status = nn_source_open(&file->source, fd, name, err);
	if (status)
		return status;
	file->head = nn_alloc(HEAD, 1, err);
	if (!file->head)
		return NN_FAILED;
	return nn_source_read(file->source, file->head, HEAD, &file->head_length, err);
}

int nn_import_take(struct nn_import_file *file, void *bytes, size_t count, size_t *got,
	struct nn_error *err)
{
	size_t left = file->head_length - file->taken;
	size_t early = count < left ? count : left;
	size_t rest;
	int status;

	memcpy(bytes, file->head + file->taken, early);
	file->taken += early;
	*got = early;
	if (early == count)
		return NN_OK;
	status = nn_source_read(file->source, (unsigned char *)bytes + early, count - early, &rest,
		err);
	if (!status)
		*got += rest;
	return status;
}

static int refuse_options(const struct nn_import *import, const struct nn_importer *importer,
	struct nn_error *err)
{
	if (importer == &nn_importer_text)
		return NN_OK;
	if (import->context || import->stride || import->tokens)
		return nn_fail(err, NN_USAGE,
			"--context, --stride and --tokens are for texts (-f text), not for %s",
			importer->name);
	return NN_OK;
}

int nn_import_files(const struct nn_import *import, const int *fds, const char *const *names,
	size_t count, struct nn_writer *writer, struct nn_import_report *report,
	struct nn_error *err)
{
	struct nn_import_file *files = nn_alloc(count, sizeof *files, err);
	const struct nn_importer *importer = NULL;
	int status = files ? NN_OK : NN_FAILED;

	*report = (struct nn_import_report){ 0 };
	for (size_t i = 0; i < count && !status; i++)
		status = open_file(&files[i], fds[i], names[i], err);
	if (!status)
		status = choose(import, &files[0], &importer, err);
	if (!status)
		status = refuse_options(import, importer, err);
	if (!status && count > importer->files)
		status = nn_fail(err, NN_USAGE, "%s: %s takes %s", files[importer->files].name,
			importer->name,
			importer->files == 1 ? "one file" : "two files, the inputs and the labels");
	if (!status) {
		report->format = importer->name;
		status = importer->run(import, files, count, writer, report, err);
	}
	if (!status)
		status = nn_writer_end(writer, err);
	for (size_t i = 0; files && i < count; i++) {
		nn_source_close(files[i].source);
		free(files[i].head);
	}
	free(files);
	return status;
}

void nn_import_report_classes(struct nn_import_report *report, char *const *names, size_t count)
{
	size_t used = 0;

	report->classes = count;
	for (size_t i = 0; i < count; i++) {
		bool skip = count > 5 && i > 1 && i < count - 1;

		if (skip && i > 2)
			continue;
		used += (size_t)snprintf(report->sample + used, sizeof report->sample - used,
			"%s%.16s", i ? " " : "", skip ? "..." : names[i]);
	}
}
