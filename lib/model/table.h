/* A network as a table, for people. */
#ifndef NN_MODEL_TABLE_H
#define NN_MODEL_TABLE_H

#include "base/memory.h"
#include "model/network.h"

/* A line for each layer, `indent` before it: its name, its type with what its spec says beside the
 * defaults, the shape it puts out, its parameters (running statistics not counted), and the floating-point operations of its forward pass of
 * a row; a heading, and the sums in a last line. A block's line stands behind what is in it. */
int nn_network_table(struct nn_buffer *out, const struct nn_network *network, const char *indent,
	struct nn_error *err);

#endif
