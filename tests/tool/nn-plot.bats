# nn-plot: the log of a training as curves.
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	unset LC_CTYPE LANG NO_COLOR
	export LC_ALL=C TERM=xterm
}

# table FILE LINE...: a space stands for a tab.
table() {
	local file=$1
	shift
	printf '%s\n' "$@" | tr ' ' '\t' >"$file"
}

# points FILE OPTION...: what would be drawn, as "X Y" lines, curve by curve; "" is a gap.
points() {
	nn-plot --gnuplot "$@" | awk '/^END/ { inside = 0 } inside; /<< END/ { inside = 1 }'
}

need_gnuplot() {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
}

# 13 by 5 cells: steps 1, 2, 3 are columns 0, 6, 12; the values 0 to 4 are rows.
@test "a picture in ASCII" {
	table t.tsv "step loss" "1 0" "2 4" "3 2"
	nn-plot --width 19 --height 8 t.tsv >got
	diff -u - got <<-'EOF'
		      loss    t.tsv
		   4 +      **
		     |    **  ***
		   2 +   *       **
		     | **
		   0 +*
		     ++-----+-----+
		step  1     2     3
	EOF
	nn-plot --width 19 --height 8 <t.tsv | sed 's/    -$/t.tsv/' | diff got -
	LC_ALL=C.UTF-8 nn-plot --ascii --width 19 --height 8 t.tsv | diff got -
}

# 26 by 20 dots: a line from corner to corner, of dots (i, 19 - round(19 i / 25)); the characters are by
# a program of a few lines of Python.
@test "a picture in braille" {
	table t.tsv "step loss" "1 0" "2 4"
	LC_ALL=C.UTF-8 nn-plot --width 19 --height 8 t.tsv >got
	diff -u - got <<-'EOF'
		      loss    t.tsv
		   4 ┤          ⢀⠤⠊
		     │        ⡠⠒⠁
		   2 ┤     ⣀⠔⠉
		     │  ⢀⠤⠊
		   0 ┤⡠⠒⠁
		     └┬───────────┬
		step  1           2
	EOF
}

@test "the locale says whether braille can be shown" {
	table t.tsv "step loss" "1 0" "2 4"
	nn-plot t.tsv >ascii
	LC_ALL=C.UTF-8 nn-plot t.tsv >utf8
	! cmp -s ascii utf8 || false
	LC_ALL= LC_CTYPE=de_DE.utf8 LANG=C nn-plot t.tsv | cmp - utf8
	LC_ALL= LANG=en_US.UTF-8 nn-plot t.tsv | cmp - utf8
	LC_ALL=C LANG=en_US.UTF-8 nn-plot t.tsv | cmp - ascii
	LC_ALL= nn-plot t.tsv | cmp - ascii
}

@test "the metric is drawn below, if it has values" {
	table t.tsv "step loss metric" "1 4 " "2 0 0.5" "3 0 " "4 0 1"
	nn-plot --width 24 --height 14 t.tsv >got
	diff -u - got <<-'EOF'
		      loss         t.tsv
		   4 +*
		     | **
		   2 +   *
		     |    **
		   0 +      ************
		     ++-----+----+-----+
		      metric
		 1.0 +                **
		     |            ****
		     |        ****
		 0.5 +      **
		     ++-----+----+-----+
		step  1     2    3     4
	EOF
	table none.tsv "step loss metric" "1 4 " "2 0 "
	table loss.tsv "step loss" "1 4" "2 0"
	nn-plot none.tsv | sed 's/none.tsv/loss.tsv/' >got
	nn-plot loss.tsv | diff - got
	nn-plot loss.tsv t.tsv | grep -q metric
	fails 1 "none.tsv: metric has no value that can be drawn" nn-plot -y metric none.tsv
}

