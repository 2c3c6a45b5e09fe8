/* What all tools share: option tables, --help and --version, messages, exit. Seen by tools/ alone.
 *
 * One table per tool drives parsing, --help, shell completion and the test of the man page. */
#ifndef NN_CLI_CLI_H
#define NN_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/io.h"

enum cli_type {
	CLI_TYPE_END,
	CLI_TYPE_FLAG,    /* bool: true when given */
	CLI_TYPE_STRING,  /* const char *: into argv */
	CLI_TYPE_CHOICE,  /* const char *: one of a NULL-terminated list, the list's own pointer */
	CLI_TYPE_COUNT,   /* uint64_t: a whole number */
	CLI_TYPE_REAL,    /* double, within [low, high] */
	CLI_TYPE_REALS,   /* struct cli_reals: comma-separated */
	CLI_TYPE_HEADING, /* a line of --help between options */
};

/* A list of numbers from "a,b,c"; `values` is allocated and lives as long as the process;
 * zeroed before cli_start. */
struct cli_reals {
	double *values;
	size_t count;
};

struct cli_option {
	enum cli_type type;
	char letter; /* 0: long name only */
	const char *name;
	const char *argument; /* in capitals for --help; NULL for a flag */
	void *value;
	const char *const *choices; /* CLI_TYPE_CHOICE; of a string for example, or NULL */
	double low, high;           /* CLI_TYPE_REAL */
	const char *help;
	bool *given; /* set when the option was given; may be NULL */
};

/* clang-format off */
#define CLI_FLAG(letter, name, value, help) \
	{ CLI_TYPE_FLAG, letter, name, NULL, value, NULL, 0, 0, help, NULL }
#define CLI_STRING(letter, name, argument, value, help) \
	{ CLI_TYPE_STRING, letter, name, argument, value, NULL, 0, 0, help, NULL }
#define CLI_WORD(letter, name, argument, value, choices, help) \
	{ CLI_TYPE_STRING, letter, name, argument, value, choices, 0, 0, help, NULL }
#define CLI_CHOICE(letter, name, argument, value, choices, help) \
	{ CLI_TYPE_CHOICE, letter, name, argument, value, choices, 0, 0, help, NULL }
#define CLI_COUNT(letter, name, argument, value, help) \
	{ CLI_TYPE_COUNT, letter, name, argument, value, NULL, 0, 0, help, NULL }
#define CLI_COUNT_GIVEN(letter, name, argument, value, given, help) \
	{ CLI_TYPE_COUNT, letter, name, argument, value, NULL, 0, 0, help, given }
#define CLI_REAL(letter, name, argument, value, low, high, help) \
	{ CLI_TYPE_REAL, letter, name, argument, value, NULL, low, high, help, NULL }
#define CLI_REAL_GIVEN(letter, name, argument, value, low, high, given, help) \
	{ CLI_TYPE_REAL, letter, name, argument, value, NULL, low, high, help, given }
#define CLI_REALS(letter, name, argument, value, help) \
	{ CLI_TYPE_REALS, letter, name, argument, value, NULL, 0, 0, help, NULL }
#define CLI_HEADING(help) { CLI_TYPE_HEADING, 0, NULL, NULL, NULL, NULL, 0, 0, help, NULL }
#define CLI_END { CLI_TYPE_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL }
/* clang-format on */

struct cli_tool {
	const char *name;     /* "nn-reduce" */
	const char *operands; /* "[FILE...]" */
	const char *summary;  /* one line, as in the man page's .Nd */
	const struct cli_option *options;
};

/* First call of main: parses options (they may stand among the operands; "--" ends them), answers
 * --help and --version, makes sure that descriptors 0 to 2 are taken, so that no file of ours gets
 * one of them, and that a closed reader ends us by SIGPIPE. Returns the operands: *count of them in
 * the result, which is NULL-terminated. A usage error speaks and exits 2. */
char **cli_start(const struct cli_tool *tool, int argc, char **argv, int *count);

/* "nn-tool: text" on stderr, and exit with the error's status. The one place that ends a tool. */
_Noreturn void cli_die(const struct nn_error *err);
/* The same for a mistake on the command line, with a hint at --help; exits 2. */
_Noreturn void cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For a tool that is one of many which work together: before cli_die speaks `agree` may change what it
 * says, and before it exits it calls `leave`. */
void cli_at_death(void (*agree)(struct nn_error *err), void (*leave)(int status));
/* From now on this process says nothing: another one does. */
void cli_be_quiet(void);
/* "nn-tool: text" on stderr, and on. */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As cli_warn, but only if stderr is a terminal or --verbose was given: what a person wants to see
 * and a script does not. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The output every tool has. Refuses binary on a terminal (exit 2; not under MPI). `path` may be
 * NULL or "-". Exits on failure. */
void cli_output(struct nn_output *output, const char *path, bool binary);
/* A file to remove if cli_die, SIGTERM, SIGINT or SIGHUP ends the tool; cli_output has done it for its
 * own. It does no harm when the file has got its name, and is gone. */
void cli_remove_at_death(const char *path);
/* Opens `path` to append lines of text to; a new file begins with `columns`, a line with its newline.
 * A regular file that is neither empty nor begins so is refused (exit 1). Exits on failure. */
FILE *cli_open_log(const char *path, const char *columns);
/* "PATH: cannot write: ..." of errno, and exit 4. */
_Noreturn void cli_die_of_log(const char *path);
/* Opens an input as nn_open_input does, and refuses it as cli_refuse_same does; exits on failure. The
 * descriptor is the caller's. */
int cli_input(const struct nn_output *output, const char *path, const char **name);
/* Refuses an output that is also this input (exit 2). */
void cli_refuse_same(const struct nn_output *output, int fd, const char *input);
/* The same for a file that a library function opens later; "-" is standard input. */
void cli_refuse_path(const struct nn_output *output, const char *path);
/* Do both name one regular file, or would they, if neither is there yet? NULL and "-" are standard
 * output. */
bool cli_one_file(const char *path, const char *other);
/* The data operands of a tool that takes its model by -m MODEL (NULL: not given), else on standard
 * input. Without operands the data come on standard input, if the model does not; that input is read
 * once only. Anything else is a usage error. Returns operands, or { "-" }. */
char *const *cli_data_operands(const char *model, char *const *operands, int *count);
/* stdout is flushed and checked, then exit(0): a full disk is not a success. For text output. */
_Noreturn void cli_finish(void);

/* A progress line on stderr if it is a terminal, nothing elsewhere; drawn at most 10 times a second.
 * cli_progress_done removes it. */
void cli_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_progress_done(void);

#endif
