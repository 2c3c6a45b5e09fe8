#include "sched/events.h"

#include <stdlib.h>

#include "base/memory.h"

static bool is_before(const struct nn_event *a, const struct nn_event *b)
{
	if (a->time < b->time || a->time > b->time)
		return a->time < b->time;
	return a->order < b->order;
}

int nn_events_put(struct nn_events *events, struct nn_event event, struct nn_error *err)
{
	size_t at = events->count;

	if (events->count == events->room) {
		size_t room = events->room ? 2 * events->room : 64;
		struct nn_event *heap = nn_realloc(events->heap, room, sizeof *heap, err);

		if (!heap)
			return NN_FAILED;
		events->heap = heap;
		events->room = room;
	}
	event.order = events->announced++;
	events->count++;
	while (at && is_before(&event, &events->heap[(at - 1) / 2])) {
		events->heap[at] = events->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	events->heap[at] = event;
	return NN_OK;
}

bool nn_events_take(struct nn_events *events, struct nn_event *event)
{
	struct nn_event last;
	size_t at = 0;

	if (!events->count)
		return false;
	*event = events->heap[0];
	last = events->heap[--events->count];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= events->count)
			break;
		if (child + 1 < events->count &&
			is_before(&events->heap[child + 1], &events->heap[child]))
			child++;
		if (!is_before(&events->heap[child], &last))
			break;
		events->heap[at] = events->heap[child];
		at = child;
	}
	if (events->count)
		events->heap[at] = last;
	return true;
}

void nn_events_free(struct nn_events *events)
{
	free(events->heap);
	*events = (struct nn_events){ 0 };
}
