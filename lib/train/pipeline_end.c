/* How the processes of a training by stages end, and which of them is to blame if they do so too early. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "train/pipeline-private.h"

#define GRACE 5.0 /* seconds to end by oneself */

/* What it still has to say. */
static void hear_out(struct nn_member *member, bool timed_out)
{
	const struct nn_frame *frame;
	struct nn_error ignored;

	if (member->spoke || !member->reader || (member->orders < 0 && member->process.output < 0))
		return;
	if (timed_out || member->orders >= 0)
		member->patience = (int)(GRACE * 1000);
	nn_crew_bound(member);
	while (!nn_reader_next(member->reader, &frame, &ignored) && frame &&
		frame->preamble.kind != NN_KIND_END)
		if (frame->preamble.kind == NN_KIND_ERROR)
			nn_crew_take_error(member, frame);
}

static void close_orders(struct nn_member *member)
{
	if (member->orders >= 0)
		shutdown(member->orders, SHUT_WR);
	else
		nn_process_close_input(&member->process);
}

static void end_member(struct nn_member *member, double grace)
{
	struct nn_error ignored;

	close_orders(member);
	if (member->process.pid)
		nn_process_end(&member->process, grace, &member->status, &member->killed, &ignored);
	if (member->far) {
		struct nn_error why;

		nn_process_last_words(&member->process, member->words, sizeof member->words);
		if (nn_far_close(member->far, &why) && !member->spoke) {
			member->spoke = true;
			member->why = why;
		}
	}
	member->far = NULL;
	if (member->orders >= 0)
		close(member->orders);
	member->orders = -1;
	nn_reader_close(member->reader);
	nn_writer_close(member->writer);
	member->reader = NULL;
	member->writer = NULL;
}

/* How much it says about what went wrong: most, who died of something else; least, who only saw another
 * one go. */
static int weight_of(const struct nn_member *member)
{
	bool signalled = WIFSIGNALED(member->status) && !member->killed &&
		WTERMSIG(member->status) != SIGPIPE;

	/* Who waits for the orders of one that was never reached gets none, and says that. */
	bool unreached = !member->met && !member->spoke && WIFEXITED(member->status) &&
		(WEXITSTATUS(member->status) == 255 || WEXITSTATUS(member->status) == 127);

	if (signalled || unreached)
		return 5;
	if (member->spoke)
		return member->victim ? 1 : 4;
	if (member->killed)
		return 3;
	return WIFEXITED(member->status) && WEXITSTATUS(member->status) ? 2 : 0;
}

static int describe(const struct nn_member *member, const char *tool, struct nn_error *err)
{
	char text[NN_PROCESS_TEXT];

	if (member->spoke && (member->killed || !WIFSIGNALED(member->status)))
		return nn_fail(err, member->why.status, "%s: %s", member->name, member->why.text);
	if (member->killed)
		return nn_fail(err, NN_FAILED,
			"%s hung: it did not even end when told, and was killed", member->name);
	if (WIFEXITED(member->status) && WEXITSTATUS(member->status) == 127 && !member->host)
		return nn_fail(err, NN_FAILED, NN_STAGE_TOOL " not found");
	if (WIFEXITED(member->status) && WEXITSTATUS(member->status) == 127)
		return nn_fail(err, NN_FAILED, "%s: %s not found on %s", member->name, tool,
			member->host->name);
	if (member->host && WIFEXITED(member->status) && WEXITSTATUS(member->status) == 255)
		return nn_fail(err, NN_FAILED, "%s: %s %s%s%s", member->name,
			member->met ? "it was killed, or the line cut, to" : "cannot reach",
			member->host->name, *member->words ? ": " : "", member->words);
	nn_process_text(member->status, text);
	return nn_fail(err, NN_FAILED, "%s ended: %s%s%s", member->name, text,
		*member->words ? ": " : "", member->words);
}

int nn_crew_blame(struct nn_pipeline *pipeline, struct nn_error *err)
{
	const struct nn_member *culprit = NULL;

	/* Nobody who is well waits for orders any more; who waits for one that has gone learns of it. */
	for (size_t i = 0; i < pipeline->count; i++)
		close_orders(&pipeline->members[i]);
	for (size_t i = 0; i < pipeline->count; i++)
		hear_out(&pipeline->members[i], pipeline->timed_out);
	for (size_t i = 0; i < pipeline->count; i++) {
		struct nn_member *member = &pipeline->members[i];

		if (!member->process.pid && member->orders < 0)
			continue;
		end_member(member, GRACE);
		/* Of victims what is known already is as good. */
		if (weight_of(member) > (culprit ? weight_of(culprit) : 1))
			culprit = member;
	}
	return culprit ? describe(culprit, pipeline->options->tool, err) : (int)err->status;
}

void nn_crew_stop(struct nn_pipeline *pipeline, bool kill)
{
	struct nn_error ignored;

	for (size_t i = 0; i < pipeline->count && !kill; i++)
		if (pipeline->members[i].writer)
			nn_crew_say(&pipeline->members[i], NULL, NULL, &ignored);
	for (size_t i = 0; i < pipeline->count; i++)
		end_member(&pipeline->members[i], kill ? 0 : GRACE);
	free(pipeline->members);
	pipeline->members = NULL;
	pipeline->count = 0;
}
