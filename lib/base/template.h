/* Names of many files, told apart by a number. */
#ifndef NN_BASE_TEMPLATE_H
#define NN_BASE_TEMPLATE_H

#include <stdint.h>

#include "base/error.h"

/* A template has one %d (or, say, %03d: zeros in front, to 3 digits), and %% for a percent sign:
 * NN_USAGE if it has not. */
int nn_template_check(const char *template, struct nn_error *err);
/* The name with `number` in it, the caller's to free(3); NULL without memory. Of a template that was
 * checked. */
char *nn_template_expand(const char *template, uint64_t number, struct nn_error *err);

#endif
