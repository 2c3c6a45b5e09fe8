# The manual is held to the tools: the same options, the same summaries, and mandoc has no complaint.
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

@test "mandoc finds nothing to complain about" {
	[ "${MANDOC:-no}" != no ] || skip "no mandoc(1)"
	"$MANDOC" -T lint -W warning "$srcdir"/man/*.[1-9] >found || true
	cat found
	[ ! -s found ]
}

@test "every tool has a page with the sections that all have" {
	for tool in $tools; do
		page=$srcdir/man/$tool.1
		[ -f "$page" ] || fail "$tool has no page"
		for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -q "^\.Sh $section\$" "$page" || fail "$tool(1) has no $section"
		done
	done
}

@test "every page is installed" {
	for page in "$srcdir"/man/*.[1-9]; do
		grep -q "man/$(basename "$page")" "$srcdir/man/local.mk" || fail "$page"
	done
}

@test "summaries are those of --help" {
	for tool in $tools; do
		"$tool" --help | sed -n 2p >help
		sed -n 's/^\.Nd //p' "$srcdir/man/$tool.1" | diff -u help - || fail "$tool"
	done
}

# "LETTER NAME" of each option in a page's lists: ".It Fl m , Fl -method Ns = Ns Ar METHOD", several
# long names may share a line. A page may leave out --help and --version, the same for all.
page_options() {
	awk '$1 == ".It" && $2 == "Fl" {
		letter = "-"
		for (i = 3; i <= NF; i++) if ($(i - 1) == "Fl") {
			name = substr($i, 2)
			if ($i !~ /^-./)
				letter = $i
			else if (name != "help" && name != "version")
				print letter, name
			if ($i ~ /^-./)
				letter = "-"
		}
	}' "$srcdir/man/$1.1" | sort
}

@test "options are those of --help, both ways" {
	for tool in $tools; do
		"$tool" --list-options | awk '$2 != "help" && $2 != "version" { print $1, $2 }' |
			sort >help
		page_options "$tool" | diff -u --label "$tool --help" --label "man $tool" help - ||
			fail "$tool"
		"$tool" --list-options | while read -r letter name _; do
			"$tool" --help | grep -qE "^  (-$letter, |    )--$name(=|  |\$)" ||
				fail "$tool --help does not show --$name"
		done
	done
}

@test "every choice of an option is explained" {
	for tool in $tools; do
		"$tool" --list-options | while read -r _ name _ choices; do
			for choice in $choices; do
				grep -qwF -- "${choice//-/\\-}" "$srcdir/man/$tool.1" ||
					grep -qwF -- "$choice" "$srcdir/man/$tool.1" ||
					fail "$tool(1) does not explain --$name=$choice"
			done
		done
	done
}

@test "nnpipe(7) names every tool and other page" {
	for page in "$srcdir"/man/*.[1-9]; do
		name=$(basename "$page")
		[ "$name" = nnpipe.7 ] || grep -qE "^\.(Xr|It Xr) ${name%.*} ${name##*.}" \
			"$srcdir/man/nnpipe.7" || fail "$name"
	done
}

@test "files and pages that README.md names are there" {
	grep -oE '\]\([A-Za-z][^):]*\)' "$srcdir/README.md" | tr -d ']()' >named
	[ -s named ]
	while read -r file; do
		assert_exists "$srcdir/$file"
	done <named
	for page in nnpipe.7 nnt.5 nn-model.5; do
		grep -q "man ${page%.*}" "$srcdir/README.md"
		assert_exists "$srcdir/man/$page"
	done
}
