# Writes the sample files anew.
check_PROGRAMS += tests/files/make-samples
tests_files_make_samples_SOURCES = tests/files/make-samples.c
EXTRA_DIST += tests/files/README.md

dist-hook:
	cp $(srcdir)/tests/files/*.nnt $(srcdir)/tests/files/*.safetensors $(distdir)/tests/files/
