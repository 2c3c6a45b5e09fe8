BATS_TESTS +=
BATS_TESTS += tests/tool/floors.bats
BATS_TESTS += tests/tool/options.bats
BATS_TESTS += tests/tool/completion.bats tests/tool/man.bats tests/tool/build.bats
BATS_TESTS += tests/tool/tools.bats tests/tool/faults.bats tests/tool/hostile.bats
check_PROGRAMS += tests/tool/try-options
tests_tool_try_options_SOURCES = tests/tool/try-options.c
# Writes streams from a description in its arguments.
check_PROGRAMS += tests/tool/frames
tests_tool_frames_SOURCES = tests/tool/frames.c
BATS_TESTS += tests/tool/nn-info.bats
BATS_TESTS += tests/tool/nn-reduce.bats
BATS_TESTS += tests/tool/nn-convert.bats
BATS_TESTS += tests/tool/nn-update.bats
BATS_TESTS += tests/tool/nn-init.bats tests/tool/nn-grad.bats
BATS_TESTS += tests/tool/nn-eval.bats
BATS_TESTS += tests/tool/nn-predict.bats tests/tool/losses.bats
EXTRA_DIST += tests/tool/evaluate.bash
BATS_TESTS += tests/tool/files.bats
BATS_TESTS += tests/tool/format.bats
# Shows the numbers in data frames.
check_PROGRAMS += tests/tool/rows
tests_tool_rows_SOURCES = tests/tool/rows.c
BATS_TESTS += tests/tool/nn-import.bats
BATS_TESTS += tests/tool/nn-shard.bats
BATS_TESTS += tests/tool/examples.bats
BATS_TESTS += tests/tool/samebits.bats
BATS_TESTS += tests/tool/nn-train.bats
BATS_TESTS += tests/tool/nn-train-place.bats
BATS_TESTS += tests/tool/nn-train-send.bats
BATS_TESTS += tests/tool/nn-assign.bats
BATS_TESTS += tests/tool/nn-train-modes.bats
BATS_TESTS += tests/tool/norm.bats
BATS_TESTS += tests/tool/nn-train-stop.bats
BATS_TESTS += tests/tool/nn-train-journal.bats
BATS_TESTS += tests/tool/nn-train-print.bats
# A slow line between two network namespaces; the benchmarks use it too.
check_PROGRAMS += tests/tool/slow-link
tests_tool_slow_link_SOURCES = tests/tool/slow-link.c
EXTRA_DIST += tests/tool/slow-link.bash
BATS_TESTS += tests/tool/nn-train-line.bats
# A worker that goes wrong.
check_PROGRAMS += tests/tool/rogue
tests_tool_rogue_SOURCES = tests/tool/rogue.c
BATS_TESTS += tests/tool/nn-train-faults.bats
BATS_TESTS += tests/tool/nn-plot.bats
BATS_TESTS += tests/tool/bits.bats
BATS_TESTS += tests/tool/networks.bats
