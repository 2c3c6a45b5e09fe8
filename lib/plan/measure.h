/* What this machine can do, in a few seconds: each figure is the median of several tries, as others
 * may be at work here too. */
#ifndef NN_PLAN_MEASURE_H
#define NN_PLAN_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/network.h"
#include "plan/profile.h"
#include "proc/process.h"

/* Called before each part, if it is not NULL: what is measured now. */
typedef void nn_measure_tell(const char *what);

/* Arithmetic, memory, and how processes at work at once slow each other down; the name is for the caller to
 * set. Loads BLAS. Forks: the caller has no threads. */
int nn_measure_host(struct nn_profile_host *host, nn_measure_tell *tell, struct nn_error *err);
/* The gradient of a model itself, for tasks of 1 row to 256; into the host's models. NN_USAGE: there are
 * too many. */
int nn_measure_model(struct nn_profile_host *host, const char *spec, struct nn_error *err);
/* What nn-train's workers need to exchange something, which is found out by short trainings with
 * `train`, nn-train's path; files go to `folder`. */
int nn_measure_exchange(struct nn_profile_host *host, const char *train, const char *folder,
	nn_measure_tell *tell, struct nn_error *err);
/* What two stages need to pass something on, likewise. */
int nn_measure_pipeline(struct nn_profile_host *host, const char *train, const char *folder,
	nn_measure_tell *tell, struct nn_error *err);
/* What two ranks of MPI need, by short trainings under mpirun, as above. NN_FAILED: there is no mpirun, or it
 * starts none; then the host has no figures of it. */
int nn_measure_ranks(struct nn_profile_host *host, const char *train, const char *folder,
	nn_measure_tell *tell, struct nn_error *err);
/* The line to a program that was started as `spawn` says, and that calls nn_measure_echo. NN_FAILED: it
 * does not answer; NN_BAD: it is of another version. */
int nn_measure_line(struct nn_profile_line *line, const struct nn_spawn *spawn, const char *name,
	struct nn_error *err);
/* The other end of a line: swallows and sends what it is asked to, until its input ends. */
int nn_measure_echo(int in, int out, struct nn_error *err);

/* The CPU's name; "unknown". */
void nn_measure_cpu(char *name, size_t size);

/* Seconds of processor time of one call of `work`; the median of several. */
double nn_measure_seconds(void (*work)(void *context), void *context);
double nn_measure_now(void);
double nn_measure_busy(void); /* the same of this process's processor time */

#endif
