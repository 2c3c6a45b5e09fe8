#include "sched/deadline.h"

#include <stdlib.h>

#define TIMES_MEDIAN 10.0
#define TIMES_MOST 3.0
#define LEAST_FIRST 60.0

void nn_deadline_note(struct nn_deadline *known, double size, double seconds)
{
	known->sizes[known->count % NN_DEADLINE_TASKS] = size;
	known->seconds[known->count % NN_DEADLINE_TASKS] = seconds;
	known->count++;
}

static int by_value(const void *a, const void *b)
{
	const double *left = a;
	const double *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* What each of the tasks would have taken if it had that size; in order. */
static size_t scale(const struct nn_deadline *known, double size, double seconds[NN_DEADLINE_TASKS])
{
	size_t count = known->count < NN_DEADLINE_TASKS ? known->count : NN_DEADLINE_TASKS;

	for (size_t i = 0; i < count; i++) {
		seconds[i] = known->seconds[i];
		if (known->sizes[i] > 0 && size > known->sizes[i])
			seconds[i] *= size / known->sizes[i];
	}
	qsort(seconds, count, sizeof *seconds, by_value);
	return count;
}

double nn_deadline_usual(const struct nn_deadline *known, double size)
{
	double seconds[NN_DEADLINE_TASKS];
	size_t count = scale(known, size, seconds);

	return count ? seconds[count / 2] : 0;
}

double nn_deadline_of(const struct nn_deadline *known, double size)
{
	double seconds[NN_DEADLINE_TASKS];
	size_t count = scale(known, size, seconds);
	double limit = NN_DEADLINE_LEAST;

	if (count < NN_DEADLINE_ENOUGH)
		return 0;
	if (limit < TIMES_MEDIAN * seconds[count / 2])
		limit = TIMES_MEDIAN * seconds[count / 2];
	if (limit < TIMES_MOST * seconds[count - 1])
		limit = TIMES_MOST * seconds[count - 1];
	return limit;
}

double nn_deadline_first(double others, double longest)
{
	double limit = others > 0 ? TIMES_MEDIAN * others : longest;

	if (limit < LEAST_FIRST)
		limit = LEAST_FIRST;
	return limit < longest ? limit : longest;
}
