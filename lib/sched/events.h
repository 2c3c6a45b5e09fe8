/* What is to happen, by when: the queue of a discrete-event simulation. */
#ifndef NN_SCHED_EVENTS_H
#define NN_SCHED_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct nn_event {
	double time;
	uint64_t order; /* events of one time happen as they were announced */
	unsigned what;  /* the caller's, as all that follows */
	size_t who;
	size_t about;
	uint64_t version; /* of what it is about: it may have been overtaken */
};
/* A binary heap. Zero-initialized it is empty. */
struct nn_events {
	struct nn_event *heap;
	size_t count;
	size_t room;
	uint64_t announced;
};

/* Announces an event; its order is set here. NN_FAILED without memory. */
int nn_events_put(struct nn_events *events, struct nn_event event, struct nn_error *err);
/* Takes the first; false: there is none. */
bool nn_events_take(struct nn_events *events, struct nn_event *event);
void nn_events_free(struct nn_events *events);

#endif
