/* Who does which task; hosts as they are written; one writer at a time. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"
#include "proc/hosts.h"
#include "sched/assign.h"
#include "tap.h"

static struct nn_error err;
static struct nn_assign_task tasks[6];
static bool able[3];

static struct nn_assign_view fresh(enum nn_assign method)
{
	for (size_t i = 0; i < 6; i++)
		tasks[i] = (struct nn_assign_task){ true, NN_NOBODY, NN_NOBODY, NN_NOBODY, 1 };
	able[0] = able[1] = able[2] = true;
	return (struct nn_assign_view){ .method = method,
		.tasks = tasks,
		.task_count = 6,
		.able = able,
		.worker_count = 3 };
}

static void test_static(void)
{
	struct nn_assign_view view = fresh(NN_ASSIGN_STATIC);

	ok(nn_assign_next(&view, 1) == 1, "static: worker 1 begins with task 1");
	tasks[1].waiting = false;
	ok(nn_assign_next(&view, 1) == 4, "then it has task 4");
	tasks[4].waiting = false;
	ok(nn_assign_next(&view, 1) == NN_NOBODY, "and no other");
	able[2] = false;
	ok(nn_assign_next(&view, 0) == 0, "who is not able");
	tasks[0].waiting = tasks[3].waiting = false;
	ok(nn_assign_next(&view, 0) == 2, "is replaced by the next");
	able[2] = true;
	tasks[2].avoid = 2;
	ok(nn_assign_next(&view, 2) == 5 && nn_assign_next(&view, 0) == 2, "as is who has failed");
	able[0] = able[1] = false;
	ok(nn_assign_next(&view, 2) == 2, "unless there is nobody else");
}

static void test_dynamic(void)
{
	struct nn_assign_view view = fresh(NN_ASSIGN_DYNAMIC);

	ok(nn_assign_next(&view, 2) == 0, "dynamic: the first that waits");
	tasks[0].last = 0;
	tasks[3].last = 2;
	ok(nn_assign_next(&view, 2) == 3, "rather the own of the last step");
	ok(nn_assign_next(&view, 1) == 1, "else one that nobody had");
	for (size_t i = 1; i < 6; i++)
		tasks[i].waiting = false;
	ok(nn_assign_next(&view, 1) == 0, "else any");
	tasks[0].avoid = 1;
	ok(nn_assign_next(&view, 1) == NN_NOBODY, "but not what it has failed at");
	able[0] = able[2] = false;
	ok(nn_assign_next(&view, 1) == 0, "unless there is nobody else");
}

/* Whether the tasks are planned for these workers. */
static bool is_plan(const size_t *owners)
{
	for (size_t i = 0; i < 6; i++)
		if (tasks[i].planned != owners[i])
			return false;
	return true;
}

static void test_weighted(void)
{
	static const double capacity[] = { 1, 2, 3 };
	static const double near[] = { 1, 2, 2.95 };
	static const double reversed[] = { 3, 2, 1 };
	static const double third[] = { 0, 0, 5 };
	static const double none[3];
	struct nn_assign_view view = fresh(NN_ASSIGN_WEIGHTED);

	ok(nn_assign_next(&view, 2) == 0, "weighted: without a plan, as dynamic");
	ok(!nn_assign_plan(tasks, &view, none, &err) && tasks[0].planned == NN_NOBODY,
		"there is none where nothing is known");
	ok(!nn_assign_plan(tasks, &view, capacity, &err) && is_plan((size_t[]){ 2, 1, 2, 0, 1, 2 }),
		"each has its share, ties are the first one's");
	ok(nn_assign_next(&view, 0) == 3 && nn_assign_next(&view, 1) == 1, "and takes it");
	tasks[3].waiting = false;
	ok(nn_assign_next(&view, 0) == NN_NOBODY, "and no other");
	tasks[1].avoid = 1;
	ok(nn_assign_next(&view, 1) == 4 && nn_assign_next(&view, 0) == 1,
		"but what its owner failed at");
	able[2] = false;
	ok(nn_assign_next(&view, 0) == 0, "or cannot do");
	ok(!nn_assign_plan(tasks, &view, capacity, &err) && is_plan((size_t[]){ 1, 0, 1, 1, 0, 1 }),
		"who is not able is not planned for");
	able[2] = true;
	ok(!nn_assign_plan(tasks, &view, reversed, &err) && is_plan((size_t[]){ 0, 1, 0, 0, 1, 2 }),
		"others are, when they can");
	ok(!nn_assign_plan(tasks, &view, capacity, &err) && tasks[0].planned == 2, "a new plan");
	tasks[0].planned = 1;
	tasks[1].planned = 2;
	ok(!nn_assign_plan(tasks, &view, near, &err) && tasks[0].planned == 1,
		"a plan that is as good stays");
	tasks[3].planned = 2;
	ok(!nn_assign_plan(tasks, &view, near, &err) && tasks[3].planned == 0,
		"unless somebody stands idle");
	for (size_t i = 0; i < 6; i++)
		tasks[i].planned = NN_NOBODY;
	ok(!nn_assign_plan(tasks, &view, third, &err) && is_plan((size_t[]){ 0, 1, 2, 0, 1, 2 }),
		"who is not known is as the mean");
}

