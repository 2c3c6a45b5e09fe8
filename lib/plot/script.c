/* The picture as a script for gnuplot. */
#include "base/text.h"
#include "plot/plot.h"

/* Told apart also by those who see colours otherwise: after M. Okabe and K. Ito, "Color universal
 * design" (2008). */
static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
	"#56b4e9" };
#define COLOURS (sizeof colours / sizeof colours[0])

#define TICKS 8
#define FEW_POINTS 60 /* so many, or fewer, are marked one by one */

/* As a string in single quotes, in which gnuplot knows no escapes. */
static int put_string(struct nn_buffer *script, const char *text, struct nn_error *err)
{
	struct nn_buffer name = { 0 };
	int status = nn_plot_name(&name, text, false, 1000, NULL, err);

	if (!status)
		status = nn_buffer_puts(script, "'", err);
	for (size_t i = 0; i < name.length && !status; i++) {
		status = nn_buffer_append(script, name.data + i, 1, err);
		if (!status && name.data[i] == '\'')
			status = nn_buffer_puts(script, "'", err);
	}
	nn_buffer_free(&name);
	return status ? status : nn_buffer_puts(script, "'", err);
}

static int put_point(struct nn_buffer *script, const struct nn_point *point, struct nn_error *err)
{
	char x[NN_F64_TEXT];
	char y[NN_F64_TEXT];

	nn_format_f64(point->x, x);
	nn_format_f64(point->y, y);
	return nn_buffer_printf(script, err, "%s %s\n", x, y);
}

/* $c0_1: curve 1 of panel 0. An empty line interrupts it. One without points has one beside the
 * picture, because gnuplot refuses to draw nothing. */
static int put_curve(struct nn_buffer *script, const struct nn_plot *plot, size_t panel,
	size_t curve, struct nn_error *err)
{
	const struct nn_series *series = &plot->panels[panel].curves[curve];
	bool any = false;
	bool gap = false;
	int status = nn_buffer_printf(script, err, "$c%zu_%zu << END\n", panel, curve);

	for (size_t i = 0; i < series->count && !status; i++) {
		if (!nn_panel_shows(&plot->panels[panel], series->points[i].y)) {
			gap = any;
			continue;
		}
		if (gap)
			status = nn_buffer_puts(script, "\n", err);
		if (!status)
			status = put_point(script, &series->points[i], err);
		gap = false;
		any = true;
	}
	if (!any && !status)
		status = nn_buffer_puts(script, "NaN NaN\n", err);
	return status ? status : nn_buffer_puts(script, "END\n", err);
}

static int put_range(struct nn_buffer *script, const char *axis, const struct nn_scale *scale,
	struct nn_error *err)
{
	char low[NN_F64_TEXT];
	char high[NN_F64_TEXT];

	nn_format_f64(scale->low, low);
	nn_format_f64(scale->high, high);
	return nn_buffer_printf(script, err, "set %srange [%s:%s]\n", axis, low, high);
}

static int put_axes(struct nn_buffer *script, const struct nn_plot *plot, size_t panel,
	struct nn_error *err)
{
	const struct nn_panel *shown = &plot->panels[panel];
	struct nn_scale scale;
	int status = nn_plot_y_scale(plot, shown, TICKS, &scale, err);

	if (!status)
		status = nn_buffer_puts(script,
			shown->log ? "set logscale y\n" : "unset logscale y\n", err);
	if (!status)
		status = put_range(script, "y", &scale, err);
	if (!status)
		status = nn_buffer_puts(script, "set ylabel ", err);
	if (!status)
		status = put_string(script, shown->name, err);
	if (!status)
		status = nn_buffer_puts(script, " noenhanced\n", err);
	if (!status && panel + 1 == plot->panel_count) {
		status = nn_buffer_puts(script, "set xlabel ", err);
		if (!status)
			status = put_string(script, plot->x_name, err);
		if (!status)
			status = nn_buffer_puts(script, " noenhanced\n", err);
	}
	return status;
}

static int put_panel(struct nn_buffer *script, const struct nn_plot *plot, size_t panel,
	struct nn_error *err)
{
	int status = put_axes(script, plot, panel, err);

	for (size_t i = 0; i < plot->curve_count && !status; i++) {
		bool few = plot->panels[panel].curves[i].count <= FEW_POINTS;

		status = nn_buffer_printf(script, err,
			"%s $c%zu_%zu using 1:2 with %s lc rgb '%s' dt %zu title ",
			i ? ", \\\n    " : "plot", panel, i,
			few ? "linespoints lw 2 pt 7 ps 0.6" : "lines lw 1.5", colours[i % COLOURS],
			i / COLOURS % 5 + 1);
		if (!status && !panel)
			status = put_string(script, plot->names[i], err);
		else if (!status)
			status = nn_buffer_puts(script, "''", err);
		if (!status)
			status = nn_buffer_puts(script, " noenhanced", err);
	}
	return status ? status : nn_buffer_puts(script, "\n", err);
}

int nn_plot_script(const struct nn_plot *plot, struct nn_buffer *script, struct nn_error *err)
{
	const bool several = plot->panel_count > 1;
	struct nn_scale x;
	int status = nn_plot_x_scale(plot, TICKS, &x, err);

	for (size_t i = 0; i < plot->panel_count && !status; i++)
		for (size_t j = 0; j < plot->curve_count && !status; j++)
			status = put_curve(script, plot, i, j, err);
	if (!status)
		status = nn_buffer_puts(script,
			"set encoding utf8\n"
			"set border 3 lc rgb '#606060'\n"
			"set tics nomirror out\n"
			"set grid lc rgb '#e0e0e0' lt 1 lw 1\n"
			"set key above\n"
			"set lmargin 12\n"
			"set rmargin 3\n",
			err);
	if (!status)
		status = put_range(script, "x", &x, err);
	if (!status && several)
		status = nn_buffer_printf(script, err, "set multiplot layout %zu,1\n",
			plot->panel_count);
	for (size_t i = 0; i < plot->panel_count && !status; i++)
		status = put_panel(script, plot, i, err);
	if (!status && several)
		status = nn_buffer_puts(script, "unset multiplot\n", err);
	return status;
}
