/* A range of a network's layers, run by itself: a stage of a pipeline. Its parameters, layers and the
 * parts that a task's rows go in are called and cut as in the whole: what it computes are the same bits
 * (Y. Huang et al., "GPipe: efficient training of giant neural networks using pipeline parallelism",
 * NeurIPS 2019; D. Narayanan et al., "PipeDream", SOSP 2019, for the schedule that needs only as many
 * flights as there are stages). */
#ifndef NN_MODEL_STAGE_H
#define NN_MODEL_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "loss/loss.h"
#include "model/network.h"

/* Layers [begin, end) of the spec's list, a residual block counting as one. */
struct nn_range {
	size_t begin;
	size_t end;
	size_t layers; /* of the whole network */
	/* Which stage of how many, from 0; stages 0: not known. */
	size_t stage;
	size_t stages;
};
/* "2:5": layers 2, 3 and 4; "2:": from layer 2 on; ":2". "1/3": stage 1, from 0, of three that are as
 * even as can be (nn_cost_cut). NN_USAGE says what is wrong with it. */
int nn_range_parse(struct nn_range *range, const char *text, const struct nn_network *network,
	struct nn_error *err);

/* The network is these layers of it from now on: its layout and initial parameters are those of the
 * range, it takes what the layers before put out, and gradients go back to them. Only of a range up to
 * the end the outputs are those of the network and there is a loss. A range without parameters is
 * fine. After a failure it is only good for nn_network_free. */
int nn_network_cut(struct nn_network *network, const struct nn_range *range, struct nn_error *err);
/* Is the tensor of that name one of the network's parameters? "slot/NAME": of its slots. */
bool nn_network_owns(const struct nn_network *network, const char *name);

/* What a micro-batch that went forward leaves for its way back. A network has as many flights as
 * micro-batches are on their way at once. Zero-initialized it is empty. */
struct nn_flight {
	float *out; /* [rows, output shape]: what came out, until it is used again */
	float *kept;
	struct nn_layer_run *runs; /* [parts, nodes] */
	size_t room;               /* rows */
	size_t rows;
	bool recompute; /* nothing is kept: forward is run again before backward */
	const float *x;
	struct nn_pass pass;
};
/* Room for tasks of up to `rows` rows, in the network too; grows only, and not between a micro-batch's
 * two ways. */
int nn_flight_reserve(struct nn_flight *flight, struct nn_network *network, size_t rows,
	bool recompute, struct nn_error *err);
void nn_flight_free(struct nn_flight *flight);

/* Of a network that is cut before the end. x [rows, inputs] -> flight->out. x must stay until
 * nn_stage_backward. Rows must be reserved; there may be none. NN_BAD if they are too few for a layer. */
int nn_stage_forward(struct nn_network *network, const struct nn_bundle *params,
	struct nn_flight *flight, const float *x, size_t rows, const struct nn_pass *pass,
	struct nn_error *err);
/* dy [rows, outputs], `weight` that the last stage has found -> grad, which is overwritten, and dx [rows,
 * inputs] unless that is NULL. With the parameters of forward. */
void nn_stage_backward(struct nn_network *network, const struct nn_bundle *params,
	struct nn_flight *flight, const float *dy, double weight, struct nn_bundle *grad,
	float *dx);
/* nn_network_gradient of the last layers, with the gradient with respect to what comes in: dx [rows,
 * inputs] unless that is NULL. nn_network_reserve must have been called. */
int nn_network_turn(struct nn_network *network, const struct nn_bundle *params,
	const struct nn_batch *batch, const struct nn_pass *pass, bool accumulate,
	struct nn_bundle *grad, float *dx, struct nn_loss_sum *sum, struct nn_error *err);

#endif
