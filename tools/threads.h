/* --threads, the same in each tool that multiplies. */
#ifndef TOOLS_THREADS_H
#define TOOLS_THREADS_H

#include <stdint.h>

#include "cli/cli.h"
#include "tensor/blas.h"

/* To be called before anything is multiplied; 0: it was not given. */
static inline void use_threads(uint64_t threads)
{
	if (threads > NN_BLAS_THREADS)
		cli_usage("--threads: at most %d", NN_BLAS_THREADS);
	if (threads)
		nn_blas_ask_threads((unsigned)threads);
}

#endif
