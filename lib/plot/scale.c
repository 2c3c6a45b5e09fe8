#include "plot/scale.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* digit * 10^exponent, exact where a double can be. */
static double scaled(double digit, int exponent)
{
	return exponent < 0 ? digit / pow(10, -exponent) : digit * pow(10, exponent);
}

/* Below and above them powers of ten are no doubles of full precision. */
#define LEAST_EXPONENT (-300)
#define MOST_EXPONENT 307

struct step {
	int digit; /* 1, 2 or 5 */
	int exponent;
};

static double value(struct step step)
{
	return scaled(step.digit, step.exponent);
}

static struct step next(struct step step)
{
	if (step.digit == 1)
		step.digit = 2;
	else if (step.digit == 2)
		step.digit = 5;
	else
		step = (struct step){ 1, step.exponent + 1 };
	return step;
}

static struct step previous(struct step step)
{
	if (step.digit == 5)
		step.digit = 2;
	else if (step.digit == 2)
		step.digit = 1;
	else
		step = (struct step){ 5, step.exponent - 1 };
	return step;
}

/* The largest that is not above x > 0. */
static struct step below(double x)
{
	struct step step = { 1, (int)floor(log10(x)) + 1 };

	if (step.exponent > MOST_EXPONENT)
		step.exponent = MOST_EXPONENT;
	while (value(step) > x && step.exponent > LEAST_EXPONENT)
		step = previous(step);
	return step;
}

/* "1.5e7" for 15 and 6; "1" for 1 and 0. */
static void write_power(char *out, double digits, int exponent)
{
	char text[NN_SCALE_LABEL];
	char power[8];
	int length;

	snprintf(text, sizeof text, "%.0f", fabs(digits));
	length = (int)strlen(text);
	exponent += length - 1;
	while (length > 1 && text[length - 1] == '0')
		text[--length] = '\0';
	snprintf(power, sizeof power, "e%d", exponent);
	snprintf(out, NN_SCALE_LABEL, "%s%c%s%.16s%s", digits < 0 ? "-" : "", text[0],
		length > 1 ? "." : "", text + 1, exponent ? power : "");
}

static void add(struct nn_scale *scale, double at, double digits, int exponent, bool power)
{
	struct nn_tick *tick = &scale->ticks[scale->count];

	if (scale->count == NN_SCALE_TICKS || !isfinite(at))
		return;
	tick->at = at;
	if (digits == 0)
		snprintf(tick->label, sizeof tick->label, "0");
	else if (power)
		write_power(tick->label, digits, exponent);
	else
		snprintf(tick->label, sizeof tick->label, "%.*f", exponent < 0 ? -exponent : 0, at);
	scale->count++;
}

/* Beyond these a number is written with a power of ten. */
#define MOST_PLAIN 1e7
#define LEAST_PLAIN (-4) /* digits behind the point */

struct grid {
	struct step step;
	double first; /* ticks are at these multiples of the step */
	double last;
};

/* A quotient that misses a whole number by less is one. */
#define SLACK 1e-9

static struct grid lay(struct step step, double low, double high, bool loose)
{
	double from = low / value(step);
	double to = high / value(step);

	if (loose)
		return (struct grid){ step, floor(from + SLACK), ceil(to - SLACK) };
	return (struct grid){ step, ceil(from - SLACK), floor(to + SLACK) };
}

/* Room for a curve that is flat, or nearly, seen in double precision. */
static void widen(double *low, double *high)
{
	double size = fmax(fabs(*low), fabs(*high));
	double room = size > 1e-290 ? size / 10 : 1;

	if (*high / 2 - *low / 2 > size * 1e-10 && *high - *low > 1e-290)
		return;
	*low = fmax(*low - room, -DBL_MAX);
	*high = fmin(*high + room, DBL_MAX);
}

static void make_even(struct nn_scale *scale, bool loose, size_t most)
{
	double part = (double)(most - 1);
	struct step step;
	struct grid grid;
	bool power;

	widen(&scale->low, &scale->high);
	step = below(fmin(scale->high / part - scale->low / part, DBL_MAX));
	grid = lay(step, scale->low, scale->high, loose);
	while (grid.last - grid.first + 1 > (double)most) {
		step = next(step);
		grid = lay(step, scale->low, scale->high, loose);
	}
	/* A logarithmic axis has no 0: then it begins at the value, not at a tick. */
	if (scale->log && grid.first < 1)
		grid.first = 1;
	power = fmax(fabs(grid.first), fabs(grid.last)) * value(step) >= MOST_PLAIN ||
		step.exponent < LEAST_PLAIN;
	for (double k = grid.first; k <= grid.last; k++)
		add(scale, scaled(k * step.digit, step.exponent), k * step.digit, step.exponent,
			power);
	if (loose && scale->count) {
		scale->low = fmin(scale->low, scale->ticks[0].at);
		scale->high = fmax(scale->high, scale->ticks[scale->count - 1].at);
	}
}

/* Ticks from one to the other: at 1, 2 and 5, or at the powers of ten alone, or at some of these. */
static void add_decades(struct nn_scale *scale, struct step first, struct step last, size_t most)
{
	int decades = last.exponent - first.exponent + 1;
	int stride = 1;
	size_t all = 0;
	bool power = last.exponent >= 7 || first.exponent < LEAST_PLAIN;
	double end = value(last) * (1 + SLACK);

	for (struct step step = first; value(step) <= end; step = next(step))
		all++;
	while ((decades - 1) / stride + 1 > (int)most)
		stride = (int)(value(next(below(stride))) + 0.5);
	for (struct step step = first; value(step) <= end; step = next(step))
		if (all <= most || (step.digit == 1 && step.exponent % stride == 0))
			add(scale, value(step), step.digit, step.exponent, power);
}

static void make_log(struct nn_scale *scale, bool loose, size_t most)
{
	struct step first;
	struct step last;

	widen(&scale->low, &scale->high);
	/* Within less than that, even ticks tell more. */
	if (scale->high / 3 < scale->low) {
		make_even(scale, loose, most);
		return;
	}
	scale->low = fmax(scale->low, 1e-290);
	first = below(scale->low);
	last = below(scale->high);
	if (value(last) < scale->high * (1 - SLACK))
		last = next(last);
	if (loose) {
		scale->low = fmin(scale->low, value(first));
		scale->high = fmax(scale->high, value(last));
	} else {
		first = value(first) < scale->low ? next(first) : first;
		last = value(last) > scale->high ? previous(last) : last;
	}
	add_decades(scale, first, last, most);
}

void nn_scale_make(struct nn_scale *scale, double low, double high, bool log, bool loose,
	size_t most)
{
	*scale = (struct nn_scale){ .low = low, .high = high, .log = log };
	if (log)
		make_log(scale, loose, most);
	else
		make_even(scale, loose, most);
}

double nn_scale_place(const struct nn_scale *scale, double at)
{
	/* Halves: the difference of two doubles may be more than a double holds. */
	if (!scale->log)
		return (at / 2 - scale->low / 2) / (scale->high / 2 - scale->low / 2);
	return (log(at) - log(scale->low)) / (log(scale->high) - log(scale->low));
}
