libnnpipe_a_SOURCES += \
	lib/proc/process.c \
	lib/proc/process.h
