/* What spec.c builds and network.c runs. */
#ifndef NN_MODEL_NETWORK_PRIVATE_H
#define NN_MODEL_NETWORK_PRIVATE_H

#include "loss/loss.h"
#include "model/network.h"

struct nn_network {
	struct nn_shape in;
	struct nn_layer *layers;
	size_t layer_count;
	const struct nn_loss *loss;
	struct nn_buffer spec;   /* canonical */
	struct nn_bundle layout; /* of the parameters; no data */
	size_t *offsets;         /* [layer_count][NN_LAYER_PARAMS]: in floats, into the data */
	size_t widest;           /* longest output row of a layer */
	size_t row_floats;       /* of workspace a row: out and saved of all layers, 2 widest */
	size_t rows;             /* that the workspace has room for */
	float *workspace;
	struct nn_layer_run *runs; /* [layer_count]; pointers into the workspace */
	float *slopes[2];          /* gradients with respect to outputs, in turn */
};

#endif
