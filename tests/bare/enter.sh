#!/usr/bin/env bash
# enter.sh ROOT USER COMMAND...: run a command in a root as it would run on a machine of its own.
# It is the first process of a PID and mount namespace: when it ends, whatever it mounted or started is gone.
# In its environment: BIND, folders of this machine (one a line) that are seen there at the same place, read-only;
# LOGIN_PATH, the PATH of the command.
set -euo pipefail
root=$1 user=$2
shift 2

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
for tree in /dev /sys; do
    mount --rbind "$tree" "$root$tree"
done
for fresh in /dev/shm /run; do
    mount -t tmpfs -o mode=1777 tmpfs "$root$fresh"
done
while IFS= read -r folder; do
    [ -z "$folder" ] && continue
    mkdir -p "$root$folder"
    mount --bind -o ro "$folder" "$root$folder"
done <<<"${BIND:-}"
login_path=$LOGIN_PATH
unset BIND LOGIN_PATH

IFS=: read -r _ _ uid gid _ home _ < <(grep "^$user:" "$root/etc/passwd")
chroot "$root" setpriv --reuid="$uid" --regid="$gid" --init-groups \
    env PATH="$login_path" USER="$user" LOGNAME="$user" HOME="$home" sh -c 'cd && exec "$@"' sh "$@" </dev/null
