/* Child processes and the pipes to them. Bytes only: what passes is no business of this room. */
#ifndef NN_PROC_PROCESS_H
#define NN_PROC_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* What to start. Signals that this process ignores are at their default in the child, and only
 * descriptors 0 to 2 are handed down. */
struct nn_spawn {
	const char *command;    /* for `sh -c`; NULL: */
	char *const *arguments; /* a program, found in PATH, and its arguments, then NULL */
	const char *const
		*environment; /* "NAME=value"..., NULL: in place of or beside ours; or NULL */
	bool pipe_input;      /* else the child has our standard input */
	bool pipe_output;     /* else our standard output */
};

/* Life: nn_process_start, then exactly one nn_process_wait. */
struct nn_process {
	pid_t pid;  /* 0: none */
	int input;  /* write its standard input here; -1: no pipe, or closed */
	int output; /* read its standard output here; -1: no pipe */
};

/* NN_FAILED if there is no such program or no room for another process or pipe. */
int nn_process_start(struct nn_process *process, const struct nn_spawn *spawn,
	struct nn_error *err);
/* Nobody reads its standard input any more: it has closed it, or ended. */
bool nn_process_is_deaf(const struct nn_process *process);
/* Its standard input ends here. */
void nn_process_close_input(struct nn_process *process);
/* Closes the pipes and waits. *status is as waitpid(2) has it. */
int nn_process_wait(struct nn_process *process, int *status, struct nn_error *err);

/* "exit status 3", "killed by signal 9 (Killed)"; `out` has NN_PROCESS_TEXT bytes. */
#define NN_PROCESS_TEXT 80
void nn_process_text(int status, char *out);

/* Makes sure that `count` more descriptors can be open, raising the soft limit up to the hard one.
 * NN_FAILED says what the limit is. */
int nn_process_need_files(size_t count, struct nn_error *err);

#endif
