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
UPLINK_ADDRESSES=() # ADDRESS/PREFIX, or "-" when a DHCP client or router advertisements keep it
UPLINK_GATEWAYS=()
UPLINK_FAMILIES=() # -4 or -6

# NAME=IFACE, NAME=IFACE,inet6 or NAME=IFACE,ADDRESS/PREFIX,GATEWAY; the gateway is "-" on a link without one (ppp, raw
# IP).
add_uplink() {
  local name=${1%%=*} rest=${1#*=} iface address gateway known family=-4
  [[ $1 == *=* && $name =~ ^[a-z0-9][a-z0-9_-]{0,30}$ ]] ||
    die "--uplink $1: write NAME=IFACE or NAME=IFACE,ADDRESS/PREFIX,GATEWAY; a name is small letters, digits, - and _"
  IFS=, read -r iface address gateway <<<"$rest"
  [[ -n $iface && ${#iface} -le 15 && $iface != */* && $iface != *' '* ]] || die "--uplink $1: '$iface' is no interface name"
  if [[ $address == inet6 && -z $gateway ]]; then
    family=-6 address=
  elif [[ -n $address ]]; then
    valid_cidr "$address" ||
      die "--uplink $1: '$address' is no address with prefix, such as 192.168.8.100/24 or 2001:db8::2/64"
    [[ $gateway == - ]] || { valid_address "$gateway" && [[ $(family_of "$gateway") == $(family_of "$address") ]]; } ||
      die "--uplink $1: '$gateway' is no gateway of the address's family; write - on a link without one"
    family=$(family_of "$address") address=$(canonical "$address") gateway=$(canonical "$gateway")
  fi
  for known in "${!UPLINK_NAMES[@]}"; do
    [[ ${UPLINK_NAMES[known]} != "$name" ]] || die "two uplinks are named $name"
    [[ ${UPLINK_IFACES[known]} != "$iface" ]] || die "uplinks ${UPLINK_NAMES[known]} and $name share interface $iface"
    [[ -z $address || ${UPLINK_ADDRESSES[known]%/*} != "${address%/*}" ]] ||
      die "uplinks ${UPLINK_NAMES[known]} and $name share address ${address%/*}: subflows could not be told apart"
  done
  UPLINK_SPECS+=("$1") UPLINK_NAMES+=("$name") UPLINK_IFACES+=("$iface") UPLINK_ADDRESSES+=("${address:--}")
  UPLINK_GATEWAYS+=("${gateway:--}") UPLINK_FAMILIES+=("$family")
}

# Remembers the uplinks for the lease hooks; the file's place of a line is the uplink's table.
uplinks_save() {
  [[ -z $DRY_RUN ]] || return 0
  printf '%s\n' "${UPLINK_SPECS[@]}" >"$STATE_DIR/uplinks.new"
  mv "$STATE_DIR/uplinks.new" "$STATE_DIR/uplinks"
}

# Writes down the uplinks' addresses of now, one a line in their order, as srtla_send reads them; where that changes the
# list, the sender of vvlive-srtla-sender.service reads it again.
addresses_save() {
  local i address
  [[ -z $DRY_RUN ]] || return 0
  for i in "${!UPLINK_NAMES[@]}"; do
    address=${UPLINK_ADDRESSES[i]}
    [[ $address != - ]] || address=$(lease_address "${UPLINK_FAMILIES[i]}" "${UPLINK_IFACES[i]}")
    [[ -z $address ]] || printf '%s\n' "${address%/*}"
  done >"$STATE_DIR/addresses.new"
  if cmp -s "$STATE_DIR/addresses.new" "$STATE_DIR/addresses"; then
    rm "$STATE_DIR/addresses.new"
    return
  fi
  mv "$STATE_DIR/addresses.new" "$STATE_DIR/addresses"
  systemctl kill --signal=HUP vvlive-srtla-sender.service 2>/dev/null || true # not there, or no systemd: nobody to tell
}

uplinks_load() {
  local line
  while read -r line; do
    add_uplink "$line"
  done <"$STATE_DIR/uplinks"
}

# FAMILY IFACE: the address that connections may begin from: not one of IPv6's that is on its way out or in.
lease_address() {
  local not=()
  [[ $1 == -4 ]] || not=(-temporary -deprecated -tentative)
  ip "$1" -o address show dev "$2" scope global "${not[@]}" 2>/dev/null | awk '!seen++ { print $4 }'
}

lease_gateway() {
  ip "$1" route show default dev "$2" 2>/dev/null | awk '{ for (i = 1; i < NF; i++) if ($i == "via" && !seen++) print $(i + 1) }'
}

has_main_default() {
  ip "$1" route show default dev "$2" 2>/dev/null | finds .
}

# Brings uplink number I to what its address and gateway of now ask for; takes back what an older lease left.
# A static uplink's address is put on its interface when it is not there.
settle_uplink() {
  local i=$1 name=${UPLINK_NAMES[$1]} iface=${UPLINK_IFACES[$1]} address=${UPLINK_ADDRESSES[$1]} gateway=${UPLINK_GATEWAYS[$1]}
  local table=$((TABLE_BASE + i + 1)) main=- lease='' family=${UPLINK_FAMILIES[$1]} everywhere
  if [[ $address == - ]]; then
    address=$(lease_address "$family" "$iface")
    gateway=${LEASE_GATEWAY-}
    [[ -n $gateway && $(family_of "$gateway") == "$family" ]] || gateway=$(lease_gateway "$family" "$iface")
    gateway=${gateway:--}
    lease=yes
  fi
  if [[ -z $address ]]; then
    say "[=] $name: $iface has no address yet; the lease hook finishes the work when it comes"
    undo_unwanted "$name"
    return
  fi
  everywhere=$(default_of "$address")
  journal_has "$name" route 254 "$iface" "$everywhere" && main=yes
  has_main_default "$family" "$iface" || main=yes
  local wanted=()
  [[ -n $lease ]] || wanted+=("link $iface" "address $address $iface")
  wanted+=("route $table $iface $(network_of "$address") - -" "route $table $iface $everywhere $gateway -")
  [[ $main == - ]] || wanted+=("route 254 $iface $everywhere $gateway $((METRIC_BASE + i))")
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
