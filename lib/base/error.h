/* What every library function returns, and the one place where it says why it failed. */
#ifndef NN_BASE_ERROR_H
#define NN_BASE_ERROR_H

/* The values are the exit codes of the tools, see nnpipe(7). */
enum nn_status {
	NN_OK = 0,
	NN_BAD = 1,     /* the input or the numbers are bad: do not retry */
	NN_USAGE = 2,   /* the caller asked for something that makes no sense */
	NN_PARTIAL = 3, /* done, without some of the workers */
	NN_FAILED = 4,  /* I/O, transport or memory: a retry may help */
};

/* A library function never prints and never exits: it returns NN_OK or another status, and then
 * `text` holds one line without a final newline: what (stream, frame, byte, tensor), and why.
 * The caller owns the struct; it holds no pointers. */
struct nn_error {
	enum nn_status status;
	char text[600];
};

/* Fills `err` (which may be NULL) and returns `status`, so that a failure is one return statement.
 * Bytes of the text that are not printable ASCII or UTF-8 are escaped: it may quote hostile input. */
int nn_fail(struct nn_error *err, enum nn_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": " and the text of errno behind it. */
int nn_fail_errno(struct nn_error *err, enum nn_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text of an error that a callee has filled, and returns its status. */
int nn_fail_in(struct nn_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
