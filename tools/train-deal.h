/* nn-train --print: who computes which shards; not before all is known. */
#ifndef NN_TOOLS_TRAIN_DEAL_H
#define NN_TOOLS_TRAIN_DEAL_H

#include "tools/train-print.h"

/* owners[shards]: the worker, from 0, that has file i of the data, or view i of one file;
 * loads[workers], zeroed before: how many it has. Ends the program if no filter could do it. */
void train_deal(const struct train_print *print, const struct nn_train_start *run, size_t *owners,
	size_t *loads);
/* The host that a worker, from 0, is on; NULL: this machine. */
const struct nn_host *train_deal_host(const struct train_print *print, size_t worker);

#endif
