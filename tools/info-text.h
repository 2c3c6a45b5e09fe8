/* What nn-info prints for people: a line for each frame, and of frames that are made alike their tensors and
 * metadata once. */
#ifndef TOOLS_INFO_TEXT_H
#define TOOLS_INFO_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "stream/part.h"
#include "stream/reader.h"
#include "tensor/stats.h"
#include "tensor/tensor.h"

/* What is being shown: a file, and in it a run of frames that are made alike. */
struct info_view {
	struct nn_output output;
	struct nn_buffer text; /* not written yet */
	const char *name;
	uint64_t streams; /* END frames so far */
	uint64_t frames;
	uint64_t rows;   /* of data frames */
	bool has_values; /* the tensor was found */
	bool has_gradient;

	bool with_stats;         /* numbers of each tensor are shown too */
	uint64_t run;            /* frames in the run; 0: none is open */
	unsigned kind;           /* of all in it */
	struct nn_bundle layout; /* of the first, with its metadata */
	uint64_t run_rows;
	struct nn_part_range *ranges; /* of a slice, what it has of each tensor; NULL: it is none */
	struct nn_stats *stats;  /* of each tensor, over all frames of the run; NULL: not wanted */
	struct nn_buffer latest; /* the line of the latest frame, if it was not shown */
};

/* Appends the frame's line to view->text, and what the run before it has to say if it is no more of it.
 * `stats`, of each tensor, unless NULL, are merged into the run's. */
int info_show_frame(struct info_view *view, const struct nn_frame *frame,
	const struct nn_stats *stats, struct nn_error *err);
/* The same for an END frame. */
int info_show_end(struct info_view *view, const struct nn_frame *frame, struct nn_error *err);
/* Ends the run, if one is open: its last line, tensors and metadata. */
int info_close_run(struct info_view *view, struct nn_error *err);

#endif
