/* What happens when. A worker goes from IDLE to COMING (its model and task are on their way), to
 * COMPUTING, to ANSWERING (it has sent, and has nothing more to do) and back to IDLE when the coordinator
 * has handled its answer; with a task in hand it goes from COMPUTING to COMPUTING, by way of HOLDING if the
 * gradient before has not left. A failure makes it
 * DOWN from anywhere. */
#include "sched/simulate-private.h"

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

static bool is_near(const struct nn_sim_host *host)
{
	return !(host->latency > 0) && !(host->down > 0) && !(host->up > 0);
}

/* A message passes the host's line and the coordinator's at the same time: it is through when it is through
 * both. *ways has a bit for each that it still has to pass. */
static int pass(struct simulation *s, size_t number, unsigned which, unsigned *ways,
	struct nn_error *err)
{
	const struct worker *worker = &s->workers[number];
	const struct nn_sim_host *what = &s->sim->hosts[worker->host];
	double line = which == LINE_DOWN ? what->down : what->up;
	double link = which == LINE_DOWN ? s->sim->link_down : s->sim->link_up;
	int status = NN_OK;

	*ways = (line > 0 ? 1u : 0) | (link > 0 ? 2u : 0);
	if (line > 0)
		status = nn_sim_use(s, worker->host, which, number, line, err);
	if (!status && link > 0)
		status = nn_sim_use(s, s->sim->host_count, which, number, link, err);
	return status;
}

static int arrive(struct simulation *s, size_t number, struct nn_error *err)
{
	const struct worker *worker = &s->workers[number];

	return nn_sim_put(s, s->now + s->sim->hosts[worker->host].latency, ARRIVE, number, 0,
		worker->version, err);
}

static int give(struct simulation *s, size_t number, size_t task, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	bool has = worker->has == s->model;
	int status = NN_OK;

	nn_sim_become(s, worker, COMING);
	worker->task = task;
	worker->has = s->model;
	if (!has && !is_near(&s->sim->hosts[worker->host]))
		status = pass(s, number, LINE_DOWN, &worker->ways, err);
	return status || worker->ways ? status : arrive(s, number, err);
}

int nn_sim_hand_out(struct simulation *s, struct nn_error *err)
{
	/* Only when a step begins do those who are idle have tasks of their own. */
	bool own = s->sim->fixed && !s->sim->async && !s->begun;
	int status = NN_OK;

	for (size_t i = 0; i < s->worker_count && s->idle && (s->waiting || own) && !status; i++) {
		size_t task;

		s->looked++;
		if (s->workers[i].state != IDLE)
			continue;
		task = next_task(s, &s->workers[i]);
		if (task != NN_NOBODY)
			status = give(s, i, task, err);
		else if (!own)
			break;
	}
	return status;
}

int nn_sim_begin(struct simulation *s, struct nn_error *err)
{
	s->model++;
	s->answers = 0;
	s->begun = false;
	s->looked += s->worker_count + s->sim->tasks;
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

static int begin_tasks(struct simulation *s, struct nn_error *err)
{
	int status = nn_sim_hand_out(s, err);

	s->begun = true;
	return status;
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
	const struct nn_sim_host *host = &s->sim->hosts[worker->host];
	double work = nn_sim_work(s, worker->task);

	if (worker->next == NN_NOBODY)
		look_ahead(s, worker);
	nn_sim_become(s, worker, COMPUTING);
	worker->began = s->now;
	if (nn_sim_is_plain(host))
		return nn_sim_put(s, s->now + work / host->speed, COMPUTED, number, 0,
			worker->version, err);
	return nn_sim_use(s, worker->host, PROCESSORS, number, work, err);
}

/* The gradient has left. */
static int sent(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	const struct nn_sim_host *what = &s->sim->hosts[worker->host];

	return nn_sim_put(s, s->now + what->latency, ANSWER, number,
		worker->sending[worker->sending[1] != NN_NOBODY], worker->version, err);
}

/* Its gradient goes out, and it goes on with the next task, if it has got one. */
static int send_gradient(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	int status = NN_OK;

	worker->sending[worker->sending[0] != NN_NOBODY] = worker->task;
	if (!is_near(&s->sim->hosts[worker->host]))
		status = pass(s, number, LINE_UP, &worker->ways_back, err);
	if (!status && !worker->ways_back)
		status = sent(s, number, err);
	nn_sim_become(s, worker, ANSWERING);
	if (status || worker->next == NN_NOBODY)
		return status;
	worker->task = worker->next;
	worker->next = NN_NOBODY;
	return start(s, number, err);
}

static int computed(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];

	s->busy += s->now - worker->began;
	nn_sim_become(s, worker, HOLDING);
	/* Of those that were sent one may still be unhandled. */
	if (worker->ways_back || worker->sending[1] != NN_NOBODY)
		return NN_OK;
	return send_gradient(s, number, err);
}

