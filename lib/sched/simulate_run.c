/* A simulation from its beginning to its end. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "sched/simulate-private.h"

#define LOOKS 64 /* at a worker or a task take as long as an event */

static int make_room(struct simulation *s, struct nn_error *err)
{
	const struct nn_sim *sim = s->sim;
	size_t number = 0;

	for (size_t i = 0; i < sim->host_count; i++)
		s->worker_count += sim->hosts[i].workers;
	if (!s->worker_count || !sim->tasks || !sim->steps)
		return nn_fail(err, NN_USAGE, "a simulation of %zu workers, %zu tasks, %llu steps",
			s->worker_count, sim->tasks, (unsigned long long)sim->steps);
	s->workers = nn_alloc(s->worker_count, sizeof *s->workers, err);
	s->resources = nn_alloc((sim->host_count + 1) * RESOURCES, sizeof *s->resources, err);
	s->queue = nn_alloc(sim->tasks, sizeof *s->queue, err);
	s->tries = nn_alloc(sim->tasks, sizeof *s->tries, err);
	s->done = nn_alloc(sim->tasks, sizeof *s->done, err);
	s->blocked = nn_alloc(sim->tasks, sizeof *s->blocked, err);
	if (!s->workers || !s->resources || !s->queue || !s->tries || !s->done || !s->blocked)
		return NN_FAILED;
	s->idle = s->worker_count;
	s->slow = sim->tasks;
	for (size_t i = 0; i < sim->host_count; i++) {
		const struct nn_sim_host *host = &sim->hosts[i];

		if (!(host->speed > 0))
			return nn_fail(err, NN_USAGE, "a simulation of a host without speed");
		for (size_t k = 0; k < host->workers; k++)
			s->workers[number++] = (struct worker){ .host = i,
				.task = NN_NOBODY,
				.next = NN_NOBODY,
				.sending = { NN_NOBODY, NN_NOBODY } };
	}
	return NN_OK;
}

static int check(const struct nn_sim *sim, struct nn_error *err)
{
	const double numbers[] = { sim->task_seconds, sim->spread, sim->link_down, sim->link_up,
		sim->begin_seconds, sim->handle_seconds, sim->update_seconds, sim->mtbf,
		sim->coordinator_mtbf, sim->restart_seconds, sim->checkpoint_seconds };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!(numbers[i] >= 0) || isinf(numbers[i]))
			return nn_fail(err, NN_USAGE, "a simulation with a time of %g", numbers[i]);
	return NN_OK;
}

static int run(struct simulation *s, uint64_t limit, struct nn_error *err)
{
	struct nn_event event;
	int status = NN_OK;

	for (size_t i = 0; i < s->worker_count && !status; i++)
		status = nn_sim_await_failure(s, i, err);
	if (!status)
		status = nn_sim_await_loss(s, err);
	if (!status)
		status = nn_sim_begin(s, err);
	while (!status && s->step < s->sim->steps && nn_events_take(&s->events, &event)) {
		/* A loss has let time pass. */
		s->now = event.time > s->now ? event.time : s->now;
		if (++s->result->events > limit || s->looked / LOOKS > limit)
			return nn_fail(err, NN_BAD,
				"step %llu comes to no end: failures are more frequent than tasks",
				(unsigned long long)s->step + 1);
		status = nn_sim_happen(s, event, err);
	}
	return status;
}

static void sum_up(const struct simulation *s)
{
	struct nn_sim_result *result = s->result;
	double down = s->busy_link[LINE_DOWN], up = s->busy_link[LINE_UP];
	uint64_t more = s->sim->steps - 1;

	result->seconds = s->now;
	result->step = more ? (s->now - s->first_step) / (double)more : s->now;
	if (s->now > 0) {
		result->busy = s->busy / s->now / (double)s->worker_count;
		result->link = down + up < s->now ? (down + up) / s->now : 1;
	}
}

static void close_simulation(struct simulation *s)
{
	for (size_t i = 0; s->resources && i < (s->sim->host_count + 1) * RESOURCES; i++)
		nn_events_free(&s->resources[i].users);
	nn_events_free(&s->events);
	free(s->workers);
	free(s->resources);
	free(s->queue);
	free(s->tries);
	free(s->done);
	free(s->blocked);
}

int nn_simulate(const struct nn_sim *sim, uint64_t limit, struct nn_sim_result *result,
	struct nn_error *err)
{
	struct simulation s = { .sim = sim, .result = result };
	int status = check(sim, err);

	*result = (struct nn_sim_result){ 0 };
	if (!status)
		status = make_room(&s, err);
	if (!status)
		status = run(&s, limit ? limit : 100000000, err);
	if (!status)
		sum_up(&s);
	close_simulation(&s);
	return status;
}
