/* From spec to checked layers, and forward and backward through all of them. */
#ifndef NN_MODEL_NETWORK_H
#define NN_MODEL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "layer/layer.h"
#include "loss/loss.h"
#include "tensor/tensor.h"

struct nn_network;

/* What is known of the data before the spec: rows of shape `in` (ndim 0: unknown), `outputs`
 * numbers out (0: unknown) for each of `positions` (0: unknown) in a row. */
struct nn_known_shapes {
	struct nn_shape in;
	uint64_t outputs;
	uint64_t positions;
	uint64_t tokens; /* of so many kinds are the rows' numbers (0: unknown, or no tokens) */
};

/* Parses and checks a spec (JSON text, nn-model(5)); shapes are inferred from the input on. Errors
 * are NN_BAD and name the path in the spec ("layers[2].units: ..."). `what` names the text. */
int nn_network_parse(struct nn_network **network, const char *spec, size_t length, const char *what,
	struct nn_error *err);
/* The same for a spec that may leave out its input and the size of its last dense layer, which are
 * then taken from what is known; where it does not leave them out they must agree. */
int nn_network_complete(struct nn_network **network, const char *spec, size_t length,
	const char *what, const struct nn_known_shapes *known, struct nn_error *err);
/* The network of a model: of its metadata `spec`, and its parameters must fit. `name` is what to
 * call the model. */
int nn_network_of_model(struct nn_network **network, const struct nn_bundle *params,
	const char *name, struct nn_error *err);
/* Is this model's spec, letter by letter, that of the network? */
bool nn_network_is_of(const struct nn_network *network, const struct nn_bundle *params);
void nn_network_free(struct nn_network *network); /* NULL is fine */

/* The spec of a multilayer perceptron, for nn_network_complete: sizes "64,32,10" from input to
 * output, the first and the last empty if they are to be found out (",32,"). NN_USAGE for another
 * text; the words are checked when the spec is parsed. */
int nn_network_mlp_spec(struct nn_buffer *spec, const char *sizes, const char *activation,
	const char *init, const char *loss, struct nn_error *err);

/* The spec again as canonical JSON: what a model frame carries. Owned by the network. */
const char *nn_network_spec(const struct nn_network *network);
size_t nn_network_inputs(const struct nn_network *network); /* features of a row */
const struct nn_shape *nn_network_input_shape(const struct nn_network *network);
const struct nn_shape *nn_network_output_shape(const struct nn_network *network);
/* If not 0, inputs must be whole numbers below it: the network begins with an embedding. */
uint64_t nn_network_tokens(const struct nn_network *network);
/* A row has so many cases, each with its own class and loss: more than one where the loss wants classes
 * and what comes out has more than one dimension. All but the last are positions then. */
size_t nn_network_positions(const struct nn_network *network);
size_t nn_network_outputs(const struct nn_network *network); /* numbers out for a case */
/* The loss: its type wants class numbers (softmax cross-entropy), or float targets. */
const struct nn_criterion *nn_network_criterion(const struct nn_network *network);

/* The layers, in the order in which they run, those in residual blocks too; *name ("3", "4.0"), unless
 * NULL, is how the layer's parameters begin. */
size_t nn_network_layer_count(const struct nn_network *network);
const struct nn_layer *nn_network_layer(const struct nn_network *network, size_t number,
	const char **name);

/* The layout of the parameters: F32, names "LAYER.weight", "LAYER.bias". */
int nn_network_layout(const struct nn_network *network, struct nn_bundle *params,
	struct nn_error *err);
/* NN_BAD if the parameters do not fit the network: which, and both shapes. */
int nn_network_check_params(const struct nn_network *network, const struct nn_bundle *params,
	struct nn_error *err);
/* Initial parameters by each layer's initializer, a function of seed, layer and element alone. */
void nn_network_init(const struct nn_network *network, uint64_t seed, struct nn_bundle *params);

/* Makes room for `rows` rows at once; grows only. nn_blas_load must have succeeded before
 * nn_network_forward and nn_network_gradient. Nothing is allocated in what follows. The parameters
 * must have been checked (nn_network_check_params). */
int nn_network_reserve(struct nn_network *network, size_t rows, struct nn_error *err);
/* How many of a batch's rows nn_network_gradient needs room for: they go through the network in parts. */
size_t nn_network_at_once(const struct nn_network *network, size_t rows);

/* Rows, and what is wanted of them. Exactly one of y [rows, outputs] and labels [rows, positions] is
 * used, as the loss wants; both may be NULL where there is no loss. */
struct nn_batch {
	const float *x; /* [rows, inputs] */
	const float *y;
	const int32_t *labels;
	size_t rows;
	const uint64_t *numbers; /* [rows]: what messages call the rows; NULL: 0, 1, ... */
};
/* x [rows, inputs] -> out [rows, positions, outputs], owned by the network: the numbers that the loss
 * takes (logits before softmax), of the network as it is used, not trained. */
const float *nn_network_forward(struct nn_network *network, const struct nn_bundle *params,
	const float *x, size_t rows);
/* The loss of what nn_network_forward returned last. NN_BAD if a label is out of range: its row. */
int nn_network_loss(struct nn_network *network, const struct nn_batch *batch,
	struct nn_loss_sum *sum, struct nn_error *err);
/* What nn_network_forward returned last, turned into what the network predicts: probabilities
 * after softmax cross-entropy, the same numbers after mean squared error. [rows, positions, outputs] */
const float *nn_network_predict(struct nn_network *network, size_t rows);
/* Forward, loss and backward of one task. `grad` (same layout as params) receives the sum over the
 * cases of their gradients; it is overwritten, or added to if `accumulate`. There may be no rows.
 * pass->training should be true. */
int nn_network_gradient(struct nn_network *network, const struct nn_bundle *params,
	const struct nn_batch *batch, const struct nn_pass *pass, bool accumulate,
	struct nn_bundle *grad, struct nn_loss_sum *sum, struct nn_error *err);
/* From now on nn_network_gradient calls `made` for each parameter as soon as its gradient is complete, `count`
 * floats of the data from `first` on: backward goes from the last layer to the first. Not if there are no
 * rows. NULL: no more. */
void nn_network_watch(struct nn_network *network,
	void (*made)(void *context, size_t first, size_t count), void *context);
/* After a pass whose loss is not finite: NN_BAD, with the first tensor of the pass that is not. */
int nn_network_blame(const struct nn_network *network, const struct nn_batch *batch, double loss,
	struct nn_error *err);

#endif
