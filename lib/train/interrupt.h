/* TERM, INT and HUP do not cost what was reached: a thread takes them, whatever the process waits for. */
#ifndef NN_TRAIN_INTERRUPT_H
#define NN_TRAIN_INTERRUPT_H

#include "base/error.h"

struct nn_interrupt;

/* From now on such a signal first calls keep(data), in a thread of its own and once nobody holds, and
 * then does to the process what it did before. One that is ignored stays so. To be called by the only
 * thread there is. */
int nn_interrupt_new(struct nn_interrupt **interrupt, void (*keep)(void *data), void *data,
	struct nn_error *err);
/* Signals do again what they did; one that has come does it now. NULL is fine, here and below. */
void nn_interrupt_free(struct nn_interrupt *interrupt);

/* Between the two `keep` is not called: for whoever changes what it looks at. */
void nn_interrupt_hold(struct nn_interrupt *interrupt);
void nn_interrupt_release(struct nn_interrupt *interrupt);

#endif
