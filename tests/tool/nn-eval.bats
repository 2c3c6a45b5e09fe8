# nn-eval: metrics. The models put out their inputs, so the figures here are worked out by hand.
load common
load evaluate

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	make_files
	printf '%s\n' a,b,kind 1,0,no 2,0,no | nn-import --like kinds.nnt -o no.nnt
}

@test "a classification" {
	nn-eval -m model kinds.nnt >out
	# The rows' losses: ln(1 + 1/e) twice, 1 more than that, ln 2, ln(1 + 1/e^2).
	diff -u - out <<-'END'
	model     step 0, epoch 0
	rows      5
	loss      0.551972 (cross_entropy)
	accuracy  80.00 % (4 of 5)
	AUC       0.7500

	class  precision  recall      f1     rows
	no        0.6667  1.0000  0.8000        2
	yes       1.0000  0.6667  0.8000        3
	mean      0.8333  0.8333  0.8000        5

	confusion: rows are true classes, columns what was predicted
	      no  yes
	no     2    .
	yes    1    2
	END
}

@test "a regression" {
	nn-eval -m regression numbers.nnt >out
	# Errors of u: 0 -1 0 -1, of v: 0 0 -3 0; spreads of the targets: 8 and 11.
	diff -u - out <<-'END'
	model     step 0, epoch 0
	rows      4
	loss      1.375 (mse)

	output         rmse          mae         r2
	u          0.707107          0.5   0.750000
	v               1.5         0.75   0.181818
	all          1.1726        0.625   0.465909
	END
}

@test "one number for scripts" {
	[ "$(nn-eval --only accuracy -m model kinds.nnt)" = 0.8 ]
	[ "$(nn-eval --only f1 kinds.nnt <model)" = 0.8 ]
	[[ "$(nn-eval --only r2 -m regression <numbers.nnt)" == 0.46590909090909* ]]
	[ "$(nn-eval --only loss -m regression numbers.nnt)" = 1.375 ]
}

@test "--json" {
	nn-eval --json -m model kinds.nnt >out
	[ "$(wc -l <out)" -eq 1 ]
	grep -qE '^\{"model":\{"id":"[0-9a-f]{16}","step":0,"epoch":0\},"kernel":"OpenBLAS-[^"]+","rows":5,"cases":5,"loss_name":"cross_entropy","loss":0\.5519' out
	grep -qF ',"accuracy":0.8,' out
	grep -qF ',"auc":0.75,"correct":4,"classes":[{"name":"no","precision":0.66666666666666' out
	grep -qE ',"perplexity":1\.73667[0-9]*,' out
	! grep -q top5 out || false
	grep -qF '"support":3,"predicted":2}],"confusion":[[2,0],[1,2]]}' out
	nn-eval --json -m regression numbers.nnt >out
	grep -qF '"outputs":[{"name":"u","rmse":0.7071067811865' out
	grep -qF '{"name":"v","rmse":1.5,"mae":0.75,"r2":0.1818' out
}

@test "scores that are not defined" {
	printf '%s\n' a,b,kind 1,0,no 2,0,no | nn-import --like kinds.nnt | nn-eval -m model >out
	grep -qE '^yes +- +- +- +0$' out
	printf '%s\n' a,b,kind 1,0,no 2,0,no | nn-import --like kinds.nnt -o one.nnt
	nn-eval -m model one.nnt >text
	nn-eval --json -m model one.nnt >out
	grep -qF '{"name":"yes","precision":null,"recall":null,"f1":null,"auc":null,' out
	grep -qF '"auc":null,"correct":2' out
	! grep -q '^AUC' text || false
	fails 1 'auc is not defined: all rows are of one class' nn-eval --only auc -m model one.nnt
	printf '%s\n' a,b,u,v 1,1,5,7 2,2,5,8 | nn-import -t u,v --target-type number -o flat.nnt
	nn-eval -m regression flat.nnt >out
	grep -qE '^u +[0-9.]+ +3.5 +-$' out
	printf '%s\n' a,b,u,v 1,1,5,7 2,2,5,7 | nn-import -t u,v --target-type number -o flat.nnt
	fails 1 'r2 is not defined: the targets do not vary' nn-eval --only r2 -m regression flat.nnt
}

