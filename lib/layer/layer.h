/* Layers: a table of types, one file each. A layer type is its keys in the spec, what it makes of
 * an input shape, its parameters, forward and backward.
 *
 * To add one: a file NAME.c with a `const struct nn_layer_type`, a row in table.c, its name in
 * local.mk, its paragraph in nn-model(5), its figures in tests/unit/test-layer.c. */
#ifndef NN_LAYER_LAYER_H
#define NN_LAYER_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/json.h"
#include "tensor/tensor.h"

/* The largest size in a spec, and of a row: what the matrix product counts with. */
#define NN_LAYER_LIMIT ((uint64_t)INT32_MAX)

/* A row's shape, without the batch. */
struct nn_shape {
	unsigned ndim;
	uint64_t dims[NN_MAX_DIMS];
	size_t count; /* product of dims, at most NN_LAYER_LIMIT */
};
/* NN_BAD if the product is 0 or above NN_LAYER_LIMIT. */
int nn_shape_set(struct nn_shape *shape, unsigned ndim, const uint64_t *dims, struct nn_error *err);

/* A key of a layer in the spec. */
enum nn_key_type {
	NN_KEY_SIZE,    /* a whole number from 1 to NN_LAYER_LIMIT */
	NN_KEY_OUTPUTS, /* the same; the network's last may be missing if the outputs are known */
	NN_KEY_FLAG,    /* true or false */
	NN_KEY_CHOICE,  /* one of a list of words; the value is its index */
};
struct nn_layer_key {
	const char *name; /* NULL ends a list */
	enum nn_key_type type;
	bool required;
	uint64_t otherwise;         /* the value if it is missing and not required */
	const char *const *choices; /* NULL-terminated */
};
#define NN_LAYER_KEYS 8 /* most keys of a type */

/* How a parameter starts. Uniform in [-limit, limit). */
enum nn_init {
	NN_INIT_ZEROS,
	NN_INIT_GLOROT, /* limit = sqrt(6 / (fan_in + fan_out)) (X. Glorot, Y. Bengio, 2010) */
	NN_INIT_HE,     /* limit = sqrt(6 / fan_in) (K. He et al., 2015) */
};
/* The words for those that a spec may ask for: nn_init_of[i] is nn_init_names[i]. */
extern const char *const nn_init_names[]; /* NULL-terminated */
extern const enum nn_init nn_init_of[];

struct nn_layer_param {
	const char *name; /* "weight": in the model it is "LAYER.weight" */
	unsigned ndim;
	uint64_t shape[NN_MAX_DIMS];
	enum nn_init init;
	uint64_t fan_in;
	uint64_t fan_out;
};
#define NN_LAYER_PARAMS 8 /* most parameters of a type */

/* A layer of a network, checked. Holds no pointers but to constants. */
struct nn_layer {
	const struct nn_layer_type *type;
	uint64_t values[NN_LAYER_KEYS]; /* of type->keys, in their order */
	struct nn_shape in;
	struct nn_shape out;
	struct nn_layer_param params[NN_LAYER_PARAMS];
	size_t param_count;
	size_t saved; /* floats a row that forward leaves for backward, beside input and output */
};

/* One pass of `rows` rows, at least one, through a layer. What is read-only in forward is so in
 * backward. */
struct nn_layer_run {
	size_t rows;
	const float *params[NN_LAYER_PARAMS]; /* each of the shape it declares */
	const float *x;                       /* [rows, in.count] */
	float *y;                             /* [rows, out.count]: written by forward */
	float *saved;                         /* [rows, layer->saved]: written by forward */
	const float *dy; /* [rows, out.count]: the loss's gradient with respect to y */
	float *dx;       /* [rows, in.count]: backward writes it; NULL: not wanted */
	float *grads[NN_LAYER_PARAMS]; /* the same with respect to the parameters: sums over rows */
	bool accumulate;               /* add to grads instead of overwriting them */
};

struct nn_layer_type {
	const char *name;
	const struct nn_layer_key *keys; /* NULL: none but "type" */
	/* Sets out, params and saved from in and values. NN_BAD: the input does not suit. */
	int (*shape)(struct nn_layer *layer, struct nn_error *err);
	/* Neither allocates, neither fails. */
	void (*forward)(const struct nn_layer *layer, const struct nn_layer_run *run);
	void (*backward)(const struct nn_layer *layer, const struct nn_layer_run *run);
};

/* NULL-terminated. */
extern const struct nn_layer_type *const nn_layer_types[];
/* Those of them that have neither keys nor parameters; NULL-terminated, for option tables. */
extern const char *const nn_activation_names[];
/* NULL if there is no such type. */
const struct nn_layer_type *nn_layer_find(const char *name);

/* The layer that the JSON object `spec` describes, for rows of shape `in`. `path` ("layers[2]")
 * begins the messages: an unknown or missing key, a value of another type or out of range, an input
 * that does not suit are NN_BAD. `outputs`, unless 0, is the value of a missing NN_KEY_OUTPUTS. */
int nn_layer_parse(struct nn_layer *layer, const struct nn_json *spec, const char *path,
	const struct nn_shape *in, uint64_t outputs, struct nn_error *err);
/* Appends it as canonical JSON, all keys written out. */
int nn_layer_put(const struct nn_layer *layer, struct nn_buffer *out, struct nn_error *err);
/* The initial values of parameter `param` [product of its shape]: a function of (seed, number,
 * param, element) alone, `number` being the layer's in the network. */
void nn_layer_init(const struct nn_layer *layer, size_t param, uint64_t seed, uint64_t number,
	float *values);

#endif
