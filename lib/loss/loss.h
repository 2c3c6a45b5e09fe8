/* Losses: a table, one file each. A loss is its value and its gradient with respect to the
 * network's outputs, both summed, never averaged: the division is nn-update's.
 *
 * To add one: a file NAME.c with a `const struct nn_loss`, a row in table.c, its name in local.mk,
 * its paragraph in nn-model(5), its figures in tests/unit/test-loss.c. */
#ifndef NN_LOSS_LOSS_H
#define NN_LOSS_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/json.h"

/* A loss as a spec asks for it: "loss": "mse", or {"type": "huber", "delta": 2}. */
struct nn_criterion {
	const struct nn_loss *type;
	double label_smoothing; /* 0 .. 1; 0: none */
	bool ignores;           /* cases of class ignore_index count nothing */
	uint64_t ignore_index;
	double delta;         /* of huber: where the square ends */
	float *class_weights; /* [class_weight_count]; NULL: all are 1 */
	size_t class_weight_count;
};

/* The keys that a loss may have. */
enum nn_loss_keys {
	NN_LOSS_SMOOTHING = 1,
	NN_LOSS_IGNORE = 2,
	NN_LOSS_WEIGHTS = 4,
	NN_LOSS_DELTA = 8,
};

/* Of a spec's `loss`, a word or an object. NN_BAD: what is wrong with it, and where. Release with
 * nn_criterion_free, after an error too. */
int nn_criterion_parse(struct nn_criterion *criterion, const struct nn_json *value,
	struct nn_error *err);
/* NN_BAD if it does not suit a network of so many outputs a case. */
int nn_criterion_check(const struct nn_criterion *criterion, size_t outputs, struct nn_error *err);
/* Appends it as canonical JSON: the word alone if all keys have their defaults, else an object of the type
 * and the keys that have others, in the order of the table in criterion.c. */
int nn_criterion_put(const struct nn_criterion *criterion, struct nn_buffer *out,
	struct nn_error *err);
void nn_criterion_free(struct nn_criterion *criterion);
/* Does a case of this class count nothing? */
static inline bool nn_criterion_ignores(const struct nn_criterion *criterion, int32_t label)
{
	return criterion->ignores && label >= 0 && (uint64_t)label == criterion->ignore_index;
}

/* Sums over cases: of the losses, and of what they are to be divided by for a mean. */
struct nn_loss_sum {
	double loss;
	double weight;
};
/* A case is what has a loss: a row, or a position of a row of classes. */
struct nn_loss_run {
	const float *out; /* [cases, outputs]: what the network puts out */
	const float *y;   /* [cases, outputs], or: */
	const int32_t
		*labels; /* [cases], each in 0 .. outputs-1 or ignored: see nn_loss_bad_label */
	size_t cases;
	size_t outputs;
	float *d_out; /* [cases, outputs]: receives the sum's gradient with respect to out */
	struct nn_loss_sum
		*each; /* [cases]: receives each case's own, whose bits do not depend on the
				     other cases; or NULL */
};

struct nn_loss {
	const char *name;
	bool wants_classes; /* labels are used, else y */
	bool binary;        /* each y is 0, 1, or between: see nn_loss_bad_target */
	unsigned keys;      /* of enum nn_loss_keys */
	struct nn_loss_sum (
		*value)(const struct nn_criterion *criterion, const struct nn_loss_run *run);
	/* From outputs to what is predicted, in place: probabilities, say. NULL: as they are. */
	void (*predict)(float *out, size_t cases, size_t outputs);
};

/* NULL-terminated. */
extern const struct nn_loss *const nn_losses[];
/* The same names, NULL-terminated, for option tables. */
extern const char *const nn_loss_names[];
const struct nn_loss *nn_loss_find(const char *name); /* NULL: there is none */

/* The first case whose label is not in 0 .. outputs-1 and not ignored; `cases` if there is none. */
size_t nn_loss_bad_label(const struct nn_criterion *criterion, const int32_t *labels, size_t cases,
	size_t outputs);
/* The first of n targets that a binary loss does not take, outside of 0 to 1; n if there is none. */
size_t nn_loss_bad_target(const float *y, size_t n);

#endif
