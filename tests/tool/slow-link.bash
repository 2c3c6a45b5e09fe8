# Sourced: a link of a given rate and delay between two network namespaces, and an sshd on its far
# side. All of it is made by slow_link_begin and removed by slow_link_end.
#
#   slow_link_begin DIR MBIT MS   0, or 77 and a reason in $slow_link_why where it is not permitted
#   $slow_link_near COMMAND...    runs it on this side of the link
#   slow_link_end
# The far side is "far" for the ssh in DIR/bin, which is put into PATH; its address is 10.203.7.2,
# ours 10.203.7.1, the device is nnlink0. Caller sets $slow_link_program.

slow_link_begin() {
	local dir=$1 rate=$2 delay=$3 id=nn$$
	slow_link_a=$id-a slow_link_b=$id-b slow_link_pids=
	slow_link_near="ip netns exec $slow_link_a"
	slow_link_far="ip netns exec $slow_link_b"
	slow_link_why="network namespaces are not permitted here"
	[ "$(id -u)" -eq 0 ] && command -v ip >/dev/null && [ -c /dev/net/tun ] || return 77
	mkdir -p "$dir"
	ip netns add "$slow_link_a" 2>/dev/null || return 77
	ip netns add "$slow_link_b" 2>/dev/null || { slow_link_end; return 77; }
	"$slow_link_program" "$slow_link_a" "$slow_link_b" nnlink0 "$rate" "$delay" \
		>"$dir/link" 2>&1 </dev/null 3>&- &
	slow_link_pids=$! slow_link_pass=$!
	local tries
	for tries in {1..50}; do
		slow_link_why=$(head -n 1 "$dir/link")
		[ -z "$slow_link_why" ] || break
		sleep 0.1
	done
	[ "$slow_link_why" = ready ] || { slow_link_end; return 77; }
	local side address
	for side in a:1 b:2; do
		address=10.203.7.${side#*:}
		ip -n "$id-${side%:*}" addr add "$address/24" dev nnlink0
		ip -n "$id-${side%:*}" link set lo up
		ip -n "$id-${side%:*}" link set nnlink0 up mtu 1500
	done
	slow_link_sshd "$dir" || { slow_link_end; return 77; }
}

slow_link_sshd() {
	local dir=$1 sshd ssh bin
	slow_link_why="there is no sshd"
	sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) && ssh=$(command -v ssh) || return 77
	bin=$(dirname "$(command -v nn-grad)")
	mkdir -p /run/sshd "$dir/bin" "$dir/far"
	ssh-keygen -q -t ed25519 -N '' -f "$dir/host_key" </dev/null
	ssh-keygen -q -t ed25519 -N '' -f "$dir/user_key" </dev/null
	cat >"$dir/sshd_config" <<-CONFIG
		ListenAddress 10.203.7.2
		Port 2222
		HostKey "$dir/host_key"
		AuthorizedKeysFile "$dir/user_key.pub"
		PidFile none
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		PermitRootLogin yes
		SetEnv "PATH=$bin:/usr/bin:/bin" "HOME=$dir/far"
		ForceCommand cd '$PWD' && exec sh -c "\$SSH_ORIGINAL_COMMAND"
	CONFIG
	cat >"$dir/ssh_config" <<-CONFIG
		Host far
		HostName 10.203.7.2
		Port 2222
		HostKeyAlias far
		User root
		IdentityFile "$dir/user_key"
		IdentitiesOnly yes
		IdentityAgent none
		UserKnownHostsFile "$dir/known_hosts"
		StrictHostKeyChecking yes
		LogLevel ERROR
	CONFIG
	sed 's/^/far /' "$dir/host_key.pub" >"$dir/known_hosts"
	printf '#!/bin/sh\nexec %s -F "%s" "$@"\n' "$ssh" "$dir/ssh_config" >"$dir/bin/ssh"
	chmod +x "$dir/bin/ssh"
	PATH=$dir/bin:$PATH
	$slow_link_far "$sshd" -D -e -f "$dir/sshd_config" 2>"$dir/sshd.log" </dev/null >/dev/null 3>&- &
	slow_link_pids="$slow_link_pids $!"
	local attempt
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		[ "$($slow_link_near ssh -o BatchMode=yes -o ConnectTimeout=5 far echo hello 2>"$dir/why" </dev/null)" = hello ] &&
			return 0
		sleep 0.3
	done
	slow_link_why="sshd does not answer: $(tail -n 1 "$dir/why")"
	return 77
}

slow_link_end() {
	local pid side
	# Whoever still uses the link keeps its device from going, and sessions outlive their sshd.
	for side in "$slow_link_a" "$slow_link_b"; do
		for pid in $(ip netns pids "$side" 2>/dev/null); do
			[ "$pid" = "${slow_link_pass:-}" ] || kill -9 "$pid" 2>/dev/null || :
		done
	done
	for pid in $slow_link_pids; do
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	ip netns del "$slow_link_a" 2>/dev/null || :
	ip netns del "$slow_link_b" 2>/dev/null || :
	slow_link_pids=
}