int nn_sim_passed(struct simulation *s, size_t number, size_t resource, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	unsigned through = resource / RESOURCES == s->sim->host_count ? 2 : 1;
	int status = NN_OK;

	switch (resource % RESOURCES) {
	case PROCESSORS:
		return computed(s, number, err);
	case LINE_DOWN:
		worker->ways &= ~through;
		return worker->ways ? NN_OK : arrive(s, number, err);
	case LINE_UP:
		worker->ways_back &= ~through;
		if (!worker->ways_back)
			status = sent(s, number, err);
		if (!status && !worker->ways_back && worker->state == HOLDING &&
			worker->sending[1] == NN_NOBODY)
			status = send_gradient(s, number, err);
		break;
	}
	return status;
}

static int take_answer(struct simulation *s, struct nn_event event, struct nn_error *err)
{
	double start = s->now > s->coordinator ? s->now : s->coordinator;

	s->coordinator = start + s->sim->handle_seconds;
	if (s->sim->async)
		s->coordinator += s->sim->update_seconds;
	return nn_sim_put(s, s->coordinator, HANDLED, event.who, event.about, event.version, err);
}

/* Whoever is not too far ahead any more. */
static void unblock(struct simulation *s, size_t task)
{
	if (!s->blocked[task] || s->done[task] > s->slowest + s->sim->staleness ||
		s->done[task] >= s->sim->steps)
		return;
	s->blocked[task] = false;
	nn_sim_wait(s, task);
}

/* Of asynchronous steps: the shard goes on, unless it is too far ahead; if it was the last of the slowest
 * others may go on too. */
static void go_on(struct simulation *s, size_t task)
{
	uint64_t slowest = UINT64_MAX;

	s->tries[task] = 0;
	s->blocked[task] = true;
	if (s->done[task]++ != s->slowest || --s->slow) {
		unblock(s, task);
		return;
	}
	for (size_t i = 0; i < s->sim->tasks; i++) {
		if (s->done[i] < slowest) {
			slowest = s->done[i];
			s->slow = 0;
		}
		s->slow += s->done[i] == slowest;
	}
	s->slowest = slowest;
	for (size_t i = 0; i < s->sim->tasks; i++)
		unblock(s, i);
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
	if (worker->state == HOLDING && !worker->ways_back)
		status = send_gradient(s, event.who, err);
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

int nn_sim_happen(struct simulation *s, struct nn_event event, struct nn_error *err)
{
	const struct worker *worker = event.who < s->worker_count ? &s->workers[event.who] : NULL;

	switch ((enum what)event.what) {
	case BEGIN:
		return event.version == s->version ? begin_tasks(s, err) : NN_OK;
	case ARRIVE:
		return event.version == worker->version ? start(s, event.who, err) : NN_OK;
	case COMPUTED:
		return event.version == worker->version ? computed(s, event.who, err) : NN_OK;
	case SHARED:
		return event.version == s->resources[event.who].version ?
			nn_sim_shared(s, event.who, err) :
			NN_OK;
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