@test "more than 30 classes: the worst, and the most frequent confusions" {
	# 40 outputs, weights 0 but for the last, 1: whatever is above 0 is of class c39.
	weights=
	for i in $(seq 39); do weights+=$zero; done
	spec='{\"input\":[1],\"layers\":[{\"type\":\"dense\",\"units\":40,\"bias\":false}],\"loss\":\"cross_entropy\"}'
	safetensors "{\"__metadata__\":{\"spec\":\"$spec\"},\"0.weight\":{\"dtype\":\"F32\",\"shape\":[40,1],\"data_offsets\":[0,160]}}" \
		"$weights$one" >wide
	{ echo x,class; for i in $(seq -w 0 39); do echo "1,c$i"; done; echo 1,c20; } |
		nn-import -t class -o many.nnt
	nn-eval -m wide many.nnt >out
	cat out
	grep -qF 'the classes of lowest F1, of 40' out
	grep -qE '^c00 +- +0.0000 +0.0000 +1$' out
	grep -A 2 'most frequent confusions' out | grep -qE '^class +predicted +rows$'
	grep -A 2 'most frequent confusions' out | grep -qE '^c20 +c39 +2$'
	[ "$(wc -l <out)" -eq 33 ]
	# c39 is found, c00 to c03 are the first ones of equal outputs.
	grep -qFx 'top 5     12.20 %' out
	[ "$(nn-eval --only top40 -m wide many.nnt)" = 1 ]
	[ "$(nn-eval --only top1 -m wide many.nnt)" = "$(nn-eval --only accuracy -m wide many.nnt)" ]
	nn-eval --json -m wide many.nnt | grep -q '"top5":0.121951'
}

@test "class weights: the loss is divided by them" {
	identity '{"type":"cross_entropy","class_weights":[1,3]}' >weighted
	nn-eval -m weighted kinds.nnt >out
	# no: 1.006409, yes: 3 times 1.753452; over 2 + 9
	grep -qFx 'loss      0.569706 (cross_entropy)' out
	grep -qFx 'accuracy  80.00 % (4 of 5)' out
	identity '{"type":"cross_entropy","label_smoothing":0.5}' >smooth
	# Half of the mean without, 0.551972, and a quarter of the mean of both classes' losses, 1.703944.
	[[ "$(nn-eval --only loss -m smooth kinds.nnt)" == 0.70197* ]]
	identity '{"type":"cross_entropy","class_weights":[0,1]}' >half
	fails 1 'no.nnt: all rows are of classes whose weight is 0: there is no mean' \
		nn-eval -m half no.nnt
}

@test "an ignored class counts in no metric" {
	identity '{"type":"cross_entropy","ignore_index":0}' >ignoring
	nn-eval -m ignoring kinds.nnt >out
	grep -qFx 'rows      5, 2 of them ignored' out
	grep -qFx 'loss      0.584484 (cross_entropy)' out
	grep -qFx 'accuracy  66.67 % (2 of 3)' out
	grep -qE '^no +0.0000 +- +0.0000 +0$' out
	nn-eval --json -m ignoring kinds.nnt | grep -qF '"rows":5,"cases":3,'
	fails 1 'no.nnt: all rows are of the class that the loss ignores' nn-eval -m ignoring no.nnt
}

@test "yes or no, for each output" {
	identity binary_cross_entropy >bits
	printf '%s\n' a,b,u,v 1,-1,1,0 2,0,0,1 -1,3,0,1 0,-2,1,0 |
		nn-import -t u,v --target-type number -o bits.nnt
	nn-eval -m bits bits.nnt >out
	# The losses of u: 0.313262 2.126928 0.313262 0.693147, of v: 0.313262 0.693147 0.048587 0.126928.
	diff -u - out <<-'END'
	model     step 0, epoch 0
	rows      4
	loss      0.578565 (binary_cross_entropy)
	accuracy  87.50 % (7 of 8)
	AUC       0.7500

	output  accuracy  precision  recall      f1     auc      yes
	u         0.7500     0.6667  1.0000  0.8000  0.5000        2
	v         1.0000     1.0000  1.0000  1.0000  1.0000        2
	mean      0.8750     0.8333  1.0000  0.9000  0.7500
	END
	nn-eval --json -m bits bits.nnt >out
	grep -qF '"accuracy":0.875,"precision":0.833' out
	grep -qF '"correct":7,"outputs":[{"name":"u","accuracy":0.75,"precision":0.6666666666666' out
	grep -qF '{"name":"v","accuracy":1,"precision":1,"recall":1,"f1":1,"auc":1,"support":2,"predicted":2}]}' out
	fails 2 '--only rmse: the model predicts yes or no' nn-eval --only rmse -m bits bits.nnt
	fails 1 'numbers.nnt: row 0 (from 0): target 2, but loss binary_cross_entropy wants 0 to 1' \
		nn-eval -m bits numbers.nnt
	fails 1 'kinds.nnt: loss binary_cross_entropy wants numbers from 0 to 1, but y are classes (nn-import --target-type number' \
		nn-eval -m bits kinds.nnt
}

