# Uplinks: what the operator asked for, and the routing and endpoint that each of them needs.
# shellcheck shell=bash

# Routing tables and rule priorities of the uplinks: this number plus the uplink's place on the command line.
# 7700 is away from the reserved tables (253 to 255), from the small numbers that operators pick by hand and
# from 51820, which wg-quick takes.
TABLE_BASE=7700

# Default routes in the main table: worse than any wired one (networkd and NetworkManager start at 100), better
# than NetworkManager's wireless (600). They carry the first subflow and everything that binds to no uplink.
METRIC_BASE=200

UPLINK_SPECS=() # as given
UPLINK_NAMES=()
UPLINK_IFACES=()
UPLINK_ADDRESSES=() # ADDRESS/PREFIX, or "-" when a DHCP client keeps it
UPLINK_GATEWAYS=()

valid_ipv4() {
  local octet
  [[ $1 =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] || return 1
  for octet in ${1//./ }; do
    ((10#$octet <= 255)) || return 1
  done
}

valid_cidr() {
  [[ ${1#*/} =~ ^[0-9]{1,2}$ && ${1#*/} -le 32 && ${1#*/} -ge 1 ]] && valid_ipv4 "${1%/*}"
}

# NAME=IFACE or NAME=IFACE,ADDRESS/PREFIX,GATEWAY; the gateway is "-" on a link without one (ppp, raw IP).
add_uplink() {
  local name=${1%%=*} rest=${1#*=} iface address gateway known
  [[ $1 == *=* && $name =~ ^[a-z0-9][a-z0-9_-]{0,30}$ ]] ||
    die "--uplink $1: write NAME=IFACE or NAME=IFACE,ADDRESS/PREFIX,GATEWAY; a name is small letters, digits, - and _"
  IFS=, read -r iface address gateway <<<"$rest"
  [[ -n $iface && ${#iface} -le 15 && $iface != */* && $iface != *' '* ]] || die "--uplink $1: '$iface' is no interface name"
  if [[ -n $address ]]; then
    valid_cidr "$address" ||
      die "--uplink $1: '$address' is no IPv4 address with prefix, such as 192.168.8.100/24 (IPv6 uplinks are not supported)"
    [[ $gateway == - ]] || valid_ipv4 "$gateway" ||
      die "--uplink $1: '$gateway' is no IPv4 gateway; write - on a link without one"
  fi
  for known in "${!UPLINK_NAMES[@]}"; do
    [[ ${UPLINK_NAMES[known]} != "$name" ]] || die "two uplinks are named $name"
    [[ ${UPLINK_IFACES[known]} != "$iface" ]] || die "uplinks ${UPLINK_NAMES[known]} and $name share interface $iface"
    [[ -z $address || ${UPLINK_ADDRESSES[known]%/*} != "${address%/*}" ]] ||
      die "uplinks ${UPLINK_NAMES[known]} and $name share address ${address%/*}: subflows could not be told apart"
  done
  UPLINK_SPECS+=("$1") UPLINK_NAMES+=("$name") UPLINK_IFACES+=("$iface") UPLINK_ADDRESSES+=("${address:--}") UPLINK_GATEWAYS+=("${gateway:--}")
}

# Remembers the uplinks for the lease hooks; the file's place of a line is the uplink's table.
uplinks_save() {
  [[ -z $DRY_RUN ]] || return 0
  printf '%s\n' "${UPLINK_SPECS[@]}" >"$STATE_DIR/uplinks.new"
  mv "$STATE_DIR/uplinks.new" "$STATE_DIR/uplinks"
}

uplinks_load() {
  local line
  while read -r line; do
    add_uplink "$line"
  done <"$STATE_DIR/uplinks"
}

network_of() {
  local a b c d prefix=${1#*/} bits
  IFS=. read -r a b c d <<<"${1%/*}"
  bits=$(((a << 24 | b << 16 | c << 8 | d) & (0xffffffff << (32 - prefix))))
  printf '%d.%d.%d.%d/%d' $((bits >> 24 & 255)) $((bits >> 16 & 255)) $((bits >> 8 & 255)) $((bits & 255)) "$prefix"
}

lease_address() {
  ip -4 -o address show dev "$1" scope global 2>/dev/null | awk '!seen++ { print $4 }'
}

lease_gateway() {
  ip -4 route show default dev "$1" 2>/dev/null | awk '{ for (i = 1; i < NF; i++) if ($i == "via" && !seen++) print $(i + 1) }'
}

has_main_default() {
  ip -4 route show default dev "$1" 2>/dev/null | finds .
}

# Brings uplink number I to what its address and gateway of now ask for; takes back what an older lease left.
# A static uplink's address is put on its interface when it is not there.
settle_uplink() {
  local i=$1 name=${UPLINK_NAMES[$1]} iface=${UPLINK_IFACES[$1]} address=${UPLINK_ADDRESSES[$1]} gateway=${UPLINK_GATEWAYS[$1]}
  local table=$((TABLE_BASE + i + 1)) main=- lease=
  if [[ $address == - ]]; then
    address=$(lease_address "$iface")
    gateway=${LEASE_GATEWAY:-$(lease_gateway "$iface")}
    gateway=${gateway:--}
    lease=yes
  fi
  if [[ -z $address ]]; then
    say "[=] $name: $iface has no address yet; the lease hook finishes the work when it comes"
    undo_unwanted "$name"
    return
  fi
  journal_has "$name" route 254 "$iface" default && main=yes
  has_main_default "$iface" || main=yes
  local wanted=()
  [[ -n $lease ]] || wanted+=("link $iface" "address $address $iface")
  wanted+=("route $table $iface $(network_of "$address") - -" "route $table $iface default $gateway -")
  [[ $main == - ]] || wanted+=("route 254 $iface default $gateway $((METRIC_BASE + i))")
  wanted+=("rule ${address%/*} $table" "endpoint ${address%/*} $iface")
  settle "$name" "${wanted[@]}"
}

# OWNER and its wanted lines: the others go first, for the new ones may need their place.
settle() {
  local owner=$1 line fields
  shift
  local lines=("${@/#/"$owner "}")
  undo_unwanted "$owner" "${lines[@]//' '/$'\t'}"
  for line in "$@"; do
    read -r -a fields <<<"$line"
    ensure "$owner" "${fields[@]}"
  done
}
