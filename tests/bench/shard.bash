# Cutting a data set in four: nn-shard to files against cat of the same bytes to files.
. "${BASH_SOURCE%/*}/common.bash"

"$bench_programs/make-data" csv 60000 | nn-import -t 1 -o rows.nnt -
bytes=$(stat -c %s rows.nnt)
quarter=$((bytes / 4))
echo "a data set of $((bytes / 1000000)) MB to four files"
for i in 0 1 2 3; do tail -c +$((i * quarter + 1)) rows.nnt | head -c "$quarter" >"part.$i"; done
# nn-shard replaces whole files that are safe on disk; cat has to do as much.
in_turns cat "for i in 0 1 2 3; do cat part.\$i >copy.\$i & done; wait; sync copy.0 copy.1 copy.2 copy.3" \
	cat-in-turn "for i in 0 1 2 3; do cat part.\$i >copy.\$i; sync copy.\$i; done" \
	cat-no-sync "for i in 0 1 2 3; do cat part.\$i >copy.\$i; done" \
	block "nn-shard -n 4 --by block -o 's-%d.nnt' rows.nnt" \
	cyclic "nn-shard -n 4 --by cyclic -o 's-%d.nnt' rows.nnt" \
	random "nn-shard -n 4 --by random -o 's-%d.nnt' rows.nnt"
for name in cat cat-in-turn cat-no-sync block cyclic random; do figure "$name" "$bytes"; done
for by in block cyclic random; do ratio "nn-shard --by $by : cat, synced" cat "$by" ">= 0.7"; done
for by in block cyclic random; do ratio "nn-shard --by $by : cat, not synced" cat-no-sync "$by" ">= 0.7"; done
