/* What was measured of hosts, and of the lines to them. As JSON:
 *
 *   {"profile":1,"version":"0.1.0","hosts":[{"name":":","kernel":...},...]}
 *
 * with a unit at the end of each figure's name; nn-plan(1) has the list. */
#ifndef NN_PLAN_PROFILE_H
#define NN_PLAN_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "tensor/blas.h"

#define NN_PROFILE_HERE ":" /* the name of the machine that measured */
#define NN_PROFILE_TEXT 160
/* Products y = x W^T are timed for all of so many numbers of rows, inputs and outputs. */
#define NN_PROFILE_ROWS 5
#define NN_PROFILE_SIZES 6
extern const double nn_profile_rows[NN_PROFILE_ROWS];
extern const double nn_profile_sizes[NN_PROFILE_SIZES];
#define NN_PROFILE_PRODUCTS (NN_PROFILE_ROWS * NN_PROFILE_SIZES * NN_PROFILE_SIZES)
#define NN_PROFILE_SHARES 64  /* processors that are told apart */
#define NN_PROFILE_POINTS 12  /* of a line, most; and of a model */
#define NN_PROFILE_MODELS 8   /* of a host, most */
#define NN_PROFILE_METHODS 16 /* optimizers, most */
#define NN_PROFILE_NEAR 2
extern const double nn_profile_near[NN_PROFILE_NEAR]; /* parameters */
#define NN_PROFILE_RANKS 3
extern const double nn_profile_ranks[NN_PROFILE_RANKS]; /* parameters, too */
#define NN_PROFILE_STAGES 2

/* A figure that was not measured is 0. */
struct nn_profile_line {
	bool there;
	double start_seconds; /* until a program there has said a word */
	double latency_us;    /* one way, of a few bytes */
	/* A message of bytes[i] takes down_us[i] to get there and up_us[i] to come back, latency included. */
	size_t count;
	double bytes[NN_PROFILE_POINTS];
	double down_us[NN_PROFILE_POINTS];
	double up_us[NN_PROFILE_POINTS];
};
/* Two ranks of MPI on the host itself. */
struct nn_profile_ranks {
	bool there;
	double start_seconds; /* what mpirun takes to start ranks, and to end them */
	/* What a step takes besides gradients, sum and update, of so many parameters: by --exchange memory, and
	 * by messages. */
	double memory_us[NN_PROFILE_RANKS];
	double messages_us[NN_PROFILE_RANKS];
};
/* Two stages on the host itself. */
struct nn_profile_stages {
	bool there;
	double step_us; /* between one step's last task and the next one's first */
	/* Activations of so many bytes go from one to the other: until it has begun with them. */
	double bytes[NN_PROFILE_STAGES];
	double message_us[NN_PROFILE_STAGES];
};
/* The gradient of a model itself. */
struct nn_profile_model {
	uint64_t spec; /* hash of its canonical spec */
	size_t count;
	double rows[NN_PROFILE_POINTS];
	double us[NN_PROFILE_POINTS];
};
struct nn_profile_host {
	char name[NN_PROFILE_TEXT];
	char kernel[NN_KERNEL_TEXT];
	char cpu[NN_PROFILE_TEXT];
	double processors;
	double memory_bytes;
	/* Products: y; the gradients of W and offsets; that of x. By rows, inputs, outputs. */
	double forward_us[NN_PROFILE_PRODUCTS];
	double weights_us[NN_PROFILE_PRODUCTS];
	double inputs_us[NN_PROFILE_PRODUCTS];
	double convolution_flops_per_second; /* forward and backward */
	double attention_flops_per_second;
	double number_ns; /* a number through an activation, and its gradient back */
	double loss_ns;   /* a number through softmax cross-entropy, and back */
	double gather_ns; /* a number of a row that is fetched from the data */
	double copy_bytes_per_second;
	double add_ns;    /* a number of one gradient added to another */
	double digest_ns; /* a byte of a frame, at either end */
	double pack_ns;   /* packing without loss, and deflating, a byte of what comes out */
	double unpack_ns;
	/* The speed of each of k processes that multiply at once, against one that is alone. */
	size_t share_count;
	double share[NN_PROFILE_SHARES];
	/* Of the methods of nn_optim_names: a parameter updated, in the cache and out of it. */
	double update_ns[NN_PROFILE_METHODS];
	double update_far_ns[NN_PROFILE_METHODS];
	/* Workers that share memory, as nn-train has them: what a step takes that has almost nothing to
	 * compute, and each task more of it; with 1, 2, 4, ... workers. */
	size_t exchange_count;
	double exchange_workers[NN_PROFILE_POINTS];
	double exchange_step_us[NN_PROFILE_POINTS];
	double exchange_task_us[NN_PROFILE_POINTS];
	/* What caches and memory add where workers pass on gradients of so many parameters, which trainings
	 * show that compute little: a parameter's share of a task, and of an update; [exchange_count] of
	 * each size. */
	double near_task_ns[NN_PROFILE_NEAR * NN_PROFILE_POINTS];
	double near_update_ns[NN_PROFILE_NEAR * NN_PROFILE_POINTS];
	struct nn_profile_line pipe; /* to a worker behind pipes on the host itself */
	struct nn_profile_line
		line; /* from where it was measured, by ssh; not there of NN_PROFILE_HERE */
	struct nn_profile_ranks ranks; /* not there without MPI */
	struct nn_profile_stages stages;
	struct nn_profile_model models[NN_PROFILE_MODELS];
	size_t model_count;
};
struct nn_profile {
	char version[32]; /* of nnpipe */
	struct nn_profile_host *hosts;
	size_t count;
};

/* Appends it as canonical JSON, figures rounded to 4 digits, and a newline. */
int nn_profile_write(const struct nn_profile *profile, struct nn_buffer *out, struct nn_error *err);
/* Could a text that begins so be one? Models and other streams do not. */
bool nn_profile_may_begin(const char *text, size_t length);
/* NN_BAD: it is no profile, or a figure is missing or none: where and why. `what` names the text. */
int nn_profile_read(struct nn_profile *profile, const char *text, size_t length, const char *what,
	struct nn_error *err);
/* Adds a zeroed host. */
struct nn_profile_host *nn_profile_add(struct nn_profile *profile, struct nn_error *err);
/* NULL: there is none of that name. */
const struct nn_profile_host *nn_profile_find(const struct nn_profile *profile, const char *name);
void nn_profile_free(struct nn_profile *profile);

#endif
