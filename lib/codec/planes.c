#include "codec/planes.h"

#include <string.h>

static uint32_t bits(const float *value)
{
	uint32_t word;

	memcpy(&word, value, sizeof word);
	return word;
}

void nn_planes_split(unsigned char *out, const float *values, const float *base, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t word = bits(&values[i]) ^ (base ? bits(&base[i]) : 0);

		for (size_t plane = 0; plane < 4; plane++)
			out[plane * n + i] = (unsigned char)(word >> 8 * plane);
	}
}

void nn_planes_join(float *values, const unsigned char *planes, const float *base, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t word = base ? bits(&base[i]) : 0;

		for (size_t plane = 0; plane < 4; plane++)
			word ^= (uint32_t)planes[plane * n + i] << 8 * plane;
		memcpy(&values[i], &word, sizeof word);
	}
}
