/* gnuplot, as a child. */
#ifndef NN_PLOT_GNUPLOT_H
#define NN_PLOT_GNUPLOT_H

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

enum nn_picture { NN_PICTURE_PNG, NN_PICTURE_SVG };

/* Appends the picture that `script`, as nn_plot_script makes it, gives: so many pixels, a PNG or SVG
 * file. NN_FAILED if there is no gnuplot, or it fails. SIGPIPE must be ignored. */
int nn_gnuplot_run(const struct nn_buffer *script, enum nn_picture kind, size_t width,
	size_t height, struct nn_buffer *picture, struct nn_error *err);

#endif
