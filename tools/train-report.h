/* The log, the progress line and the notes of nn-train. */
#ifndef TOOLS_TRAIN_REPORT_H
#define TOOLS_TRAIN_REPORT_H

#include "train/train.h"

struct train_report {
	const char *log;     /* file for a line each step, appended to; NULL: none */
	const char *journal; /* file for a line each gradient, appended to; NULL: none */
	const char *kernel;  /* that the model names */
	bool verbose;        /* say what is done, on no terminal too */
	bool stages; /* the workers are stages of pipelines: the log says how idle they are */
	bool asked;  /* a person has said how many workers */
};

/* Opens the log and the journal, or ends the program. */
void train_report_open(const struct train_report *report);
struct nn_journal *train_report_journal(void); /* NULL: none */
void train_report_close(void);

/* For nn_update_options and nn_train_options. */
void train_report_update(const struct nn_update_report *report);
void train_report_start(const struct nn_train_start *start);
/* What came out, for a person. */
void train_report_done(void);
void train_report_step(const struct nn_train_progress *progress);

#endif
