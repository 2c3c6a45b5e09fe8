libnnpipe_a_SOURCES += \
	lib/reduce/accumulator.c \
	lib/reduce/mean.c \
	lib/reduce/reduce.h \
	lib/reduce/reducer.c \
	lib/reduce/stack.c \
	lib/reduce/stack.h \
	lib/reduce/sum.c \
	lib/reduce/tree.c
