/* Loops over vectors. Each is compiled for several instruction sets, chosen when the program is
 * loaded, and gives the same bits in all of them: no contraction, sums in fixed lanes. */
#ifndef NN_TENSOR_VECTOR_H
#define NN_TENSOR_VECTOR_H

#include <stdbool.h>
#include <stddef.h>

/* In front of a loop no turn of which reads what another one writes: the compiler need not look
 * whether vectors overlap. */
#if defined __clang__
#define NN_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define NN_INDEPENDENT _Pragma("GCC ivdep")
#endif

/* A part of such a loop: left to itself the compiler may call one copy of it, made for the least
 * instruction set. */
#define NN_INLINE static inline __attribute__((always_inline))

/* out[i] = a[i] + b[i]; out may be a or b. */
void nn_vector_add(float *out, const float *a, const float *b, size_t n);
/* out[i] = factor * a[i] */
void nn_vector_scale(float *out, const float *a, float factor, size_t n);
/* out[i] += factor * a[i] */
void nn_vector_axpy(float *out, const float *a, float factor, size_t n);
/* The first i whose a[i] is NaN or infinite; n if there is none. */
size_t nn_vector_nonfinite(const float *a, size_t n);
/* Sum of squares in double: fixed lanes within blocks of 4,096 elements, the blocks added in a
 * fixed binary tree. Norms are made of these: the bits do not depend on who adds what. */
double nn_vector_square_sum(const float *a, size_t n);
/* Sum: 256 numbers at a time in each of 16 lanes in float, all these sums in double. */
double nn_vector_sum(const float *a, size_t n);
/* out[j] = sum over i of a[i][j], a [rows, columns]; added to out[j] if `accumulate`. Summed in
 * double, row after row. */
void nn_vector_column_sums(float *out, const float *a, size_t rows, size_t columns,
	bool accumulate);

#endif
