#include "data/table.h"

#include <csv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FIRST_BLOCK ((size_t)256 << 10)

/* Rows without a quote, which is most of what numbers come in, are cut in place where the delimiters
 * are: that leaves libcsv nothing to decide. A row with a quote is libcsv's, from its first line to
 * its last. */
struct nn_table {
	struct nn_source *source;
	char delimiter;
	char *buffer; /* [capacity + NN_CELL_READABLE] */
	size_t capacity;
	size_t at; /* buffer[at .. have) was read and not handed out */
	size_t have;
	bool ended;
	uint64_t line; /* of the line handed out last */

	struct nn_cell *cells;
	size_t cell_count;
	size_t cell_room;

	struct csv_parser csv;
	struct nn_buffer text; /* cells of the row, one behind the other */
	bool row_ended;        /* libcsv came to the end of the row */
	uint64_t quote_line;   /* where the last quote was opened that is still open */
	struct nn_error *err;  /* for the callbacks */
	int status;
};

static int bad_line(const struct nn_table *table, uint64_t line, const char *why,
	struct nn_error *err)
{
	return nn_fail(err, NN_BAD, "%s: line %llu: %s", nn_source_name(table->source),
		(unsigned long long)line, why);
}

static int refuse_utf16(const struct nn_table *table, struct nn_error *err)
{
	return nn_fail(err, NN_BAD, "%s: is UTF-16; convert it with iconv -f UTF-16 -t UTF-8",
		nn_source_name(table->source));
}

/* Text has no NULs: what has some is no text, or text of two-byte characters. */
static int refuse_nul(const struct nn_table *table, const char *from, size_t count,
	struct nn_error *err)
{
	const char *nul = count ? memchr(from, '\0', count) : NULL;
	uint64_t line = table->line + 1;

	if (!nul)
		return NN_OK;
	for (const char *p = table->buffer + table->at; p < nul; p++)
		line += *p == '\n';
	return bad_line(table, line, "holds a NUL byte: not a text file", err);
}

int nn_table_open(struct nn_table **table, struct nn_source *source, const void *head,
	size_t head_length, char delimiter, struct nn_error *err)
{
	const unsigned char *mark = head;
	struct nn_table *new = nn_alloc(1, sizeof *new, err);

	if (!new)
		return NN_FAILED;
	*table = new;
	new->source = source;
	new->delimiter = delimiter;
	new->capacity = head_length > FIRST_BLOCK ? head_length : FIRST_BLOCK;
	new->buffer = nn_alloc(new->capacity + NN_CELL_READABLE, 1, err);
	if (!new->buffer || csv_init(&new->csv, CSV_STRICT)) {
		nn_table_close(new);
		return nn_fail(err, NN_FAILED, "no memory to read a table");
	}
	csv_set_delim(&new->csv, (unsigned char)delimiter);
	csv_set_blk_size(&new->csv, 4096);
	if (head_length)
		memcpy(new->buffer, head, head_length);
	new->have = head_length;
	if (head_length >= 3 && mark[0] == 0xef && mark[1] == 0xbb && mark[2] == 0xbf)
		new->at = 3; /* UTF-8's byte order mark */
	if (head_length >= 2 &&
		((mark[0] == 0xff && mark[1] == 0xfe) || (mark[0] == 0xfe && mark[1] == 0xff)))
		refuse_utf16(new, err);
	else if (!refuse_nul(new, new->buffer, head_length, err))
		return NN_OK;
	nn_table_close(new);
	return NN_BAD;
}

void nn_table_close(struct nn_table *table)
{
	if (!table)
		return;
	csv_free(&table->csv);
	nn_buffer_free(&table->text);
	free(table->cells);
	free(table->buffer);
	free(table);
}

/* More bytes behind those in the buffer. */
static int fill(struct nn_table *table, struct nn_error *err)
{
	size_t kept = table->have - table->at;
	size_t got;
	int status;

	memmove(table->buffer, table->buffer + table->at, kept);
	table->at = 0;
	table->have = kept;
	if (kept > table->capacity / 2) {
		size_t capacity = 2 * table->capacity;
		char *buffer;

		if (kept >= NN_LINE_LIMIT)
			return bad_line(table, table->line + 1, "is longer than 64 MiB", err);
		buffer = nn_realloc(table->buffer, capacity + NN_CELL_READABLE, 1, err);
		if (!buffer)
			return NN_FAILED;
		table->buffer = buffer;
		table->capacity = capacity;
	}
	status = nn_source_read(table->source, table->buffer + kept, table->capacity - kept, &got,
		err);
	if (status)
		return status;
	table->ended = got < table->capacity - kept;
	table->have += got;
	memset(table->buffer + table->have, 0, NN_CELL_READABLE);
	return refuse_nul(table, table->buffer + kept, got, err);
}

/* *line [*length] without its line feed; *line is NULL at the end of the file. */
static int next_line(struct nn_table *table, const char **line, size_t *length,
	struct nn_error *err)
{
	size_t searched = 0;

	for (;;) {
		const char *from = table->buffer + table->at;
		size_t there = table->have - table->at;
		const char *feed =
			there > searched ? memchr(from + searched, '\n', there - searched) : NULL;
		int status;

		if (feed || (table->ended && there)) {
			*line = from;
			*length = feed ? (size_t)(feed - from) : there;
			table->at += *length + (feed != NULL);
			table->line++;
			return NN_OK;
		}
		if (table->ended) {
			*line = NULL;
			return NN_OK;
		}
		searched = there;
		status = fill(table, err);
		if (status)
			return status;
	}
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static int more_cells(struct nn_table *table, struct nn_error *err)
{
	size_t room = table->cell_room ? 2 * table->cell_room : 64;
	struct nn_cell *cells = nn_realloc(table->cells, room, sizeof *cells, err);

	if (!cells)
		return NN_FAILED;
	table->cells = cells;
	table->cell_room = room;
	return NN_OK;
}

/* A cell without the spaces around it. */
static struct nn_cell trim(const char *begin, const char *behind)
{
	while (begin < behind && is_space(behind[-1]))
		behind--;
	while (begin < behind && is_space(*begin))
		begin++;
	return (struct nn_cell){ begin, (size_t)(behind - begin) };
}

/* The highest bit of each byte of `word` that equals that of `pattern`. */
static uint64_t equal_bytes(uint64_t word, uint64_t pattern)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7f;

