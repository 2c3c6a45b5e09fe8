/* What this CPU can do. */
#ifndef NN_BASE_CPU_H
#define NN_BASE_CPU_H

#include <stdbool.h>

/* True if this CPU has every instruction that the OpenBLAS kernel of that name ("Haswell",
 * "SkylakeX", ...; case ignored) uses. OpenBLAS itself does not check what it is told to run.
 * A name that is not known is taken to be beyond this CPU. */
bool nn_cpu_runs_kernel(const char *name);

/* True if OpenBLAS has a kernel of that name for some CPU, x86-64 or arm64. */
bool nn_cpu_knows_kernel(const char *name);

/* The CPU's instruction set extensions that matter here, space-separated, for people. */
const char *nn_cpu_features(void);

#endif
