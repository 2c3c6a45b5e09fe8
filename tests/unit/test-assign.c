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
		tasks[i] = (struct nn_assign_task){ true, NN_NOBODY, NN_NOBODY };
	able[0] = able[1] = able[2] = true;
	return (struct nn_assign_view){ method, tasks, 6, able, 3 };
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
	test_hosts();
	test_lock();
	return tap_done();
}
