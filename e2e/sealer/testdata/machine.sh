# shellcheck shell=sh
# Puts fresh directories below $1 where sealer keeps what it has. Runs in a mount namespace of its own.
disk=$1
mkdir -p "$disk/home" "$disk/tmp" "$disk/probe/lower" "$disk/probe/upper" "$disk/probe/work" "$disk/probe/merged"

# own MOUNTPOINT
own() {
  mkdir -p "$1" "$disk$1"
  mount --bind "$disk$1" "$1"
}

own /etc/containers
own /run/containers
own /var/lib/sealer
own /var/lib/sealift
own /var/lib/containers

# The overlay driver cannot work on an overlay, which is what the disk of a container mostly is.
if mount -t overlay overlay \
  -o "lowerdir=$disk/probe/lower,upperdir=$disk/probe/upper,workdir=$disk/probe/work" "$disk/probe/merged" 2>/dev/null
then
  umount "$disk/probe/merged"
else
  mount -t tmpfs tmpfs /var/lib/containers
fi
rm -rf "$disk/probe"

echo ready
exec cat
