/* nn-train under mpirun or srun: all ranks run the same command. */
#ifndef NN_TOOLS_TRAIN_RANKS_H
#define NN_TOOLS_TRAIN_RANKS_H

#include "cli/cli.h"
#include "model/model.h"
#include "ranks/ranks.h"
#include "train/train.h"

extern const char *const train_exchange_names[]; /* NULL-terminated */
/* That way, or NULL: what goes. */
const struct nn_exchange_type *train_exchange_of(const char *name);

/* First call of main. If others were started with this process it joins them: from now on messages are rank
 * 0's, and what ends one rank before train_ranks_begin ends all, with one line. NULL: it is alone. */
struct nn_ranks *train_ranks_open(void);
/* Behind cli_start: what was wrong with how they were started ends the program. */
void train_ranks_check_launch(void);
/* Is this the one that reads, writes and speaks? */
bool train_ranks_leads(void);
/* Says what of the command line is for workers alone: `given` an option of that name. */
void train_ranks_refuse(bool given, const char *option);
/* All: what has gone wrong up to here in any of them, or what they do not have in common. The updater has
 * made the state. `status` and `err` are this rank's. */
int train_ranks_begin(const struct nn_train_options *plan, const struct nn_checkpoint *checkpoint,
	int status, struct nn_error *err);
/* All: the training itself; until its end the others wait for what rank 0 wants, and end when it does. */
void train_ranks_run(bool runs);
void train_ranks_close(void);

#endif
