/* Hosts as GNU parallel writes them, and the command that runs a program there by ssh. */
#ifndef NN_PROC_HOSTS_H
#define NN_PROC_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

struct nn_host {
	char *name;     /* what ssh is given: "alice", "user@alice" */
	char *login;    /* the words before it ("ssh -p 2222"), or NULL: the usual ssh */
	unsigned count; /* of workers there; >= 1 */
	bool here;      /* ":", this machine */
};
/* Zero-initialized it is empty. */
struct nn_hosts {
	struct nn_host *list;
	size_t count;
};

/* Appends hosts: "2/alice,user@bob,:" or "ssh -p 2222 carol", each with the number of workers and a
 * slash before it if it is not 1; or with " slots=N" behind it, as mpirun's host files have it
 * (max_slots is skipped). A host that is there already gets more workers instead. NN_USAGE says what
 * is wrong. A name that begins with "-" is refused: ssh would take it for an option. */
int nn_hosts_add(struct nn_hosts *hosts, const char *text, struct nn_error *err);
/* The same from a file, a host a line; what is behind "#", and empty lines, do not count. */
int nn_hosts_read(struct nn_hosts *hosts, const char *path, struct nn_error *err);
void nn_hosts_free(struct nn_hosts *hosts);

/* The arguments of ssh that run `command` (a line for the shell there) on the host, without
 * terminal or questions, and notice within a minute if the line is dead. `ssh` is the usual one,
 * its own options behind it. *arguments, NULL-terminated, is the caller's to
 * nn_host_free_arguments. */
int nn_host_arguments(const struct nn_host *host, const char *ssh, const char *command,
	char ***arguments, struct nn_error *err);
void nn_host_free_arguments(char **arguments); /* NULL is fine */

/* Appends a space and `word` so that a shell reads it back as one word. */
int nn_shell_word(struct nn_buffer *line, const char *word, struct nn_error *err);
/* The same of a path on another host: a home, "~/", is the shell's there to find, as scp(1) leaves it to it. */
int nn_shell_path(struct nn_buffer *line, const char *path, struct nn_error *err);

#endif
