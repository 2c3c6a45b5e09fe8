/* Numbers from text and to text. No tool calls setlocale(3), so the C locale holds everywhere. */
#ifndef NN_BASE_TEXT_H
#define NN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of `text` must be the number: no space around it, no sign for unsigned ones, in range.
 * False otherwise, and *out is untouched. */
bool nn_parse_u64(const char *text, uint64_t *out);
/* Decimal or exponent notation; a value that overflows to infinity, "inf" and "nan" are refused. */
/* "30s", "1.5m", "2h", "1d" in seconds, above 0; false for anything else, a bare number too. */
bool nn_parse_duration(const char *text, double *seconds);
bool nn_parse_f64(const char *text, double *out);

/* A text of the fewest digits that nn_parse_f64 gives back as the same double. `out` has NN_F64_TEXT bytes. */
#define NN_F64_TEXT 32
void nn_format_f64(double value, char *out);
/* The same for a float: the fewest digits that read back as the same float. */
void nn_format_f32(float value, char *out);

/* "12.3 MB": a number of bytes for people. `out` has NN_F64_TEXT bytes. */
void nn_format_bytes(uint64_t bytes, char *out);
/* "nan", "inf" or "-inf" of a number that is not finite: printf says "-nan" of some. */
const char *nn_nonfinite_word(double value);

#endif
