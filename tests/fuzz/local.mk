UNIT_TESTS += tests/fuzz/fuzz-stream
tests_fuzz_fuzz_stream_SOURCES = tests/fuzz/fuzz-stream.c
EXTRA_DIST += tests/fuzz/README.md tests/fuzz/faults.c

# For LD_PRELOAD: calls that fail, one after the other.
check_DATA += tests/fuzz/faults.so
CLEANFILES += tests/fuzz/faults.so
tests/fuzz/faults.so: tests/fuzz/faults.c
	@$(MKDIR_P) tests/fuzz
	$(AM_V_CCLD)$(CC) -D_GNU_SOURCE -O1 -fPIC -shared -o $@ $(srcdir)/tests/fuzz/faults.c -ldl

FUZZ_CC = clang
FUZZ_SECONDS = 60
FUZZ_INPUT = $(srcdir)/tests/fuzz/fuzz-stream.c $(srcdir)/lib/base/*.c $(srcdir)/lib/json/*.c \
	$(srcdir)/lib/stream/*.c $(srcdir)/lib/tensor/bundle.c $(srcdir)/lib/tensor/convert.c \
	$(srcdir)/lib/tensor/dtype.c $(srcdir)/lib/tensor/stats.c

.PHONY: fuzz
fuzz: config.h
	$(FUZZ_CC) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION -D_GNU_SOURCE \
		-include config.h -I. -I$(srcdir)/lib -I$(srcdir) $(FUZZ_INPUT) $(Z_LIBS) \
		$(CJSON_LIBS) $(XXHASH_LIBS) -lm -o fuzz-stream
	mkdir -p fuzz-corpus
	./fuzz-stream -max_len=8192 -max_total_time=$(FUZZ_SECONDS) -timeout=10 -malloc_limit_mb=256 \
		fuzz-corpus $(srcdir)/tests/files

CLEANFILES += fuzz-stream
