#!/usr/bin/env bash
# Installs what the targets of the Makefile need and this machine lacks:
#
#   scripts/setup.sh PART...
#
#   cc        a C compiler: the race detector, build scripts of crates and the native build of zstd need one
#   registry  docker-registry, unpacked into .tools/: it is not installed, so no service is started
#   sshd      OpenSSH's server and ssh-keygen, unpacked into .tools/ for the same reason
#   ip        iproute2's command, which connects the nodes of a cluster, and the sites of a link
#   pip       Python's package client, which fetches the demo's software
#   npm       the package client of Node.js, which fetches software to measure with
#   archive   the lists of Debian's packages, which apt-get fetches such software by
#   peers     bsdiff, xdelta3 and zstd, which deltas are compared with
#   pigz      pigz, whose files are recognised
#   time      GNU time, which measures memory
#   aarch64   qemu for its programs, and a C compiler: aarch64-linux-gnu-clang, in .tools/
#   lint      golangci-lint, built into .tools/; rustfmt and clippy
set -euo pipefail
cd "$(dirname "$0")/.."

golangci_lint=v2.15.0
tools=$PWD/.tools/bin

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "needs root for: $*; run that by hand, then try again"
  fi
}

# apt_lists fetches the lists of packages, once, unless package $1 is known already.
apt_lists() {
  have apt-get || die "this is no Debian: install $1 by hand, then try again"
  [ -n "$(apt-cache madison "$1" 2>/dev/null)" ] || as_root apt-get update -qq
}

apt_install() {
  apt_lists "$1"
  say "installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

need_cc() {
  have cc || apt_install gcc libc6-dev
}

need_registry() {
  have docker-registry || [ -x "$tools/docker-registry" ] && return
  apt_lists docker-registry
  say "unpacking docker-registry into .tools"
  local scratch
  scratch=$(mktemp -d)
  (cd "$scratch" && apt-get download -qq -o APT::Sandbox::User=root docker-registry && dpkg -x docker-registry_*.deb .)
  mkdir -p "$tools"
  mv "$scratch/usr/bin/docker-registry" "$tools/"
  rm -rf "$scratch"
}

need_sshd() {
  have sshd && have ssh-keygen || [ -x "$tools/sshd" ] && return
  apt_lists openssh-server
  say "unpacking openssh-server into .tools"
  local scratch home=$tools/../openssh
  scratch=$(mktemp -d)
  mkdir -p "$tools" "$home"
  (cd "$scratch" && apt-get download -qq -o APT::Sandbox::User=root openssh-server openssh-client libwrap0)
  for package in "$scratch"/*.deb; do dpkg -x "$package" "$home"; done
  rm -rf "$scratch"
  ln -sf ../openssh/usr/bin/ssh-keygen "$tools/"
  cat >"$tools/sshd" <<'END'
#!/bin/sh
home=$(dirname "$(readlink -f "$0")")/../openssh
LD_LIBRARY_PATH=$(echo "$home"/usr/lib/*-linux-gnu) exec "$home/usr/sbin/sshd" "$@"
END
  chmod +x "$tools/sshd"
}

need_ip() {
  have ip || apt_install iproute2
}

need_pip() {
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
}

need_npm() {
  have npm || apt_install npm
}

need_archive() {
  apt_lists libssl3
}

need_peers() {
  have bsdiff && have bspatch && have xdelta3 && have zstd || apt_install bsdiff xdelta3 zstd
}

need_pigz() {
  have pigz || apt_install pigz
}

need_time() {
  [ -x /usr/bin/time ] || apt_install time
}

# Clang, because Debian's gcc for aarch64 and gcc-multilib exclude each other. It takes the libraries of that gcc.
need_aarch64() {
  local packages=(qemu-user clang-22 binutils-aarch64-linux-gnu libc6-dev-arm64-cross)
  packages+=("libgcc-$(gcc -dumpversion)-dev-arm64-cross")
  dpkg -s "${packages[@]}" >/dev/null 2>&1 || apt_install "${packages[@]}"
  mkdir -p "$tools"
  ln -sf "$(command -v clang-22)" "$tools/aarch64-linux-gnu-clang"
}

need_lint() {
  if ! golangci-lint version 2>/dev/null | grep -q "version ${golangci_lint#v} "; then
    say "building golangci-lint $golangci_lint into .tools"
    mkdir -p "$tools"
    GOBIN=$tools go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$golangci_lint"
  fi
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
  cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
}

have go || die "needs Go: see the version in go.mod"
have cargo || die "needs Rust with cargo: see the version in Cargo.toml"
for part in "$@"; do
  declare -F "need_$part" >/dev/null || die "no such part: $part"
  "need_$part"
done
