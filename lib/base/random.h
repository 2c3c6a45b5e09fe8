/* Random numbers without state: every number is a function of a key and a counter.
 *
 * Philox4x32-10 (J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011), from Random123. There is nothing to checkpoint, and any host can compute
 * any number without asking. */
#ifndef NN_BASE_RANDOM_H
#define NN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What a number is for. Purposes are part of the bits: never renumber. */
enum nn_purpose {
	NN_RANDOM_INIT = 1,  /* initial parameters */
	NN_RANDOM_ORDER = 2, /* order of a shard's rows in an epoch */
	NN_RANDOM_SHARD = 3, /* which shard a row belongs to */
	NN_RANDOM_DROP = 4,  /* what a layer drops in a task */
	NN_RANDOM_TEXT = 5,  /* which token comes next */
	NN_RANDOM_PLAN = 64, /* what happens in a simulation: no bits of a model */
};

struct nn_random {
	uint32_t key[2];
};

/* A stream of its own for (seed, purpose, a, b): say, (seed, NN_RANDOM_ORDER, epoch, shard). */
struct nn_random nn_random_stream(uint64_t seed, enum nn_purpose purpose, uint64_t a, uint64_t b);
/* 64 random bits at `index` of the stream. */
uint64_t nn_random_u64(const struct nn_random *stream, uint64_t index);
/* Uniform in [0, 1), a multiple of 2^-53. */
double nn_random_uniform(const struct nn_random *stream, uint64_t index);

/* words[4 i] to words[4 i + 3], for i < blocks, are the four words that the stream's key and the counter
 * (low + i, high) make, low + i and high being its lower and upper 64 bits. Many at once, in vectors. A
 * stream is used with one of these functions alone. */
void nn_random_words(const struct nn_random *stream, uint64_t low, uint64_t high, uint32_t *words,
	size_t blocks);

/* A keyed permutation of 0 .. n-1 that needs no list: a balanced Feistel network of 4 rounds over
 * the next even power of two, walked until it falls below n (J. Black, P. Rogaway, "Ciphers with
 * arbitrary finite domains", CT-RSA 2002). n >= 1; i < n. */
uint64_t nn_permute(const struct nn_random *stream, uint64_t n, uint64_t i);
/* The same of `count` numbers from `first` on, into places [count]. */
void nn_permute_run(const struct nn_random *stream, uint64_t n, uint64_t first, uint64_t count,
	uint64_t *places);
/* Its inverse: the i that nn_permute takes to `place`. place < n. */
uint64_t nn_permute_back(const struct nn_random *stream, uint64_t n, uint64_t place);

#endif
