/* The picture as text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/canvas.h"
#include "plot/plot.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const unsigned colours[] = { 36, 33, 35, 32, 31, 34 };
#define COLOURS (sizeof colours / sizeof colours[0])

/* What axes are drawn with. */
struct glyphs {
	const char *line; /* along x */
	const char *x_tick;
	const char *corner;
	const char *bar; /* along y */
	const char *y_tick;
};
static const struct glyphs box = { "─", "┬", "└", "│", "┤" };
static const struct glyphs ascii = { "-", "+", "+", "|", "+" };

#define LEAST_WIDTH 10 /* of a canvas, characters */
#define LEAST_HEIGHT 3
#define NAME_WIDTH 14 /* of the x axis's name */
#define LABEL_GAP 3   /* between two labels below */

struct picture {
	const struct nn_plot *plot;
	struct nn_plot_style style;
	struct nn_buffer *text;
	const struct glyphs *glyphs;
	bool braille;
	const char *marks;                /* [curve_count] */
	unsigned colours[NN_PLOT_CURVES]; /* [curve_count] */
	size_t legend_rows;
	size_t margin; /* left of the y axis */
	size_t width;  /* of a canvas */
	struct nn_scale x;
	struct nn_scale *y; /* [panel_count] */
	size_t *heights;    /* [panel_count] */
};

static int put(struct picture *picture, const char *text, struct nn_error *err)
{
	return nn_buffer_puts(picture->text, text, err);
}

static int put_blanks(struct picture *picture, size_t count, struct nn_error *err)
{
	return nn_buffer_printf(picture->text, err, "%*s", (int)count, "");
}

/* Braille needs another means to tell curves apart. */
static void choose_marks(struct picture *picture)
{
	size_t curves = picture->plot->curve_count;

	picture->glyphs = picture->style.unicode ? &box : &ascii;
	picture->braille = picture->style.unicode &&
		(curves == 1 || (picture->style.colour && curves <= COLOURS));
	picture->marks = curves == 1 ? "*" : letters;
	for (size_t i = 0; i < curves; i++)
		picture->colours[i] = colours[i % COLOURS];
}

/* --- the legend ----------------------------------------------------------------------------- */

/* Curve by curve, as many in a row as fit. */
static int put_legend(struct picture *picture, struct nn_error *err)
{
	const struct nn_plot *plot = picture->plot;
	struct nn_buffer name = { 0 };
	size_t at = 0;
	int status = NN_OK;

	if (plot->curve_count == 1)
		return NN_OK;
	picture->legend_rows = 1;
	for (size_t i = 0; i < plot->curve_count && !status; i++) {
		size_t used = 0;

		nn_buffer_clear(&name);
		status = nn_plot_name(&name, plot->names[i], !picture->style.unicode,
			picture->style.width - 2, &used, err);
		if (!status && at && at + 5 + used > picture->style.width) {
			status = put(picture, "\n", err);
			picture->legend_rows++;
			at = 0;
		}
		if (!status && at)
			status = put(picture, "   ", err);
		at += (at ? 5u : 2u) + used;
		if (!status && picture->style.colour)
			status = nn_buffer_printf(picture->text, err, "\033[%um",
				picture->colours[i]);
		if (!status)
			status = picture->braille ?
				put(picture, "━", err) :
				nn_buffer_append(picture->text, &picture->marks[i], 1, err);
		if (!status && picture->style.colour)
			status = put(picture, "\033[0m", err);
		if (!status)
			status = nn_buffer_printf(picture->text, err, " %s",
				name.data ? name.data : "");
	}
	nn_buffer_free(&name);
	return status ? status : put(picture, "\n", err);
}

/* --- the layout ----------------------------------------------------------------------------- */

static size_t widest(const struct nn_scale *scale)
{
	size_t width = 0;

	for (size_t i = 0; i < scale->count; i++)
		if (strlen(scale->ticks[i].label) > width)
			width = strlen(scale->ticks[i].label);
	return width;
}

static size_t limited(size_t n, size_t least, size_t most)
{
	return n < least ? least : n > most ? most : n;
}

/* The most ticks of the x axis whose labels do not touch. */
static int choose_x(struct picture *picture, struct nn_error *err)
{
	size_t most = limited(picture->width / 4, 2, NN_SCALE_TICKS);
	int status;

	do {
		status = nn_plot_x_scale(picture->plot, most, &picture->x, err);
	} while (!status && most > 2 &&
		(widest(&picture->x) + LABEL_GAP) * picture->x.count > picture->width &&
		most-- > 2);
	return status;
}

