# shellcheck shell=sh
# Makes the machine with its disk in $1 a node of a cluster, called $2. It has for itself what changes when it becomes
# one, and all else of the host is read-only; $3... are directories of the host that it needs wherever they are. Runs in
# namespaces of its own, within those of the machine.
disk=$1
name=$2
shift 2

echo "$name" >/proc/sys/kernel/hostname

# own MOUNTPOINT
own() {
  mkdir -p "$disk/node$1"
  mount --rbind "$disk/node$1" "$1"
}

mount --bind "$disk" "$disk"
for kept in "$disk" "$@"; do
  case $kept in
  /root/* | /tmp/*)
    mkdir -p "$disk/node$kept"
    mount --bind "$kept" "$disk/node$kept"
    ;;
  esac
done
mkdir -p "$disk/node/etc"
cp -a /etc/. "$disk/node/etc"
own /etc
own /root
own /tmp
own /usr/local/bin

# Where sealer looks for the programs of the image, those of the host come first.
for program in kubeadm seautil; do
  for dir in /sbin /bin /usr/sbin /usr/bin; do
    [ ! -e "$dir/$program" ] || mount --bind /dev/null "$dir/$program"
  done
done
mount -o remount,bind,ro /

echo ready
exec cat
