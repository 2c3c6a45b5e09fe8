#include "base/random.h"

#include <string.h>

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

#define LANES 32

/* Philox of LANES counters side by side, in place: compilers make vectors of this, and not of Random123's.
 * Always inlined, so that it is of the instruction set of who calls it. */
static inline __attribute__((always_inline)) void philox_lanes(uint32_t *a, uint32_t *b,
	uint32_t *c, uint32_t *d, const uint32_t *key)
{
	uint32_t k0 = key[0];
	uint32_t k1 = key[1];

	for (int round = 0; round < PHILOX4x32_DEFAULT_ROUNDS; round++) {
		for (size_t l = 0; l < LANES; l++) {
			uint32_t high0 = (uint32_t)((uint64_t)a[l] * PHILOX_M4x32_0 >> 32);
			uint32_t high1 = (uint32_t)((uint64_t)c[l] * PHILOX_M4x32_1 >> 32);
			uint32_t low0 = a[l] * PHILOX_M4x32_0;
			uint32_t low1 = c[l] * PHILOX_M4x32_1;

			a[l] = high1 ^ b[l] ^ k0;
			b[l] = low1;
			c[l] = high0 ^ d[l] ^ k1;
			d[l] = low0;
		}
		k0 += PHILOX_W32_0;
		k1 += PHILOX_W32_1;
	}
}

NN_CLONES static void fill_lanes(uint32_t *restrict words, const uint32_t *key, uint64_t low,
	uint64_t high)
{
	uint32_t a[LANES], b[LANES], c[LANES], d[LANES];

	for (size_t l = 0; l < LANES; l++) {
		a[l] = (uint32_t)(low + l);
		b[l] = (uint32_t)((low + l) >> 32);
		c[l] = (uint32_t)high;
		d[l] = (uint32_t)(high >> 32);
	}
	philox_lanes(a, b, c, d, key);
	for (size_t l = 0; l < LANES; l++) {
		words[4 * l] = a[l];
		words[4 * l + 1] = b[l];
		words[4 * l + 2] = c[l];
		words[4 * l + 3] = d[l];
	}
}

void nn_random_words(const struct nn_random *stream, uint64_t low, uint64_t high, uint32_t *words,
	size_t blocks)
{
	for (; blocks >= LANES; blocks -= LANES, low += LANES, words += 4 * LANES)
		fill_lanes(words, stream->key, low, high);
	for (; blocks; blocks--, low++, words += 4)
		memcpy(words, philox(stream->key, low, high).v, 4 * sizeof *words);
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

/* One walk of LANES numbers from `first` on: the four rounds of nn_permute. */
NN_CLONES static void walk_lanes(uint64_t *restrict places, const uint32_t *key, unsigned half,
	uint64_t first)
{
	uint32_t mask = (uint32_t)(((uint64_t)1 << half) - 1);
	uint32_t left[LANES], right[LANES];

	for (size_t l = 0; l < LANES; l++) {
		left[l] = (uint32_t)((first + l) >> half);
		right[l] = (uint32_t)(first + l) & mask;
	}
	for (uint32_t round = 0; round < 4; round++) {
		uint32_t a[LANES], b[LANES], c[LANES], d[LANES];

		for (size_t l = 0; l < LANES; l++) {
			a[l] = right[l];
			b[l] = 0;
			c[l] = ~round;
			d[l] = UINT32_MAX;
		}
		philox_lanes(a, b, c, d, key);
		for (size_t l = 0; l < LANES; l++) {
			uint32_t next = left[l] ^ (a[l] & mask);

			left[l] = right[l];
			right[l] = next;
		}
	}
	for (size_t l = 0; l < LANES; l++)
		places[l] = (uint64_t)left[l] << half | right[l];
}

void nn_permute_run(const struct nn_random *stream, uint64_t n, uint64_t first, uint64_t count,
	uint64_t *places)
{
	unsigned half = half_bits(n);

	for (; count >= LANES; count -= LANES, first += LANES, places += LANES) {
		walk_lanes(places, stream->key, half, first);
		for (size_t l = 0; l < LANES; l++)
			if (places[l] >= n)
				places[l] = nn_permute(stream, n, places[l]);
	}
	for (uint64_t i = 0; i < count; i++)
		places[i] = nn_permute(stream, n, first + i);
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
