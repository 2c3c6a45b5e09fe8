/* What fails in a simulation, and what is lost by that. */
#include "sched/simulate-private.h"

int nn_sim_await_failure(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];

	if (!(s->sim->mtbf > 0))
		return NN_OK;
	return nn_sim_put(s,
		s->now + nn_sim_exponential(s, number, worker->failures++, s->sim->mtbf), FAILS,
		number, 0, 0, err);
}

int nn_sim_await_loss(struct simulation *s, struct nn_error *err)
{
	if (!(s->sim->coordinator_mtbf > 0) || !s->sim->checkpoint_every)
		return NN_OK;
	return nn_sim_put(s,
		s->now + nn_sim_exponential(s, UINT64_MAX, s->lost++, s->sim->coordinator_mtbf),
		LOST, 0, 0, 0, err);
}

static void give_back(struct simulation *s, size_t task)
{
	if (task == NN_NOBODY)
		return;
	s->result->retries++;
	s->tries[task]++;
	nn_sim_wait(s, task);
}

/* Whatever it was at is void, and what it shared goes to others. */
static int stop(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	bool plain = nn_sim_is_plain(&s->sim->hosts[worker->host]);
	const unsigned ways[] = { LINE_DOWN, LINE_UP };
	unsigned left[] = { worker->ways, worker->ways_back };
	int status = NN_OK;

	worker->version++;
	worker->has = 0;
	worker->ways = worker->ways_back = 0;
	if (worker->state == COMPUTING) {
		s->busy += s->now - worker->began;
		if (!plain)
			status = nn_sim_leave(s, worker->host, PROCESSORS, err);
	}
	for (int i = 0; i < 2 && !status; i++) {
		if (left[i] & 1)
			status = nn_sim_leave(s, worker->host, ways[i], err);
		if (!status && left[i] & 2)
			status = nn_sim_leave(s, s->sim->host_count, ways[i], err);
	}
	nn_sim_become(s, worker, DOWN);
	return status;
}

int nn_sim_fail(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	enum state state = worker->state;
	int status;

	if (state == DOWN)
		return NN_OK;
	s->result->failures++;
	status = stop(s, number, err);
	if (state == COMING || state == COMPUTING || state == HOLDING)
		give_back(s, worker->task);
	give_back(s, worker->sending[0]);
	give_back(s, worker->sending[1]);
	if (worker->next != NN_NOBODY)
		nn_sim_wait(s, worker->next);
	worker->next = worker->sending[0] = worker->sending[1] = NN_NOBODY;
	for (; s->sim->fixed && worker->own < s->sim->tasks; worker->own += s->worker_count)
		nn_sim_wait(s, worker->own);
	if (!status)
		status = nn_sim_put(s, s->now + s->sim->restart_seconds, UP, number, 0,
			worker->version, err);
	return status ? status : nn_sim_hand_out(s, err);
}

int nn_sim_up(struct simulation *s, size_t number, struct nn_error *err)
{
	int status;

	nn_sim_become(s, &s->workers[number], IDLE);
	status = nn_sim_await_failure(s, number, err);
	return status ? status : nn_sim_hand_out(s, err);
}

/* All that was done since the last checkpoint is done again, by workers that start anew. */
int nn_sim_lose(struct simulation *s, struct nn_error *err)
{
	int status = NN_OK;

	s->result->rollbacks++;
	s->looked += s->worker_count + s->sim->tasks;
	s->result->steps_again += s->step - s->saved;
	s->step = s->saved;
	s->version++;
	s->now += s->sim->restart_seconds;
	for (size_t i = 0; i < s->worker_count && !status; i++) {
		struct worker *worker = &s->workers[i];
		bool down = worker->state == DOWN;

		status = stop(s, i, err);
		worker->next = worker->sending[0] = worker->sending[1] = NN_NOBODY;
		nn_sim_become(s, worker, IDLE);
		if (down && !status)
			status = nn_sim_await_failure(s, i, err);
	}
	for (size_t i = 0; i < s->sim->tasks; i++)
		s->tries[i]++;
	for (size_t i = 0; i < s->sim->tasks && s->sim->async; i++) {
		s->done[i] = s->saved;
		s->blocked[i] = false;
	}
	s->slowest = s->saved;
	s->slow = s->sim->tasks;
	s->coordinator = s->now;
	if (!status)
		status = nn_sim_await_loss(s, err);
	return status ? status : nn_sim_begin(s, err);
}
