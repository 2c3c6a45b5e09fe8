#include "data/text_tokens.h"

#include <stdio.h>
#include <string.h>

static bool is_own_name(unsigned char byte)
{
	return byte > 0x20 && byte < 0x7f && byte != '\\';
}

void nn_byte_name(unsigned char byte, char out[static NN_BYTE_NAME])
{
	if (is_own_name(byte))
		snprintf(out, NN_BYTE_NAME, "%c", byte);
	else
		snprintf(out, NN_BYTE_NAME, "\\x%02x", (unsigned)byte);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool nn_byte_of_name(const char *name, unsigned char *byte)
{
	unsigned char value = (unsigned char)name[0];

	if (strlen(name) == 4 && name[0] == '\\' && name[1] == 'x' && digit_of(name[2]) >= 0 &&
		digit_of(name[3]) >= 0) {
		value = (unsigned char)(digit_of(name[2]) * 16 + digit_of(name[3]));
		/* "\x41" is no name of A, which has one. */
		if (is_own_name(value))
			return false;
	} else if (strlen(name) != 1 || !is_own_name(value)) {
		return false;
	}
	*byte = value;
	return true;
}

void nn_token_tables(char *const *classes, size_t count, int *bytes, int tokens[static NN_BYTES])
{
	for (size_t b = 0; b < NN_BYTES; b++)
		tokens[b] = -1;
	for (size_t i = 0; i < count; i++) {
		unsigned char byte;

		bytes[i] = -1;
		if (!nn_byte_of_name(classes[i], &byte))
			continue;
		bytes[i] = byte;
		if (tokens[byte] < 0)
			tokens[byte] = (int)i;
	}
}
