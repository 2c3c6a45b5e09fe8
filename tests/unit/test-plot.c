/* Curves and pictures of them: ticks, places on an axis, lines of dots, series, names. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plot/canvas.h"
#include "plot/log.h"
#include "plot/plot.h"
#include "plot/scale.h"
#include "tap.h"

static struct nn_error err;

/* The labels, with spaces between. */
static const char *labels(const struct nn_scale *scale)
{
	static char text[NN_SCALE_TICKS * (NN_SCALE_LABEL + 1)];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < scale->count; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "",
			scale->ticks[i].label);
	return text;
}

static void test_scales(void)
{
	static const struct {
		double low, high;
		bool log, loose;
		size_t most;
		const char *labels;
	} cases[] = {
		{ 0, 10, false, false, 6, "0 2 4 6 8 10" },
		{ 0, 10, false, false, 5, "0 5 10" },
		{ 0, 10, false, false, 11, "0 1 2 3 4 5 6 7 8 9 10" },
		{ 1, 460, false, false, 6, "100 200 300 400" },
		{ 1, 460, false, true, 7, "0 100 200 300 400 500" },
		{ 0, 0.3, false, true, 4, "0 0.1 0.2 0.3" },
		{ -0.3, 0.3, false, true, 7, "-0.3 -0.2 -0.1 0 0.1 0.2 0.3" },
		{ 0.6, 1, false, true, 5, "0.6 0.7 0.8 0.9 1.0" },
		{ 0, 9999999, false, false, 3, "0 5000000" },
		{ 0, 1e7, false, false, 3, "0 5e6 1e7" },
		{ 1.5e10, 3e10, false, true, 4, "1.5e10 2e10 2.5e10 3e10" },
		{ -2e-7, 0, false, true, 3, "-2e-7 -1e-7 0" },
		{ 1, 1000, true, true, 4, "1 10 100 1000" },
		{ 1, 100, true, true, 7, "1 2 5 10 20 50 100" },
		{ 3, 70, true, true, 6, "2 5 10 20 50 100" },
		{ 3, 70, true, false, 6, "5 10 20 50" },
		{ 1e-8, 1, true, true, 5, "1e-8 1e-6 1e-4 1e-2 1" },
		{ 2, 4, true, true, 5, "2.0 2.5 3.0 3.5 4.0" },
	};
	struct nn_scale scale;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		nn_scale_make(&scale, cases[i].low, cases[i].high, cases[i].log, cases[i].loose,
			cases[i].most);
		is_text(labels(&scale), cases[i].labels, cases[i].labels);
	}
}

static bool is_good(const struct nn_scale *scale, size_t most)
{
	if (!(scale->low < scale->high) || scale->count > most)
		return false;
	for (size_t i = 0; i < scale->count; i++) {
		double place = nn_scale_place(scale, scale->ticks[i].at);

		if (!(place > -1e-6 && place < 1 + 1e-6))
			return false;
		if (i && scale->ticks[i].at <= scale->ticks[i - 1].at)
			return false;
	}
	return true;
}

static void test_any_scale(void)
{
	static const double values[] = { -1.7976931348623157e308, -1e300, -3, -1e-300, -5e-324, 0,
		5e-324, 1e-310, 2.2250738585072014e-308, 1e-5, 0.1, 0.30000000000000004, 1,
		1.0000000000000002, 123456, 1e15, 1e15 + 1, 1e300, 1.7976931348623157e308 };
	const size_t n = sizeof values / sizeof values[0];
	const size_t all = n * n * 4 * (NN_SCALE_TICKS + 1);
	struct nn_scale scale;
	bool good = true;

	for (size_t i = 0; i < all; i++) {
		double low = values[i % n];
		double high = values[i / n % n];
		bool log = i / n / n & 1;
		bool loose = i / n / n & 2;
		size_t most = i / n / n / 4;

		if (low > high || (log && low <= 0) || most < 2)
			continue;
		nn_scale_make(&scale, low, high, log, loose, most);
		if (!is_good(&scale, most)) {
			good = false;
			printf("# from %g to %g%s%s, at most %zu: %s\n", low, high,
				log ? ", log" : "", loose ? ", loose" : "", most, labels(&scale));
		}
	}
	ok(good, "whatever the doubles: ticks grow, lie on the axis, and are not too many");
	nn_scale_make(&scale, 0, 10, false, false, 5);
	ok(nn_scale_place(&scale, 2.5) == 0.25, "a quarter of the way");
	nn_scale_make(&scale, 1, 10000, true, false, 5);
	ok(fabs(nn_scale_place(&scale, 10) - 0.25) < 1e-15, "a quarter of four decades");
	nn_scale_make(&scale, -1.7e308, 1.7e308, false, false, 5);
	ok(nn_scale_place(&scale, 0) == 0.5, "a difference that no double holds");
}

