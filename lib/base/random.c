#include "base/random.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

static philox4x32_ctr_t philox(const uint32_t key[2], uint64_t low, uint64_t high)
{
	philox4x32_ctr_t counter = { { (uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high,
		(uint32_t)(high >> 32) } };
	philox4x32_key_t philox_key = { { key[0], key[1] } };

	return philox4x32(counter, philox_key);
}

struct nn_random nn_random_stream(uint64_t seed, enum nn_purpose purpose, uint64_t a, uint64_t b)
{
	uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
	philox4x32_ctr_t word = philox(key, (uint64_t)purpose, UINT64_MAX);

	/* Chained, so that (a, b) may take all of their 128 bits. */
	word = philox(word.v, a, b);
	return (struct nn_random){ { word.v[0], word.v[1] } };
}

uint64_t nn_random_u64(const struct nn_random *stream, uint64_t index)
{
	philox4x32_ctr_t word = philox(stream->key, index >> 1, 0);

	return index & 1 ? (uint64_t)word.v[3] << 32 | word.v[2] :
			   (uint64_t)word.v[1] << 32 | word.v[0];
}

double nn_random_uniform(const struct nn_random *stream, uint64_t index)
{
	return (double)(nn_random_u64(stream, index) >> 11) * 0x1p-53;
}

/* Bits of each half of the Feistel network over the next even power of two. */
static unsigned half_bits(uint64_t n)
{
	unsigned half = 1;

	while (half < 32 && n > (uint64_t)1 << 2 * half)
		half++;
	return half;
}

static uint64_t round_bits(const struct nn_random *stream, uint64_t half, uint64_t round)
{
	return philox(stream->key, half, ~round).v[0];
}

uint64_t nn_permute(const struct nn_random *stream, uint64_t n, uint64_t i)
{
	unsigned half = half_bits(n);
	uint64_t mask = ((uint64_t)1 << half) - 1;

	do {
		uint64_t left = i >> half;
		uint64_t right = i & mask;

		for (uint64_t round = 0; round < 4; round++) {
			uint64_t next = left ^ (round_bits(stream, right, round) & mask);

			left = right;
			right = next;
		}
		i = left << half | right;
	} while (i >= n);
	return i;
}

uint64_t nn_permute_back(const struct nn_random *stream, uint64_t n, uint64_t place)
{
	unsigned half = half_bits(n);
	uint64_t mask = ((uint64_t)1 << half) - 1;

	do {
		uint64_t left = place >> half;
		uint64_t right = place & mask;

		for (uint64_t round = 4; round-- > 0;) {
			uint64_t before = right ^ (round_bits(stream, left, round) & mask);

			right = left;
			left = before;
		}
		place = left << half | right;
	} while (place >= n);
	return place;
}
