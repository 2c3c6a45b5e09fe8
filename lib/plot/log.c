#include "plot/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"

#define MOST_LINE (1u << 20) /* bytes */

/* What a line is read with. */
struct reading {
	struct nn_log *log;
	const struct nn_log_column *columns;
	size_t count;
	size_t number; /* of the line, from 1 */
	char **fields; /* [log->field_count] of it */
};

static int bad_line(const struct reading *reading, struct nn_error *err)
{
	struct nn_error why = *err;

	return nn_fail(err, why.status, "%s: line %zu: %s", reading->log->name, reading->number,
		why.text);
}

/* --- the first line ------------------------------------------------------------------------- */

static size_t find_field(const struct reading *reading, const char *name)
{
	for (size_t i = 0; i < reading->log->field_count; i++)
		if (!strcmp(reading->fields[i], name))
			return i;
	return NN_LOG_NONE;
}

static int refuse_missing(const struct reading *reading, const char *name, struct nn_error *err)
{
	struct nn_buffer list = { 0 };
	int status = NN_OK;

	for (size_t i = 0; i < reading->log->field_count && !status; i++)
		status = nn_buffer_printf(&list, err, "%s%s", i ? ", " : "", reading->fields[i]);
	if (!status)
		status = nn_fail(err, NN_BAD, "%s: there is no column '%s'; there are: %.300s",
			reading->log->name, name, list.data);
	nn_buffer_free(&list);
	return status;
}

/* Cuts the line at its tabs; how many fields it has, of which `most` are kept. */
static size_t cut(char *line, char **fields, size_t most)
{
	size_t count = 0;

	for (;;) {
		char *tab = strchr(line, '\t');

		if (count < most)
			fields[count] = line;
		count++;
		if (!tab)
			return count;
		*tab = '\0';
		line = tab + 1;
	}
}

static bool is_text(const char *line)
{
	for (; *line; line++)
		if (((unsigned char)*line < ' ' && *line != '\t') || *line == 0x7f)
			return false;
	return true;
}

static int read_names(struct reading *reading, char *line, struct nn_error *err)
{
	struct nn_log *log = reading->log;

	log->field_count = 1;
	for (const char *c = line; *c; c++)
		log->field_count += *c == '\t';
	if (!is_text(line) || log->field_count < 2)
		return nn_fail(err, NN_BAD,
			"%s: the first line does not name columns, with tabs between", log->name);
	reading->fields = nn_alloc(log->field_count, sizeof *reading->fields, err);
	if (!reading->fields)
		return NN_FAILED;
	cut(line, reading->fields, log->field_count);
	for (size_t i = 0; i < log->width; i++) {
		const char *name = i < reading->count ? reading->columns[i].name : "step";

		log->fields[i] = find_field(reading, name);
		if (log->fields[i] == NN_LOG_NONE && i < reading->count &&
			!reading->columns[i].optional)
			return refuse_missing(reading, name, err);
		if (log->fields[i] != NN_LOG_NONE && !strcmp(name, "step"))
			log->step = i;
		if (log->fields[i] != NN_LOG_NONE && !strcmp(name, "time"))
			log->time = i;
	}
	return NN_OK;
}

/* --- the others ----------------------------------------------------------------------------- */

static bool is_not_finite(const char *text)
{
	text += *text == '-' || *text == '+';
	return !strcasecmp(text, "nan") || !strcasecmp(text, "inf") ||
		!strcasecmp(text, "infinity");
}

static bool read_number(const char *text, double *cell)
{
	if (nn_parse_f64(text, cell))
		return true;
	if (!is_not_finite(text))
		return false;
	*cell = INFINITY;
	return true;
}

/* "0.5,0.25": one of each worker; "" while there is none. */
static bool read_sum(char *list, double *cell)
{
	double sum = 0;
	char *rest = list;

	while (rest) {
		const char *part = strsep(&rest, ",");
		double value = 0;

		if (*part && !read_number(part, &value))
			return false;
		sum += value;
	}
	*cell = sum;
	return true;
}

static int read_cell(const char *name, char *text, double *cell, struct nn_error *err)
{
	*cell = NAN;
	if (!*text ||
		(!strcmp(name, "worker_seconds") ? read_sum(text, cell) : read_number(text, cell)))
		return NN_OK;
	return nn_fail(err, NN_BAD, "%s: '%.80s' is not a number", name, text);
}

/* Room for a line; it is behind the others. */
static double *next_row(struct nn_log *log, struct nn_error *err)
{
	size_t cells;

	if (log->rows == log->capacity) {
		size_t capacity = log->capacity ? 2 * log->capacity : 256;
		double *grown;

		if (!nn_mul(capacity, log->width, &cells)) {
			nn_fail(err, NN_FAILED, "too many lines");
			return NULL;
		}
		grown = nn_realloc(log->cells, cells, sizeof *grown, err);
		if (!grown)
			return NULL;
		log->cells = grown;
		log->capacity = capacity;
	}
	return log->cells + log->rows * log->width;
}

/* What the times of this run are added to. */
struct clock {
	double base;
	double last; /* as it stands in the line before */
};

/* Of the rows that are kept, the last that has one. */
static double last_time(const struct nn_log *log, size_t kept)
{
	while (kept-- > 0)
		if (isfinite(log->cells[kept * log->width + log->time]))
			return log->cells[kept * log->width + log->time];
	return 0;
}

