#include "base/hash.h"

#include <stdio.h>

#ifdef HAVE_XXH_DISPATCH
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

uint64_t nn_hash(const void *bytes, size_t count)
{
	return XXH3_64bits(bytes, count);
}

void nn_hash_library(char out[static 32])
{
	unsigned version = XXH_versionNumber();

	snprintf(out, 32, "xxHash %u.%u.%u", version / 10000, version / 100 % 100, version % 100);
}

/* The state wants more alignment than malloc promises: only xxHash makes and frees it. */
struct nn_hasher *nn_hasher_new(struct nn_error *err)
{
	XXH3_state_t *state = XXH3_createState();

	if (!state) {
		nn_fail(err, NN_FAILED, "no memory for a digest");
		return NULL;
	}
	XXH3_64bits_reset(state);
	return (struct nn_hasher *)(void *)state;
}

void nn_hasher_reset(struct nn_hasher *hasher)
{
	XXH3_64bits_reset((XXH3_state_t *)(void *)hasher);
}

void nn_hasher_add(struct nn_hasher *hasher, const void *bytes, size_t count)
{
	if (count)
		XXH3_64bits_update((XXH3_state_t *)(void *)hasher, bytes, count);
}

uint64_t nn_hasher_value(const struct nn_hasher *hasher)
{
	return XXH3_64bits_digest((const XXH3_state_t *)(const void *)hasher);
}

void nn_hasher_free(struct nn_hasher *hasher)
{
	XXH3_freeState((XXH3_state_t *)(void *)hasher);
}
