/* From spec to checked layers, and forward and backward through all of them. */
#ifndef NN_MODEL_NETWORK_H
#define NN_MODEL_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

struct nn_network;

/* Parses and checks a spec (JSON text, nn-model(5)); shapes are inferred from the input on. Errors
 * are NN_BAD and name the path in the spec ("layers[2].units: ..."). `what` names the text. */
int nn_network_parse(struct nn_network **network, const char *spec, size_t length, const char *what,
	struct nn_error *err);
void nn_network_free(struct nn_network *network);

/* The spec again as canonical JSON: what a model frame carries. Owned by the network. */
const char *nn_network_spec(const struct nn_network *network);
size_t nn_network_inputs(const struct nn_network *network);  /* features of a row */
size_t nn_network_outputs(const struct nn_network *network); /* numbers out for a row */
/* True if the loss wants class numbers (softmax cross-entropy), false if float targets. */
int nn_network_wants_classes(const struct nn_network *network);

/* The layout of the parameters: F32, names "LAYER.weight", "LAYER.bias". */
int nn_network_layout(const struct nn_network *network, struct nn_bundle *params,
	struct nn_error *err);
/* NN_BAD if the parameters do not fit the network: which, and both shapes. */
int nn_network_check_params(const struct nn_network *network, const struct nn_bundle *params,
	struct nn_error *err);
/* Initial parameters by each layer's initializer, a function of seed, layer and element alone. */
void nn_network_init(const struct nn_network *network, uint64_t seed, struct nn_bundle *params);

/* Makes room for `rows` rows at once; grows only. nn_blas_load must have succeeded before the next
 * two. Nothing is allocated in them. */
int nn_network_reserve(struct nn_network *network, size_t rows, struct nn_error *err);
/* x [rows, inputs] -> out [rows, outputs], owned by the network: the numbers that the loss takes
 * (logits before softmax). */
const float *nn_network_forward(struct nn_network *network, const struct nn_bundle *params,
	const float *x, size_t rows);
/* Forward, loss and backward of one task. `grad` (same layout as params) receives the sum over the
 * rows of the per-row gradients; it is overwritten, or added to if `accumulate`. Exactly one of y
 * [rows, outputs] and labels [rows] is used, as the loss wants. *loss is the sum over the rows.
 * NN_BAD if a label is out of range: its row. */
int nn_network_gradient(struct nn_network *network, const struct nn_bundle *params,
	const float *x, const float *y, const int32_t *labels, size_t rows, int accumulate,
	struct nn_bundle *grad, double *loss, struct nn_error *err);

#endif
