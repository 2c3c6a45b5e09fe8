# nn-predict: the models put out their inputs, so the figures here are worked out by hand.
load common
load evaluate

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	make_files
}

@test "classes: by name if the data or the model name them, else by number" {
	nn-predict -m model kinds.nnt >out
	printf '%s\n' prediction no yes no no yes | diff -u - out
	nn-predict plain.nnt <model >out
	printf '%s\n' prediction 0 1 0 0 1 | diff -u - out
	identity cross_entropy classes '[\"nein\",\"ja\"]' >german
	nn-predict -m german <plain.nnt >out
	printf '%s\n' prediction nein ja nein nein ja | diff -u - out
}

@test "--proba: the softmax" {
	nn-predict -p -m model kinds.nnt >out
	# 1 / (1 + e^-1) and 1 / (1 + e^-2)
	awk -F, '
		NR == 1 && $0 != "prediction,no,yes" { exit 1 }
		NR > 1 && ($2 + $3 < 0.9999999 || $2 + $3 > 1.0000001) { exit 1 }
		NR == 2 && ($1 != "no" || $2 - 0.73105857863 > 1e-7 || 0.73105857863 - $2 > 1e-7) { exit 1 }
		NR == 6 && ($1 != "yes" || $3 - 0.88079707798 > 1e-7 || 0.88079707798 - $3 > 1e-7) { exit 1 }
		END { if (NR != 6) exit 1 }' out || { cat out; false; }
	[ "$(sed -n 5p out)" = no,0.5,0.5 ]
}

@test "numbers: a column for each target" {
	nn-predict -m regression numbers.nnt >out
	printf '%s\n' u,v 1,2 2,0 3,1 4,4 | diff -u - out
	nn-predict -i -m regression plain.nnt >out
	printf '%s\n' row,0,1 0,1,0 1,0,1 2,1,0 3,0,0 4,0,2 | diff -u - out
	spec='{\"input\":[2],\"layers\":[{\"type\":\"dense\",\"units\":1,\"bias\":false}],\"loss\":\"mse\"}'
	safetensors "{\"__metadata__\":{\"spec\":\"$spec\"},\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}" \
		"$one$one" >sum
	nn-predict -m sum plain.nnt >out
	printf '%s\n' prediction 1 1 1 0 2 | diff -u - out
}

@test "yes or no: the sigmoid, with --proba or without" {
	identity binary_cross_entropy >bits
	printf '%s\n' a,b 0,1 -2,1000 | nn-import -o ab.nnt
	nn-predict -m bits ab.nnt >out
	awk -F, 'function near(a, b) { return a - b < 1e-7 && b - a < 1e-7 }
		NR == 1 && $0 != "0,1" { exit 1 }
		NR == 2 && !(near($1, 0.5) && near($2, 0.73105857863)) { exit 1 }
		NR == 3 && !(near($1, 0.119202922) && $2 == 1) { exit 1 }
		END { if (NR != 3) exit 1 }' out || { cat out; false; }
	nn-predict -p -m bits ab.nnt | cmp - out
	nn-predict --to data -m bits ab.nnt | nn-predict -m regression | cmp - out
}

@test "--index runs on over all files" {
	nn-predict -i -m model kinds.nnt plain.nnt >out
	[ "$(tail -n 1 out)" = 9,yes ]
	[ "$(head -n 1 out)" = row,prediction ]
}

@test "names are quoted as CSV wants it, and come back" {
	printf '%s\n' a,b,kind '1,0,"one, two"' '0,1,"say ""hi"""' >odd.csv
	nn-import -t kind -o odd.nnt odd.csv
	nn-predict -p -m model odd.nnt >out
	[ "$(head -n 1 out)" = 'prediction,"one, two","say ""hi"""' ]
	grep -q '^"one, two",0.7310' out
	nn-predict -m model odd.nnt | paste -d, odd.csv - | sed 's/^/1,/' |
		nn-import -t prediction -o again.nnt
	nn-predict -m model odd.nnt | tail -n +2 >got
	cut -d, -f3- odd.csv | tail -n +2 | diff -u - got
	identity cross_entropy classes '[\"\",\" b\\n\"]' >blank
	nn-predict -m blank plain.nnt >out
	printf '%s\n' prediction '""' '" b' '"' '""' '""' '" b' '"' | diff -u - out
}

