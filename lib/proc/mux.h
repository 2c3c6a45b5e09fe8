/* Several lines over one: sockets here, and as many on another host, as if each were connected to its
 * counterpart there. What passes between are pieces of 8 bytes, little-endian, and what they announce:
 *
 *   u16 kind      1 data, 2 end: nothing more comes on this line, 3 credit
 *   u16 line      from 0
 *   u32 count     data: so many bytes follow, at least 1; end: 0; credit: so many more may be sent
 *
 * Each line may have NN_MUX_WINDOW bytes under way which nobody has taken yet on the other side; those that
 * are taken are credited. So no line ever keeps another one waiting, and memory is bounded, whatever comes. */
#ifndef NN_PROC_MUX_H
#define NN_PROC_MUX_H

#include <stddef.h>

#include "base/error.h"

#define NN_MUX_WINDOW ((size_t)4 << 20)
#define NN_MUX_LINES 65535

struct nn_mux_options {
	int in;  /* what comes from the other host; not to wait for (O_NONBLOCK) from here on */
	int out; /* what goes there */
	const int *lines; /* [count]: stream sockets, closed in the end */
	size_t count;     /* <= NN_MUX_LINES */
	int gone; /* can be read when nobody is on the other side any more, whoever holds `in`; -1: not known */
	int leave;        /* can be read: leave off at once; -1: nothing of the kind */
	const char *name; /* of the other side, for messages */
};

/* Passes bytes until all lines have ended both ways and all has been sent, or until the other side has gone
 * and what came of it has been taken: then the lines end here. A line whose socket nobody reads any more is
 * dropped, without a fault of others. SIGPIPE is to be ignored, or blocked in this thread. NN_BAD: what came is
 * no such pieces; NN_FAILED: no memory. */
int nn_mux_run(const struct nn_mux_options *options, struct nn_error *err);

#endif