	word ^= pattern;
	return ~(((word & low) + low) | word | low);
}

/* A line without quotes, cut at its delimiters, which are found eight bytes at a time: looking at
 * each byte costs a mispredicted branch a cell. */
static int split(struct nn_table *table, const char *line, size_t length, struct nn_error *err)
{
	const uint64_t delimiters = (uint64_t)(unsigned char)table->delimiter * 0x0101010101010101;
	const char *begin = line;
	size_t count = 0;

	for (size_t at = 0; at < length; at += 8) {
		uint64_t word;
		uint64_t found;

		if (count + 8 >= table->cell_room && more_cells(table, err))
			return NN_FAILED;
		memcpy(&word, line + at, sizeof word);
		if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
			word = __builtin_bswap64(word);
		found = equal_bytes(word, delimiters);
		if (length - at < 8)
			found &= ((uint64_t)1 << 8 * (length - at)) - 1;
		for (; found; found &= found - 1) {
			const char *behind = line + at + __builtin_ctzll(found) / 8;

			table->cells[count++] = trim(begin, behind);
			begin = behind + 1;
		}
	}
	if (!table->cell_room && more_cells(table, err))
		return NN_FAILED;
	table->cells[count++] = trim(begin, line + length);
	table->cell_count = count;
	return NN_OK;
}

static bool is_blank(const struct nn_table *table, const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_space(line[i]) || line[i] == table->delimiter)
			return false;
	return true;
}

/* libcsv has a cell. Where `text` will lie is known once it has stopped growing. */
static void take_cell(void *cell, size_t length, void *context)
{
	struct nn_table *table = context;

	if (table->status)
		return;
	if (table->row_ended)
		table->status =
			bad_line(table, table->line, "a carriage return inside a line", table->err);
	else if (table->cell_count == table->cell_room)
		table->status = more_cells(table, table->err);
	if (!table->status)
		table->status = nn_buffer_append(&table->text, cell, length, table->err);
	if (!table->status)
		table->cells[table->cell_count++].length = length;
}

static void take_row(int end, void *context)
{
	struct nn_table *table = context;

	(void)end;
	table->row_ended = true;
}

/* One line of a row with quotes to libcsv. */
static int feed(struct nn_table *table, const char *line, size_t length, struct nn_error *err)
{
	size_t cells = table->cell_count;
	size_t taken;

	table->err = err;
	table->status = NN_OK;
	taken = csv_parse(&table->csv, line, length, take_cell, take_row, table);
	if (taken == length)
		taken += csv_parse(&table->csv, "\n", 1, take_cell, take_row, table);
	if (table->status)
		return table->status;
	if (taken < length + 1 && csv_error(&table->csv) == CSV_EPARSE)
		return bad_line(table, table->line,
			"a quote inside a cell: a cell with quotes stands in quotes, and its own are doubled",
			err);
	if (taken < length + 1)
		return nn_fail(err, NN_FAILED, "%s: line %llu: %s", nn_source_name(table->source),
			(unsigned long long)table->line, csv_strerror(csv_error(&table->csv)));
	if (!table->row_ended && (table->cell_count > cells || !table->quote_line))
		table->quote_line = table->line;
	return NN_OK;
}

/* A row from its first line on, which has a quote. */
static int parse(struct nn_table *table, const char *line, size_t length, struct nn_error *err)
{
	const char *cell;
	size_t bytes = 0;
	int status;

	nn_buffer_clear(&table->text);
	table->cell_count = 0;
	table->row_ended = false;
	table->quote_line = 0;
	status = feed(table, line, length, err);
	while (!status && !table->row_ended) {
		bytes += length + 1;
		status = next_line(table, &line, &length, err);
		if (!status && (!line || bytes > NN_LINE_LIMIT))
			return bad_line(table, table->quote_line,
				"a quote is opened and never closed", err);
		if (!status)
			status = feed(table, line, length, err);
	}
	if (!status)
		status = nn_buffer_reserve(&table->text, NN_CELL_READABLE, err);
	if (status)
		return status;
	memset(table->text.data + table->text.length, 0, NN_CELL_READABLE);
	cell = table->text.data;
	for (size_t i = 0; i < table->cell_count; i++) {
		table->cells[i].text = cell;
		cell += table->cells[i].length;
	}
	return NN_OK;
}

int nn_table_next(struct nn_table *table, struct nn_row *row, struct nn_error *err)
{
	const char *line;
	size_t length;
	int status;

	do {
		status = next_line(table, &line, &length, err);
		if (status)
			return status;
		if (!line) {
			*row = (struct nn_row){ 0 };
			return NN_OK;
		}
		if (length && line[length - 1] == '\r')
			length--;
	} while (is_blank(table, line, length));
	row->line = table->line;
	if (memchr(line, '"', length))
		status = parse(table, line, length, err);
	else if (memchr(line, '\r', length))
		status = bad_line(table, table->line, "a carriage return inside a line", err);
	else
		status = split(table, line, length, err);
	row->cells = table->cells;
	row->count = table->cell_count;
	return status;
}