@test "a new table, encoded as the model's" {
	nn-init --mlp 2,2 --data kinds.nnt -o made.nnt
	nn-predict -m made.nnt kinds.nnt >want
	printf '%s\n' b,a 0,1 1,0 0,1 0,0 2,0 | nn-import --like made.nnt | nn-predict -m made.nnt - >out
	cmp want out
	cut -d, -f1,2 kinds.csv >bare.csv
	nn-import --like made.nnt bare.csv | nn-predict -m made.nnt >out
	cmp want out
	nn-import --standardize -t kind -o scaled.nnt kinds.csv
	fails 1 'scaled.nnt: column 1 (a): standardized here' nn-predict -m made.nnt scaled.nnt
}

@test "--to data: outputs and truth as rows of a data set" {
	nn-predict -m model --to data kinds.nnt -o out.nnt
	nn-info out.nnt >out
	grep -qE '^  x +F32 +\[5, 2\]$' out
	grep -qE '^  y +I32 +\[5\]$' out
	grep -qF 'classes: no, yes (2)' out
	grep -qE 'origin: predictions of model [0-9a-f]{16}' out
	# Its greatest probability is that of the class predicted.
	[ "$(nn-eval -m model --only accuracy out.nnt)" = 0.8 ]
	nn-predict -m model out.nnt >out
	nn-predict -m model kinds.nnt | cmp - out
	nn-predict -m regression --to data numbers.nnt | nn-predict -m regression >out
	printf '%s\n' 0,1 1,2 2,0 3,1 4,4 | diff -u - out
	nn-predict -m model --to data kinds.nnt plain.nnt | nn-info >out
	grep -qE '^  x +F32 +\[10, 2\]$' out
	[ "$(grep -c '^  y ' out)" = 0 ]
	nn-predict -m model --to data kinds.nnt | nn-shard -n 2 -o 'p-%d.nnt' && [ -s p-1.nnt ]
}

@test "many rows come in frames of at most 8192" {
	{ echo a,b; for i in $(seq 9000); do echo "$((i % 7)),$((i % 5))"; done; } >long.csv
	nn-import -o long.nnt long.csv
	nn-predict -m regression --to data long.nnt -o out.nnt
	[ "$(nn-info --json out.nnt | grep -o '"rows":[0-9]*,' | xargs)" = \
		'rows:8192, rows:808, rows:0,' ]
	nn-predict -m regression out.nnt | tail -n +2 >out
	tail -n +2 long.csv | cmp - out
}

@test "no rows: no predictions" {
	safetensors '{"x":{"dtype":"F32","shape":[0,2],"data_offsets":[0,0]}}' '' >none
	[ "$(nn-predict -m model none)" = prediction ]
	nn-predict -m model --to data none | nn-info >out
	grep -qE '^  x +F32 +\[0, 2\]$' out
}

@test "what does not fit, and NaN" {
	printf '%s\n' a,b,c 1,0,1 0,1,2 | nn-import -o wide.nnt
	fails 1 "wide.nnt: its rows are [3], but the model's input is [2]" nn-predict -m model wide.nnt
	identity cross_entropy '' '' '\0\0\300\177' >nan
	echo old >old
	fails 1 'plain.nnt: row 0 (from 0): output 0 of the model is nan' \
		nn-predict -m nan plain.nnt -o old
	[ "$(cat old)" = old ]
	identity cross_entropy kernel OpenBLAS-9.9/PDP11 >kernel
	fails 1 '--kernel auto' nn-predict -m kernel plain.nnt
	nn-predict --kernel auto -m kernel plain.nnt >out
}

@test "usage" {
	sh_fails 2 'which data?' 'nn-predict <model'
	sh_fails 2 'data cannot (see -m)' 'nn-predict - <model'
	nn-init --mlp 2,2 -o model.nnt
	sh_fails 2 'model.nnt: holds a model, not data (is -m meant?)' \
		'nn-predict model.nnt kinds.nnt </dev/null'
	cat model.nnt kinds.nnt >both
	nn-predict both <model >out
	nn-predict kinds.nnt <model | cmp - out
	fails 2 '--proba: the model predicts numbers' nn-predict -p -m regression numbers.nnt
	fails 2 '--index is a column of CSV' nn-predict -i --to data -m model kinds.nnt
	fails 2 'is both input and output' nn-predict -m model -o kinds.nnt kinds.nnt
	sh_fails 4 'stdout: cannot write: No space left on device' 'nn-predict -m model kinds.nnt >/dev/full'
}

