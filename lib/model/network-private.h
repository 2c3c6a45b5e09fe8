/* What spec.c builds, slots.c and measure.c plan and network.c runs. */
#ifndef NN_MODEL_NETWORK_PRIVATE_H
#define NN_MODEL_NETWORK_PRIVATE_H

#include "loss/loss.h"
#include "model/network.h"

/* A network is run as a list of nodes. A layer is one; a residual block is a fork, what is in it,
 * with a shortcut a turn and what is in that, and a join. */
enum nn_node_kind {
	NN_NODE_LAYER,
	NN_NODE_FORK, /* hands its input on, and keeps it */
	NN_NODE_TURN, /* keeps its input, hands on that of the fork */
	NN_NODE_JOIN, /* adds its input to what the turn kept, or the fork if there was no turn */
};

#define NN_NO_SLOT UINT32_MAX

struct nn_network_node {
	enum nn_node_kind kind;
	struct nn_layer layer; /* of the others: type is the block's, in and out are what passes */
	char *name;            /* "3", "3.0", "3.shortcut.1": before the parameters' names */
	size_t fork;           /* of a turn and a join: its block's fork */
	size_t turn;           /* of a join and a fork: its block's turn; 0: none */
	bool shares_y;         /* y is the place that its input is in */
	/* Which of the slots backward finds and leaves gradients in: NN_NO_SLOT where nobody wants
	 * one. */
	uint32_t dy;
	uint32_t dx;
	uint32_t skip; /* of a fork: where the other branch's is */
};

struct nn_network {
	struct nn_shape in;
	struct nn_network_node *nodes;
	size_t node_count;
	size_t node_room;
	size_t begin, end; /* those that are run: all, or a stage's (stage.h) */
	struct nn_criterion criterion;
	size_t positions;        /* cases a row */
	size_t outputs;          /* a case */
	struct nn_buffer spec;   /* canonical */
	struct nn_bundle layout; /* of the parameters; no data */
	size_t *offsets;         /* [node_count][NN_LAYER_PARAMS]: in floats, into the data */
	size_t *slot_floats;     /* [slot_count]: of a row */
	size_t slot_count;
	size_t kept;       /* floats a row that backward finds: y and saved of all nodes, ... */
	size_t kept_once;  /* ... and however many rows: saved_once of all nodes */
	size_t passing;    /* floats a row that nobody needs after backward: the slots, ... */
	size_t scratch;    /* ... and what all nodes share */
	size_t rows;       /* that the workspace has room for */
	size_t slot_rows;  /* ... and the slots */
	size_t part_rows;  /* that go through a training pass together, about; 0: all */
	size_t first, now; /* rows that the workspace holds numbers of: from where on, how many */
	float *workspace;
	float *passing_space; /* slots, scratch */
	float *scratch_place;
	struct nn_layer_run *runs; /* [node_count]; pointers into the workspace */
	float **slots;             /* [slot_count]: gradients with respect to what passes */
	void (*made)(void *context, size_t first, size_t count); /* NULL: nobody watches */
	void *context;
};

#define PATH_TEXT 1024 /* bytes for a layer's place, or a parameter's name */

/* Fills in the spec in canonical form; layout and offsets; kept, kept_once, passing, scratch, part_rows and
 * room for runs, once there are slots. */
int nn_network_write_spec(struct nn_network *network, struct nn_error *err);
int nn_network_lay_out(struct nn_network *network, struct nn_error *err);
int nn_network_measure(struct nn_network *network, struct nn_error *err);
/* Does the node write numbers of its own? */
bool nn_node_has_y(const struct nn_network_node *node);
/* Floating-point operations of forward for a row. */
double nn_node_flops(const struct nn_network_node *node);
/* Fills in the nodes' dy, dx and skip and the network's slots. */
int nn_network_plan_slots(struct nn_network *network, struct nn_error *err);
/* Behind nn_network_parse: all that follows from which nodes are run. */
int nn_network_plan(struct nn_network *network, struct nn_error *err);

/* Room for slots and scratch alone, which all passes share; grows only. */
int nn_network_reserve_slots(struct nn_network *network, size_t rows, struct nn_error *err);
/* Parameter `p` of node `i` in a bundle of the network's layout. */
float *nn_network_param(const struct nn_network *network, const struct nn_bundle *params, size_t i,
	size_t p);

/* A pass of some rows through the nodes [begin, end), pass.c. `runs` [node_count] say where each finds
 * and leaves its numbers: dealt out of `place`, but what comes out goes to `out` unless that is NULL.
 * Returns where the rest of the place begins. */
float *nn_pass_place(const struct nn_network *network, struct nn_layer_run *runs, float *place,
	size_t rows, float *out);
/* Returns what comes out. The rows [first, first + rows) of the task; not none. */
const float *nn_pass_forward(const struct nn_network *network, struct nn_layer_run *runs,
	const struct nn_bundle *params, const float *x, size_t first, size_t rows,
	const struct nn_pass *pass);
/* The gradient with respect to what came out stands in the slot nn_pass_dy; returns that with respect
 * to what came in, NULL where nobody wants it. `last`: of a task's parts, so that the gradients of each
 * layer are made (nn_network_watch). */
float *nn_pass_dy(const struct nn_network *network);
const float *nn_pass_backward(const struct nn_network *network, struct nn_layer_run *runs,
	bool accumulate, double weight, bool last, const struct nn_bundle *grad);
/* Into how many parts a task's rows are cut: a function of the whole network. */
size_t nn_pass_parts(const struct nn_network *network, size_t rows);
/* The most rows that a part of a task of at most `rows` rows can have. */
size_t nn_pass_most(const struct nn_network *network, size_t rows);
/* NN_BAD if a label is out of range: its row. */
int nn_pass_check_labels(const struct nn_network *network, const struct nn_batch *batch,
	struct nn_error *err);
/* NN_BAD if there are too few rows for a layer. */
int nn_pass_check_rows(const struct nn_network *network, size_t rows, struct nn_error *err);
/* What comes in: a row's shape. */
const struct nn_shape *nn_pass_shape(const struct nn_network *network);

#endif
