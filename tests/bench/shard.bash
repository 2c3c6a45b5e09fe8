# Cutting a data set in four: nn-shard to files against cat of the same bytes to files.
. "${BASH_SOURCE%/*}/common.bash"

"$bench_programs/make-data" csv 60000 | nn-import -t 1 -o rows.nnt -
bytes=$(stat -c %s rows.nnt)
quarter=$((bytes / 4))
echo "a data set of $((bytes / 1000000)) MB to four files"
for i in 0 1 2 3; do tail -c +$((i * quarter + 1)) rows.nnt | head -c "$quarter" >"part.$i"; done
# nn-shard's files are safe on disk when it ends, cat's are in memory until they are synced. Neither
# side replaces files: that would make the file system free the old ones.
prepare="rm -f copy.* s-*.nnt; sync ."
cat="for i in 0 1 2 3; do cat part.\$i >copy.\$i; done"
in_turns cat "$cat" cat-sync "$cat; sync copy.0 copy.1 copy.2 copy.3" \
	block "nn-shard -n 4 --by block -o 's-%d.nnt' rows.nnt" \
	cyclic "nn-shard -n 4 --by cyclic -o 's-%d.nnt' rows.nnt" \
	random "nn-shard -n 4 --by random -o 's-%d.nnt' rows.nnt"
for name in cat cat-sync block cyclic random; do figure "$name" "$bytes"; done
for by in block cyclic random; do ratio "nn-shard --by $by : cat and sync" cat-sync "$by" ">= 0.7"; done
for by in block cyclic random; do ratio "nn-shard --by $by : cat, not synced" cat "$by" ">= 0.7"; done
