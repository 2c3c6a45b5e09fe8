/* Optimizers: parameters from gradients. A method is one file and one row of the table. */
#ifndef NN_OPTIM_OPTIM_H
#define NN_OPTIM_OPTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "tensor/tensor.h"

/* What a run was told. A number that was not given is NAN, a text NULL, a count NN_NOT_GIVEN: see
 * nn_optim_no_options. Defaults are PyTorch's. */
struct nn_optim_options {
	const char *method; /* a name in nn_optim_names */
	double lr;
	double momentum;     /* momentum, nesterov, rmsprop */
	double beta1, beta2; /* adam, adamw */
	double alpha;        /* rmsprop's smoothing */
	double epsilon;
	double weight_decay;  /* L2, or decoupled in adamw */
	double clip;          /* largest norm of the whole gradient; 0: none */
	const char *schedule; /* "constant", "step:EVERY:FACTOR", "cosine:STEPS[:FLOOR]" */
	uint64_t warmup;      /* updates of linear warm-up */
};
#define NN_NOT_GIVEN UINT64_MAX
extern const struct nn_optim_options nn_optim_no_options;
extern const char *const nn_optim_names[]; /* NULL-terminated */

/* What one pass over (a part of) the parameters is told. g = grad times 1 / divisor, rounded
 * to a float, is the gradient: a division each would take as long as all the rest of sgd. */
struct nn_optim_pass {
	const struct nn_optim_options *options;
	double lr;      /* of this update, by the schedule */
	double divisor; /* total weight, over what clipping leaves of the norm */
	uint64_t t;     /* number of this update with this state, from 1 */
	double weight;  /* total: what statistics are divided by */
};

#define NN_MAX_SLOTS 2
/* What an update reads and writes: from one set of vectors to another, or in place. Vectors are the
 * same or do not overlap. */
struct nn_optim_vectors {
	float *params;
	float *slots[NN_MAX_SLOTS];
};

struct nn_optimizer {
	const char *name;
	/* NAN: it has no such number, and refuses one that is given. */
	struct nn_optim_options defaults;
	/* Vectors as long as the parameters that it keeps from update to update, at first zero. */
	const char *slots[NN_MAX_SLOTS];
	/* The last slot is there only if there is momentum. */
	int last_needs_momentum;
	/* One fused pass over n elements. */
	void (*update)(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
		const struct nn_optim_vectors *from, const float *grad, size_t n);
};
extern const struct nn_optimizer nn_optim_sgd, nn_optim_momentum, nn_optim_nesterov,
	nn_optim_adagrad, nn_optim_rmsprop, nn_optim_adam, nn_optim_adamw;
/* A statistic is a tensor of a model that is not learned by its gradient but follows what a layer sees:
 * one whose name's last component, behind the last dot, begins with "running_". Where other tensors of
 * a gradient have a sum of gradients it has the sum over the tasks of weight * (what it is - what the
 * task makes it): divided by the total weight and subtracted, that is the update. No learning rate, no
 * decay, no moments and no clipping touch it, and it counts in no norm. */
bool nn_is_statistic(const char *name);
/* Updates n elements, from `first` on, of the data of an F32 bundle of that layout: by the optimizer,
 * and statistics as they want it. The vectors, each of n elements, are what belongs to those; vectors
 * that `to` has, `from` has. One call of the optimizer if there are no statistics. */
void nn_optim_update(const struct nn_optimizer *optimizer, const struct nn_optim_pass *pass,
	const struct nn_bundle *layout, size_t first, size_t n, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad);
/* The same of elements that all are statistics: `to` gets the state as it was. */
void nn_optim_move_statistics(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n);

/* NULL if there is none of that name. */
const struct nn_optimizer *nn_optim_find(const char *name);
/* How many slots it needs with these options. */
size_t nn_optim_slots(const struct nn_optimizer *optimizer, const struct nn_optim_options *options);

/* Appends what of `now` is not as in `before`: "lr is 0.01, it was 0.1; warmup is 5, it was 0". Nothing if the
 * method is another one. */
int nn_optim_changes(struct nn_buffer *text, const struct nn_optim_options *before,
	const struct nn_optim_options *now, struct nn_error *err);
/* Fills in what was not given: from `stored` if that is of the same method (or none is given), else
 * the defaults. NN_USAGE: an unknown method, a number that the method does not have or that is out
 * of range, a schedule that cannot be read. Strings are not copied. */
int nn_optim_resolve(struct nn_optim_options *options, const struct nn_optim_options *stored,
	struct nn_error *err);
/* As canonical JSON, for the state's metadata; and back. Text in *options then lives as long as
 * `*document` (struct nn_json, the caller's to free). NN_BAD. */
struct nn_json;
int nn_optim_options_write(struct nn_buffer *out, const struct nn_optim_options *options,
	struct nn_error *err);
int nn_optim_options_read(struct nn_optim_options *options, struct nn_json **document,
	const char *text, struct nn_error *err);

/* NN_USAGE if the text is no schedule. */
int nn_schedule_check(const char *schedule, struct nn_error *err);
/* The learning rate of update t (from 0) of a checked schedule, by exact arithmetic and this
 * library's own cosine: the same bits on every host.
 *   constant             lr
 *   step:EVERY:FACTOR    lr FACTOR^floor(t / EVERY)                        (PyTorch's StepLR)
 *   cosine:STEPS[:FLOOR] FLOOR + (lr - FLOOR) (1 + cos(pi t / STEPS)) / 2  (CosineAnnealingLR;
 *                        I. Loshchilov, F. Hutter, SGDR, ICLR 2017), then FLOOR
 * all times min(1, (t + 1) / warmup). */
double nn_schedule_rate(const struct nn_optim_options *options, uint64_t t);
/* base^n by squaring. */
double nn_power(double base, uint64_t n);

/* The norm of all of an F32 bundle but its statistics, which count as zeros: blocks of 4,096 elements from each tensor's start are summed
 * in double, the blocks of a tensor in the fixed tree, then the tensors in theirs, by name. */
double nn_gradient_norm(const struct nn_bundle *grad);
/* values[0] to values[count - 1] added in the fixed tree: the left half of a node is the largest power of two
 * of them, as of blocks and of tensors in that norm. Of nothing: 0. */
double nn_tree_sum(const double *values, size_t count);
/* What a gradient of that norm is to be multiplied with so that its norm is at most `clip`:
 * min(1, clip / (norm + 1e-6)), as PyTorch's clip_grad_norm_. clip 0: 1. */
double nn_clip_factor(double norm, double clip);

#endif
