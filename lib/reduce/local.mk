libnnpipe_a_SOURCES += \
	lib/reduce/reduce.h