# A model that has learned what follows each byte of "abcabc...".
abc_model() {
	printf 'abc%.0s' {1..400} >abc.txt
	nn-import -f text --context 8 --tokens used abc.txt -o abc.nnt
	cat >spec <<-'END'
	{ "layers": [ { "type": "embedding", "vocabulary": 3, "units": 8 },
	  { "type": "position_embedding" },
	  { "type": "residual", "layers": [ { "type": "attention", "heads": 2, "causal": CAUSAL } ] },
	  { "type": "dense", "units": 3, "per_position": true } ], "loss": "cross_entropy" }
	END
	sed "s/CAUSAL/${1:-true}/" spec | nn-init -d abc.nnt |
		nn-train -b 50 --shards 1 -O adam --lr 0.03 -e 60 - abc.nnt -o abc-model.nnt
}

@test "--generate: a text goes on, beyond the context too, and the same every time" {
	abc_model
	nn-predict --generate 30 --prompt ab -t 0 -m abc-model.nnt >text
	printf '%s' abcabcabcabcabcabcabcabcabcabcab | cmp - text
	nn-predict -g 30 --prompt abcabcabcabcab --top-k 1 <abc-model.nnt >text
	printf 'abc%.0s' {1..14} | cat - <(printf 'ab') | cmp - text
	# Hot enough, it is chance; the same chance with the same seed, for a longer text too.
	nn-predict -g 60 --prompt a -t 50 -s 7 <abc-model.nnt >seven
	nn-predict -g 60 --prompt a -t 50 -s 7 <abc-model.nnt | cmp - seven
	nn-predict -g 20 --prompt a -t 50 -s 7 <abc-model.nnt | cmp - <(head -c 21 seven)
	! nn-predict -g 60 --prompt a -t 50 -s 8 <abc-model.nnt | cmp -s - seven || false
	[ "$(fold -w 1 seven | sort -u | tr -d '\n')" = abc ]
	# Of the two likeliest bytes one never comes behind b: hot, all three do.
	behind_b() { grep -o 'b.' "$1" | sort -u | wc -l; }
	nn-predict -g 600 --prompt a -t 50 <abc-model.nnt >all
	[ "$(behind_b all)" -eq 3 ]
	nn-predict -g 600 --prompt a -t 50 --top-k 1 <abc-model.nnt >one
	[ "$(behind_b one)" -eq 1 ]
	nn-predict -g 600 --prompt a -t 50 --top-k 2 <abc-model.nnt >two
	! cmp -s two all || false
	! cmp -s two one || false
}

@test "--generate: what is no model of a text is refused" {
	abc_model false
	fails 1 "layer 2.0, attention, is not causal: it would look at what is not written yet" \
		nn-predict -g 3 --prompt a -m abc-model.nnt
	abc_model
	fails 1 "byte 1 of the prompt, x: the model has no such token" \
		nn-predict -g 3 --prompt ax -m abc-model.nnt
	fails 1 'byte 0 of the prompt, \x0a: the model has no such token' nn-predict -g 3 -m abc-model.nnt
	nn-init --mlp 4,3 -o plain.nnt
	fails 1 "plain.nnt: it is no model of a text (nn-import -f text, nn-init -d)" nn-predict -g 3 -m plain.nnt
	fails 2 "takes neither data nor their options" nn-predict -g 3 -m abc-model.nnt abc.nnt
	fails 2 "takes neither data nor their options" nn-predict -g 3 -p -m abc-model.nnt
	fails 2 "go with --generate" nn-predict --top-k 3 -m abc-model.nnt abc.nnt
	fails 2 "nothing to go on with" nn-predict -g 3 --prompt "" -m abc-model.nnt
	sh_fails 4 "No space left" "nn-predict -g 3 --prompt a -m abc-model.nnt >/dev/full"
}

@test "predictions at each position of a text" {
	abc_model
	# A line for each position, in its order: what comes behind it.
	nn-predict -m abc-model.nnt abc.nnt >csv
	rows=$(nn-info abc.nnt | sed -n 's/^  rows: //p')
	[ "$(wc -l <csv)" -eq $((8 * rows + 1)) ]
	tail -n +2 csv | tr -d '\n' | cmp - <(tail -c +2 abc.txt | head -c $((8 * rows)))
}
