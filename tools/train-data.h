/* Where the data of nn-train lie, and who is sent them. */
#ifndef NN_TOOLS_TRAIN_DATA_H
#define NN_TOOLS_TRAIN_DATA_H

#include "cli/cli.h"
#include "proc/hosts.h"
#include "train/placement.h"
#include "train/supply.h"

struct train_data {
	bool send;
	bool spooled; /* they came on standard input */
	struct nn_placement placement;
	char *spool; /* what workers here know standard input by */
	struct nn_supply supply;
};

/* Rows of an option table; `data` is a struct train_data. */
#define TRAIN_DATA_OPTIONS(data)                                                                   \
	CLI_FLAG(0, "send", &(data).send, "send the data to workers elsewhere: they need no files")

/* The operands behind the model; ends the program if they go neither with each other nor with the
 * options. `elsewhere`: there are workers on other hosts, or started by a command. What is on standard
 * input is kept in memory, where workers on this machine can read it. */
void train_data_read(struct train_data *data, char *const *operands, size_t count,
	const struct nn_hosts *hosts, bool elsewhere);
/* What workers elsewhere are sent; NULL: nobody is sent anything. */
int train_data_supply(struct train_data *data, struct nn_supply **supply, struct nn_error *err);
void train_data_free(struct train_data *data);

#endif