@test "several logs have a letter each, taking turns where they meet" {
	table x.tsv "step loss" "1 0" "13 4"
	table y.tsv "step loss" "1 4" "13 4"
	table z.tsv "step loss" "1 4" "13 0"
	# In the first columns b and c meet, in the middle a and c, in the last ones a and b.
	nn-plot --width 19 --height 10 x.tsv y.tsv z.tsv >got
	diff -u - got <<-'EOF'
		a x.tsv   b y.tsv
		c z.tsv
		      loss
		   4 +bcbbbbbbbbbba
		     |  ccc   aaa
		   2 +     cac
		     |  aaa   ccc
		   0 +aa         cc
		     +----+----+---
		step      5   10
	EOF
	LC_ALL=C.UTF-8 nn-plot --width 19 --height 10 x.tsv y.tsv z.tsv |
		sed -e 's/┤/+/; s/┬/+/g; s/└/+/' -e 's/│/|/g' -e 's/─/-/g' | diff got -
	nn-plot --width 19 --height 9 x.tsv y.tsv z.tsv | head -n 1 >got
	assert_equal "$(cat got)" "a x.tsv   b y.tsv"
	nn-plot --width 30 --height 9 x.tsv y.tsv z.tsv | head -n 1 >got
	assert_equal "$(cat got)" "a x.tsv   b y.tsv   c z.tsv"
	fails 2 "at most 52 logs" nn-plot $(yes x.tsv | head -n 53)
	nn-plot $(yes x.tsv | head -n 52) >got
	grep -q 'Z x.tsv' got
}

on_terminal() {
	command -v script >/dev/null || skip "no script(1)"
	script -qec "$1" /dev/null </dev/null | tr -d '\r'
}

@test "a terminal gives its size and colours, unless NO_COLOR is set" {
	table x.tsv "step loss" "1 0" "2 4"
	table y.tsv "step loss" "1 4" "2 0"
	export LC_ALL=C.UTF-8
	on_terminal "stty cols 19 rows 9; nn-plot x.tsv" >got
	sed 's/\x1b\[[0-9]*m//g' got >plain
	nn-plot --width 19 --height 8 x.tsv | diff - plain
	[ "$(grep -c $'\e\[36m' got)" -eq 5 ]
	! sed -e 's/\x1b\[36m/<</' -e 's/\x1b\[0m/>>/' got | grep $'\e' || false
	on_terminal "nn-plot x.tsv y.tsv" >got
	grep -q $'^\e\\[36m━\e\\[0m x.tsv   \e\\[33m━\e\\[0m y.tsv$' got
	# Braille too: the first row begins with y and ends with x.
	grep -q $'^ *[^ ]* ┤\e\\[33m.*\e\\[36m[^\e]*\e\\[0m$' got
	for set in NO_COLOR=1 TERM=dumb; do
		on_terminal "export $set; nn-plot --width 80 --height 20 x.tsv y.tsv" >got
		nn-plot x.tsv y.tsv | diff - got
	done
	on_terminal "export NO_COLOR=; nn-plot x.tsv" | grep -q $'\e'
	nn-plot x.tsv y.tsv >got
	! grep -q $'\e' got || false
}

# ticks VALUE VALUE OPTION...: the labels of the y axis between them, from below.
ticks() {
	table t.tsv "step loss" "1 $1" "2 $2"
	shift 2
	nn-plot "$@" t.tsv | sed -n '2,$s/^ *\([^ ]*\) +.*/\1/p' | grep -v '^+' | tac | xargs
}