static int lay_out(struct picture *picture, struct nn_error *err)
{
	const struct nn_plot *plot = picture->plot;
	size_t n = plot->panel_count;
	/* A heading and an axis each; the labels of x. */
	size_t fixed = picture->legend_rows + 2 * n + 1;
	size_t rows = picture->style.height > fixed ? picture->style.height - fixed : 0;
	struct nn_buffer name = { 0 };
	int status = nn_plot_name(&name, plot->x_name, !picture->style.unicode, NAME_WIDTH,
		&picture->margin, err);

	nn_buffer_free(&name);
	picture->y = nn_alloc(n, sizeof *picture->y, err);
	picture->heights = nn_alloc(n, sizeof *picture->heights, err);
	if (!picture->y || !picture->heights)
		return NN_FAILED;
	for (size_t i = 0; i < n && !status; i++) {
		size_t *height = &picture->heights[i];

		*height = limited(rows / n + (i < rows % n), LEAST_HEIGHT, SIZE_MAX);
		status = nn_plot_y_scale(plot, &plot->panels[i],
			limited((*height + 1) / 2, 3, NN_SCALE_TICKS), &picture->y[i], err);
		if (!status && widest(&picture->y[i]) > picture->margin)
			picture->margin = widest(&picture->y[i]);
	}
	picture->width = picture->style.width > picture->margin + 2 + LEAST_WIDTH ?
		picture->style.width - picture->margin - 2 :
		LEAST_WIDTH;
	return status ? status : choose_x(picture, err);
}

/* --- the curves ----------------------------------------------------------------------------- */

/* Of n dots. */
static size_t dot_at(const struct nn_scale *scale, double value, size_t n)
{
	double place = nn_scale_place(scale, value);

	/* Out of bounds by rounding, or where a logarithm has its limit. */
	return (size_t)floor(fmin(fmax(place, 0), 1) * (double)(n - 1) + 0.5);
}

/* The points that come one after another in one column of dots, as one stroke. */
struct stroke {
	bool begun;
	size_t x;
	size_t last; /* y of the last point */
	size_t top;
	size_t bottom;
};

static void finish(struct nn_canvas *canvas, struct stroke *stroke, unsigned curve)
{
	if (stroke->begun)
		nn_canvas_line(canvas, (struct nn_dot){ stroke->x, stroke->top },
			(struct nn_dot){ stroke->x, stroke->bottom }, curve);
	stroke->begun = false;
}

static void draw_curve(const struct picture *picture, size_t panel, unsigned curve,
	struct nn_canvas *canvas)
{
	const struct nn_series *series = &picture->plot->panels[panel].curves[curve];
	struct stroke stroke = { 0 };

	for (size_t i = 0; i < series->count; i++) {
		const struct nn_point *point = &series->points[i];
		struct nn_dot dot;

		if (!nn_panel_shows(&picture->plot->panels[panel], point->y)) {
			finish(canvas, &stroke, curve);
			continue;
		}
		dot.x = dot_at(&picture->x, point->x, canvas->dot_width);
		dot.y = canvas->dot_height - 1 -
			dot_at(&picture->y[panel], point->y, canvas->dot_height);
		if (stroke.begun && stroke.x == dot.x) {
			stroke.top = dot.y < stroke.top ? dot.y : stroke.top;
			stroke.bottom = dot.y > stroke.bottom ? dot.y : stroke.bottom;
			stroke.last = dot.y;
			continue;
		}
		if (stroke.begun)
			nn_canvas_line(canvas, (struct nn_dot){ stroke.x, stroke.last }, dot,
				curve);
		finish(canvas, &stroke, curve);
		stroke = (struct stroke){ true, dot.x, dot.y, dot.y, dot.y };
	}
	finish(canvas, &stroke, curve);
}

/* --- the rows ------------------------------------------------------------------------------- */

/* The name of the panel, and at the right end that of the only curve. */
static int put_heading(struct picture *picture, size_t panel, struct nn_error *err)
{
	const struct nn_plot *plot = picture->plot;
	const bool plain = !picture->style.unicode;
	struct nn_buffer title = { 0 };
	size_t used = 0;
	size_t title_used = 0;
	int status = put_blanks(picture, picture->margin + 2, err);

	if (!status)
		status = nn_plot_name(picture->text, plot->panels[panel].name, plain,
			picture->width, &used, err);
	if (!status && !panel && plot->curve_count == 1 && used + 4 < picture->width)
		status = nn_plot_name(&title, plot->names[0], plain, picture->width - used - 2,
			&title_used, err);
	if (!status && title_used)
		status = nn_buffer_printf(picture->text, err, "%*s%s",
			(int)(picture->width - used - title_used), "", title.data);
	nn_buffer_free(&title);
	return status ? status : put(picture, "\n", err);
}

