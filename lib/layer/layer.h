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
bool nn_shape_same(const struct nn_shape *a, const struct nn_shape *b);

/* A key of a layer in the spec. */
enum nn_key_type {
	NN_KEY_SIZE,    /* a whole number from `least` to NN_LAYER_LIMIT */
	NN_KEY_OUTPUTS, /* the same; the network's last may be missing if the outputs are known */
	NN_KEY_TOKENS,  /* the same; it may be missing if the data are tokens of so many kinds */
	NN_KEY_PAIR,    /* two of them, [height, width], or one for both: see nn_layer_pair */
	NN_KEY_FLAG,    /* true or false */
	NN_KEY_CHOICE,  /* one of a list of words; the value is its index */
	NN_KEY_NUMBER,  /* a number in [low, high]: see nn_layer_number */
};
struct nn_layer_key {
	const char *name; /* NULL ends a list */
	enum nn_key_type type;
	bool required;
	uint64_t otherwise; /* the value if it is missing and not required; of a pair, both */
	const char *const *choices; /* NULL-terminated */
	uint64_t least;             /* of a size, 0 or 1 */
	double number;              /* instead of `otherwise`, of a number */
	double low, high;
};
#define NN_LAYER_KEYS 8 /* most keys of a type */

/* How a parameter starts: one number, or uniform in [-limit, limit). */
enum nn_init {
	NN_INIT_ZEROS,
	NN_INIT_ONES,
	NN_INIT_SMALL,  /* limit = 0.02 sqrt(3): a standard deviation of 0.02 */
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
	size_t saved_once; /* the same, however many rows */
	size_t scratch; /* floats that forward or backward may use meanwhile, however many rows */
	size_t rows;    /* of a task that it wants at a time, to be fast; 0: it does not care */
	/* Of rows [positions, features]: what comes out at a position depends on no later one. */
	bool causal;
	size_t least;    /* rows that a task must have at least, or none; 0: any number */
	uint64_t tokens; /* not 0: its inputs must be whole numbers below it */
	uint64_t number; /* its place among all layers of the network, nested ones too */
};

/* The value of a NN_KEY_NUMBER, and the two of a NN_KEY_PAIR. */
double nn_layer_number(const struct nn_layer *layer, size_t key);
struct nn_pair {
	size_t height;
	size_t width;
};
struct nn_pair nn_layer_pair(const struct nn_layer *layer, size_t key);

/* Which task a pass is of: what a layer that draws random numbers draws them by. */
struct nn_pass {
	uint64_t seed;
	uint64_t step;
	uint64_t shard;
	bool training; /* false: the network is only used, nothing is dropped or learned */
};

/* One pass of `rows` rows, at least one, through a layer. What is read-only in forward is so in
 * backward. */
struct nn_layer_run {
	const struct nn_pass *pass;
	size_t first; /* number in the task of the first of the rows */
	size_t rows;
	const float *params[NN_LAYER_PARAMS]; /* each of the shape it declares */
	const float *x;                       /* [rows, in.count] */
	float *y;                             /* [rows, out.count]: written by forward */
	float *saved;                         /* [rows, layer->saved]: written by forward */
	float *saved_once;                    /* [layer->saved_once]: the same */
	float *scratch;                       /* [layer->scratch]: worth nothing before and after */
	const float *dy; /* [rows, out.count]: the loss's gradient with respect to y */
	float *dx;       /* [rows, in.count]: backward writes it; NULL: not wanted */
	float *grads[NN_LAYER_PARAMS]; /* the same with respect to the parameters: sums over rows */
	bool accumulate;               /* add to grads instead of overwriting them */
	double weight;                 /* of the task, for backward: what sums are divided by */
};

struct nn_layer_type {
	const char *name;
	const struct nn_layer_key *keys; /* NULL: none but "type" */
	/* Of an activation or the like: dx may be dy's place. */
	bool in_place;
	/* Its backward does not read y: what comes behind may write there. */
	bool spares_y;
	/* Of an activation: y may be x's place, its backward finds in y what it wants of x. */
	bool over_x;
	/* It changes the shape at most: y is x, dx is dy, and forward and backward are NULL. */
	bool view;
	/* What it makes of a row depends on the others: it must see all rows of a task at once. */
	bool whole;
	/* It has layers in it, which the network runs: see nn-model(5). */
	bool nests;
	/* Sets out, params, saved, saved_once, scratch, rows from in and values. NN_BAD: the input does not
	 * suit. */
	int (*shape)(struct nn_layer *layer, struct nn_error *err);
	/* Neither allocates, neither fails. */
	void (*forward)(const struct nn_layer *layer, const struct nn_layer_run *run);
	void (*backward)(const struct nn_layer *layer, const struct nn_layer_run *run);
	/* Floating-point operations of forward for a row, a multiplication and an addition being two;
	 * NULL: one for each number that it puts out. */
	double (*flops)(const struct nn_layer *layer);
};

/* NULL-terminated. */
extern const struct nn_layer_type *const nn_layer_types[];
/* Those of them that map each number by itself, and need no keys; NULL-terminated, for option tables. */
extern const char *const nn_activation_names[];
/* NULL if there is no such type. */
const struct nn_layer_type *nn_layer_find(const char *name);

/* The layer that the JSON object `spec` describes, for rows of shape `in`. `path` ("layers[2]")
 * begins the messages: an unknown or missing key, a value of another type or out of range, an input
 * that does not suit are NN_BAD. What is known, unless 0, is the value of
 * a missing key. */
struct nn_layer_known {
	uint64_t outputs; /* of NN_KEY_OUTPUTS */
	uint64_t tokens;  /* of NN_KEY_TOKENS */
};
int nn_layer_parse(struct nn_layer *layer, const struct nn_json *spec, const char *path,
	const struct nn_shape *in, const struct nn_layer_known *known, struct nn_error *err);
/* Appends it as canonical JSON, all keys written out. */
int nn_layer_put(const struct nn_layer *layer, struct nn_buffer *out, struct nn_error *err);
/* The initial values of parameter `param` [product of its shape]: a function of (seed, number,
 * param, element) alone, `number` being the layer's in the network. */
void nn_layer_init(const struct nn_layer *layer, size_t param, uint64_t seed, uint64_t number,
	float *values);

#endif
