/* Files of other formats to data frames. */
#ifndef NN_DATA_IMPORT_H
#define NN_DATA_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "stream/source.h"
#include "stream/writer.h"
#include "tensor/tensor.h"

#define NN_DEFAULT_CONTEXT 128
#define NN_MOST_CONTEXT 65536

/* What is to be done. Zero-initialized, with `format` set, it is a table of numbers only. */
struct nn_import {
	const char *format;      /* of nn_importer_names; "auto": by the content, then the name */
	const char *header;      /* "yes", "no"; NULL or "auto": by the first rows */
	char delimiter;          /* of a table; 0: the format's */
	const char *target;      /* columns, by name or number from 1, with commas; NULL: none */
	const char *target_type; /* "class", "number"; NULL or "auto": by the cells */
	const char *columns;     /* inputs, as `target`, and "2-5"; NULL: all but the target */
	const char *drop;        /* left out; NULL: none */
	const char *na;          /* "fail", "drop", "mean"; NULL: fail, or what `like` says */
	bool standardize;
	/* Of a text. */
	uint64_t context;   /* bytes of a row; 0: what `like` says, or NN_DEFAULT_CONTEXT */
	uint64_t stride;    /* from a row's start to the next one's; 0: the context */
	const char *tokens; /* "bytes", "used"; NULL: bytes */
	/* Of a frame to be encoded like; NULL: none. `like_name` is for messages. */
	const struct nn_bundle *like;
	const char *like_name;
	uint64_t like_context; /* numbers of a row of it */
	/* Called now and then; NULL: not. */
	void (*progress)(uint64_t rows);
};

/* What was done. */
struct nn_import_report {
	const char *format;
	bool header;
	uint64_t rows;
	uint64_t dropped;  /* rows with missing cells */
	uint64_t left_out; /* bytes at the end of a text that fill no row */
	size_t inputs;
	size_t outputs; /* numbers to predict, a row */
	size_t classes;
	bool labelled; /* rows have class numbers or targets */
	bool guessed;  /* whether the target is classes was found by its cells */
	bool doubtful; /* ... which are whole numbers: more than 10, or not 0, 1, ... or 1, 2, ... */
	char sample[96]; /* class names: "0 1 ... 9" */
};

/* An importer: one file, one row in the table of import.c. */
struct nn_import_file {
	struct nn_source *source;
	const char *name;
	unsigned char *head; /* the first bytes, which the source has handed out already */
	size_t head_length;
	size_t taken; /* of the head, by nn_import_take */
};
struct nn_importer {
	const char *name;
	/* Is it this format? By the first bytes and the name; NULL: never found by itself. */
	bool (*detect)(const struct nn_import_file *file);
	size_t files; /* takes at most */
	/* Writes all data frames, but no END. */
	int (*run)(const struct nn_import *import, struct nn_import_file *files, size_t count,
		struct nn_writer *writer, struct nn_import_report *report, struct nn_error *err);
};
extern const struct nn_importer nn_importer_csv;
extern const struct nn_importer nn_importer_tsv;
extern const struct nn_importer nn_importer_idx;
extern const struct nn_importer nn_importer_text;
/* "auto" and the formats, NULL-terminated, for option tables. */
extern const char *const nn_importer_names[];

/* Reads the files behind the descriptors (which stay the caller's; they may be gzipped), named
 * names[i], and writes them as data frames and END. Bad input is NN_BAD, "NAME: line N: column C:
 * ...". */
int nn_import_files(const struct nn_import *import, const int *fds, const char *const *names,
	size_t count, struct nn_writer *writer, struct nn_import_report *report,
	struct nn_error *err);

/* For importers: *got bytes of the file, from its head and what is behind it; less than `count` at its
 * end only. */
int nn_import_take(struct nn_import_file *file, void *bytes, size_t count, size_t *got,
	struct nn_error *err);

/* Fills report->classes and report->sample. */
void nn_import_report_classes(struct nn_import_report *report, char *const *names, size_t count);

#endif
