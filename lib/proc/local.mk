libnnpipe_a_SOURCES += \
	lib/proc/forks.c \
	lib/proc/forks.h \
	lib/proc/hosts.c \
	lib/proc/hosts.h \
	lib/proc/mux.c \
	lib/proc/mux.h \
	lib/proc/process.c \
	lib/proc/process.h
