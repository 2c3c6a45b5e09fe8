/* The reduce driver: frames of many streams to one. */
#ifndef NN_TRAIN_REDUCE_H
#define NN_TRAIN_REDUCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "stream/reader.h"
#include "stream/writer.h"

struct nn_reduce_options {
	const char *method;    /* of nn_reducer_names; NULL: sum of gradients, mean of others */
	const double *weights; /* of models or deltas, by operand; NULL: all alike */
	size_t weight_count;
	bool skip_nonfinite; /* leave out what has a NaN or Inf in it, instead of refusing it */
	bool mixed_kernels;  /* take gradients of unlike matrix kernels */
	bool mixed_steps;    /* take models of unlike steps */
	/* What was left out, and why; printf-like. */
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	/* Ends the message where numbers that are none are refused; NULL: nothing. */
	const char *hint;
};

/* Both read gradients, models or deltas: of which kind the first is. What is of another kind is
 * passed over. They write what they made and, after the last, END. Frames of one step must agree in
 * all that makes a step (NN_BAD names both and both values); gradients go by their shards in the
 * fixed tree, models and deltas by the number of their reader (or, in one stream, of their frame).
 * Gradients that lack partners are passed on as further frames, unless the method needs all.
 *
 * A model's id is not written: its numbers are not known before its preamble goes out. */

/* One frame of each reader a round, and of gradients those that a frame says follow it (then the
 * round is held in memory), until all end together. Frames go through block by block: the
 * memory taken is a few blocks whatever their size, unless a frame may yet have to be left out
 * (skip_nonfinite), is not F32 in canonical order, or comes twice. No digest is written before
 * those of all inputs have been verified. */
int nn_reduce_lockstep(struct nn_reader *const *readers, size_t count, struct nn_writer *writer,
	const struct nn_reduce_options *options, struct nn_error *err);

/* One stream (or several, one behind the other), frames in any order. A step is written as soon as
 * all of its shards have come; what is incomplete when another step begins, or in the end, is
 * written then. The same gradient twice counts once. */
int nn_reduce_merge(struct nn_reader *reader, struct nn_writer *writer,
	const struct nn_reduce_options *options, struct nn_error *err);

#endif
