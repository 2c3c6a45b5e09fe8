# Sourced by run.sh and by the tests: a cluster of one node, of a munged, a slurmctld and a slurmd of
# our own, without privileges or configuration of the system's.
# shellcheck shell=bash

PATH=$PATH:/usr/sbin:/sbin
slurm_pids=
slurm_why=

# slurm_begin DIR: starts it there and sets SLURM_CONF; fails with the reason in slurm_why. slurm_end ends it.
slurm_begin() {
	local dir=$1 tool port tries
	for tool in munged slurmctld slurmd sbatch srun; do
		command -v $tool >/dev/null || { slurm_why="there is no $tool"; return 1; }
	done
	mkdir -p "$dir/state" "$dir/spool"
	chmod 755 "$dir"
	head -c 1024 /dev/urandom >"$dir/munge.key"
	chmod 400 "$dir/munge.key"
	munged --force --foreground --key-file="$dir/munge.key" --socket="$dir/munge.sock" \
		--pid-file="$dir/munged.pid" --log-file="$dir/munged.log" --seed-file="$dir/munge.seed" \
		--num-threads=2 </dev/null >"$dir/munged.err" 2>&1 3>&- &
	slurm_pids=$!
	port=$((20000 + $$ % 20000 / 2 * 2))
	cat >"$dir/slurm.conf" <<-EOF
		ClusterName=nnpipe
		SlurmctldHost=localhost(127.0.0.1)
		SlurmctldPort=$port
		SlurmdPort=$((port + 1))
		SlurmUser=$(id -un)
		SlurmdUser=$(id -un)
		AuthType=auth/munge
		AuthInfo=socket=$dir/munge.sock,cred_expire=5
		CredType=cred/munge
		StateSaveLocation=$dir/state
		SlurmdSpoolDir=$dir/spool
		SlurmctldPidFile=$dir/slurmctld.pid
		SlurmdPidFile=$dir/slurmd.pid
		SlurmctldLogFile=$dir/slurmctld.log
		SlurmdLogFile=$dir/slurmd.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		SchedulerType=sched/builtin
		SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
		SlurmdParameters=config_overrides
		ReturnToService=2
		MpiDefault=none
		JobRequeue=1
		KillWait=5
		NodeName=localhost NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN
		PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
	EOF
	export SLURM_CONF=$dir/slurm.conf
	srun --mpi=list 2>&1 | grep -q pmix || { slurm_why="srun knows no pmix"; slurm_end; return 1; }
	slurmctld -D </dev/null >"$dir/slurmctld.err" 2>&1 3>&- &
	slurm_pids="$slurm_pids $!"
	slurmd -D -N localhost </dev/null >"$dir/slurmd.err" 2>&1 3>&- &
	slurm_pids="$slurm_pids $!"
	for ((tries = 0; tries < 60; tries++)); do
		sinfo -h -o %T 2>/dev/null | grep -q idle && return
		sleep 0.25
	done
	slurm_why="Slurm does not start: $(cat "$dir"/*.err "$dir/slurmctld.log" 2>/dev/null | tail -n 1)"
	slurm_end
	return 1
}

slurm_end() {
	local pid tries
	# Jobs run outside of what is ended here.
	if [ -n "$slurm_pids" ] && scancel --user="$(id -un)" 2>/dev/null; then
		for ((tries = 0; tries < 40; tries++)); do
			[ -n "$(squeue -h 2>/dev/null)" ] || break
			sleep 0.25
		done
	fi
	for pid in $slurm_pids; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $slurm_pids; do
		wait "$pid" 2>/dev/null || :
	done
	slurm_pids=
}

# slurm_await JOB STATE: until the job is in that state, for two minutes at most.
slurm_await() {
	local tries
	for ((tries = 0; tries < 480; tries++)); do
		! scontrol -o show job "$1" 2>/dev/null | grep -q "JobState=$2 " || return 0
		sleep 0.25
	done
	scontrol -o show job "$1"
	return 1
}
