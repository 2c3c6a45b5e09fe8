/* What happens when. A worker goes from IDLE to COMING (its model and task are on their way), to
 * COMPUTING, to ANSWERING (it has sent, and has nothing more to do) and back to IDLE when the coordinator
 * has handled its answer; with a task in hand it goes from COMPUTING to COMPUTING. A failure makes it
 * DOWN from anywhere. */
#include "sched/simulate-private.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

int nn_sim_put(struct simulation *s, double time, enum what what, size_t who, size_t about,
	uint64_t version, struct nn_error *err)
{
	struct nn_event event = { .time = time,
		.what = what,
		.who = who,
		.about = about,
		.version = version };

	return nn_events_put(&s->events, event, err);
}

void nn_sim_wait(struct simulation *s, size_t task)
{
	s->queue[(s->first + s->waiting++) % s->sim->tasks] = task;
}

void nn_sim_become(struct simulation *s, struct worker *worker, enum state state)
{
	s->idle += (size_t)(state == IDLE) - (size_t)(worker->state == IDLE);
	worker->state = state;
}

static size_t take_waiting(struct simulation *s)
{
	size_t task = s->queue[s->first];

	s->first = (s->first + 1) % s->sim->tasks;
	s->waiting--;
	return task;
}

static size_t next_task(struct simulation *s, struct worker *worker)
{
	size_t task = worker->own;

	if (s->sim->fixed && !s->sim->async && task < s->sim->tasks) {
		worker->own += s->worker_count;
		return task;
	}
	return s->waiting ? take_waiting(s) : NN_NOBODY;
}

/* A message that takes the coordinator's line for `link` and the host's for `line`, both at once as far
 * as they are free: when it has passed. */
static double pass(double now, double link, double line, double *link_free, double *line_free,
	double *link_busy)
{
	double start = now > *link_free ? now : *link_free;
	double behind = start > *line_free ? start : *line_free;

	*link_free = start + link;
	*link_busy += link;
	*line_free = behind + line;
	return *line_free > *link_free ? *line_free : *link_free;
}

static bool is_near(const struct nn_sim_host *host)
{
	return !(host->latency > 0) && !(host->down > 0) && !(host->up > 0);
}

static int give(struct simulation *s, size_t number, size_t task, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	const struct nn_sim_host *what = &s->sim->hosts[worker->host];
	struct host *host = &s->hosts[worker->host];
	double time = s->now;

	nn_sim_become(s, worker, COMING);
	worker->task = task;
	if (!is_near(what)) {
		if (worker->has != s->model)
			time = pass(time, s->sim->link_down, what->down, &s->link_down,
				&host->line_down, &s->link_down_busy);
		time += what->latency;
	}
	worker->has = s->model;
	return nn_sim_put(s, time, ARRIVE, number, 0, worker->version, err);
}

int nn_sim_hand_out(struct simulation *s, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < s->worker_count && s->idle && !status; i++) {
		size_t task;

		if (s->workers[i].state != IDLE)
			continue;
		task = next_task(s, &s->workers[i]);
		if (task != NN_NOBODY)
			status = give(s, i, task, err);
		else if (!s->sim->fixed)
			break;
	}
	return status;
}

int nn_sim_begin(struct simulation *s, struct nn_error *err)
{
	s->model++;
	s->answers = 0;
	s->first = s->waiting = 0;
	for (size_t i = 0; i < s->worker_count; i++)
		s->workers[i].own = i;
	for (size_t i = 0; i < s->sim->tasks; i++)
		if (!s->sim->fixed || s->sim->async)
			nn_sim_wait(s, i);
		else if (s->workers[i % s->worker_count].state == DOWN)
			nn_sim_wait(s, i);
	for (size_t i = 0; s->sim->fixed && !s->sim->async && i < s->worker_count; i++)
		if (s->workers[i].state == DOWN)
			s->workers[i].own = s->sim->tasks;
	return nn_sim_put(s, s->now + s->sim->begin_seconds, BEGIN, 0, 0, s->version, err);
}

