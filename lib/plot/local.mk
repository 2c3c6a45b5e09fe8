libnnpipe_a_SOURCES += \
	lib/plot/canvas.c \
	lib/plot/canvas.h \
	lib/plot/gnuplot.c \
	lib/plot/gnuplot.h \
	lib/plot/log.c \
	lib/plot/log.h \
	lib/plot/plot.c \
	lib/plot/plot.h \
	lib/plot/scale.c \
	lib/plot/scale.h \
	lib/plot/script.c \
	lib/plot/series.c \
	lib/plot/series.h \
	lib/plot/text.c
