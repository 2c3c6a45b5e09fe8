/* The update: a model of step s and all gradients of step s make the model of step s + 1. */
#ifndef NN_TRAIN_UPDATE_H
#define NN_TRAIN_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "optim/optim.h"
#include "reduce/reduce.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "train/sums.h"

/* What an update did. */
struct nn_update_report {
	uint64_t step;  /* the model's step after it */
	uint64_t epoch; /* ... and epoch */
	double loss;    /* mean over the rows, of the model before it */
	double lr;      /* that it was made with */
	double norm;    /* of the mean gradient, before clipping; NAN: of a slice, not known */
};

struct nn_update_options {
	struct nn_optim_options optim; /* as given: the rest comes from the checkpoint's state */
	uint64_t quorum;               /* so many shards are enough; 0: all of them */
	bool skip_nonfinite; /* leave out what has a NaN or Inf in it, instead of refusing it */
	bool mixed_kernels;  /* take gradients of unlike matrix kernels */
	/* Of a slice: how it comes by the norm of the whole; NULL: not, and it cannot clip. */
	struct nn_sums *sums;
	/* Printf-like: what a person must know, and what one may want to know. */
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	void (*note)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	void (*report)(const struct nn_update_report *report); /* after each update */
};

/* Collects the gradients of a step and makes the step. Works on a checkpoint that stays the
 * caller's: its parameters, its preamble and its state, which is made if there is none. */
struct nn_updater;

/* Notes that the optimizer is another one than that of a state, or what of it is not as it was. For
 * nn_updater_new, and for who has no updater; both are resolved. */
void nn_update_note_changes(const struct nn_update_options *how, const char *name,
	const struct nn_optim_options *before, const struct nn_optim_options *now);
/* `name` is what to call the model in messages. NN_USAGE: options that do not fit the optimizer;
 * NN_BAD: a state that does not fit the model. */
int nn_updater_new(struct nn_updater **updater, struct nn_checkpoint *checkpoint, const char *name,
	const struct nn_update_options *options, struct nn_error *err);
void nn_updater_free(struct nn_updater *updater); /* NULL is fine */

/* Takes the reader's current frame, a gradient. NN_BAD where it is not one of this model and step,
 * names both values. */
int nn_updater_add(struct nn_updater *updater, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err);
/* The same for a gradient in memory, all of whose numbers are finite: what it is a part of is said
 * by `grad`, the tensors are in partial->sum, which is taken over, on failure too. `name` is where
 * it came from. */
int nn_updater_add_partial(struct nn_updater *updater, const struct nn_preamble *grad,
	struct nn_partial *partial, const char *name, struct nn_error *err);
/* Have all shards (or the quorum) come? */
bool nn_updater_ready(const struct nn_updater *updater);
/* The first shard of how many that has not come, while others have; false if there is none. */
bool nn_updater_missing(const struct nn_updater *updater, uint64_t *shard, uint64_t *shards);
/* When it is ready: waits for what the step needs of the other slices, which nn_updater_step does by
 * itself
 * otherwise. */
int nn_updater_gather(struct nn_updater *updater, struct nn_error *err);
/* Makes the step out of what came. NN_BAD if it is not ready, if the total weight is zero, or if
 * the parameters overflow; the checkpoint must not be used then. */
int nn_updater_step(struct nn_updater *updater, struct nn_error *err);

/* The checkpoint it works on; its quorum, 0 if all shards must come; and false once an update has
 * failed halfway: then the parameters are worth nothing. */
struct nn_checkpoint *nn_updater_checkpoint(const struct nn_updater *updater);
uint64_t nn_updater_quorum(const struct nn_updater *updater);
bool nn_updater_intact(const struct nn_updater *updater);
void nn_updater_spoil(struct nn_updater *updater); /* an update has failed halfway elsewhere */

/* For whoever makes the numbers of a step elsewhere (shared_step.c): what the update is made with,
 * given the gradients' total weight and the norm of their sum ... */
const struct nn_optim_options *nn_updater_optim(const struct nn_updater *updater);
void nn_updater_pass(const struct nn_updater *updater, double weight, double norm,
	struct nn_optim_pass *pass);
/* ... and, when the checkpoint has the new numbers: the step is made, or so many local ones. The model's id is unknown (0)
 * then. */
void nn_updater_made(struct nn_updater *updater, const struct nn_optim_pass *pass, uint64_t steps,
	double loss, double weight, double norm);
/* An update with one gradient alone, out of its turn: divided by its weight and by `shards`. The
 * model's step stays. NN_BAD as nn_updater_step. */
int nn_updater_apply(struct nn_updater *updater, const struct nn_partial *grad, double shards,
	struct nn_error *err);
/* The model has got to that step by such updates: it is reported. */
void nn_updater_passed(struct nn_updater *updater, uint64_t step, double loss, double weight);
/* To the next step of the epoch, or the first of the next one. */
void nn_preamble_advance(struct nn_preamble *model);
/* An error about numbers that are none: "step N: WHAT: " before what `err` says, and a hint. */
int nn_updater_diverged(const struct nn_updater *updater, const char *what, struct nn_error *err);

/* All gradients of a stream, to its end. */
int nn_update_collect(struct nn_updater *updater, struct nn_reader *reader, struct nn_error *err);

struct nn_update_loop {
	uint64_t steps;  /* stop after so many updates; 0: no such limit */
	uint64_t epochs; /* ... or when the epoch has advanced by so many; 0: no such limit */
	const char *checkpoint; /* a file for the last model and state; NULL: none */
	uint64_t every;         /* and after each so many updates; 0: only in the end */
	/* What is waited for, if it takes long; printf-like. */
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};
/* Writes the model, without state, and after each complete gradient the next; instead of the last
 * one END. Then reads on to the END that comes back. If the input ends or fails before, the output
 * does, or TERM, INT or HUP ends the process, what was reached is kept in the checkpoint; errno is
 * EPIPE if the model's reader has gone. */
int nn_update_loop(struct nn_updater *updater, struct nn_reader *reader, struct nn_writer *writer,
	const struct nn_update_loop *loop, struct nn_error *err);

#endif
