/* Where the workers of a pool run, out of what a person says. */
#ifndef NN_TRAIN_PLACES_H
#define NN_TRAIN_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/hosts.h"
#include "train/pool.h"

#define NN_WORKER_TOOL "nn-grad"

struct nn_places_options {
	const struct nn_hosts *hosts; /* where; none: `workers` of them on this machine */
	uint64_t workers;
	const char *command; /* starts a worker on this machine, for sh -c, the arguments behind it;
				  * NULL: the nn-grad beside this program, else the one in PATH */
	enum nn_packing packing; /* of what passes by pipes */
	int shared;              /* descriptor of memory for workers on this machine; 0: none */
	const char *ssh;         /* and its options */
	const char *remote_tool; /* nn-grad on the hosts */
	const char *kernel;      /* of matrix products */
	const char *method;      /* how one file of data is cut */
	uint64_t shard_seed;
	char *const *data; /* [files], as the workers see them */
	size_t files;
	bool send; /* workers elsewhere, or started by a command, get no files but a supply */
};

/* *places [*count], the caller's to nn_places_free; `options` and all it points to must outlive
 * them. NN_USAGE: the command for ssh is empty. */
int nn_places_make(struct nn_place **places, size_t *count, const struct nn_places_options *options,
	struct nn_error *err);
void nn_places_free(struct nn_place *places, size_t count); /* NULL is fine */

/* Processors that this process may run on. */
unsigned nn_processors(void);

#endif
