/* Tokens of texts. A token is a class, and its name says which byte it is: a printable ASCII byte other
 * than space and backslash is its own name, every other byte is \xNN with lower-case digits. So names are
 * unambiguous, and UTF-8. */
#ifndef NN_DATA_TEXT_TOKENS_H
#define NN_DATA_TEXT_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#define NN_BYTES 256
#define NN_BYTE_NAME 5 /* bytes of the longest name, with its NUL */

/* The name of a byte. */
void nn_byte_name(unsigned char byte, char out[static NN_BYTE_NAME]);
/* The byte of that name; false if it is the name of none, and *byte is untouched. */
bool nn_byte_of_name(const char *name, unsigned char *byte);
/* Both ways between tokens and bytes, of a list of classes: bytes [count] of the tokens, and
 * tokens [NN_BYTES] of the bytes; -1 for none. Of two classes of one name a byte is the first. */
void nn_token_tables(char *const *classes, size_t count, int *bytes, int tokens[static NN_BYTES]);

#endif
