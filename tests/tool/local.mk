BATS_TESTS +=
BATS_TESTS += tests/tool/floors.bats
