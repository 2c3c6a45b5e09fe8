#include "data/decimal.h"

#include <stdlib.h>

/* Longer cells are no numbers. */
#define LONGEST 1023

/* What the digits say: mantissa * 10^exponent. */
struct parts {
	bool negative;
	bool exact; /* no digit was left out of the mantissa */
	uint64_t mantissa;
	int exponent;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits into the mantissa; each counts `weight` for the exponent. */
static const char *take_digits(const char *p, const char *end, struct parts *parts, int weight)
{
	for (; p < end && is_digit(*p); p++) {
		if (parts->mantissa < UINT64_MAX / 10 - 1) {
			parts->mantissa = parts->mantissa * 10 + (uint64_t)(*p - '0');
			parts->exponent += weight;
		} else {
			parts->exact = false;
		}
	}
	return p;
}

static const char *take_exponent(const char *p, const char *end, struct parts *parts)
{
	bool negative;
	int exponent = 0;
	const char *first;

	p++;
	negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	first = p;
	for (; p < end && is_digit(*p); p++)
		if (exponent < 100000)
			exponent = exponent * 10 + (*p - '0');
	parts->exponent += negative ? -exponent : exponent;
	return p == first ? NULL : p;
}

static bool split(struct nn_cell cell, struct parts *parts)
{
	const char *p = cell.text;
	const char *end = p + cell.length;
	const char *whole;
	size_t digits;

	*parts = (struct parts){ .exact = true };
	if (p < end && (*p == '-' || *p == '+'))
		parts->negative = *p++ == '-';
	whole = p;
	p = take_digits(p, end, parts, 0);
	digits = (size_t)(p - whole);
	if (p < end && *p == '.') {
		const char *fraction = ++p;

		p = take_digits(p, end, parts, -1);
		digits += (size_t)(p - fraction);
	}
	if (digits && p < end && (*p == 'e' || *p == 'E'))
		p = take_exponent(p, end, parts);
	return digits && p == end;
}

bool nn_decimal_long(struct nn_cell cell, double *value)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	struct parts parts;
	char text[LONGEST + 1];

	if (cell.length > LONGEST || !split(cell, &parts))
		return false;
	/* Both factors are exact, so their product or quotient is rounded once (W. Clinger, "How to
	 * read floating point numbers accurately", PLDI 1990). */
	if (parts.exact && parts.mantissa <= (uint64_t)1 << 53 && parts.exponent >= -22 &&
		parts.exponent <= 22) {
		double mantissa = (double)parts.mantissa;

		mantissa = parts.exponent < 0 ? mantissa / powers[-parts.exponent] :
						mantissa * powers[parts.exponent];
		*value = parts.negative ? -mantissa : mantissa;
		return true;
	}
	memcpy(text, cell.text, cell.length);
	text[cell.length] = '\0';
	*value = strtod(text, NULL);
	return true;
}
