#!/usr/bin/env bash
# namespace.sh PYTHON FOLDER: build docker-compose.yml with the machine's network, then run it with one of its own.
# It is the first process of mount and process namespaces: with it end all processes and mounts, and what podman and its
# helpers keep outside of their folder was in memory.
set -euo pipefail
python=$1 folder=$2

for outside in /run/containers /run/netns /run/runc /var/cache/containers /var/lib/containers /dev/shm; do
    mkdir -p "$outside"
    mount -t tmpfs tmpfs "$outside"
done
"$python" -m tests.compose.trial build "$folder"
unshare --net "$python" -m tests.compose.trial run "$folder"
