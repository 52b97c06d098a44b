#!/usr/bin/env bash
# Installs from apt what the tests run against and pip does not carry, and the programs named as arguments, each in a
# package of its name. Where it is all there, nothing happens.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"

say() { printf 'presslight: %s\n' "$*" >&2; }
give_up() {
    say "the tests need $* (as root: apt-get update && apt-get install --yes --no-install-recommends ${missing[*]})"
    exit 1
}

missing=()
command -v mosquitto >/dev/null || missing+=(mosquitto)
# The headless shell makes a phone in a third less time than Chromium, which does where it is there already.
command -v chromium-headless-shell chromium >/dev/null || missing+=(chromium-headless-shell fonts-liberation)
command -v curl >/dev/null || missing+=(curl)
[[ -e /bin/kill ]] || missing+=(procps) # the unit of Debian's Mosquitto is reloaded with it
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[[ $(ldconfig -p) == *libatomic.so.1* ]] || missing+=(libatomic1) # what drives Chromium is linked against it
command -v strace >/dev/null || missing+=(strace) # tells what is on the disk
for program in "$@"; do
    PATH="$PATH:/usr/lib/podman" command -v "$program" >/dev/null || missing+=("$program")
done
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null || give_up "${missing[*]}, and there is no apt-get here"
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300)
if ((EUID)); then
    sudo -n true 2>/dev/null || give_up "${missing[*]}, and only root can install them"
    apt=(sudo -n "${apt[@]}")
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() { "${apt[@]}" install --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null; }
say "installing ${missing[*]} with apt"
install || { "${apt[@]}" update >"$log" 2>&1 </dev/null && install; } ||
    give_up "${missing[*]}, and apt failed: $(grep -E '^[EW]:' "$log" | head -n 1)"
