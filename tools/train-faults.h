/* What nn-train does about workers that fail: the options. */
#ifndef NN_TOOLS_TRAIN_FAULTS_H
#define NN_TOOLS_TRAIN_FAULTS_H

#include "cli/cli.h"
#include "train/pool.h"

struct train_faults {
	const char *timeout;
	uint64_t retries;
	const char *quorum;
};
extern const struct train_faults train_usual_faults;

/* Rows of an option table; `faults` is a struct train_faults. */
/* clang-format off */
#define TRAIN_FAULT_OPTIONS(faults) \
	CLI_STRING(0, "timeout", "SEC", &(faults).timeout, \
		"longest wait for an answer; 0: for ever; auto: as it is usual (default 600)"), \
	CLI_COUNT(0, "retries", "N", &(faults).retries, "other tries of a task (default 3)"), \
	CLI_STRING(0, "quorum", "N", &(faults).quorum, \
		"stop when fewer than N workers, or N%, are left (default 1)")
/* clang-format on */

/* Ends the program where they make no sense, as the following do. */
void train_faults_check(const struct train_faults *faults);
/* Fills in the pool's options, but for the quorum. */
void train_faults_apply(const struct train_faults *faults, struct nn_pool_options *pool);
/* The quorum, when the places are known. */
void train_faults_quorum(const struct train_faults *faults, struct nn_pool_options *pool);
/* For the training: the checkpoint cannot be written. */
void train_faults_unsaved(const struct nn_error *why, bool last);
/* What the program ends with, if the training is done: 4 if the last checkpoint could not be
 * written, 3 if there is a quorum and some workers were given up, which is said. The pool has been stopped; NULL: there
 * was none. */
int train_faults_status(const struct train_faults *faults, const struct nn_pool *pool);

#endif
