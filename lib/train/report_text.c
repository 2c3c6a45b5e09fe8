#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "train/report.h"

#define SCREEN 100   /* columns */
#define NAME_MOST 24 /* columns of a name; longer ones are cut */
#define SHOWN 10     /* lines, where not all classes are shown */

/* Text under way: after a failure nothing more is appended. */
struct page {
	const struct nn_report *report;
	struct nn_buffer *out;
	struct nn_error *err;
	int status;
};

__attribute__((format(printf, 2, 3))) static void say(struct page *page, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (!page->status)
		page->status = nn_buffer_puts(page->out, text, page->err);
}

/* One of the table that fits. */
static double metric_of(const struct nn_tally *tally, const char *name)
{
	struct nn_metric metric;

	return nn_metric_find(name, &metric) ? nn_metric_value(&metric, tally) : (double)NAN;
}

/* Continuation bytes of UTF-8 take no column. */
static bool takes_column(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += takes_column(*text);
	return width;
}

/* `number` as text where there are no names. */
static const char *name_of(const struct page *page, size_t number, char buffer[static NN_F64_TEXT])
{
	if (page->report->names)
		return page->report->names[number];
	snprintf(buffer, NN_F64_TEXT, "%zu", number);
	return buffer;
}

/* A name in exactly `width` columns, cut if it must be. Names come from files: what would move the
 * cursor becomes '?'. */
