/* What the files of measuring share. */
#ifndef NN_PLAN_MEASURE_PRIVATE_H
#define NN_PLAN_MEASURE_PRIVATE_H

#include "plan/measure.h"

/* measure_share.c: processes that multiply at once; measure_frames.c: frames, packed or not. */
int nn_measure_share(struct nn_profile_host *host, struct nn_error *err);
int nn_measure_frames(struct nn_profile_host *host, struct nn_error *err);

#endif