static size_t row_of(const struct nn_scale *scale, size_t tick, const struct nn_canvas *canvas)
{
	size_t dot = dot_at(scale, scale->ticks[tick].at, canvas->dot_height);

	return (canvas->dot_height - 1 - dot) / (canvas->dot_height / canvas->height);
}

static int put_row(struct picture *picture, const struct nn_canvas *canvas, size_t panel,
	size_t row, struct nn_error *err)
{
	const struct nn_scale *scale = &picture->y[panel];
	const char *label = "";
	int status;

	/* The lower ones first: of two in a row, the upper one has it. */
	for (size_t i = 0; i < scale->count; i++)
		if (row_of(scale, i, canvas) == row)
			label = scale->ticks[i].label;
	status = nn_buffer_printf(picture->text, err, "%*s %s", (int)picture->margin, label,
		*label ? picture->glyphs->y_tick : picture->glyphs->bar);
	if (!status)
		status = nn_canvas_put(canvas, row, picture->marks,
			picture->style.colour ? picture->colours : NULL, picture->text, err);
	return status ? status : put(picture, "\n", err);
}

static size_t column_of(const struct picture *picture, size_t tick)
{
	size_t across = picture->braille ? 2 : 1;

	return dot_at(&picture->x, picture->x.ticks[tick].at, across * picture->width) / across;
}

static int put_axis(struct picture *picture, struct nn_error *err)
{
	size_t tick = 0;
	int status = put_blanks(picture, picture->margin + 1, err);

	if (!status)
		status = put(picture, picture->glyphs->corner, err);
	for (size_t i = 0; i < picture->width && !status; i++) {
		bool is_tick = tick < picture->x.count && column_of(picture, tick) == i;

		tick += is_tick;
		status = put(picture, is_tick ? picture->glyphs->x_tick : picture->glyphs->line,
			err);
	}
	return status ? status : put(picture, "\n", err);
}

/* The name of the axis, and each label below its tick; one that has no room is left out. */
static int put_labels(struct picture *picture, struct nn_error *err)
{
	size_t used = 0;
	size_t at; /* where the line has got to */
	int status = nn_plot_name(picture->text, picture->plot->x_name, !picture->style.unicode,
		NAME_WIDTH, &used, err);

	at = used;
	for (size_t i = 0; i < picture->x.count && !status; i++) {
		const char *label = picture->x.ticks[i].label;
		size_t length = strlen(label);
		size_t middle = picture->margin + 2 + column_of(picture, i);
		size_t begin = middle > length / 2 ? middle - length / 2 : 0;
		size_t end = picture->margin + 2 + picture->width;

		if (begin + length > end)
			begin = end - length;
		if (begin < at + 1)
			continue;
		status =
			nn_buffer_printf(picture->text, err, "%*s%s", (int)(begin - at), "", label);
		at = begin + length;
	}
	return status ? status : put(picture, "\n", err);
}

static int put_panel(struct picture *picture, size_t panel, struct nn_error *err)
{
	struct nn_canvas canvas;
	int status = put_heading(picture, panel, err);

	if (!status)
		status = nn_canvas_make(&canvas, picture->width, picture->heights[panel],
			picture->braille, err);
	if (status)
		return status;
	for (size_t i = 0; i < picture->plot->curve_count; i++)
		draw_curve(picture, panel, (unsigned)i, &canvas);
	for (size_t row = 0; row < canvas.height && !status; row++)
		status = put_row(picture, &canvas, panel, row, err);
	nn_canvas_free(&canvas);
	return status ? status : put_axis(picture, err);
}

int nn_plot_text(const struct nn_plot *plot, const struct nn_plot_style *style,
	struct nn_buffer *text, struct nn_error *err)
{
	struct picture picture = { .plot = plot, .style = *style, .text = text };
	int status;

	picture.style.width = limited(style->width, LEAST_WIDTH, SIZE_MAX);
	choose_marks(&picture);
	status = put_legend(&picture, err);
	if (!status)
		status = lay_out(&picture, err);
	for (size_t i = 0; i < plot->panel_count && !status; i++)
		status = put_panel(&picture, i, err);
	if (!status)
		status = put_labels(&picture, err);
	free(picture.y);
	free(picture.heights);
	return status;
}