static const char *row(const struct nn_canvas *canvas, size_t number, const unsigned *colours)
{
	static struct nn_buffer text;

	nn_buffer_clear(&text);
	if (nn_canvas_put(canvas, number, "ab", colours, &text, &err) ||
		nn_buffer_puts(&text, "", &err))
		return err.text;
	return text.data;
}

static void test_canvas(void)
{
	static const unsigned colours[] = { 36, 33 };
	struct nn_canvas canvas;

	if (nn_canvas_make(&canvas, 4, 2, true, &err)) {
		ok(false, "%s", err.text);
		return;
	}
	ok(canvas.dot_width == 8 && canvas.dot_height == 8, "2 by 4 dots a character");
	/* U+2800 and the bits of dots 1 to 8, as Unicode numbers them. */
	nn_canvas_line(&canvas, (struct nn_dot){ 2, 0 }, (struct nn_dot){ 2, 3 }, 0);
	is_text(row(&canvas, 0, NULL), " \u2847", "dots 1, 2, 3, 7: the left column");
	nn_canvas_line(&canvas, (struct nn_dot){ 5, 3 }, (struct nn_dot){ 5, 0 }, 1);
	is_text(row(&canvas, 0, NULL), " \u2847\u28b8", "dots 4, 5, 6, 8: the right column");
	is_text(row(&canvas, 0, colours), " \033[36m\u2847\033[33m\u28b8\033[0m", "in colours");
	is_text(row(&canvas, 1, colours), "", "an empty row has no blanks at its end");
	nn_canvas_line(&canvas, (struct nn_dot){ 0, 7 }, (struct nn_dot){ 3, 4 }, 0);
	is_text(row(&canvas, 1, NULL), "\u2860\u280a", "a diagonal");
	nn_canvas_free(&canvas);

	if (nn_canvas_make(&canvas, 5, 1, false, &err)) {
		ok(false, "%s", err.text);
		return;
	}
	nn_canvas_line(&canvas, (struct nn_dot){ 1, 0 }, (struct nn_dot){ 1, 0 }, 0);
	is_text(row(&canvas, 0, NULL), " a", "a single point");
	nn_canvas_line(&canvas, (struct nn_dot){ 4, 0 }, (struct nn_dot){ 1, 0 }, 1);
	is_text(row(&canvas, 0, NULL), " bbbb", "in column 1 it is the turn of the second");
	nn_canvas_line(&canvas, (struct nn_dot){ 0, 0 }, (struct nn_dot){ 4, 0 }, 0);
	is_text(row(&canvas, 0, NULL), "ababa", "where they meet they take turns");
	nn_canvas_free(&canvas);
	ok(nn_canvas_make(&canvas, SIZE_MAX / 2, 3, false, &err) == NN_FAILED, "too large");
}

