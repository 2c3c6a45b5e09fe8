/* Matrix products. The only place that knows there is a BLAS: it is loaded when first needed. */
#ifndef NN_TENSOR_BLAS_H
#define NN_TENSOR_BLAS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A kernel's name says all that its bits depend on: library, version and code path, as in
 * "OpenBLAS-0.3.21/SkylakeX"; with more than one thread "/4t" is behind it. */
#define NN_KERNEL_TEXT 80

/* Loads OpenBLAS. `kernel` is the name of the kernel to run, or its code path alone ("Haswell"),
 * or NULL for what the environment (OPENBLAS_CORETYPE) or else the library picks. `threads` 0
 * means what the name says, else 1.
 * Errors: NN_FAILED if the library cannot be loaded (the message says what to install); NN_BAD if
 * this CPU or this library cannot run `kernel` (both are named). Loaded once a process: a second
 * call only checks that what runs is what is asked for. */
int nn_blas_load(const char *kernel, unsigned threads, struct nn_error *err);
/* From now on nn_blas_load takes so many threads where it is given 0, 1 to NN_BLAS_THREADS; and whether
 * that was called. */
#define NN_BLAS_THREADS 1024
void nn_blas_ask_threads(unsigned threads);
bool nn_blas_has_asked(void);
/* The code path of a kernel's name, "SkylakeX" of "OpenBLAS-0.3.21/SkylakeX/4t": NN_KERNEL_TEXT bytes. */
void nn_blas_core(const char *kernel, char *core);
/* Is `kernel` a name that some host can run? NN_USAGE if not; *runs: this CPU can. Loads nothing. */
int nn_blas_check_name(const char *kernel, bool *runs, struct nn_error *err);
/* What runs; "" before nn_blas_load. */
const char *nn_blas_kernel(void);

/* Does it multiply matrices of up to a million multiplications without copying them first? */
bool nn_blas_likes_small(void);

/* C = alpha * op(A) op(B) + beta * C, all row-major: op(A) is [m, k], op(B) is [k, n], C is [m, n];
 * lda, ldb, ldc are row lengths as stored. nn_blas_load must have succeeded. */
void nn_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha,
	const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);

#endif
