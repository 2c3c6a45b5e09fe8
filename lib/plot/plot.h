/* A picture of curves: panels one below the other, which have the x axis in common. It becomes text,
 * or a script for gnuplot. */
#ifndef NN_PLOT_PLOT_H
#define NN_PLOT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "plot/scale.h"
#include "plot/series.h"

#define NN_PLOT_CURVES 52 /* at most: each has a letter */

struct nn_panel {
	const char *name; /* of the y axis */
	bool log;
	struct nn_series *curves; /* [curve_count of the plot]; one may be empty */
};
/* Strings and points are the caller's. */
struct nn_plot {
	const char *x_name;
	const double *from; /* where the x axis begins, or NULL: at the first point */
	const double *to;
	struct nn_panel *panels;
	size_t panel_count;
	const char *const *names; /* [curve_count]: the legend, or of one curve the title */
	size_t curve_count;       /* 1 to NN_PLOT_CURVES */
};

/* The axes, with at most so many ticks. NN_BAD if there is nothing to be drawn. */
int nn_plot_x_scale(const struct nn_plot *plot, size_t most, struct nn_scale *scale,
	struct nn_error *err);
int nn_plot_y_scale(const struct nn_plot *plot, const struct nn_panel *panel, size_t most,
	struct nn_scale *scale, struct nn_error *err);
/* The y of a point can be drawn there. */
bool nn_panel_shows(const struct nn_panel *panel, double y);

/* Appends a name from outside, so that it drives no terminal: what is no printable character becomes a
 * question mark, as does all that is not ASCII where it shall be. Of one with more than `most`
 * characters the end is left. *used says how many it has; may be NULL. */
int nn_plot_name(struct nn_buffer *text, const char *name, bool ascii, size_t most, size_t *used,
	struct nn_error *err);

/* How it is drawn as text. A size that is too small for the axes is taken as the smallest that is not. */
struct nn_plot_style {
	size_t width; /* characters */
	size_t height;
	bool unicode; /* box drawing and braille; else ASCII */
	bool colour;
};
int nn_plot_text(const struct nn_plot *plot, const struct nn_plot_style *style,
	struct nn_buffer *text, struct nn_error *err);

/* As a script for gnuplot, with all points in it; it names no terminal and no output file. */
int nn_plot_script(const struct nn_plot *plot, struct nn_buffer *script, struct nn_error *err);

#endif
