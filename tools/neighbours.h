/* Whoever waits for the other side of a FIFO to be opened would wait for ever if that side has failed to start:
 * its other ends tell. */
#ifndef NN_TOOLS_NEIGHBOURS_H
#define NN_TOOLS_NEIGHBOURS_H

#include <stdbool.h>

/* Until neighbours_came: ends the program, exit 4, as soon as nobody is left to write to standard input, or to
 * read from standard output, where they count and are pipes. Where no thread can be had nobody looks. */
void neighbours_watch(bool in, bool out);
void neighbours_came(void);

#endif
