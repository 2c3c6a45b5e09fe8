/* XXH3 (https://xxhash.com, 64 bits, seed 0, secret of the default): digests, not security. */
#ifndef NN_BASE_HASH_H
#define NN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

uint64_t nn_hash(const void *bytes, size_t count);
/* "xxHash 0.8.1": what runs. */
void nn_hash_library(char out[static 32]);

/* The same in pieces. Opaque; nn_hash_new returns NULL with `err` filled without memory. */
struct nn_hasher;
struct nn_hasher *nn_hasher_new(struct nn_error *err);
void nn_hasher_reset(struct nn_hasher *hasher);
void nn_hasher_add(struct nn_hasher *hasher, const void *bytes, size_t count);
uint64_t nn_hasher_value(const struct nn_hasher *hasher);
void nn_hasher_free(struct nn_hasher *hasher); /* NULL is fine */

#endif
