# One line of each kind per test:
#   UNIT_TESTS += tests/unit/test-x
#   tests_unit_test_x_SOURCES = tests/unit/test-x.c tests/unit/tap.h
