/* nn-plot: the curves of a training, in the terminal or as a picture. */

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "plot/gnuplot.h"
#include "plot/log.h"
#include "plot/plot.h"

static const char *x_name = "step";
static const char *y_names;
static double from, to;
static bool from_given, to_given;
static bool log_y;
static uint64_t smooth;
static bool ascii;
static uint64_t width, height; /* 0: not given */
static bool gnuplot;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_STRING('x', "x", "COLUMN", &x_name, "the column to the right (default step)"),
	CLI_STRING('y', "y", "COLUMN,...", &y_names,
		"the columns drawn, one below the other (default loss, and metric if it is there)"),
	CLI_REAL_GIVEN(0, "from", "X", &from, -INFINITY, INFINITY, &from_given,
		"begin here on the x axis"),
	CLI_REAL_GIVEN(0, "to", "X", &to, -INFINITY, INFINITY, &to_given, "end here on the x axis"),
	CLI_FLAG('l', "log-y", &log_y, "logarithmic y axes"),
	CLI_COUNT('s', "smooth", "N", &smooth, "draw the mean of the last N values"),
	CLI_HEADING("Output:"),
	CLI_FLAG('a', "ascii", &ascii, "draw with ASCII characters alone"),
	CLI_COUNT(0, "width", "N", &width,
		"characters (default: the terminal's, or 80) or pixels (1000)"),
	CLI_COUNT(0, "height", "N", &height,
		"lines (default: the terminal's, or 20) or pixels (600)"),
	CLI_FLAG('g', "gnuplot", &gnuplot, "print a script for gnuplot"),
	CLI_STRING('o', "output", "FILE", &output_path,
		"write there instead of standard output; FILE.png and FILE.svg become pictures"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-plot", "[LOG...]", "draw the curves of a training",
	options };

enum form { TEXT, SCRIPT, PNG, SVG };

static struct nn_output output;
static struct nn_log_column *columns; /* [1 + panel_count]: x, then the panels */
static struct nn_panel *panels;
static size_t panel_count;

static void *need(void *memory, const struct nn_error *err)
{
	if (!memory)
		cli_die(err);
	return memory;
}

static enum form choose_form(void)
{
	const char *dot = output_path ? strrchr(output_path, '.') : NULL;
	enum form form = TEXT;

	if (dot && !strcasecmp(dot, ".png"))
		form = PNG;
	if (dot && !strcasecmp(dot, ".svg"))
		form = SVG;
	if (gnuplot && form != TEXT)
		cli_usage("--gnuplot gives a script, and %s is to be a picture", output_path);
	return gnuplot ? SCRIPT : form;
}

static void check_usage(int given, enum form form)
{
	const uint64_t most = form == TEXT ? 1000 : 10000;

	if (!given && isatty(STDIN_FILENO))
		cli_usage("which LOG?");
	if (given > NN_PLOT_CURVES)
		cli_usage("at most %d logs in one picture", NN_PLOT_CURVES);
	if (from_given && to_given && from >= to)
		cli_usage("--from is not below --to");
	if (width > most || height > most)
		cli_usage("--width and --height: at most %d", (int)most);
	if (form == PNG || form == SVG)
		if ((width && width < 100) || (height && height < 100))
			cli_usage("--width and --height: at least 100 pixels");
}

/* The metric that nobody has asked for: it need not be there, and it is drawn as it is, being of few
 * values, which are smooth already. */
static bool is_extra(size_t panel)
{
	return !y_names && panel;
}

/* The columns, by the options. */
static void choose_columns(void)
{
	const char *names = y_names ? y_names : "loss,metric";
	struct nn_error err;
	char *rest = need(nn_strdup(names, &err), &err);

	panel_count = 1;
	for (const char *c = names; *c; c++)
		panel_count += *c == ',';
	if (panel_count > 32)
		cli_usage("--y: at most 32 columns");
	columns = need(nn_alloc(1 + panel_count, sizeof *columns, &err), &err);
	panels = need(nn_alloc(panel_count, sizeof *panels, &err), &err);
	columns[0].name = x_name;
	for (size_t i = 0; i < panel_count; i++) {
		bool extra = is_extra(i);

		columns[1 + i] = (struct nn_log_column){ strsep(&rest, ","), extra };
		panels[i] =
			(struct nn_panel){ .name = columns[1 + i].name, .log = log_y && !extra };
	}
}

