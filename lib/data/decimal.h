/* Decimal numbers from cells of a table. */
#ifndef NN_DATA_DECIMAL_H
#define NN_DATA_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* So many bytes are readable from the first byte of a cell, however short it is. */
#define NN_CELL_READABLE 8

struct nn_cell {
	const char *text; /* not NUL-terminated */
	size_t length;
};

/* Any decimal number, see nn_decimal. */
bool nn_decimal_long(struct nn_cell cell, double *value);

/* One to eight digits and nothing else; all of them at once, as lanes of a 64-bit word
 * (D. Lemire, "Quickly parsing eight digits", 2018). */
static inline bool nn_decimal_digits(struct nn_cell cell, double *value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t word;
	unsigned missing;

	if (cell.length - 1 > 7)
		return false;
	/* The last digit goes to the highest byte, zeros in front. */
	missing = 8 * (8 - (unsigned)cell.length);
	memcpy(&word, cell.text, sizeof word);
	word <<= missing;
	word |= (uint64_t)0x3030303030303030 & (((uint64_t)1 << missing) - 1);
	if (((word & 0xf0f0f0f0f0f0f0f0) | ((word + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4) !=
		0x3333333333333333)
		return false;
	word = (word & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
	word = (word & 0x00ff00ff00ff00ff) * 6553601 >> 16;
	word = (word & 0x0000ffff0000ffff) * 42949672960001 >> 32;
	*value = (double)word;
	return true;
#else
	(void)cell;
	(void)value;
	return false;
#endif
}

/* The whole cell must be a decimal number, with an exponent or without, correctly rounded; beyond
 * the range of a double it is an infinity. False if it is no number; "nan" and "inf" are none. */
static inline bool nn_decimal(struct nn_cell cell, double *value)
{
	return nn_decimal_digits(cell, value) || nn_decimal_long(cell, value);
}

#endif
