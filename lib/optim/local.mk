libnnpipe_a_SOURCES += \
	lib/optim/adagrad.c \
	lib/optim/adam.c \
	lib/optim/adamw.c \
	lib/optim/clip.c \
	lib/optim/moments.c \
	lib/optim/moments.h \
	lib/optim/momentum.c \
	lib/optim/nesterov.c \
	lib/optim/optim.h \
	lib/optim/options.c \
	lib/optim/rmsprop.c \
	lib/optim/schedule.c \
	lib/optim/sgd.c \
	lib/optim/statistic.c
