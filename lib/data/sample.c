#include "data/sample.h"

#include <stdlib.h>
#include <string.h>

enum nn_cell_kind nn_cell_kind(struct nn_cell cell)
{
	static const char *const missing[] = { "", "NA", "NaN", "nan", "null", "NULL", "?", "N/A" };
	double value;

	if (nn_decimal(cell, &value))
		return NN_CELL_NUMBER;
	if (cell.length > 4)
		return NN_CELL_TEXT;
	for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
		if (strlen(missing[i]) == cell.length &&
			!memcmp(missing[i], cell.text, cell.length))
			return NN_CELL_MISSING;
	return NN_CELL_TEXT;
}

int nn_check_row(const struct nn_row *row, size_t columns, const char *name, struct nn_error *err)
{
	if (row->count == columns)
		return NN_OK;
	return nn_fail(err, NN_BAD, "%s: line %llu: %zu cell%s, the first row has %zu%s", name,
		(unsigned long long)row->line, row->count, row->count == 1 ? "" : "s", columns,
		columns == 1 ? " (is the delimiter another? see --delimiter)" : "");
}

static int keep_row(struct nn_sample *sample, const struct nn_row *row, struct nn_error *err)
{
	int status = NN_OK;

	if (sample->cell_count + row->count > sample->cell_room) {
		size_t room = 2 * (sample->cell_count + row->count);
		struct nn_cell *cells = nn_realloc(sample->cells, room, sizeof *cells, err);

		if (!cells)
			return NN_FAILED;
		sample->cells = cells;
		sample->cell_room = room;
	}
	for (size_t i = 0; i < row->count && !status; i++) {
		sample->cells[sample->cell_count++].length = row->cells[i].length;
		status = nn_buffer_append(&sample->text, row->cells[i].text, row->cells[i].length,
			err);
	}
	sample->lines[sample->rows++] = row->line;
	return status;
}

int nn_sample_read(struct nn_sample *sample, struct nn_table *table, const char *name,
	struct nn_error *err)
{
	struct nn_row row;
	const char *text;
	int status = NN_OK;

	*sample = (struct nn_sample){ 0 };
	while (!status && sample->rows < NN_SAMPLE_ROWS && sample->text.length < NN_SAMPLE_BYTES) {
		status = nn_table_next(table, &row, err);
		if (status || !row.count)
			break;
		if (!sample->rows)
			sample->columns = row.count;
		status = nn_check_row(&row, sample->columns, name, err);
		if (!status)
			status = keep_row(sample, &row, err);
	}
	if (!status && !sample->rows)
		status = nn_fail(err, NN_BAD, "%s: is empty: no rows", name);
	if (!status)
		status = nn_buffer_reserve(&sample->text, NN_CELL_READABLE, err);
	if (status)
		return status;
	memset(sample->text.data + sample->text.length, 0, NN_CELL_READABLE);
	text = sample->text.data;
	for (size_t i = 0; i < sample->cell_count; i++) {
		sample->cells[i].text = text;
		text += sample->cells[i].length;
	}
	return NN_OK;
}

void nn_sample_free(struct nn_sample *sample)
{
	nn_buffer_free(&sample->text);
	free(sample->cells);
	*sample = (struct nn_sample){ 0 };
}

struct nn_cell nn_sample_cell(const struct nn_sample *sample, size_t row, size_t column)
{
	return sample->cells[row * sample->columns + column];
}

/* Numbers, and no texts, below the first row. */
static bool numbers_below(const struct nn_sample *sample, size_t column)
{
	bool numbers = false;

	for (size_t r = 1; r < sample->rows; r++) {
		enum nn_cell_kind kind = nn_cell_kind(nn_sample_cell(sample, r, column));

		if (kind == NN_CELL_TEXT)
			return false;
		numbers = numbers || kind == NN_CELL_NUMBER;
	}
	return numbers;
}

static bool same_text(struct nn_cell a, struct nn_cell b)
{
	return a.length == b.length && !memcmp(a.text, b.text, a.length);
}

static bool comes_again(const struct nn_sample *sample, size_t column)
{
	struct nn_cell first = nn_sample_cell(sample, 0, column);

	for (size_t r = 1; r < sample->rows; r++)
		if (same_text(first, nn_sample_cell(sample, r, column)))
			return true;
	return false;
}

bool nn_sample_header(const struct nn_sample *sample)
{
	bool header = true;

	for (size_t c = 0; c < sample->columns; c++) {
		struct nn_cell cell = nn_sample_cell(sample, 0, c);
		bool text = nn_cell_kind(cell) == NN_CELL_TEXT &&
			!nn_cell_trouble(cell, sample->columns == 1);

		if (text && numbers_below(sample, c))
			return true;
		header = header && text && !comes_again(sample, c);
	}
	return header;
}

/* "3,14", "-1.234,5": digits and commas that are no number here. */
static bool has_decimal_comma(struct nn_cell cell)
{
	size_t digits = 0;
	size_t commas = 0;

	for (size_t i = 0; i < cell.length; i++) {
		char c = cell.text[i];

		digits += c >= '0' && c <= '9';
		commas += c == ',';
		if (!(c >= '0' && c <= '9') && c != ',' && c != '.' &&
			!(i == 0 && (c == '-' || c == '+')))
			return false;
	}
	return digits && commas;
}

/* "1;2.5;3": numbers that another delimiter would have cut apart; 0 if it is not that. */
static char other_delimiter(struct nn_cell cell, bool alone)
{
	char found = 0;

	for (size_t i = 0; i < cell.length; i++) {
		char c = cell.text[i];

		if (c == ';' || c == '|' || (alone && (c == '\t' || c == ' ')))
			found = c;
		else if (!c || !strchr("0123456789+-.eE,", c))
			return 0;
	}
	return found;
}

const char *nn_cell_trouble(struct nn_cell cell, bool alone)
{
	if (has_decimal_comma(cell))
		return "a decimal comma; numbers are written with a point";
	switch (other_delimiter(cell, alone)) {
	case ';':
		return "several numbers in a cell; is the delimiter ';'? (--delimiter)";
	case '|':
		return "several numbers in a cell; is the delimiter '|'? (--delimiter)";
	case ' ':
		return "several numbers in a cell; is the delimiter a space? (--delimiter)";
	case '\t':
		return "several numbers in a cell; is the delimiter a tab? (--format tsv)";
	default:
		return NULL;
	}
}

size_t nn_sample_text(const struct nn_sample *sample, size_t first, size_t column)
{
	while (first < sample->rows &&
		nn_cell_kind(nn_sample_cell(sample, first, column)) != NN_CELL_TEXT)
		first++;
	return first;
}
