/* Where backward keeps gradients. The nodes are walked from the last to the first, as backward
 * will; a slot is given away again when nobody needs what is in it. */
#include <stdlib.h>

#include "model/network-private.h"

struct slots {
	struct nn_network *network;
	unsigned *users;  /* [room]: who still needs what is in the slot; 0: it is free */
	uint32_t *held;   /* of the blocks walked into: the gradient of what they put out ... */
	uint32_t *others; /* ... and, behind a turn, that of the shortcut's input */
	size_t depth;
};

static uint32_t acquire(struct slots *slots, size_t floats)
{
	struct nn_network *network = slots->network;
	uint32_t slot = 0;

	while (slots->users[slot])
		slot++;
	slots->users[slot] = 1;
	if (slot >= network->slot_count)
		network->slot_count = slot + 1;
	if (network->slot_floats[slot] < floats)
		network->slot_floats[slot] = floats;
	return slot;
}

static void release(struct slots *slots, uint32_t slot)
{
	if (slot != NN_NO_SLOT)
		slots->users[slot]--;
}

/* A node's input has a gradient if something before it has parameters, or is another stage. */
static void find_wanted(const struct nn_network *network, bool *wanted)
{
	bool now = network->begin > 0;

	for (size_t i = network->begin; i < network->end; i++) {
		const struct nn_network_node *node = &network->nodes[i];

		wanted[i] = now;
		if (node->kind == NN_NODE_TURN)
			now = wanted[node->fork];
		else if (node->kind == NN_NODE_JOIN)
			now = now || wanted[node->turn ? node->turn : node->fork];
		else if (node->kind == NN_NODE_LAYER)
			now = now || node->layer.param_count;
	}
}

static uint32_t through_layer(struct slots *slots, const struct nn_network_node *node, bool wanted)
{
	const struct nn_layer_type *type = node->layer.type;
	uint32_t dx = NN_NO_SLOT;

	if (wanted && type->view)
		return node->dy;
	if (wanted && type->in_place && slots->users[node->dy] == 1)
		return node->dy;
	if (wanted)
		dx = acquire(slots, node->layer.in.count);
	release(slots, node->dy);
	return dx;
}

/* The sum of both branches' gradients may take the place of the body's, unless that is still
 * needed. */
static uint32_t through_fork(struct slots *slots, struct nn_network_node *node, bool wanted)
{
	uint32_t dx = NN_NO_SLOT;

	slots->depth--;
	node->skip = node->turn ? slots->others[slots->depth] : slots->held[slots->depth];
	if (wanted && slots->users[node->dy] == 1)
		dx = node->dy;
	else if (wanted)
		dx = acquire(slots, node->layer.in.count);
	if (dx != node->dy)
		release(slots, node->dy);
	release(slots, node->skip);
	return dx;
}

static void walk(struct slots *slots, const bool *wanted)
{
	struct nn_network *network = slots->network;
	uint32_t now = acquire(slots, network->nodes[network->end - 1].layer.out.count);

	for (size_t i = network->end; i-- > network->begin;) {
		struct nn_network_node *node = &network->nodes[i];

		node->dy = now;
		node->dx = node->skip = NN_NO_SLOT;
		switch (node->kind) {
		case NN_NODE_LAYER:
			if (now != NN_NO_SLOT)
				now = through_layer(slots, node, wanted[i]);
			break;
		case NN_NODE_JOIN:
			slots->held[slots->depth++] = now;
			if (now != NN_NO_SLOT)
				slots->users[now]++;
			break;
		case NN_NODE_TURN:
			slots->others[slots->depth - 1] = now;
			now = slots->held[slots->depth - 1];
			break;
		case NN_NODE_FORK:
			now = through_fork(slots, node, wanted[i]);
			break;
		}
		node->dx = now;
	}
}

int nn_network_plan_slots(struct nn_network *network, struct nn_error *err)
{
	/* Each node acquires one at most. */
	size_t room = network->node_count + 1;
	struct slots slots = { .network = network };
	bool *wanted = nn_alloc(room, sizeof *wanted, err);
	int status = NN_FAILED;

	slots.users = nn_alloc(room + 1, sizeof *slots.users, err);
	slots.held = nn_alloc(room, sizeof *slots.held, err);
	slots.others = nn_alloc(room, sizeof *slots.others, err);
	free(network->slot_floats);
	free(network->slots);
	network->slots = NULL;
	network->slot_count = 0;
	network->slot_floats = nn_alloc(room, sizeof *network->slot_floats, err);
	if (wanted && slots.users && slots.held && slots.others && network->slot_floats) {
		find_wanted(network, wanted);
		walk(&slots, wanted);
		network->slots = nn_alloc(network->slot_count, sizeof *network->slots, err);
		status = network->slots ? NN_OK : NN_FAILED;
	}
	free(wanted);
	free(slots.users);
	free(slots.held);
	free(slots.others);
	return status;
}
