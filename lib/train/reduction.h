/* What the reduce driver's two ways share: private to reduce.c and lockstep.c. */
#ifndef NN_TRAIN_REDUCTION_H
#define NN_TRAIN_REDUCTION_H

#include "reduce/reduce.h"
#include "train/reduce.h"

struct nn_reduction {
	const struct nn_reduce_options *options;
	struct nn_writer *writer;
	unsigned kind; /* what is reduced; 0: not known before the first frame */
	const struct nn_reducer *method;
	/* The first frame of the step at hand: the others must be like it. */
	bool has_reference;
	struct nn_preamble reference;
	char reference_name[160];
	char kernel[128]; /* of the first that names one; empty: none yet */
	uint64_t steps;   /* local ones of a pseudo-gradient; 0: none came yet */
	uint64_t spec;    /* hash of a model's spec; 0: none */
	uint64_t ranges;  /* hash of what a slice says of its tensors; 0: none */
};

bool nn_reduction_takes(unsigned kind);
/* The first frame decides what is reduced, and how. NN_USAGE if the options do not fit. */
int nn_reduction_start(struct nn_reduction *reduction, unsigned kind, struct nn_error *err);
/* Makes a frame the reference if there is none; else NN_BAD where it is unlike. `name` is what to
 * call the frame later. */
int nn_reduction_compare(struct nn_reduction *reduction, const struct nn_frame *frame,
	const char *name, struct nn_error *err);
/* The same for the reader's frame; the error names it. */
int nn_reduction_check(struct nn_reduction *reduction, const struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err);
/* The shards that a frame covers; its number where it has none. */
struct nn_node nn_reduction_range(const struct nn_preamble *preamble, uint64_t number);
/* 1 unless --weights says otherwise. */
double nn_reduction_weight(const struct nn_reduction *reduction, uint64_t number);
/* NN_BAD if it is NaN or infinite. */
int nn_reduction_check_loss(double loss, struct nn_error *err);
/* Loads the reader's frame, checks and weighs it and adds it. */
int nn_reduction_add(struct nn_reduction *reduction, struct nn_accumulator *accumulator,
	struct nn_reader *reader, const struct nn_frame *frame, uint64_t number,
	struct nn_error *err);
/* The preamble of what comes out: rows, weight and loss of `partial`, by the method; `more` if
 * another frame of the step follows. */
struct nn_preamble nn_reduction_preamble(const struct nn_reduction *reduction,
	const struct nn_partial *partial, bool more);
/* Can a sum be finished by the method? NN_BAD if it lacks shards or its weight is zero. */
int nn_reduction_can_finish(const struct nn_reduction *reduction, const struct nn_partial *partial,
	struct nn_error *err);
/* Writes all nodes, finished by the method. */
int nn_reduction_write(struct nn_reduction *reduction, struct nn_accumulator *accumulator,
	struct nn_error *err);

#endif