/* One more, so that it need not ask: as nn-train does it, if it is planned for it, or nobody else would
 * have to wait for what it has. */
static void look_ahead(struct simulation *s, struct worker *worker)
{
	bool own = s->sim->fixed && worker->own < s->sim->tasks;

	if (!s->sim->async && (own || s->waiting >= 2 * s->worker_count))
		worker->next = next_task(s, worker);
}

static int start(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];

	if (worker->next == NN_NOBODY)
		look_ahead(s, worker);
	return nn_sim_compute(s, number, nn_sim_work(s, worker->task), err);
}

/* Its gradient leaves when the one before it has left. */
static int computed(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	const struct nn_sim_host *what = &s->sim->hosts[worker->host];
	struct host *host = &s->hosts[worker->host];
	double before = worker->sent > s->now ? worker->sent : s->now;
	size_t task = worker->task;
	int status = nn_sim_leave(s, number, err);

	if (status)
		return status;
	worker->sending[worker->sending[0] != NN_NOBODY] = task;
	worker->sent = s->now;
	if (!is_near(what))
		worker->sent = pass(before, s->sim->link_up, what->up, &s->link_up, &host->line_up,
			&s->link_up_busy);
	status = nn_sim_put(s, worker->sent + what->latency, ANSWER, number, task, worker->version,
		err);
	nn_sim_become(s, worker, ANSWERING);
	if (status || worker->next == NN_NOBODY)
		return status;
	nn_sim_become(s, worker, COMING);
	worker->task = worker->next;
	worker->next = NN_NOBODY;
	return nn_sim_put(s, before, ARRIVE, number, 0, worker->version, err);
}

static int take_answer(struct simulation *s, struct nn_event event, struct nn_error *err)
{
	double start = s->now > s->coordinator ? s->now : s->coordinator;

	s->coordinator = start + s->sim->handle_seconds;
	if (s->sim->async)
		s->coordinator += s->sim->update_seconds;
	return nn_sim_put(s, s->coordinator, HANDLED, event.who, event.about, event.version, err);
}

/* Of asynchronous steps: the shard goes on, unless it is too far ahead; if it was the slowest others may
 * go on too. */
static void go_on(struct simulation *s, size_t task)
{
	uint64_t slowest = UINT64_MAX;

	s->done[task]++;
	s->tries[task] = 0;
	s->blocked[task] = true;
	if (s->done[task] == s->slowest + 1) {
		for (size_t i = 0; i < s->sim->tasks && slowest > s->slowest; i++)
			slowest = s->done[i] < slowest ? s->done[i] : slowest;
		s->slowest = slowest;
	}
	for (size_t i = 0; i < s->sim->tasks; i++) {
		size_t other = slowest == UINT64_MAX ? task : i;

		if (s->blocked[other] && s->done[other] <= s->slowest + s->sim->staleness &&
			s->done[other] < s->sim->steps) {
			s->blocked[other] = false;
			nn_sim_wait(s, other);
		}
		if (other == task && slowest == UINT64_MAX)
			break;
	}
}

static int end_step(struct simulation *s, double time, struct nn_error *err)
{
	uint64_t every = s->sim->checkpoint_every;

	if (every && (s->step + 1) % every == 0)
		time += s->sim->checkpoint_seconds;
	s->answers = 0;
	return nn_sim_put(s, time, UPDATED, 0, 0, s->version, err);
}

static int handled(struct simulation *s, struct nn_event event, struct nn_error *err)
{
	struct worker *worker = &s->workers[event.who];
	bool last = ++s->answers == s->sim->tasks;
	int status = NN_OK;

	/* Answers come in the order in which they were sent. */
	worker->sending[0] = worker->sending[1];
	worker->sending[1] = NN_NOBODY;
	if (worker->state == ANSWERING && worker->sending[0] == NN_NOBODY)
		nn_sim_become(s, worker, IDLE);
	if (s->sim->async) {
		s->model++;
		go_on(s, event.about);
		if (last)
			status = end_step(s, s->now, err);
	} else if (last) {
		status = end_step(s, s->now + s->sim->update_seconds, err);
	}
	if (!status && worker->state == IDLE) {
		size_t task = next_task(s, worker);

		if (task != NN_NOBODY)
			status = give(s, event.who, task, err);
	}
	return status || !s->waiting ? status : nn_sim_hand_out(s, err);
}

