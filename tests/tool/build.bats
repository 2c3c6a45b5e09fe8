# make install and make uninstall, in a folder of their own.
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	unset MAKEFLAGS MFLAGS MAKELEVEL
	command -v make >/dev/null || skip "no make(1)"
	[ -f "$builddir/Makefile" ] || skip "not in a build"
}

installed() {
	find dest ! -type d | sed 's,.*/,,' | sort
}

@test "make install puts everything under DESTDIR, make uninstall takes everything away" {
	make -C "$builddir" install DESTDIR="$PWD/dest" >log 2>&1 || { cat log; false; }
	installed >have
	for tool in $tools; do
		grep -qx "$tool" have || fail "$tool"
		grep -qx "$tool.1" have || fail "$tool.1"
		[ "$(find dest -name "$tool" -path '*/completions/*' -exec cat {} +)" = \
			"$(cat "$srcdir/tools/nnpipe.bash")" ] || fail "completion of $tool"
		"$(find dest -name "$tool" -path '*/bin/*')" --version >/dev/null
	done
	for file in nnpipe.7 nnt.5 nn-model.5 nnt.magic README.md; do
		grep -qx "$file" have || fail "$file"
	done
	find dest ! -type d | grep -vE '/bin/nn-[a-z]+$|/man/man[157]/|/doc/nnpipe/|/completions/nn' &&
		fail "what is this for?"
	make -C "$builddir" uninstall DESTDIR="$PWD/dest" >log 2>&1 || { cat log; false; }
	[ -z "$(installed)" ] || fail "$(installed)"
}

@test "a release holds every file of the repository" {
	git -C "$srcdir" ls-files >files 2>/dev/null && [ -s files ] || skip "not in a repository"
	make -C "$builddir" distdir distdir="$PWD/release" >log 2>&1 || { cat log; false; }
	while read -r file; do
		case $file in
		.gitignore | .ci/*) continue ;;
		esac
		cmp "$srcdir/$file" "release/$file"
	done <files
}

@test "bootstrap: words that are no targets" {
	cp "$srcdir/bootstrap" .
	# Nothing is installed or configured for a mistake that can be seen at once.
	run ./bootstrap --prefix=/x
	assert_failure 1
	assert_output --partial "no option --prefix=/x"
}
