libnnpipe_a_SOURCES += lib/sched/assign.c lib/sched/assign.h lib/sched/plan.c
libnnpipe_a_SOURCES += lib/sched/deadline.c lib/sched/deadline.h
libnnpipe_a_SOURCES += lib/sched/events.c lib/sched/events.h
libnnpipe_a_SOURCES += lib/sched/simulate.c lib/sched/simulate.h lib/sched/simulate-private.h \
	lib/sched/simulate_fault.c lib/sched/simulate_run.c lib/sched/simulate_share.c
