# Models that put out their inputs as they are, so that all results can be worked out by hand.
# For nn-eval.bats and nn-predict.bats: `load evaluate` behind `load common`.

# safetensors JSON BYTES: a safetensors file on stdout; BYTES as printf(1) takes them.
safetensors() {
	local n=${#1}
	printf "\\x$(printf %02x $((n % 256)))\\x$(printf %02x $((n / 256)))\\0\\0\\0\\0\\0\\0"
	printf '%s' "$1"
	printf "$2"
}

one='\0\0\200\077'
zero='\0\0\0\0'

# identity LOSS [KEY VALUE [DIAGONAL]]: 2 inputs, 2 outputs, the unit matrix (or DIAGONAL, a float's
# bytes, in place of its first 1); KEY and VALUE are a further metadatum. LOSS may be an object.
identity() {
	local loss="\"$1\"" quote='\"'
	[ "${1:0:1}" != '{' ] || loss=$1
	loss=${loss//\"/$quote}
	local spec="{\\\"input\\\":[2],\\\"layers\\\":[{\\\"type\\\":\\\"dense\\\",\\\"units\\\":2,\\\"bias\\\":false}],\\\"loss\\\":$loss}"
	safetensors "{\"__metadata__\":{\"spec\":\"$spec\"${2:+,\"$2\":\"$3\"}},\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}" \
		"${4:-$one}$zero$zero$one"
}

# Writes model, kinds.nnt (labelled with classes), numbers.nnt (targets u and v) and plain.nnt.
make_files() {
	printf '%s\n' a,b,kind 1,0,no 0,1,yes 1,0,yes 0,0,no 0,2,yes >kinds.csv
	printf '%s\n' a,b,u,v 1,2,1,2 2,0,3,0 3,1,3,4 4,4,5,4 >numbers.csv
	nn-import -t kind -o kinds.nnt kinds.csv
	nn-import -t u,v --target-type number -o numbers.nnt numbers.csv
	cut -d, -f1,2 kinds.csv | nn-import -o plain.nnt
	identity cross_entropy >model
	identity mse >regression
}
