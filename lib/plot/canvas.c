#include "plot/canvas.h"

#include <stdlib.h>

#define DOTS_ACROSS 2 /* of a braille character */
#define DOTS_DOWN 4

int nn_canvas_make(struct nn_canvas *canvas, size_t width, size_t height, bool braille,
	struct nn_error *err)
{
	size_t cells;

	*canvas = (struct nn_canvas){ .width = width,
		.height = height,
		.dot_width = braille ? DOTS_ACROSS * width : width,
		.dot_height = braille ? DOTS_DOWN * height : height,
		.braille = braille };
	if (!nn_mul(width, height, &cells))
		return nn_fail(err, NN_FAILED, "a picture of %zu by %zu characters", width, height);
	canvas->dots = nn_alloc(cells, 1, err);
	canvas->curves = nn_alloc(cells, sizeof *canvas->curves, err);
	if (canvas->dots && canvas->curves)
		return NN_OK;
	nn_canvas_free(canvas);
	return NN_FAILED;
}

static void set(struct nn_canvas *canvas, size_t x, size_t y, unsigned curve)
{
	/* The bits of U+2800: columns of three dots each, and then the two lowest. */
	static const unsigned char bits[DOTS_DOWN][DOTS_ACROSS] = { { 0x01, 0x08 }, { 0x02, 0x10 },
		{ 0x04, 0x20 }, { 0x40, 0x80 } };
	size_t cell = y * canvas->width + x;

	if (canvas->braille)
		cell = y / DOTS_DOWN * canvas->width + x / DOTS_ACROSS;
	canvas->dots[cell] |= canvas->braille ? bits[y % DOTS_DOWN][x % DOTS_ACROSS] : 1;
	canvas->curves[cell] |= (uint64_t)1 << curve;
}

static size_t distance(size_t a, size_t b)
{
	return a < b ? b - a : a - b;
}

/* The i-th of n parts of the way from a to b, to the nearest dot. */
static size_t between(size_t a, size_t b, size_t i, size_t n)
{
	size_t way = n ? (2 * distance(a, b) * i + n) / (2 * n) : 0;

	return a < b ? a + way : a - way;
}

void nn_canvas_line(struct nn_canvas *canvas, struct nn_dot from, struct nn_dot to, unsigned curve)
{
	size_t across = distance(from.x, to.x);
	size_t down = distance(from.y, to.y);
	size_t n = across > down ? across : down;

	for (size_t i = 0; i <= n; i++)
		set(canvas, between(from.x, to.x, i, n), between(from.y, to.y, i, n), curve);
}

/* Of those in the cell, whose turn it is. */
static size_t shown(const struct nn_canvas *canvas, size_t cell)
{
	uint64_t curves = canvas->curves[cell];
	size_t count = 0;
	size_t turn;
	size_t curve = 0;

	for (uint64_t left = curves; left; left &= left - 1)
		count++;
	for (turn = cell % canvas->width % count; turn; turn--)
		curves &= curves - 1;
	while (!(curves >> curve & 1))
		curve++;
	return curve;
}

static int put_dots(const struct nn_canvas *canvas, unsigned dots, char mark,
	struct nn_buffer *text, struct nn_error *err)
{
	char braille[3] = { (char)0xe2, (char)(0xa0 | dots >> 6), (char)(0x80 | (dots & 0x3f)) };

	if (canvas->braille)
		return nn_buffer_append(text, braille, sizeof braille, err);
	return nn_buffer_append(text, &mark, 1, err);
}

int nn_canvas_put(const struct nn_canvas *canvas, size_t row, const char *marks,
	const unsigned *colours, struct nn_buffer *text, struct nn_error *err)
{
	const size_t first = row * canvas->width;
	size_t end = canvas->width;
	unsigned colour = 0;
	int status = NN_OK;

	while (end && !canvas->dots[first + end - 1])
		end--;
	for (size_t i = first; i < first + end && !status; i++) {
		size_t curve;

		if (!canvas->dots[i]) {
			status = nn_buffer_append(text, " ", 1, err);
			continue;
		}
		curve = shown(canvas, i);
		if (colours && colours[curve] != colour) {
			colour = colours[curve];
			status = nn_buffer_printf(text, err, "\033[%um", colour);
		}
		if (!status)
			status = put_dots(canvas, canvas->dots[i],
				canvas->braille ? 0 : marks[curve], text, err);
	}
	if (!status && colour)
		status = nn_buffer_puts(text, "\033[0m", err);
	return status;
}

void nn_canvas_free(struct nn_canvas *canvas)
{
	free(canvas->dots);
	free(canvas->curves);
	*canvas = (struct nn_canvas){ 0 };
}