static void test_sizes(void)
{
	static const double capacity[] = { 1, 4, 1 };
	static const double sizes[] = { 2, 8, 1, 3, 0, 10 };
	struct nn_assign_view view = fresh(NN_ASSIGN_WEIGHTED);
	struct nn_assign_speed speed = { 0, 0 };
	size_t owners[6];
	double finish;

	for (size_t i = 0; i < 6; i++)
		tasks[i].size = sizes[i];
	ok(!nn_assign_plan(tasks, &view, capacity, &err) && is_plan((size_t[]){ 2, 1, 2, 0, 0, 1 }),
		"weighted: the largest task first");
	ok(!nn_assign_simulate(tasks, &view, capacity, owners, &finish, &err) && finish == 4.5 &&
			is_plan(owners),
		"run as planned");
	view = fresh(NN_ASSIGN_DYNAMIC);
	ok(!nn_assign_simulate(tasks, &view, capacity, owners, &finish, &err) && finish == 1 &&
			owners[0] == 0 && owners[1] == 1 && owners[2] == 2 && owners[3] == 1 &&
			owners[5] == 1,
		"dynamic, simulated");
	view = fresh(NN_ASSIGN_STATIC);
	ok(!nn_assign_simulate(tasks, &view, capacity, owners, &finish, &err) && finish == 2 &&
			owners[4] == 1,
		"static, simulated");
	ok(nn_assign_capacity(&speed) == 0, "no speed yet");
	nn_assign_measure(&speed, 0, 1);
	nn_assign_measure(&speed, 10, 2);
	ok(nn_assign_capacity(&speed) == 5, "a speed");
	for (int i = 0; i < 40; i++)
		nn_assign_measure(&speed, 10, 1);
	ok(nn_assign_capacity(&speed) > 9.99, "the past fades");
}

static void test_hosts(void)
{
	struct nn_hosts hosts = { 0 };
	struct nn_buffer line = { 0 };
	char **arguments;

	ok(!nn_hosts_add(&hosts, "2/alice, user@bob,3/:,4/ssh -p 22 carol", &err), "four hosts");
	ok(hosts.count == 4 && hosts.list[0].count == 2 && hosts.list[1].count == 1 &&
			hosts.list[2].count == 3 && hosts.list[3].count == 4,
		"how many workers they have");
	is_text(hosts.list[1].name, "user@bob", "a name");
	ok(hosts.list[2].here && !hosts.list[0].here, "this machine");
	is_text(hosts.list[3].name, "carol", "a name behind a command");
	is_text(hosts.list[3].login, "ssh -p 22", "and the command");
	ok(!nn_host_arguments(&hosts.list[3], "ssh", "exec x", &arguments, &err), "arguments");
	is_text(arguments[2], "22", "of the command");
	is_text(arguments[3], "-T", "ours behind it");
	nn_host_free_arguments(arguments);
	ok(!nn_hosts_add(&hosts, "carol,alice slots=2 max_slots=8,2/ssh -p 22 carol", &err) &&
			hosts.count == 5 && hosts.list[0].count == 4 && hosts.list[3].count == 6 &&
			hosts.list[4].count == 1 && !hosts.list[4].login,
		"a host that was there gets more, by another command it is another");
	is_text(hosts.list[4].name, "carol", "and has its name");
	ok(!nn_hosts_add(&hosts, "ssh -p 22 dave slots=3", &err) && hosts.list[5].count == 3,
		"slots and a command");
	is_text(hosts.list[5].name, "dave", "and a name");
	ok(nn_hosts_add(&hosts, "a slots=0", &err) == NN_USAGE, "no slots");
	ok(nn_hosts_add(&hosts, "2/a slots=2", &err) == NN_USAGE, "slots said twice");
	ok(nn_hosts_add(&hosts, "a slots=2 slots=2", &err) == NN_USAGE, "and once more");
	ok(nn_hosts_add(&hosts, "a slot=2", &err) == NN_USAGE, "no such word");
	ok(nn_hosts_add(&hosts, "slots=2", &err) == NN_USAGE, "slots of nobody");
	ok(nn_hosts_add(&hosts, "-x slots=2", &err) == NN_USAGE, "nor is an option with slots");
	ok(nn_hosts_add(&hosts, "4000/a,97/a", &err) == NN_USAGE, "too many in all");
	ok(nn_hosts_add(&hosts, "-x", &err) == NN_USAGE, "no option is a host");
	ok(nn_hosts_add(&hosts, "2/-x", &err) == NN_USAGE, "with a number neither");
	ok(nn_hosts_add(&hosts, "ssh -p 22 -x", &err) == NN_USAGE, "nor behind a command");
	ok(nn_hosts_add(&hosts, "", &err) == NN_USAGE, "nor is nothing");
	nn_hosts_free(&hosts);
	nn_shell_word(&line, "a-b/c.d", &err);
	nn_shell_word(&line, "it's $x", &err);
	nn_shell_word(&line, "", &err);
	is_text(line.data, "a-b/c.d 'it'\\''s $x' ''", "words for a shell");
	nn_buffer_free(&line);
}

static void test_lock(void)
{
	char folder[] = "/tmp/nnpipe-lock.XXXXXX";
	char path[64];
	struct nn_lock lock;
	int status = 0;
	pid_t child;

	if (!ok(mkdtemp(folder) != NULL, "a folder"))
		return;
	snprintf(path, sizeof path, "%s/file", folder);
	ok(!nn_lock_take(&lock, path, &err), "a lock");
	child = fork();
	if (!child) {
		struct nn_lock other;
		char want[64];

		snprintf(want, sizeof want, ": is in use by process %ld on ", (long)getppid());
		_exit(nn_lock_take(&other, path, &err) == NN_FAILED && strstr(err.text, want) ? 0 :
												1);
	}
	waitpid(child, &status, 0);
	ok(status == 0, "another process is refused, and told whose it is");
	nn_lock_release(&lock);
	ok(!nn_lock_take(&lock, path, &err), "released, it can be taken again");
	nn_lock_release(&lock);
	ok(!rmdir(folder), "nothing is left");
}

int main(void)
{
	test_static();
	test_dynamic();
	test_weighted();
	test_sizes();
	test_hosts();
	test_lock();
	return tap_done();
}
