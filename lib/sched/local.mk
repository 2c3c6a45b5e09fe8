libnnpipe_a_SOURCES += lib/sched/assign.c lib/sched/assign.h lib/sched/plan.c
libnnpipe_a_SOURCES += lib/sched/deadline.c lib/sched/deadline.h
