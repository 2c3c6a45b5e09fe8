#include "base/text.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool nn_parse_u64(const char *text, uint64_t *out)
{
	char *end;
	unsigned long long value;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end)
		return false;
	*out = value;
	return true;
}

bool nn_parse_f64(const char *text, double *out)
{
	char *end;
	double value;

	/* strtod also takes leading space, hexadecimal, "inf" and "nan". */
	if (!text[0] || strspn(text, "0123456789+-.eE") != strlen(text))
		return false;
	value = strtod(text, &end);
	if (*end || !isfinite(value))
		return false;
	*out = value;
	return true;
}

void nn_format_f64(double value, char *out)
{
	/* A normal number that fewer than DBL_DIG digits give back ends in zeros, which %g drops. */
	int least = fabs(value) < DBL_MIN ? 1 : DBL_DIG;

	for (int digits = least; digits <= DBL_DECIMAL_DIG; digits++) {
		snprintf(out, NN_F64_TEXT, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			return;
	}
}

void nn_format_f32(float value, char *out)
{
	int least = fabsf(value) < FLT_MIN ? 1 : FLT_DIG;

	for (int digits = least; digits <= FLT_DECIMAL_DIG; digits++) {
		snprintf(out, NN_F64_TEXT, "%.*g", digits, (double)value);
		if (strtof(out, NULL) == value)
			return;
	}
}

void nn_format_bytes(uint64_t bytes, char *out)
{
	static const char units[][4] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
		value /= 1000;
		unit++;
	}
	snprintf(out, NN_F64_TEXT, unit && value < 99.95 ? "%.1f %s" : "%.0f %s", value,
		units[unit]);
}

bool nn_parse_duration(const char *text, double *seconds)
{
	static const struct {
		char unit;
		double seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t length = strlen(text);
	char number[32];

	if (length < 2 || length > sizeof number)
		return false;
	memcpy(number, text, length - 1);
	number[length - 1] = '\0';
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (text[length - 1] == units[i].unit && nn_parse_f64(number, seconds)) {
			*seconds *= units[i].seconds;
			return *seconds > 0 && *seconds < 1e9;
		}
	return false;
}

const char *nn_nonfinite_word(double value)
{
	return isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
