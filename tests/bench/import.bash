# Reading data in: CSV against numpy and pandas, gzipped IDX against zlib alone.
. "${BASH_SOURCE%/*}/common.bash"

"$bench_programs/make-data" csv 60000 >rows.csv
"$bench_programs/make-data" images 60000 | gzip -1 >images.gz
"$bench_programs/make-data" labels 60000 | gzip -1 >labels.gz
csv=$(stat -c %s rows.csv)
raw=$((16 + 60000 * 784))
echo "CSV of 60,000 x 785, $((csv / 1000000)) MB; IDX of $((raw / 1000000)) MB, $(($(stat -c %s images.gz) / 1000000)) MB gzipped"
load="/usr/bin/python3 -c"
runs=(csv-lines "wc -l <rows.csv >/dev/null"
	csv-nn-import "nn-import -t 1 rows.csv >/dev/null"
	csv-nn-import-file "nn-import -t 1 -o rows.nnt rows.csv")
if has_python numpy; then
	runs+=(csv-numpy "$load 'import numpy; numpy.loadtxt(\"rows.csv\", delimiter=\",\", dtype=numpy.float32)'")
else
	echo "python3-numpy is not installed: left out"
fi
if has_python pandas; then
	runs+=(csv-pandas "$load 'import numpy, pandas; pandas.read_csv(\"rows.csv\", header=None, dtype=numpy.float32)'")
else
	echo "python3-pandas is not installed: left out"
fi
in_turns "${runs[@]}"
for ((i = 0; i < ${#runs[@]}; i += 2)); do figure "${runs[i]}" "$csv"; done
for peer in numpy pandas; do
	[ ! -e "times.csv-$peer" ] || ratio "nn-import : $peer (CSV)" "csv-$peer" csv-nn-import ">= 1.5"
done
in_turns idx-zlib "'$bench_programs/inflate' images.gz && '$bench_programs/inflate' labels.gz" \
	idx-nn-import "nn-import -f idx images.gz labels.gz >/dev/null"
figure idx-zlib "$raw"
figure idx-nn-import "$raw"
ratio "nn-import : zlib alone (IDX, gzip)" idx-zlib idx-nn-import "about 1"
