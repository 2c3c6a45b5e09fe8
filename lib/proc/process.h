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
	bool pipe_errors;     /* else our standard error; for nn_process_last_words */
	bool own_group;       /* a process group of its own: Ctrl-C does not reach it */
	int keep;             /* one more descriptor that is handed down, by its number; 0: none */
	const int *kept;      /* [kept_count]: and these */
	size_t kept_count;
	bool bounded;   /* our ends of the pipes do not wait; for nn_process_bound */
	int pipe_bytes; /* how much the pipes shall hold, where the system allows; 0: its default */
};

/* Life: nn_process_start, then exactly one of nn_process_wait and nn_process_end. With pipe_errors,
 * nn_process_last_words behind it. */
struct nn_process {
	pid_t pid;  /* 0: none */
	int input;  /* write its standard input here; -1: no pipe, or closed */
	int output; /* read its standard output here; -1: no pipe */
	int errors; /* what it says on standard error; -1: no pipe */
	bool group; /* it leads a process group */
	int ended;  /* can be read when it has ended; -1: not known */
	int left;   /* ... when it was killed by us */
};

/* NN_FAILED if there is no such program or no room for another process or pipe. */
int nn_process_start(struct nn_process *process, const struct nn_spawn *spawn,
	struct nn_error *err);
/* This thread reads from and writes to it, but does not wait for one that has ended, whoever else may
 * hold its pipes open, nor for one that was killed, nor longer than so many milliseconds without a byte (-1: as
 * long as it takes): nn_io_bound. */
void nn_process_bound(const struct nn_process *process, int milliseconds);
/* Nobody reads its standard input any more: it has closed it, or ended. */
bool nn_process_is_deaf(const struct nn_process *process);
/* Its standard input ends here. */
void nn_process_close_input(struct nn_process *process);
/* Closes the pipes and waits. *status is as waitpid(2) has it. */
int nn_process_wait(struct nn_process *process, int *status, struct nn_error *err);

/* Kills it, and all of its group. Other threads may do that. */
void nn_process_kill(const struct nn_process *process);
/* As nn_process_wait, but kills it if it does not end by itself within `grace` seconds, its input
 * still open if it is: then *killed. */
int nn_process_end(struct nn_process *process, double grace, int *status, bool *killed,
	struct nn_error *err);
/* The last line, not empty, that it had said on standard error, cut to `size`; "" if there is none.
 * Of a process that says more than a pipe holds the rest is lost: it never waits for us. */
void nn_process_last_words(struct nn_process *process, char *out, size_t size);
/* This process is killed when the one that started it ends, where the system can do that. */
void nn_process_die_with_parent(void);

/* "exit status 3", "killed by signal 9 (Killed)"; `out` has NN_PROCESS_TEXT bytes. */
#define NN_PROCESS_TEXT 80
void nn_process_text(int status, char *out);

/* Makes sure that `count` more descriptors can be open, raising the soft limit up to the hard one.
 * NN_FAILED says what the limit is. */
int nn_process_need_files(size_t count, struct nn_error *err);

#endif
