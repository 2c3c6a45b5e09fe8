# Two hosts on this machine: for each an sshd on a free port of the loopback, run by whoever calls,
# with keys made for the occasion. Nothing outside the folder given is read or written: not
# ~/.ssh, no agent, nor the start-up files of whoever's shell it is (in some, two sessions at once
# wait for each other). Sourced after ../common.sh, whose `finish` ends them.
#
#   hosts_begin DIR               makes the keys, and DIR/bin/ssh, which reads DIR/ssh_config alone
#   host_start NAME [VAR=VALUE]   starts sshd; sessions on NAME work in DIR/NAME, with the
#                                 variables set; 1, and a reason in $hosts_why, if that fails
#   host_stop NAME                kills it and all that runs in its sessions with -9; its files
#                                 stay, and host_start makes it come back
# shellcheck shell=sh

hosts_begin() {
	hosts=$1
	sshd=$(PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin command -v sshd) || {
		hosts_why="there is no sshd (Debian: openssh-server)"
		return 1
	}
	ssh=$(command -v ssh) || {
		hosts_why="there is no ssh (Debian: openssh-client)"
		return 1
	}
	# As root sshd insists on the folder that a system's start makes.
	if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ] && ! mkdir -p -m 755 /run/sshd 2>/dev/null; then
		hosts_why="cannot make /run/sshd"
		return 1
	fi
	mkdir -p "$hosts/bin"
	ssh-keygen -q -t ed25519 -N '' -C nnpipe-example -f "$hosts/user_key" </dev/null
	# Whatever calls ssh by name, GNU parallel too, comes here.
	cat >"$hosts/bin/ssh" <<-SCRIPT
		#!/bin/sh
		exec '$ssh' -F '$hosts/ssh_config' "\$@"
	SCRIPT
	chmod +x "$hosts/bin/ssh"
	PATH=$hosts/bin:$PATH
	host_port=$((20000 + $$ % 20000))
}

host_start() {
	name=$1
	shift
	folder=$hosts/$name
	mkdir -p "$folder"
	[ -f "$hosts/$name.key" ] ||
		ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$hosts/$name.key" </dev/null
	for attempt in 1 2 3 4 5 6 7 8; do
		host_port=$((host_port + 1))
		host_configure "$@"
		# In a shell of its own, so that a wait for all jobs does not wait for it.
		pid=$("$sshd" -D -e -f "$hosts/$name.sshd_config" 2>"$hosts/$name.log" \
			</dev/null >/dev/null & echo $!)
		pids="$pids $pid"
		host_wait && echo "$pid" >"$hosts/$name.pid" && return 0
	done
	hosts_why="sshd does not start: $(tail -n 1 "$hosts/$name.log")"
	return 1
}

# Stopped first, sshd begins no session that the list would lack.
host_stop() {
	pid=$(cat "$hosts/$1.pid")
	kill -STOP "$pid"
	# shellcheck disable=SC2046 # words are meant
	kill -9 $(host_processes "$pid") 2>/dev/null || :
	rm "$hosts/$1.pid"
	pids=$(printf ' %s ' "$pids" | sed "s/ $pid / /; s/ *\$//")
}

# host_processes PID: that one, and all that come from it.
host_processes() {
	ps -A -o ppid= -o pid= | awk -v top="$1" '{ parent[$2] = $1 }
		END {
			for (pid in parent) {
				for (over = pid; over in parent && over != top; )
					over = parent[over]
				if (over == top)
					print pid
			}
		}'
}

host_configure() {
	cat >"$hosts/$name.sshd_config" <<-CONFIG
		ListenAddress 127.0.0.1
		Port $host_port
		HostKey "$hosts/$name.key"
		AuthorizedKeysFile "$hosts/user_key.pub"
		PidFile none
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PermitRootLogin yes
		AllowTcpForwarding no
		X11Forwarding no
		MaxStartups 64
		SetEnv "PATH=$bin:/usr/local/bin:/usr/bin:/bin" "HOME=$folder" $*
		PermitUserRC no
		ForceCommand cd '$folder' && exec sh -c "\$SSH_ORIGINAL_COMMAND"
	CONFIG
	cat >"$hosts/$name.ssh_config" <<-CONFIG
		Host $name
		HostName 127.0.0.1
		Port $host_port
		HostKeyAlias $name
		User $(id -un)
		IdentityFile "$hosts/user_key"
		IdentitiesOnly yes
		IdentityAgent none
		UserKnownHostsFile "$hosts/$name.known_hosts"
		GlobalKnownHostsFile none
		StrictHostKeyChecking yes
		PreferredAuthentications publickey
		ControlPath none
		BatchMode yes
		ConnectTimeout 5
		LogLevel ERROR
	CONFIG
	sed "s/^/$name /" "$hosts/$name.key.pub" >"$hosts/$name.known_hosts"
	cat "$hosts"/*.ssh_config >"$hosts/ssh_config"
}

# Is it sshd that answers, and ours? It has the key that we made, and lets us in.
host_wait() {
	for attempt_wait in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$pid" 2>/dev/null || return 1
		[ "$(ssh "$name" echo hello 2>"$hosts/$name.why" </dev/null)" = hello ] && return 0
		sleep 0.2
	done
	tail -n 1 "$hosts/$name.why" >>"$hosts/$name.log"
	kill "$pid" 2>/dev/null || :
	return 1
}

# other_kernel DATA: a matrix kernel that this processor can run and OpenBLAS would not choose; for
# the environment of a host that is to be unlike this one. Says nothing if there is none.
other_kernel() {
	own=$(running_kernel)
	for kernel in Haswell Sandybridge Nehalem NEOVERSEN1 ARMV8; do
		[ "$(OPENBLAS_CORETYPE=$kernel running_kernel)" != "$own" ] || continue
		if nn-init --mlp ,8, --kernel "$kernel" --data "$1" | nn-grad "$1" >/dev/null 2>&1; then
			echo "$kernel"
			return
		fi
	done
}

running_kernel() {
	nn-info --build | sed -n 's/^matrix kernel: *//p'
}
