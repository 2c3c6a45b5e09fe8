/* Activations between the stages of a pipeline, and gradients back: frames of kind `act`, nnt(5). */
#ifndef NN_TRAIN_ACT_H
#define NN_TRAIN_ACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "layer/layer.h"
#include "stream/reader.h"
#include "stream/writer.h"

/* What passes at one cut: rows in front of layer `layer`, and what the loss will want of each. */
struct nn_act_form {
	size_t layer;       /* that takes x, by its number in the spec's list */
	struct nn_shape x;  /* of a row */
	size_t positions;   /* class numbers a row; 0: none, but ... */
	size_t outputs;     /* ... numbers */
	const char *kernel; /* that the products were made with; must outlive the form */
	const char *layers; /* what to call the stage at hand: "2:4" */
};
/* A micro-batch: what one task's rows have become so far. Zero-initialized it is empty. */
struct nn_micro {
	struct nn_preamble preamble; /* the task: step, ..., seed, shards, first, end, rows, id */
	size_t room;                 /* rows of ... */
	float *x;                    /* [rows, form->x] */
	int32_t *labels;             /* [rows, form->positions] */
	float *y;                    /* [rows, form->outputs] */
	uint64_t *numbers;           /* [rows]: what messages call them */
};
/* Room for so many rows; grows only, and what was in it is lost then. */
int nn_micro_reserve(struct nn_micro *micro, const struct nn_act_form *form, size_t rows,
	struct nn_error *err);
void nn_micro_free(struct nn_micro *micro);

/* Is it an activation, and one that goes forward? */
bool nn_act_is_forward(const struct nn_frame *frame);
/* Is it one that goes back? */
bool nn_act_is_back(const struct nn_frame *frame);

/* The micro-batch, with `x` [rows, form->x] in place of its own. *layout is kept from frame to frame: the
 * caller's to nn_bundle_free. `stage`: number of the one that has made x. */
int nn_act_write(struct nn_writer *writer, const struct nn_act_form *form, size_t stage,
	const struct nn_micro *micro, const float *x, struct nn_bundle *layout,
	struct nn_error *err);
/* The reader's current frame, verified. *stage: who has made it. NN_BAD if it is not of that form: both
 * sides are named. */
int nn_act_read(struct nn_reader *reader, const struct nn_frame *frame,
	const struct nn_act_form *form, struct nn_micro *micro, size_t *stage,
	struct nn_error *err);

/* The gradient of the loss with respect to x of a micro-batch: dx [rows, form->x], the preamble with its
 * weight and loss, and part: the stage that has made it, of parts. */
int nn_act_write_back(struct nn_writer *writer, const struct nn_act_form *form,
	const struct nn_preamble *preamble, const float *dx, struct nn_bundle *layout,
	struct nn_error *err);
/* A place for such a gradient. */
struct nn_act_grad {
	struct nn_preamble preamble;
	size_t room; /* rows */
	float *dx;
};
int nn_act_reserve(struct nn_act_grad *grad, const struct nn_act_form *form, size_t rows,
	struct nn_error *err);
int nn_act_read_back(struct nn_reader *reader, const struct nn_frame *frame,
	const struct nn_act_form *form, struct nn_act_grad *grad, struct nn_error *err);

#endif