static void test_series(void)
{
	struct nn_series series = { 0 };
	int status = NN_OK;
	bool good = true;

	for (unsigned i = 0; i < 1000 && !status; i++)
		status = nn_series_add(&series, i, (i * 7919) % 101, &err);
	ok(!status && series.count == 1000, "1000 points");
	status = nn_series_smooth(&series, 17, &err);
	for (unsigned i = 0; i < 1000; i++) {
		unsigned sum = 0;
		unsigned n = i < 17 ? i + 1 : 17;

		for (unsigned j = 0; j < n; j++)
			sum += ((i - j) * 7919) % 101;
		/* Sums of small whole numbers are exact. */
		good = good && series.points[i].y == (double)sum / n;
	}
	ok(!status && good, "the mean of the last 17");
	nn_series_cut(&series, 100, 199.5);
	ok(series.count == 100 && series.points[0].x == 100 && series.points[99].x == 199,
		"from 100 to 199.5");
	nn_series_free(&series);

	for (unsigned i = 0; i < 100; i++)
		status = nn_series_add(&series, i, i == 42 ? NAN : i == 17 ? 99 : 1, &err);
	nn_series_thin(&series, 0, 100, 2);
	ok(!status && series.count == 8 && series.points[0].x == 0 && series.points[1].x == 17 &&
			series.points[2].x == 41 && isnan(series.points[3].y) &&
			series.points[4].x == 43 && series.points[5].x == 49 &&
			series.points[6].x == 50 && series.points[7].x == 99,
		"of a column the first, the extremes and the last; a gap stays");
	nn_series_free(&series);
}

/* What the log in `text` has in columns 0 and 1, as "X Y" with commas between. */
static const char *points(const char *text, const char *x, const char *y)
{
	static char out[700];
	const struct nn_log_column columns[] = { { x, false }, { y, true } };
	struct nn_series series = { 0 };
	struct nn_log log;
	int pipes[2];
	size_t used = 0;

	out[0] = '\0';
	if (pipe(pipes) || write(pipes[1], text, strlen(text)) < 0)
		return "no pipe";
	close(pipes[1]);
	if (nn_log_read(&log, pipes[0], "log", columns, 2, &err) ||
		nn_log_series(&log, 0, 1, &series, &err))
		snprintf(out, sizeof out, "%d: %s", (int)err.status, err.text);
	else
		for (size_t i = 0; i < series.count; i++)
			used += (size_t)snprintf(out + used, sizeof out - used, "%s%g %g",
				i ? "," : "", series.points[i].x, series.points[i].y);
	close(pipes[0]);
	nn_series_free(&series);
	nn_log_free(&log);
	return out;
}

static void test_log(void)
{
	is_text(points("step\ty\n1\t4\n2\t\n3\tnan\n4\t1e3\n5\t", "step", "y"), "1 4,3 inf,4 1000",
		"empty, not finite, not complete");
	is_text(points("y\tstep\n4\t1\n5\t2\n6\t3\n7\t2\n8\t1\n", "step", "y"), "1 8",
		"back to the beginning");
	is_text(points("step\ttime\n1\t2\n2\t3\n2\t1\n3\t2\n", "step", "time"), "1 2,2 3,3 4",
		"time goes on");
	is_text(points("time\ty\n3\t1\n1\t2\n", "time", "y"), "3 1,1 2",
		"where there are no steps nothing is resumed");
	is_text(points("step\tz\n1\t2\n", "step", "y"), "", "a column that need not be there");
	is_text(points("step\tz\n1\t2\n", "y", "z"),
		"1: log: there is no column 'y'; there are: step, z", "one that must");
	is_text(points("step\ty\n1\t2\n\n2\tx\n", "step", "y"),
		"1: log: line 4: y: 'x' is not a number", "the line is named");
}

static const char *name_of(const char *text, bool ascii, size_t most)
{
	static struct nn_buffer name;
	size_t used;

	nn_buffer_clear(&name);
	if (nn_plot_name(&name, text, ascii, most, &used, &err) || nn_buffer_puts(&name, "", &err))
		return err.text;
	return name.data;
}

static void test_names(void)
{
	is_text(name_of("größe", false, 10), "größe", "UTF-8");
	is_text(name_of("größe", true, 10), "gr??e", "where only ASCII can be shown");
	is_text(name_of("a\033[2J\xc2\x9b\xff\xe2\x80\xae", false, 20), "a?[2J??????",
		"controls, bad bytes, directions");
	is_text(name_of("\xe2\x82", false, 20), "??", "cut off");
	is_text(name_of("runs/first.tsv", false, 11), "..first.tsv", "the end is left");
	is_text(name_of("runs/first.tsv", false, 14), "runs/first.tsv", "it fits");
}

int main(void)
{
	test_scales();
	test_any_scale();
	test_canvas();
	test_series();
	test_log();
	test_names();
	return tap_done();
}