@test "several positions a row: each is a case" {
	printf 'abbaabba' >text
	nn-import -f text --context 4 -o text.nnt text
	echo '{"input":[4],"layers":[{"type":"embedding","vocabulary":256,"units":2},{"type":"dense","per_position":true}],"loss":"cross_entropy"}' |
		nn-init --seed 1 -d text.nnt -o letters
	nn-eval -m letters text.nnt >out
	rows=$(nn-info --json text.nnt | jq -s '.[0].rows')
	grep -qFx "rows      $rows, $((4 * rows)) positions" out
	grep -qE '^loss      [0-9.]+ \(cross_entropy\), perplexity [0-9.]+$' out
	nn-eval --json -m letters text.nnt >out
	jq -e --argjson n "$rows" '.rows == $n and .cases == 4 * $n and
		((.loss | exp) - .perplexity | fabs) < 1e-9' out
	nn-predict -i -m letters text.nnt >out
	[ "$(head -n 1 out)" = row,position,prediction ]
	[ "$(wc -l <out)" -eq $((1 + 4 * rows)) ]
	grep -q '^0,3,' out
	nn-predict --to data -m letters text.nnt | nn-info >out
	grep -qE "^  x +F32 +\[$rows, 4, 256\]$" out
	grep -qE "^  y +I32 +\[$rows, 4\]$" out
}

@test "long names, and names that would move the cursor" {
	{
		echo a,b,kind
		printf '1,0,a class of a very long name indeed\n0,1,b\033[2J\n'
	} | nn-import -t kind | nn-eval -m model >out
	grep -qF 'a class of a very long ~' out
	grep -qF 'b?[2J' out
	! grep -q "$(printf '\033')" out || false
}

@test "all operands are one data set" {
	printf '%s\n' a,b,kind 1,0,no 0,1,yes | nn-import --like kinds.nnt -o one.nnt
	printf '%s\n' a,b,kind 1,0,yes 0,0,no 0,2,yes | nn-import --like kinds.nnt -o two.nnt
	nn-eval -m model kinds.nnt >want
	nn-eval -m model one.nnt two.nnt >out
	cmp want out
	nn-eval -m model one.nnt - <two.nnt >out
	cmp want out
	nn-shard -n 2 -o 'shard-%d.nnt' kinds.nnt
	nn-eval -m model shard-0.nnt shard-1.nnt | cmp want
}

@test "of several models the last" {
	nn-convert --to nnt -o last model
	identity cross_entropy "" "" '\0\0\0\100' | nn-convert --to nnt -o first
	nn-eval -m model kinds.nnt >want
	cat first last | nn-eval kinds.nnt | cmp - want
	cat last first | nn-eval --only loss kinds.nnt >out
	nn-eval --only loss -m first kinds.nnt | cmp - out
	! grep -q 0.5519 out || false
}

