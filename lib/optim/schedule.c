#include <string.h>

#include "base/text.h"
#include "optim/optim.h"

enum shape { CONSTANT, STEP, COSINE };
struct schedule {
	enum shape shape;
	uint64_t steps;
	double number; /* FACTOR or FLOOR */
};

/* The field up to the next ':' or the end, which *text moves behind. */
static bool next_field(const char **text, char *out, size_t size)
{
	size_t length = strcspn(*text, ":");

	if (!length || length >= size)
		return false;
	memcpy(out, *text, length);
	out[length] = '\0';
	*text += length + ((*text)[length] == ':');
	return true;
}

static bool parse(const char *text, struct schedule *out)
{
	char name[16];
	char field[40];
	size_t length = strlen(text);

	*out = (struct schedule){ 0 };
	if (!length || text[length - 1] == ':' || !next_field(&text, name, sizeof name))
		return false;
	if (!strcmp(name, "constant"))
		return !*text;
	if (!strcmp(name, "step"))
		out->shape = STEP;
	else if (!strcmp(name, "cosine"))
		out->shape = COSINE;
	else
		return false;
	if (!next_field(&text, field, sizeof field) || !nn_parse_u64(field, &out->steps) ||
		!out->steps)
		return false;
	if (!*text)
		return out->shape == COSINE;
	return next_field(&text, field, sizeof field) && !*text &&
		nn_parse_f64(field, &out->number) && out->number >= 0;
}

int nn_schedule_check(const char *schedule, struct nn_error *err)
{
	struct schedule parsed;

	if (parse(schedule, &parsed))
		return NN_OK;
	return nn_fail(err, NN_USAGE,
		"schedule '%s': known are constant, step:EVERY:FACTOR and cosine:STEPS[:FLOOR]",
		schedule);
}

double nn_power(double base, uint64_t n)
{
	double power = 1;

	for (; n; n /= 2, base *= base)
		if (n & 1)
			power *= base;
	return power;
}

/* sin(x)^2 for x in [0, pi/4], by the series of sin: the first term left out is below 2^-53. */
static double sine_squared(double x)
{
	double term = x;
	double sum = x;

	for (int k = 2; k < 20; k += 2) {
		term *= -x * x / (k * (k + 1));
		sum += term;
	}
	return sum * sum;
}

/* (1 + cos(pi t / steps)) / 2 = cos(a)^2 with a = pi t / (2 steps). C libraries differ in the last
 * bit of a cosine, this does not. */
static double half_cosine(uint64_t t, uint64_t steps)
{
	const double pi = 3.14159265358979323846;
	double turn = (double)t / (double)steps;

	if (turn <= 0.5)
		return 1 - sine_squared(pi / 2 * turn);
	return sine_squared(pi / 2 * ((double)(steps - t) / (double)steps));
}

double nn_schedule_rate(const struct nn_optim_options *options, uint64_t t)
{
	struct schedule schedule;
	double rate = options->lr;

	if (parse(options->schedule, &schedule)) {
		switch (schedule.shape) {
		case CONSTANT:
			break;
		case STEP:
			rate *= nn_power(schedule.number, t / schedule.steps);
			break;
		case COSINE:
			rate = schedule.number +
				(rate - schedule.number) *
					(t < schedule.steps ? half_cosine(t, schedule.steps) : 0);
			break;
		}
	}
	if (t < options->warmup)
		rate *= (double)(t + 1) / (double)options->warmup;
	return rate;
}