@test "ticks are at 1, 2 or 5 times a power of ten, and the axis ends at them" {
	assert_equal "$(ticks 0 10)" "0 2 4 6 8 10"
	assert_equal "$(ticks 0.1 0.42)" "0.10 0.15 0.20 0.25 0.30 0.35 0.40 0.45"
	assert_equal "$(ticks -3 17)" "-5 0 5 10 15 20"
	assert_equal "$(ticks 1000000 4000000)" "1000000 1500000 2000000 2500000 3000000 3500000 4000000"
	assert_equal "$(ticks 0 80000000)" "0 1e7 2e7 3e7 4e7 5e7 6e7 7e7 8e7"
	assert_equal "$(ticks 0 0.00002)" "0 5e-6 1e-5 1.5e-5 2e-5"
	assert_equal "$(ticks 0 10 --height 8)" "0 5 10"
	assert_equal "$(ticks 5 5)" "4.4 4.6 4.8 5.0 5.2 5.4 5.6"
	assert_equal "$(ticks 0 0)" "-1.0 -0.5 0 0.5 1.0"
	assert_equal "$(ticks 0.001 10 --log-y)" "0.001 0.01 0.1 1 10"
	assert_equal "$(ticks 0.3 4 --log-y)" "0.2 0.5 1 2 5"
	assert_equal "$(ticks 3 4 --log-y)" "3.0 3.2 3.4 3.6 3.8 4.0"
	assert_equal "$(ticks 1e-30 1 --log-y)" "1e-30 1e-25 1e-20 1e-15 1e-10 1e-5 1"
	# Whatever doubles there are.
	ticks -1e308 1.7e308
	ticks 5e-324 0
	ticks 5e-324 1e308 --log-y
	ticks 1e15 1000000000000001
}

@test "--log-y: the decades are as high as each other, and what is not above 0 is a gap" {
	table t.tsv "step loss" "1 1" "2 10" "3 100"
	nn-plot -l --width 19 --height 8 t.tsv >got
	diff -u - got <<-'EOF'
		      loss    t.tsv
		 100 +           **
		     |        ***
		  10 +     ***
		     |  ***
		   1 +**
		     ++-----+-----+
		step  1     2     3
	EOF
	table t.tsv "step loss" "1 1" "2 0" "3 100" "4 -5" "5 10"
	assert_equal "$(points -l t.tsv | tr '\n' '|')" "1 1||3 100||5 10|"
	table t.tsv "step loss metric" "1 0 0" "2 -1 1"
	fails 1 "t.tsv: loss has no value that can be drawn: a logarithmic axis takes those above 0" \
		nn-plot -l t.tsv
	# The metric's axis is even unless it is named.
	assert_equal "$(points -l -y metric t.tsv)" "2 1"
	table t.tsv "step loss metric" "1 1 0" "2 1 1"
	assert_equal "$(points -l t.tsv | xargs)" "1 1 2 1 1 0 2 1"
}

@test "a resumed run: later lines of a step take the place of earlier ones, time goes on" {
	table t.tsv "step time loss" "1 0.5 9" "2 1 8" "3 1.5 7" "4 2 6" \
		"3 0.25 5" "4 0.5 4" "5 1 3" "6 0.125 2"
	assert_equal "$(points t.tsv | xargs)" "1 9 2 8 3 5 4 4 5 3 6 2"
	assert_equal "$(points -x time t.tsv | xargs)" "0.5 9 1 8 1.25 5 1.5 4 2 3 2.125 2"
	# Killed in its first step again.
	table t.tsv "step time loss" "1 0.5 9" "1 0.25 8" "2 1 7"
	assert_equal "$(points -x time t.tsv | xargs)" "0.25 8 1 7"
}

@test "as nn-train and nn-update write it" {
	printf '%s\n' a,b,kind 1,0,no 0,1,yes 1,1,yes 0,0,no >data.csv
	nn-import -t kind -o data.nnt data.csv
	nn-init --mlp 2,3,2 --data data.nnt --seed 1 -o model.nnt
	nn-train -w 1 -n 6 -c run.nnt --valid data.nnt --log run.tsv model.nnt data.nnt >trained.nnt
	points run.tsv >before
	assert_equal "$(sed 1d run.tsv | cut -f 1,4,6 | awk '{ print $1, $2 }' | xargs)" \
		"$(head -n 6 before | xargs)"
	# As if it had been killed after step 4, and its last checkpoint were that of step 2.
	nn-train -w 1 -n 2 -c second.nnt --log second.tsv model.nnt data.nnt >trained.nnt
	sed -n '4,5p' run.tsv >>second.tsv
	nn-train -w 1 -n 6 -c second.nnt --resume --log second.tsv model.nnt data.nnt >trained.nnt
	[ "$(wc -l <second.tsv)" -eq 9 ]
	points -y loss second.tsv | diff <(head -n 6 before) -
	points -x time -y loss second.tsv | awk '$1 <= last { exit 1 } { last = $1 }'
	nn-grad -m model.nnt data.nnt | nn-update --lr 0.1 --log update.tsv model.nnt >next.nnt
	nn-grad -m next.nnt data.nnt | nn-update --log update.tsv next.nnt >last.nnt
	assert_equal "$(points update.tsv | xargs)" "$(sed 1d update.tsv | cut -f 1,3 | xargs)"
	nn-plot -y loss,norm update.tsv | grep -q norm
}

