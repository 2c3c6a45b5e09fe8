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
	struct nn_criterion criterion;
	size_t positions;        /* cases a row */
	size_t outputs;          /* a case */
	struct nn_buffer spec;   /* canonical */
	struct nn_bundle layout; /* of the parameters; no data */
	size_t *offsets;         /* [node_count][NN_LAYER_PARAMS]: in floats, into the data */
	size_t *slot_floats;     /* [slot_count]: of a row */
	size_t slot_count;
	size_t row_floats; /* of workspace a row: y and saved of all nodes, and the slots */
	size_t once;       /* floats beside, however many rows: saved_once of all nodes, ... */
	size_t scratch;    /* ... and what they share */
	size_t rows;       /* that the workspace has room for */
	size_t part_rows;  /* that go through a training pass together, about; 0: all */
	size_t first, now; /* rows that the workspace holds numbers of: from where on, how many */
	float *workspace;
	struct nn_layer_run *runs; /* [node_count]; pointers into the workspace */
	float **slots;             /* [slot_count]: gradients with respect to what passes */
};

#define PATH_TEXT 1024 /* bytes for a layer's place, or a parameter's name */

/* Fills in the spec in canonical form; layout and offsets; row_floats, once, scratch, part_rows and room for
 * runs, once there are slots. */
int nn_network_write_spec(struct nn_network *network, struct nn_error *err);
int nn_network_lay_out(struct nn_network *network, struct nn_error *err);
int nn_network_measure(struct nn_network *network, struct nn_error *err);
/* Does the node write numbers of its own? */
bool nn_node_has_y(const struct nn_network_node *node);
/* Floating-point operations of forward for a row. */
double nn_node_flops(const struct nn_network_node *node);
/* Fills in the nodes' dy, dx and skip and the network's slots. */
int nn_network_plan_slots(struct nn_network *network, struct nn_error *err);

#endif