static void resume(struct nn_log *log, double *row, struct clock *clock)
{
	double step = log->step == NN_LOG_NONE ? NAN : row[log->step];
	double time = log->time == NN_LOG_NONE ? NAN : row[log->time];
	size_t kept = log->rows;

	if (isfinite(step))
		while (kept && log->cells[(kept - 1) * log->width + log->step] >= step)
			kept--;
	if (log->step != NN_LOG_NONE && isfinite(time)) {
		if (time < clock->last)
			clock->base = last_time(log, kept);
		clock->last = time;
		row[log->time] += clock->base;
	}
	memmove(log->cells + kept * log->width, row, log->width * sizeof *row);
	log->rows = kept + 1;
}

static int read_line(struct reading *reading, char *line, struct clock *clock, struct nn_error *err)
{
	struct nn_log *log = reading->log;
	size_t found;
	double *row;

	if (!*line)
		return NN_OK;
	found = cut(line, reading->fields, log->field_count);
	if (found != log->field_count)
		return nn_fail(err, NN_BAD, "%zu column%s where the first line names %zu", found,
			found == 1 ? "" : "s", log->field_count);
	row = next_row(log, err);
	if (!row)
		return NN_FAILED;
	for (size_t i = 0; i < log->width; i++) {
		const char *name = i < reading->count ? reading->columns[i].name : "step";
		int status = NN_OK;

		row[i] = NAN;
		/* The step may have been asked for: then it stands twice, and is read once. */
		if (i == reading->count && log->step < i)
			row[i] = row[log->step];
		else if (log->fields[i] != NN_LOG_NONE)
			status = read_cell(name, reading->fields[log->fields[i]], &row[i], err);
		if (status)
			return status;
	}
	resume(log, row, clock);
	return NN_OK;
}

/* `line` ends in its newline, at `end`. */
static int take_line(struct reading *reading, char *line, char *end, struct clock *clock,
	struct nn_error *err)
{
	int status;

	reading->number++;
	if (end > line && end[-1] == '\r')
		end--;
	*end = '\0';
	if (memchr(line, '\0', (size_t)(end - line)))
		return nn_fail(err, NN_BAD, "%s: line %zu: a zero byte: this is no text",
			reading->log->name, reading->number);
	if (reading->number == 1)
		return read_names(reading, line, err);
	status = read_line(reading, line, clock, err);
	return status == NN_BAD ? bad_line(reading, err) : status;
}

/* All whole lines of the buffer; what is behind them stays. */
static int take_lines(struct reading *reading, struct nn_buffer *buffer, struct clock *clock,
	struct nn_error *err)
{
	char *line = buffer->data;
	char *behind = buffer->data + buffer->length;
	char *end;

	while ((end = memchr(line, '\n', (size_t)(behind - line)))) {
		int status = take_line(reading, line, end, clock, err);

		if (status)
			return status;
		line = end + 1;
	}
	buffer->length = (size_t)(behind - line);
	memmove(buffer->data, line, buffer->length);
	if (buffer->length <= MOST_LINE)
		return NN_OK;
	return nn_fail(err, NN_BAD, "%s: line %zu: more than %u bytes: this is no table",
		reading->log->name, reading->number + 1, MOST_LINE);
}

static int read_all(struct reading *reading, int fd, struct nn_buffer *buffer, struct nn_error *err)
{
	struct clock clock = { 0, 0 };
	size_t got = 0;
	bool any = false;
	int status;

	do {
		status = nn_buffer_reserve(buffer, MOST_LINE / 4, err);
		if (!status)
			status = nn_read_some(fd, buffer->data + buffer->length, MOST_LINE / 4,
				&got, reading->log->name, err);
		if (status)
			return status;
		any = any || got;
		buffer->length += got;
		status = take_lines(reading, buffer, &clock, err);
	} while (!status && got);
	if (status || reading->log->rows)
		return status;
	if (!any)
		return nn_fail(err, NN_BAD, "%s: is empty", reading->log->name);
	if (!reading->number)
		return nn_fail(err, NN_BAD, "%s: there is no whole line in it", reading->log->name);
	return nn_fail(err, NN_BAD, "%s: there are no steps in it yet", reading->log->name);
}

int nn_log_read(struct nn_log *log, int fd, const char *name, const struct nn_log_column *columns,
	size_t count, struct nn_error *err)
{
	struct reading reading = { .log = log, .columns = columns, .count = count };
	struct nn_buffer buffer = { 0 };
	int status;

	*log = (struct nn_log){ .name = name,
		.width = count + 1,
		.step = NN_LOG_NONE,
		.time = NN_LOG_NONE };
	log->fields = nn_alloc(log->width, sizeof *log->fields, err);
	if (!log->fields)
		return NN_FAILED;
	status = read_all(&reading, fd, &buffer, err);
	nn_buffer_free(&buffer);
	free(reading.fields);
	return status;
}

int nn_log_series(const struct nn_log *log, size_t x, size_t y, struct nn_series *series,
	struct nn_error *err)
{
	size_t row = 0;

	if (log->fields[y] == NN_LOG_NONE)
		return NN_OK;
	while (row < log->rows) {
		const double *cells = log->cells + row * log->width;
		const double at = cells[x];
		double sum = 0;
		size_t n = 0;

		for (; row < log->rows && (cells[x] == at || (isnan(at) && isnan(cells[x])));
			row++, cells += log->width) {
			sum += isnan(cells[y]) ? 0 : cells[y];
			n += isnan(cells[y]) ? 0 : 1;
		}
		/* Of an x that is no number nothing can be drawn. */
		if (n && isfinite(at) && nn_series_add(series, at, sum / (double)n, err))
			return NN_FAILED;
	}
	return NN_OK;
}

void nn_log_free(struct nn_log *log)
{
	free(log->cells);
	free(log->fields);
	*log = (struct nn_log){ 0 };
}
