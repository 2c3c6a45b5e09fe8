/* What each layer of a network costs, and where to cut a network so that its parts cost alike. */
#ifndef NN_MODEL_COST_H
#define NN_MODEL_COST_H

#include <stddef.h>

#include "model/network.h"

/* Of a layer as the spec's list has it; a residual block counts as one. */
struct nn_layer_cost {
	const char *type; /* "dense", "residual"; a constant */
	/* Floating-point operations of a row. Backward of a layer with parameters is two products for
	 * each of forward's: one for the parameters' gradients, one for its input's. The second is left
	 * out where nothing before the layer learns, in this network. */
	double forward;
	double backward;
	size_t params; /* floats, running statistics too: what a model frame carries of it */
	size_t in;     /* floats of a row that come in ... */
	size_t out;    /* ... and that pass out */
	/* Floats that forward leaves for backward, the input not counted (it is the output of the layer
	 * before): of a row, and however many rows. */
	size_t kept;
	size_t kept_once;
};

/* *costs [*count], to be released with free(3): the top-level layers in their order. */
int nn_cost_of_network(const struct nn_network *network, struct nn_layer_cost **costs,
	size_t *count, struct nn_error *err);

/* Cuts [0, count) into `stages` ranges, none empty: range i ends before ends[i], and begins where the
 * one before it ends; ends[stages - 1] is count. The largest forward + backward of a range is the
 * smallest possible; among equals, each cut in turn is as early as it can be. The same costs give the
 * same cuts everywhere: FLOPs are counted as whole numbers. NN_USAGE if there are more stages
 * than layers, or none. */
int nn_cost_cut(const struct nn_layer_cost *costs, size_t count, size_t stages, size_t *ends,
	struct nn_error *err);

#endif