@test "a log that is being written is read up to the last whole line" {
	table t.tsv "step loss" "1 2" "2 1"
	printf '3\t0.' >>t.tsv
	assert_equal "$(points t.tsv | xargs)" "1 2 2 1"
	printf 'step\tlo' >t.tsv
	fails 1 "t.tsv: there is no whole line in it" nn-plot t.tsv
	printf 'step\tloss\n1' >t.tsv
	fails 1 "t.tsv: there are no steps in it yet" nn-plot t.tsv
}

@test "empty cells are passed over, what is not finite is a gap" {
	table t.tsv "step loss" "1 5" "2 " "3 4" "4 nan" "5 -nan" "6 3" "7 2" "8 inf" "9 1" "10 -INF" ""
	assert_equal "$(points t.tsv | tr '\n' '|')" "1 5|3 4||6 3|7 2||9 1|"
	nn-plot t.tsv >got
	table t.tsv "step loss" "1 nan"
	fails 1 "t.tsv: loss has no value that can be drawn" nn-plot t.tsv
}

@test "columns: any, sums of lists, means where x stays the same" {
	table t.tsv "epoch step speed worker_seconds" "0 1 10 0.5,0.25" "0 2 20 1" "1 3 40 1,2,3" "1 4 " \
		"1 5 80 "
	sed -i 's/^1\t4\t$/1\t4\t\t/' t.tsv
	assert_equal "$(points -x epoch -y speed t.tsv | xargs)" "0 15 1 60"
	assert_equal "$(points -y worker_seconds t.tsv | xargs)" "1 0.75 2 1 3 6"
	assert_equal "$(points -x speed -y step,epoch t.tsv | xargs)" "10 1 20 2 40 3 80 5 10 0 20 0 40 1 80 1"
	fails 1 "t.tsv: there is no column 'loss'; there are: epoch, step, speed, worker_seconds" \
		nn-plot t.tsv
	fails 1 "t.tsv: there is no column 'wall'" nn-plot -x wall -y speed t.tsv
	fails 1 "t.tsv: there is no column ''" nn-plot -y speed, t.tsv
	# Not only logs: no steps, and line ends of another system.
	printf 'workers\tspeedup\r\n1\t1\r\n2\t1.9\r\n4\t3.5\r\n' >t.tsv
	assert_equal "$(points -x workers -y speedup t.tsv | xargs)" "1 1 2 1.9 4 3.5"
}

@test "--smooth: the mean of the last N; gaps do not count" {
	table t.tsv "step loss" "1 1" "2 2" "3 6" "4 nan" "5 4" "6 8" "7 1e300" "8 1" "9 2" "10 3" "11 4"
	assert_equal "$(points -s 3 t.tsv | sed '/^[78] /d' | tr '\n' '|')" \
		"1 1|2 1.5|3 3||5 4|6 6|9 3.3333333333333335e+299|10 2|11 3|"
	assert_equal "$(points -s 1000 t.tsv | head -n 3 | xargs)" "1 1 2 1.5 3 3"
	points -s 1 t.tsv | diff <(points t.tsv) -
	points -s 0 t.tsv | diff <(points t.tsv) -
	# The metric is left as it is, unless it is named.
	table t.tsv "step loss metric" "1 1 1" "2 2 3"
	assert_equal "$(points -s 2 t.tsv | xargs)" "1 1 2 1.5 1 1 2 3"
	assert_equal "$(points -s 2 -y metric t.tsv | xargs)" "1 1 2 2"
}

