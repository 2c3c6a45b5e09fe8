/* A set of distinct texts, numbered as they came: class names, categories. */
#ifndef NN_DATA_NAMES_H
#define NN_DATA_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define NN_NO_NAME SIZE_MAX

/* Zero-initialized it is empty. */
struct nn_names {
	char **names;
	size_t count;
	size_t *slots;     /* open addressing: number of the name + 1, 0 where free */
	size_t slot_count; /* a power of two, or 0 */
};

/* NN_NO_NAME if it is not there. */
size_t nn_names_find(const struct nn_names *names, const char *text, size_t length);
/* *number: of the name, old or new. */
int nn_names_add(struct nn_names *names, const char *text, size_t length, size_t *number,
	struct nn_error *err);
/* Puts them in order: by value if all are numbers, else by bytes. *ranks [count], the caller's to
 * free: the new number of each old one. */
int nn_names_sort(struct nn_names *names, size_t **ranks, struct nn_error *err);
void nn_names_free(struct nn_names *names); /* leaves it empty */

#endif
