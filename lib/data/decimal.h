/* Decimal numbers from cells of a table. */
#ifndef NN_DATA_DECIMAL_H
#define NN_DATA_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* So many bytes are readable behind a cell, whatever they are. */
#define NN_CELL_READABLE 8

struct nn_cell {
	const char *text; /* not NUL-terminated */
	size_t length;
};

/* Any decimal number, see nn_decimal. */
bool nn_decimal_long(struct nn_cell cell, double *value);

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

/* At most eight digits and nothing else, all of them at once, as lanes of a 64-bit word
 * (D. Lemire, "Quickly parsing eight digits", 2018). No digits are 0. */
static inline bool nn_decimal_eight(const char *text, size_t count, uint64_t *value)
{
	uint64_t word;
	unsigned missing = 64 - 8 * (unsigned)count;

	*value = 0;
	if (!count)
		return true;
	/* The last digit goes to the highest byte, zeros in front. */
	memcpy(&word, text, sizeof word);
	word <<= missing;
	word |= (uint64_t)0x3030303030303030 & (((uint64_t)1 << missing) - 1);
	if (((word & 0xf0f0f0f0f0f0f0f0) |
		    ((word + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4) != 0x3333333333333333)
		return false;
	word = (word & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
	word = (word & 0x00ff00ff00ff00ff) * 6553601 >> 16;
	*value = (word & 0x0000ffff0000ffff) * 42949672960001 >> 32;
	return true;
}

/* At most seven digits, a point, at most eight digits; perhaps a minus sign. The digits make a whole
 * number below 2^53, so dividing it by a power of ten rounds once. */
static inline bool nn_decimal_point(struct nn_cell cell, double *value)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8 };
	bool negative = cell.length && *cell.text == '-';
	const char *text = cell.text + negative;
	size_t length = cell.length - negative;
	uint64_t word;
	uint64_t whole;
	uint64_t fraction;
	size_t before;
	size_t behind;

	/* The lowest byte that is a point, by the carry out of every other. */
	memcpy(&word, text, sizeof word);
	word ^= 0x2e2e2e2e2e2e2e2e;
	word = ~(((word & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | word | 0x7f7f7f7f7f7f7f7f);
	if (!word)
		return false;
	before = (size_t)__builtin_ctzll(word) / 8;
	behind = length - before - 1;
	if (before >= length || behind > 8 || length == 1 ||
		!nn_decimal_eight(text, before, &whole) ||
		!nn_decimal_eight(text + before + 1, behind, &fraction))
		return false;
	*value = ((double)(int64_t)whole * powers[behind] + (double)(int64_t)fraction) /
		powers[behind];
	if (negative)
		*value = -*value;
	return true;
}

static inline bool nn_decimal_short(struct nn_cell cell, double *value)
{
	uint64_t whole;

	if (cell.length - 1 > 7 || !nn_decimal_eight(cell.text, cell.length, &whole))
		return nn_decimal_point(cell, value);
	*value = (double)(int64_t)whole;
	return true;
}

#else

static inline bool nn_decimal_short(struct nn_cell cell, double *value)
{
	(void)cell;
	(void)value;
	return false;
}

#endif

/* The whole cell must be a decimal number, with an exponent or without, correctly rounded; beyond
 * the range of a double it is an infinity. False if it is no number; "nan" and "inf" are none. */
static inline bool nn_decimal(struct nn_cell cell, double *value)
{
	return nn_decimal_short(cell, value) || nn_decimal_long(cell, value);
}

#endif
