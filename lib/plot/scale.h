/* An axis: from where to where, and the ticks on it, at 1, 2 or 5 times a power of ten. */
#ifndef NN_PLOT_SCALE_H
#define NN_PLOT_SCALE_H

#include <stdbool.h>
#include <stddef.h>

#define NN_SCALE_TICKS 32
#define NN_SCALE_LABEL 32

struct nn_scale {
	double low;
	double high; /* > low */
	bool log;
	size_t count;
	struct nn_tick {
		double at; /* within low and high */
		char label[NN_SCALE_LABEL];
	} ticks[NN_SCALE_TICKS]; /* [count], growing */
};

/* An axis for the values from low to high, which are finite; above 0, if it is logarithmic. If they are
 * one value it gets room on both sides. Of ticks there are `most` at most, which is 2 to
 * NN_SCALE_TICKS. A loose axis begins and ends at a tick; another one at low and high. */
void nn_scale_make(struct nn_scale *scale, double low, double high, bool log, bool loose,
	size_t most);
/* Where a value is: 0 at low, 1 at high. */
double nn_scale_place(const struct nn_scale *scale, double value);

#endif