@test "what does not fit" {
	printf '%s\n' a,b,c,kind 1,0,1,no 0,1,2,yes | nn-import -t kind -o wide.nnt
	fails 1 "wide.nnt: its rows are [3], but the model's input is [2]" nn-eval -m model wide.nnt
	fails 1 'plain.nnt: its rows have no y' nn-eval -m model plain.nnt
	fails 1 'numbers.nnt: loss cross_entropy wants classes, but y are numbers' \
		nn-eval -m model numbers.nnt
	fails 1 'kinds.nnt: loss mse wants numbers, but y are classes' nn-eval -m regression kinds.nnt
	printf '%s\n' a,b,kind 1,0,no 0,1,never 0,1,yes | nn-import -t kind -o three.nnt
	fails 1 'three.nnt: 3 classes, but the model has 2 outputs' nn-eval -m model three.nnt
	nn-init --mlp 2,2 --data kinds.nnt -o named.nnt
	printf '%s\n' a,b,kind 1,0,no 0,1,oui | nn-import -t kind -o french.nnt
	fails 1 "french.nnt: class 1 is \"oui\", but the model's is \"yes\"" \
		nn-eval -m named.nnt french.nnt
	nn-import --standardize -t kind -o scaled.nnt kinds.csv
	fails 1 'scaled.nnt: column 1 (a): standardized here, but not for the model' \
		nn-eval -m named.nnt scaled.nnt
	printf '%s\n' b,a,kind 0,1,no 1,0,yes | nn-import -t kind -o turned.nnt
	fails 1 'turned.nnt: column 1 (b): the model was made for another one' \
		nn-eval -m named.nnt turned.nnt
	printf '%s\n' b,a,kind 0,1,no 1,0,yes | nn-import --like named.nnt | nn-eval -m named.nnt
}

@test "bad models" {
	safetensors '{"0.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}' \
		"$one$zero$zero$one" >bare
	fails 1 'bare: its model has no spec' nn-eval -m bare kinds.nnt
	fails 1 'kinds.nnt: there is no model in it' nn-eval -m kinds.nnt kinds.nnt
	identity hinge >odd
	fails 1 'odd: ' nn-eval -m odd kinds.nnt
	identity cross_entropy '' '' '\0\0\300\177' >nan
	fails 1 'kinds.nnt: row 0 (from 0): output 0 of the model is nan' nn-eval -m nan kinds.nnt
	[ ! -s out ]
	fails 1 'missing: ' nn-eval -m missing kinds.nnt
}

@test "no rows" {
	safetensors '{"x":{"dtype":"F32","shape":[0,2],"data_offsets":[0,0]},"y":{"dtype":"F32","shape":[0,2],"data_offsets":[0,0]}}' '' >none
	fails 1 'none: there are no rows to evaluate on' nn-eval -m regression none
}

@test "the kernel is the model's unless one is asked for" {
	identity cross_entropy kernel OpenBLAS-9.9/PDP11 >old
	fails 1 'old: the model asks for matrix kernel OpenBLAS-9.9/PDP11' nn-eval -m old kinds.nnt
	grep -qF -- '--kernel auto' err
	nn-eval -m old --kernel auto kinds.nnt >out
	if [ "$(uname -m)" = x86_64 ]; then
		nn-eval --json -m old --kernel Nehalem kinds.nnt | grep -q '"kernel":"OpenBLAS-[0-9.]*/Nehalem"'
	fi
	fails 1 'PDP11' nn-eval --kernel PDP11 -m model kinds.nnt
}

@test "usage" {
	nn-init --mlp 2,2 -o model.nnt
	sh_fails 2 'model.nnt: holds a model, not data (is -m meant?)' \
		'nn-eval model.nnt kinds.nnt </dev/null'
	sh_fails 2 'which data?' 'nn-eval <model'
	sh_fails 2 'data cannot (see -m)' 'nn-eval - <model'
	sh_fails 2 'only once' 'nn-eval -m model - - <kinds.nnt'
	fails 2 'either --json or --only' nn-eval -j --only loss -m model kinds.nnt
	fails 2 '--only r2: the model predicts classes' nn-eval --only r2 -m model kinds.nnt
	fails 2 "--only: 'top0' is not one of loss, perplexity, accuracy, top5, " nn-eval --only top0 -m model kinds.nnt
	fails 2 "--only: 'hits' is not one of loss" nn-eval --only hits -m model kinds.nnt
	fails 2 '--only f1: the model predicts numbers' nn-eval --only f1 -m regression numbers.nnt
	fails 2 'is both input and output' nn-eval -m model -o model kinds.nnt
	sh_fails 2 'is both input and output' 'nn-eval -o model kinds.nnt <model'
	identity cross_entropy | cmp - model
}

@test "cut and closed streams" {
	size=$(stat -c %s kinds.nnt)
	head -c $((size - 5)) kinds.nnt >cut.nnt
	fails 1 'cut.nnt: ' nn-eval -m model cut.nnt
	sh_fails 4 'stdin: ' 'cat cut.nnt | nn-eval -m model'
	sh_fails 4 'stdout: cannot write: No space left on device' 'nn-eval -m model kinds.nnt >/dev/full'
}