static void read_log(const char *path, size_t curve)
{
	struct nn_error err;
	struct nn_log log;
	const char *name;
	int fd = cli_input(&output, path, &name);
	int status = nn_log_read(&log, fd, name, columns, 1 + panel_count, &err);

	for (size_t i = 0; i < panel_count && !status; i++) {
		struct nn_series *series = &panels[i].curves[curve];

		status = nn_log_series(&log, 0, 1 + i, series, &err);
		if (!status && smooth > 1 && !is_extra(i))
			status = nn_series_smooth(series, (size_t)smooth, &err);
		nn_series_cut(series, from_given ? from : -INFINITY, to_given ? to : INFINITY);
	}
	if (status)
		cli_die(&err);
	nn_log_free(&log);
	if (fd != STDIN_FILENO)
		close(fd);
}

/* It is left out while it has no values. */
static void drop_empty(size_t curves)
{
	size_t points = 0;

	if (y_names)
		return;
	for (size_t i = 0; i < curves; i++)
		points += panels[panel_count - 1].curves[i].count;
	panel_count -= !points;
}

static bool is_utf8(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static struct nn_plot_style choose_style(void)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	struct nn_plot_style style = { .width = 80, .height = 20, .unicode = !ascii && is_utf8() };
	struct winsize size;

	if (isatty(output.fd)) {
		style.colour = term && strcmp(term, "dumb") && !(no_color && *no_color);
		/* The prompt wants a line. */
		if (!ioctl(output.fd, TIOCGWINSZ, &size) && size.ws_col && size.ws_row > 1) {
			style.width = size.ws_col;
			style.height = size.ws_row - 1u;
		}
	}
	style.width = width ? (size_t)width : style.width;
	style.height = height ? (size_t)height : style.height;
	return style;
}

/* More points than anybody can tell apart would only make the picture slow. */
static int thin(const struct nn_plot *plot, size_t pixels, struct nn_error *err)
{
	struct nn_scale x;

	if (nn_plot_x_scale(plot, 2, &x, err))
		return (int)err->status;
	for (size_t i = 0; i < plot->panel_count; i++)
		for (size_t j = 0; j < plot->curve_count; j++)
			nn_series_thin(&plot->panels[i].curves[j], x.low, x.high, 2 * pixels);
	return NN_OK;
}

static int draw(const struct nn_plot *plot, enum form form, struct nn_buffer *picture,
	struct nn_error *err)
{
	struct nn_plot_style style = choose_style();
	size_t pixels = width ? (size_t)width : 1000;
	struct nn_buffer script = { 0 };
	int status;

	if (form == TEXT)
		return nn_plot_text(plot, &style, picture, err);
	if (thin(plot, pixels, err))
		return (int)err->status;
	if (form == SCRIPT)
		return nn_plot_script(plot, picture, err);
	status = nn_plot_script(plot, &script, err);
	signal(SIGPIPE, SIG_IGN); /* gnuplot may have gone before it has read all */
	if (!status)
		status = nn_gnuplot_run(&script, form == PNG ? NN_PICTURE_PNG : NN_PICTURE_SVG,
			pixels, height ? (size_t)height : 600, picture, err);
	signal(SIGPIPE, SIG_DFL);
	nn_buffer_free(&script);
	return status;
}

int main(int argc, char **argv)
{
	static const char *const standard_input[] = { "-" };
	int given;
	char **operands = cli_start(&tool, argc, argv, &given);
	const char *const *logs = given ? (const char *const *)operands : standard_input;
	size_t count = given ? (size_t)given : 1;
	enum form form = choose_form();
	struct nn_plot plot = { .x_name = x_name, .names = logs, .curve_count = count };
	struct nn_buffer picture = { 0 };
	struct nn_error err;

	check_usage(given, form);
	choose_columns();
	cli_output(&output, output_path, form == PNG || form == SVG);
	for (size_t i = 0; i < panel_count; i++)
		panels[i].curves = need(nn_alloc(count, sizeof *panels[i].curves, &err), &err);
	for (size_t i = 0; i < count; i++)
		read_log(logs[i], i);
	drop_empty(count);
	plot.from = from_given ? &from : NULL;
	plot.to = to_given ? &to : NULL;
	plot.panels = panels;
	plot.panel_count = panel_count;
	if (draw(&plot, form, &picture, &err)) {
		if (err.status == NN_BAD && count == 1)
			nn_fail_in(&err, "%s", strcmp(logs[0], "-") ? logs[0] : "stdin");
		cli_die(&err);
	}
	if (nn_write(output.fd, picture.data, picture.length, output.name, &err) ||
		nn_output_commit(&output, &err))
		cli_die(&err);
	return 0;
}