@test "--from and --to" {
	table t.tsv "step loss" "1 9" "2 8" "3 7" "4 6"
	assert_equal "$(points --from 2 --to 3.5 t.tsv | xargs)" "2 8 3 7"
	nn-plot --gnuplot --from 2 --to 3.5 t.tsv | grep -qxF 'set xrange [2:3.5]'
	fails 1 "t.tsv: loss has no value that can be drawn in that part of the x axis" \
		nn-plot --from 5 t.tsv
	fails 2 "--from is not below --to" nn-plot --from 2 --to 2 t.tsv
}

@test "bad input" {
	table t.tsv "step loss" "1 9 8"
	fails 1 "t.tsv: line 2: 3 columns where the first line names 2" nn-plot t.tsv
	table t.tsv "step loss" "1 9" "2"
	fails 1 "t.tsv: line 3: 1 column where the first line names 2" nn-plot t.tsv
	for cell in abc 0,5 1e999 0x10 1.5s; do
		table t.tsv "step loss" "1 $cell"
		fails 1 "t.tsv: line 2: loss: '$cell' is not a number" nn-plot t.tsv
	done
	printf 'step\tloss\n1\t0\00005\n' >t.tsv
	fails 1 "t.tsv: line 2: a zero byte: this is no text" nn-plot t.tsv
	printf 'step\tloss\n1\t0\0\n' >t.tsv
	fails 1 "t.tsv: line 2: a zero byte: this is no text" nn-plot t.tsv
	table t.tsv "step loss"
	fails 1 "t.tsv: there are no steps in it yet" nn-plot t.tsv
	: >t.tsv
	fails 1 "t.tsv: is empty" nn-plot t.tsv
	echo 1,2,3 >t.tsv
	fails 1 "t.tsv: the first line does not name columns, with tabs between" nn-plot t.tsv
	head -c 3000000 /dev/zero | tr '\0' x >t.tsv
	fails 1 "t.tsv: line 1: more than 1048576 bytes: this is no table" nn-plot t.tsv
	fails 1 "good-model.nnt: the first line does not name columns" nn-plot "$files/good-model.nnt"
	fails 2 "--width and --height: at most 1000" nn-plot --width 1001 t.tsv
}

@test "names cannot drive the terminal or gnuplot" {
	printf 'st\xc2\x9bep\tl\xffoss\xe2\x80\xae\n1\t2\n' >$'t\e[31m\n\x27; exit 3'
	for locale in C C.UTF-8; do
		LC_ALL=$locale nn-plot -x $'st\xc2\x9bep' -y $'l\xffoss\xe2\x80\xae' t* >got
		! LC_ALL=C grep -q $'[\1-\10\e\x9b\xff\xae]' got || [ "$locale" = C.UTF-8 ] || false
		grep -q "l?oss?* .*t?\[31m?'; exit 3" got
		grep -q '^st??ep' got
	done
	nn-plot --gnuplot -x $'st\xc2\x9bep' -y $'l\xffoss\xe2\x80\xae' t* >got
	grep -qF "title 't?[31m?''; exit 3' noenhanced" got
	need_gnuplot
	nn-plot -o x.svg -x $'st\xc2\x9bep' -y $'l\xffoss\xe2\x80\xae' t*
	grep -q "exit 3" x.svg
}

@test "a long log is drawn as all its points are" {
	awk 'BEGIN { print "step\tloss"; srand(1)
		for (i = 0; i < 100000; i++) print i "\t" rand() + (i == 5e4 ? 9 : 0) }' >t.tsv
	points t.tsv >few
	[ "$(wc -l <few)" -le 10000 ]
	# Nothing is invented, and the extremes stay.
	tr ' ' '\t' <few | grep -vxFf t.tsv && fail "what is not in the log"
	for order in g gr; do
		assert_equal "$(sed 1d t.tsv | sort -k 2 -$order | head -n 1 | cut -f 2)" \
			"$(sort -k 2 -$order few | head -n 1 | cut -d ' ' -f 2)"
	done
	tr ' ' '\t' <few | sed '1i step\tloss' >few.tsv
	nn-plot few.tsv | sed 's/few.tsv/  t.tsv/' | diff - <(nn-plot t.tsv)
}

