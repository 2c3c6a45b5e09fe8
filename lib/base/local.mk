libnnpipe_a_SOURCES += \
	lib/base/cpu.c \
	lib/base/cpu.h \
	lib/base/error.c \
	lib/base/error.h \
	lib/base/hash.c \
	lib/base/hash.h \
	lib/base/io.c \
	lib/base/io.h \
	lib/base/memory.c \
	lib/base/memory.h \
	lib/base/output.c \
	lib/base/random.c \
	lib/base/random.h \
	lib/base/text.c \
	lib/base/text.h
libnnpipe_a_SOURCES += lib/base/lock.c lib/base/lock.h
libnnpipe_a_SOURCES += lib/base/template.c lib/base/template.h
libnnpipe_a_SOURCES += lib/base/spool.c
