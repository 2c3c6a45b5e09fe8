/* Lines drawn with characters. */
#ifndef NN_PLOT_CANVAS_H
#define NN_PLOT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

/* A dot is a point of a braille character, 2 by 4 in each cell, or else a whole cell. */
struct nn_canvas {
	size_t width; /* cells */
	size_t height;
	size_t dot_width; /* dots; these are counted from the left and from the top */
	size_t dot_height;
	bool braille;
	unsigned char *dots; /* [height, width]: those of the cell that are set */
	uint64_t *curves;    /* [height, width]: bit i: curve i has set one */
};

/* Width and height are above 0. Release with nn_canvas_free. */
int nn_canvas_make(struct nn_canvas *canvas, size_t width, size_t height, bool braille,
	struct nn_error *err);
/* A straight line from dot to dot, both of them on the canvas; of curve 0 to 63. */
struct nn_dot {
	size_t x;
	size_t y;
};
void nn_canvas_line(struct nn_canvas *canvas, struct nn_dot from, struct nn_dot to, unsigned curve);
/* Appends one row of cells, without the blanks at its end. `marks` are the curves' letters, one each;
 * braille needs none. With `colours` each curve has the colour of that number of ECMA-48, such as 31.
 * Where several curves are in a cell they take turns from column to column. */
int nn_canvas_put(const struct nn_canvas *canvas, size_t row, const char *marks,
	const unsigned *colours, struct nn_buffer *text, struct nn_error *err);
void nn_canvas_free(struct nn_canvas *canvas);

#endif