static void say_name(struct page *page, const char *name, int width, bool right)
{
	char text[4 * NAME_MOST + 1];
	size_t used = 0;
	int columns = 0;
	bool cut = width_of(name) > width;

	for (; *name && used + 1 < sizeof text; name++) {
		columns += takes_column(*name);
		if (columns > width - cut)
			break;
		text[used++] = (unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name;
	}
	text[used] = '\0';
	columns = width - cut - width_of(text);
	say(page, "%*s%s%s%*s", right ? columns : 0, "", text, cut ? "~" : "", right ? 0 : columns,
		"");
}

static int widest_name(const struct page *page, int least)
{
	char buffer[NN_F64_TEXT];
	int widest = least;

	for (size_t i = 0; i < page->report->tally->width; i++) {
		int width = width_of(name_of(page, i, buffer));

		widest = width > widest ? width : widest;
	}
	return widest < NAME_MOST ? widest : NAME_MOST;
}

/* "-" for what is not defined. */
static void say_score(struct page *page, int width, const char *format, double value)
{
	char text[64];

	snprintf(text, sizeof text, format, value);
	say(page, "  %*s", width, isnan(value) ? "-" : text);
}

static void say_scores(struct page *page, struct nn_class_scores scores)
{
	say_score(page, 9, "%.4f", scores.precision);
	say_score(page, 6, "%.4f", scores.recall);
	say_score(page, 6, "%.4f", scores.f1);
}

static void say_class(struct page *page, size_t number, int width)
{
	char buffer[NN_F64_TEXT];

	say_name(page, name_of(page, number, buffer), width, false);
	say_scores(page, nn_tally_scores(page->report->tally, number));
	say(page, "  %7" PRIu64 "\n", page->report->tally->classes[number].support);
}

/* What a sort needs to know: how a class or a pair ranks, and where it stands. */
struct rank {
	double key;
	size_t place;
};

static int by_key(const void *a, const void *b)
{
	const struct rank *x = a;
	const struct rank *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* The classes that do worst, of those that occur. */
static void say_worst_classes(struct page *page, int width)
{
	const struct nn_tally *tally = page->report->tally;
	struct rank *ranks = page->status ? NULL : nn_alloc(tally->width, sizeof *ranks, page->err);
	size_t count = 0;

	if (!ranks) {
		page->status = NN_FAILED;
		return;
	}
	for (size_t i = 0; i < tally->width; i++) {
		double f1 = nn_tally_scores(tally, i).f1;

		if (!isnan(f1))
			ranks[count++] = (struct rank){ f1, i };
	}
	qsort(ranks, count, sizeof *ranks, by_key);
	for (size_t i = 0; i < count && i < SHOWN; i++)
		say_class(page, ranks[i].place, width);
	free(ranks);
}

static void say_classes(struct page *page)
{
	const struct nn_tally *tally = page->report->tally;
	bool all = tally->width <= NN_REPORT_CLASSES;
	int width = widest_name(page, 5);

	if (!all)
		say(page, "\nthe classes of lowest F1, of %zu\n", tally->width);
	say(page, "%s%-*s  precision  recall      f1     rows\n", all ? "\n" : "", width, "class");
	if (all)
		for (size_t i = 0; i < tally->width; i++)
			say_class(page, i, width);
	else
		say_worst_classes(page, width);
	say(page, "%-*s", width, "mean");
	say_scores(page, nn_tally_macro(tally));
	say(page, "  %7" PRIu64 "\n", tally->cases);
}

/* Keeps the SHOWN most frequent pairs of a true and another predicted class, in order. */
static size_t find_confusions(const struct nn_tally *tally, struct rank worst[static SHOWN])
{
	size_t count = 0;

	for (size_t place = 0; place < tally->width * tally->width; place++) {
		double key = (double)tally->confusion[place];
		size_t i = count;

		if (key == 0.0 || place / tally->width == place % tally->width)
			continue;
		while (i && worst[i - 1].key < key)
			i--;
		if (i == SHOWN)
			continue;
		count += count < SHOWN;
		memmove(&worst[i + 1], &worst[i], (count - i - 1) * sizeof *worst);
		worst[i] = (struct rank){ key, place };
	}
	return count;
}

static void say_frequent_confusions(struct page *page)
{
	const struct nn_tally *tally = page->report->tally;
	struct rank worst[SHOWN];
	size_t count = find_confusions(tally, worst);
	int width = widest_name(page, 9);

	if (!count)
		return;
	say(page, "\nmost frequent confusions\n%-*s  %-*s     rows\n", width, "class", width,
		"predicted");
	for (size_t i = 0; i < count; i++) {
		char buffer[NN_F64_TEXT];

		say_name(page, name_of(page, worst[i].place / tally->width, buffer), width, false);
		say(page, "  ");
		say_name(page, name_of(page, worst[i].place % tally->width, buffer), width, false);
		say(page, "  %7.0f\n", worst[i].key);
	}
}

/* The matrix whole: columns are headed by the names where they fit, else by numbers, and then the
 * rows have both. */
static void say_confusion(struct page *page)
{
	const struct nn_tally *tally = page->report->tally;
	uint64_t most = 0;
	char buffer[NN_F64_TEXT];
	int label = widest_name(page, 1);
	int cell = label;
	bool named;

	for (size_t i = 0; i < tally->width * tally->width; i++)
		most = tally->confusion[i] > most ? tally->confusion[i] : most;
	snprintf(buffer, sizeof buffer, "%" PRIu64, most);
	cell = width_of(buffer) > cell ? width_of(buffer) : cell;
	named = !page->report->names || label + (int)tally->width * (cell + 2) <= SCREEN;
	if (!named)
		cell = width_of(buffer) > 2 ? width_of(buffer) : 2;
	say(page, "\nconfusion: rows are true classes, columns what was predicted\n%*s",
		label + (named ? 0 : 4), "");
	for (size_t i = 0; i < tally->width; i++) {
		say(page, "  ");
		if (named)
			say_name(page, name_of(page, i, buffer), cell, true);
		else
			say(page, "%*zu", cell, i);
	}
	for (size_t i = 0; i < tally->width; i++) {
		say(page, "\n");
		if (!named)
			say(page, "%2zu  ", i);
		say_name(page, name_of(page, i, buffer), label, false);
		for (size_t j = 0; j < tally->width; j++) {
			uint64_t count = tally->confusion[i * tally->width + j];

			if (count)
				say(page, "  %*" PRIu64, cell, count);
			else
				say(page, "  %*s", cell, ".");
		}
	}
	say(page, "\n");
}

static void say_fit(struct page *page, struct nn_output_scores fit)
{
	say_score(page, 11, "%.6g", fit.rmse);
	say_score(page, 11, "%.6g", fit.mae);
	say_score(page, 9, "%.6f", fit.r2);
	say(page, "\n");
}

static void say_outputs(struct page *page)
{
	const struct nn_tally *tally = page->report->tally;
	char buffer[NN_F64_TEXT];
	int width = widest_name(page, 6);

	say(page, "\n%-*s         rmse          mae         r2\n", width, "output");
	for (size_t i = 0; i < tally->width; i++) {
		say_name(page, name_of(page, i, buffer), width, false);
		say_fit(page, nn_tally_fit(tally, i));
	}
	if (tally->width > 1) {
		say(page, "%-*s", width, "all");
		say_fit(page, nn_tally_fit_all(tally));
	}
}

static void say_decision(struct page *page, double accuracy, struct nn_class_scores scores)
{
	say_score(page, 8, "%.4f", accuracy);
	say_scores(page, scores);
	say_score(page, 6, "%.4f", scores.auc);
}

/* Outputs that say yes or no. */
static void say_decisions(struct page *page)
{
	const struct nn_tally *tally = page->report->tally;
	char buffer[NN_F64_TEXT];
	int width = widest_name(page, 6);

	say(page, "\n%-*s  accuracy  precision  recall      f1     auc      yes\n", width,
		"output");
	for (size_t i = 0; i < tally->width; i++) {
		say_name(page, name_of(page, i, buffer), width, false);
		say_decision(page, nn_tally_binary_accuracy(tally, i), nn_tally_scores(tally, i));
		say(page, "  %7" PRIu64 "\n", tally->classes[i].support);
	}
	if (tally->width > 1) {
		say(page, "%-*s", width, "mean");
		say_decision(page, metric_of(tally, "accuracy"), nn_tally_macro(tally));
		say(page, "\n");
	}
}

static void say_rows(struct page *page)
{
	const struct nn_report *report = page->report;
	uint64_t cases = report->rows * report->positions;

	say(page, "rows      %" PRIu64, report->rows);
	if (report->positions > 1)
		say(page, ", %" PRIu64 " positions", cases);
	if (cases != report->tally->cases)
		say(page, ", %" PRIu64 " of them ignored", cases - report->tally->cases);
	say(page, "\n");
}

static void say_loss(struct page *page)
{
	const struct nn_tally *tally = page->report->tally;

	say(page, "loss      %.6g (%s)", metric_of(tally, "loss"), page->report->loss);
	if (page->report->positions > 1)
		say(page, ", perplexity %.6g", metric_of(tally, "perplexity"));
	say(page, "\n");
}

/* In one line each: how often it was right, and how well it ranks. */
static void say_accuracy(struct page *page)
{
	const struct nn_tally *tally = page->report->tally;
	uint64_t decisions =
		tally->cases * (tally->kind == NN_TALLY_BINARY ? tally->width : (size_t)1);
	double auc = metric_of(tally, "auc");
	struct nn_metric top;

	say(page, "accuracy  %.2f %% (%" PRIu64 " of %" PRIu64 ")\n",
		100.0 * metric_of(tally, "accuracy"), tally->right, decisions);
	if (nn_metric_find("top5", &top) && nn_report_shows(&top, tally))
		say(page, "top 5     %.2f %%\n", 100.0 * nn_metric_value(&top, tally));
	if (!isnan(auc))
		say(page, "AUC       %.4f\n", auc);
}

bool nn_report_shows(const struct nn_metric *metric, const struct nn_tally *tally)
{
	return nn_metric_fits(metric, tally) && (!metric->k || tally->width > NN_REPORT_TOP);
}

int nn_report_text(const struct nn_report *report, struct nn_buffer *out, struct nn_error *err)
{
	const struct nn_tally *tally = report->tally;
	struct page page = { report, out, err, NN_OK };

	say(&page, "model     step %" PRIu64 ", epoch %" PRIu64 "\n", report->model->step,
		report->model->epoch);
	say_rows(&page);
	say_loss(&page);
	if (tally->kind == NN_TALLY_NUMBERS) {
		say_outputs(&page);
		return page.status;
	}
	say_accuracy(&page);
	if (tally->kind == NN_TALLY_BINARY) {
		say_decisions(&page);
		return page.status;
	}
	say_classes(&page);
	if (tally->width <= NN_REPORT_CLASSES)
		say_confusion(&page);
	else if (tally->confusion)
		say_frequent_confusions(&page);
	return page.status;
}
