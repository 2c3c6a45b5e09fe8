libnnpipe_a_SOURCES += \
	lib/ranks/agree.c \
	lib/ranks/launcher.c \
	lib/ranks/memory.c \
	lib/ranks/ranks.h
if HAVE_MPI
libnnpipe_a_SOURCES += lib/ranks/lines.c lib/ranks/mpi.c lib/ranks/mpi-private.h
else
libnnpipe_a_SOURCES += lib/ranks/none.c
endif
