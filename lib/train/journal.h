/* A line for each gradient of a run, with the digest of its numbers: whoever computes one of them
 * again, anywhere, can compare. nn-train(1) says what the columns are. */
#ifndef NN_TRAIN_JOURNAL_H
#define NN_TRAIN_JOURNAL_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/frame.h"

/* The names of the columns, tabs between and a newline behind: a journal's first line. */
extern const char nn_journal_columns[];

struct nn_journal;
/* Lines will go to the end of `file`, which stays the caller's; `path` is what to call it. `kernel`
 * is the one of gradients that do not name theirs. */
int nn_journal_new(struct nn_journal **journal, FILE *file, const char *path, const char *kernel,
	struct nn_error *err);
void nn_journal_free(struct nn_journal *journal); /* NULL is fine */

/* Is nothing known yet of the step at hand? */
bool nn_journal_is_empty(const struct nn_journal *journal);
/* The gradient of one shard, with step, epoch, shard, rows, loss and the model's id in its preamble;
 * `digest` is the nn_bundle_id of its numbers. `kernel` may be NULL; `from` is who has computed it.
 * When all shards of the step have come their lines are written, by shard, and flushed. What there
 * is of another step is forgotten. */
int nn_journal_add(struct nn_journal *journal, const struct nn_preamble *grad, uint64_t digest,
	const char *kernel, const char *from, struct nn_error *err);

/* Appends what a gradient's line begins with, up to the column `worker`: what depends on the
 * gradient alone. No newline. */
int nn_journal_describe(struct nn_buffer *line, const struct nn_preamble *grad, uint64_t digest,
	const char *kernel, struct nn_error *err);

#endif