static int updated(struct simulation *s, struct nn_error *err)
{
	uint64_t every = s->sim->checkpoint_every;

	s->step++;
	if (every && s->step % every == 0)
		s->saved = s->step;
	if (s->step == 1)
		s->first_step = s->now;
	for (size_t i = 0; i < s->sim->tasks && !s->sim->async; i++)
		s->tries[i] = 0;
	if (s->step == s->sim->steps || s->sim->async)
		return NN_OK;
	return nn_sim_begin(s, err);
}

static int happen(struct simulation *s, struct nn_event event, struct nn_error *err)
{
	const struct worker *worker = event.who < s->worker_count ? &s->workers[event.who] : NULL;

	switch ((enum what)event.what) {
	case BEGIN:
		return event.version == s->version ? nn_sim_hand_out(s, err) : NN_OK;
	case ARRIVE:
		return event.version == worker->version ? start(s, event.who, err) : NN_OK;
	case COMPUTED:
		if (event.about)
			return event.version == worker->version ? computed(s, event.who, err) :
								  NN_OK;
		if (event.version != s->hosts[event.who].version)
			return NN_OK;
		return computed(s, nn_sim_first(s, event.who), err);
	case ANSWER:
		return event.version == worker->version ? take_answer(s, event, err) : NN_OK;
	case HANDLED:
		return event.version == worker->version ? handled(s, event, err) : NN_OK;
	case UPDATED:
		return event.version == s->version ? updated(s, err) : NN_OK;
	case FAILS:
		return nn_sim_fail(s, event.who, err);
	case UP:
		return event.version == worker->version ? nn_sim_up(s, event.who, err) : NN_OK;
	case LOST:
		return nn_sim_lose(s, err);
	}
	return NN_OK;
}

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
	s->hosts = nn_alloc(sim->host_count, sizeof *s->hosts, err);
	s->queue = nn_alloc(sim->tasks, sizeof *s->queue, err);
	s->tries = nn_alloc(sim->tasks, sizeof *s->tries, err);
	s->done = nn_alloc(sim->tasks, sizeof *s->done, err);
	s->blocked = nn_alloc(sim->tasks, sizeof *s->blocked, err);
	if (!s->workers || !s->hosts || !s->queue || !s->tries || !s->done || !s->blocked)
		return NN_FAILED;
	s->idle = s->worker_count;
	for (size_t i = 0; i < sim->host_count; i++) {
		const struct nn_sim_host *host = &sim->hosts[i];

		if (!(host->speed > 0))
			return nn_fail(err, NN_USAGE, "a simulation of a host without speed");
		s->hosts[i].plain = !host->share && host->workers <= host->processors;
		s->hosts[i].computing = nn_alloc(host->workers, sizeof *s->hosts[i].computing, err);
		if (!s->hosts[i].computing)
			return NN_FAILED;
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
		if (++s->result->events > limit)
			return nn_fail(err, NN_BAD,
				"step %llu comes to no end: failures are more frequent than tasks",
				(unsigned long long)s->step + 1);
		status = happen(s, event, err);
	}
	return status;
}

static void sum_up(const struct simulation *s)
{
	struct nn_sim_result *result = s->result;
	double link = s->link_down_busy > s->link_up_busy ? s->link_down_busy : s->link_up_busy;
	uint64_t more = s->sim->steps - 1;

	result->seconds = s->now;
	result->step = more ? (s->now - s->first_step) / (double)more : s->now;
	if (s->now > 0) {
		result->busy = s->busy / s->now / (double)s->worker_count;
		result->link = link / s->now;
	}
}

static void close_simulation(struct simulation *s)
{
	for (size_t i = 0; s->hosts && i < s->sim->host_count; i++)
		free(s->hosts[i].computing);
	nn_events_free(&s->events);
	free(s->workers);
	free(s->hosts);
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
