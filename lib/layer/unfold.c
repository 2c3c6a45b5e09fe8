#include "layer/unfold.h"

/* Into the functions that are compiled for several instruction sets. */
#define INLINE inline __attribute__((always_inline))

/* Rows are short, and a loop over one of them would be mostly its beginning and its end. So a block of
 * rows is walked a piece of all its rows at a time; the last piece overlaps the one before, where
 * numbers are only copied. */
typedef float piece __attribute__((vector_size(32), aligned(4), may_alias));
#define PIECE 8

/* `rows` rows of n numbers: where they go, where they are. */
struct block {
	float *to;
	size_t to_row; /* from one row to the next */
	const float *from;
	size_t from_row;
	size_t n;
	size_t rows;
};

static INLINE void copy_pieces(const struct block *b, size_t at)
{
	for (size_t row = 0; row < b->rows; row++)
		*(piece *)(b->to + row * b->to_row + at) =
			*(const piece *)(b->from + row * b->from_row + at);
}

static INLINE void add_pieces(const struct block *b, size_t at)
{
	for (size_t row = 0; row < b->rows; row++)
		*(piece *)(b->to + row * b->to_row + at) +=
			*(const piece *)(b->from + row * b->from_row + at);
}

static INLINE void copy_block(const struct block *b)
{
	size_t at = 0;

	for (; at + PIECE <= b->n; at += PIECE)
		copy_pieces(b, at);
	if (at < b->n && b->n >= PIECE)
		copy_pieces(b, b->n - PIECE);
	else
		for (; at < b->n; at++)
			for (size_t row = 0; row < b->rows; row++)
				b->to[row * b->to_row + at] = b->from[row * b->from_row + at];
}

static INLINE void add_block(const struct block *b)
{
	size_t at = 0;

	for (; at + PIECE <= b->n; at += PIECE)
		add_pieces(b, at);
	for (; at < b->n; at++)
		for (size_t row = 0; row < b->rows; row++)
			b->to[row * b->to_row + at] += b->from[row * b->from_row + at];
}

/* The same with every stride-th number of a row of the input. */
static INLINE void copy_apart(const struct block *b, size_t stride)
{
	for (size_t row = 0; row < b->rows; row++)
		for (size_t i = 0; i < b->n; i++)
			b->to[row * b->to_row + i] = b->from[row * b->from_row + i * stride];
}

static INLINE void add_apart(const struct block *b, size_t stride)
{
	for (size_t row = 0; row < b->rows; row++)
		for (size_t i = 0; i < b->n; i++)
			b->to[row * b->to_row + i * stride] += b->from[row * b->from_row + i];
}

static INLINE void clear(float *to, size_t row, size_t n, size_t rows)
{
	for (size_t i = 0; i < rows && n; i++)
		for (size_t at = 0; at < n; at++)
			to[i * row + at] = 0;
}

/* A row of the matrix: (c, j, k). */
struct element {
	size_t place;           /* in an image, of what stands at (lines.first, columns.first) */
	struct nn_span lines;   /* those that are inside of the input */
	struct nn_span columns; /* the same */
};

static INLINE struct element element_of(const struct nn_unfold *what, size_t c, size_t j, size_t k)
{
	const struct nn_window *window = what->window;
	size_t row = what->first * window->stride.height + j;
	struct element element = {
		.lines = nn_window_span(row, window->stride.height, window->padding.height,
			window->in.height, what->lines),
		.columns = nn_window_span(k, window->stride.width, window->padding.width,
			window->in.width, window->out.width),
	};

	if (element.columns.first == element.columns.end)
		element.lines.first = element.lines.end = 0;
	row += element.lines.first * window->stride.height - window->padding.height;
	element.place = (c * window->in.height + row) * window->in.width +
		element.columns.first * window->stride.width + k - window->padding.width;
	return element;
}

static INLINE void unfold_element(const struct nn_unfold *what, const struct element *element,
	float *restrict columns, const float *restrict x)
{
	const struct nn_window *window = what->window;
	size_t width = window->out.width;
	size_t line = what->images * width;
	size_t inside = element->lines.end - element->lines.first;
	float *to = columns + element->lines.first * line;
	struct block block = { .to_row = line,
		.from_row = window->stride.height * window->in.width,
		.n = element->columns.end - element->columns.first,
		.rows = inside };

	clear(columns, 0, element->lines.first * line, 1);
	clear(columns + element->lines.end * line, 0, (what->lines - element->lines.end) * line, 1);
	clear(to, width, element->columns.first, inside * what->images);
	clear(to + element->columns.end, width, width - element->columns.end,
		inside * what->images);
	for (size_t g = 0; g < what->images && inside; g++) {
		block.to = to + g * width + element->columns.first;
		block.from = x + g * what->image_floats + element->place;
		if (window->stride.width == 1)
			copy_block(&block);
		else if (window->stride.width == 2)
			copy_apart(&block, 2);
		else
			copy_apart(&block, window->stride.width);
	}
}

static INLINE void fold_element(const struct nn_unfold *what, const struct element *element,
	float *restrict x, const float *restrict columns)
{
	const struct nn_window *window = what->window;
	size_t width = window->out.width;
	size_t line = what->images * width;
	struct block block = { .to_row = window->stride.height * window->in.width,
		.from_row = line,
		.n = element->columns.end - element->columns.first,
		.rows = element->lines.end - element->lines.first };

	for (size_t g = 0; g < what->images && block.rows; g++) {
		block.to = x + g * what->image_floats + element->place;
		block.from =
			columns + element->lines.first * line + g * width + element->columns.first;
		if (window->stride.width == 1)
			add_block(&block);
		else
			add_apart(&block, window->stride.width);
	}
}

NN_CLONES void nn_unfold(const struct nn_unfold *what, float *restrict columns,
	const float *restrict x)
{
	size_t row = what->lines * what->images * what->window->out.width;

	for (size_t c = 0; c < what->channels; c++)
		for (size_t j = 0; j < what->taps; j++)
			for (size_t k = 0; k < what->window->kernel.width; k++, columns += row) {
				struct element element = element_of(what, c, j, k);

				unfold_element(what, &element, columns, x);
			}
}

NN_CLONES void nn_fold_add(const struct nn_unfold *what, float *restrict x,
	const float *restrict columns)
{
	size_t row = what->lines * what->images * what->window->out.width;

	for (size_t c = 0; c < what->channels; c++)
		for (size_t j = 0; j < what->taps; j++)
			for (size_t k = 0; k < what->window->kernel.width; k++, columns += row) {
				struct element element = element_of(what, c, j, k);

				fold_element(what, &element, x, columns);
			}
}