@test "PNG and SVG by gnuplot" {
	need_gnuplot
	table t.tsv "step loss metric" "1 2 " "2 1 0.5" "3 0.5 0.75"
	table u.tsv "step loss" "1 2" "2 nan"
	nn-plot -o x.png t.tsv
	# The signature, then width and height in the first chunk.
	assert_equal "$(head -c 24 x.png | od -An -tx1 | xargs)" \
		"89 50 4e 47 0d 0a 1a 0a 00 00 00 0d 49 48 44 52 00 00 03 e8 00 00 02 58"
	nn-plot --width 640 --height 480 -o X.PNG t.tsv u.tsv
	assert_equal "$(head -c 24 X.PNG | tail -c 8 | od -An -tx1 | xargs)" "00 00 02 80 00 00 01 e0"
	nn-plot -l -o x.svg t.tsv u.tsv
	head -n 5 x.svg | grep -q '<svg'
	grep -q 'width="1000" height="600"' x.svg
	grep -q '>u.tsv<' x.svg
	tail -n 2 x.svg | grep -q '</svg>'
	nn-plot --gnuplot t.tsv | gnuplot -e 'set terminal svg' - >y.svg
	grep -q '</svg>' y.svg
	sh_fails 4 "x.png: cannot write: File too large" "(ulimit -f 0; exec nn-plot -o x.png t.tsv) 2>&1 | cat >&2"
	assert_equal "$(head -c 4 x.png | tail -c 3)" PNG
	fails 2 "at least 100 pixels" nn-plot --width 50 -o y.png t.tsv
	fails 2 "y.png is to be a picture" nn-plot --gnuplot -o y.png t.tsv
	cp t.tsv t.png
	fails 2 "t.png: is both input and output" nn-plot -o t.png t.png
	[ ! -e y.png ]
}

@test "gnuplot is not there, fails, ends early, says nothing" {
	awk 'BEGIN { print "step\tloss"; for (i = 0; i < 100000; i++) print i "\t" i % 7 }' >t.tsv
	mkdir bin
	ln -s "$(command -v nn-plot)" "$(command -v sh)" bin
	echo old >x.png
	fails 4 "cannot start 'gnuplot': No such file or directory; on Debian: apt-get install gnuplot-nox" \
		env PATH="$PWD/bin" nn-plot -o x.png t.tsv
	while IFS='|' read -r script text; do
		printf '%s\n' '#!/bin/sh' "$script" >bin/gnuplot
		chmod +x bin/gnuplot
		PATH=$PWD/bin:$PATH fails 4 "$text" timeout 20 nn-plot -o x.png t.tsv
	done <<-'EOF'
		echo 'line 7: no such thing' >&2; exit 3|gnuplot: exit status 3: line 7: no such thing
		exec <&-; exit 1|gnuplot: exit status 1
		cat >/dev/null|gnuplot drew nothing
		kill -9 $$|gnuplot: killed by signal 9
	EOF
	assert_equal "$(cat x.png)" old
	[ -z "$(find . -name '.*.part')" ]
	# One that writes before it has read all.
	printf '%s\n' '#!/bin/sh' 'head -c 1000000 /dev/zero; cat' >bin/gnuplot
	PATH=$PWD/bin:$PATH timeout 20 nn-plot -o x.png t.tsv
	[ "$(tail -c +1000001 x.png | tail -n +2)" = "$(nn-plot --gnuplot t.tsv)" ]
}

@test "a full disk, a reader that has gone" {
	table t.tsv "step loss" "1 2" "2 1"
	sh_fails 4 "stdout: cannot write: No space left on device" "nn-plot t.tsv >/dev/full"
	sh_fails 4 "stdout: cannot write: No space left on device" "nn-plot --gnuplot t.tsv >/dev/full"
	run bash -c 'mkfifo p; exec 3<>p 4>p; exec 3>&-; exec nn-plot t.tsv >&4'
	assert_equal "$status" 141
}
