/* A training by ranks: each has its shards, and all make each step together. */
#ifndef NN_TRAIN_RANK_STEP_H
#define NN_TRAIN_RANK_STEP_H

#include "train/train-private.h"

/* All ranks. Loads this rank's share of the data, and fills in what workers would have answered. */
int nn_rank_survey(struct training *training, struct nn_preamble *answers, struct nn_error *err);
/* All ranks, once it is known what the shards are: moves the parameters to where ranks exchange them, and keeps
 * of the optimizer's state this rank's slice. */
int nn_rank_open(struct training *training, struct nn_error *err);
/* Rank 0: the end, with this status, is told to the others. All: what is left are the parameters. */
int nn_rank_close(struct training *training, int status, struct nn_error *err);

/* Rank 0: a step. */
int nn_train_rank_step(struct training *training, struct nn_error *err);
/* Rank 0: the checkpoint's state is whole between the two. */
int nn_rank_gather_state(struct training *training, struct nn_error *err);
void nn_rank_drop_state(struct training *training);
/* The others: what rank 0 wants, until the end; returns its status. */
int nn_rank_follow(struct training *training, struct nn_error *err);

/* A signal that has come to any rank in the last step; 0: none. */
int nn_rank_signal(const struct training *training);
/* By all ranks, so far. */
uint64_t nn_rank_bytes(const struct training *training);
/* How they exchange. */
const char *nn_rank_way(const struct training *training);
/* For each rank, as nn_pool_watch. */
void nn_rank_watch(const struct training *training, double *seconds, char *states);

#endif
