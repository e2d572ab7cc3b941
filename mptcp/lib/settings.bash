# The verbs of the journal that belong to the machine: sysctl, file, limits, link, address, rule, route, endpoint.
# shellcheck shell=bash

SYSCTL_DIR=${SYSCTL_DIR:-/etc/sysctl.d}

require_mptcp() {
  [[ -e /proc/sys/net/mptcp/enabled ]] ||
    die "this kernel has no MPTCP: boot one built with CONFIG_MPTCP (5.6 or newer; Raspberry Pi OS and Ubuntu 22.04 have it)"
  ip mptcp limits show >/dev/null 2>&1 ||
    die "'ip mptcp' does not work: install iproute2 5.9 or newer and run as root"
}

require_root() {
  [[ -n $DRY_RUN || $EUID -eq 0 ]] || die "must run as root: try sudo $0"
}

# --- sysctl KEY WANTED PREVIOUS

sysctl_now() {
  local path=/proc/sys/${1//./\/}
  [[ -r $path ]] && tr -s '\t ' ' ' <"$path"
}

present_sysctl() {
  [[ $(sysctl_now "$1") == "$2" ]]
}

make_sysctl() {
  run sysctl -q -w "$1=$2"
}

unmake_sysctl() {
  if present_sysctl "$@"; then
    run sysctl -q -w "$1=$3"
  elif ! present_sysctl "$1" "$3"; then
    say "[=] sysctl $1 was changed by someone else since: left alone"
  fi
}

# Reads the settings of a drop-in file: KEY, VALUE and "optional" or "required", separated by tabs.
# As in sysctl.d(5), a leading "-" means that it may fail.
dropin_settings() {
  awk -F' *= *' -v OFS='\t' '
    /^[#;]/ || /^ *$/ { next }
    { kind = sub(/^-/, "", $1) ? "optional" : "required"; gsub(/ +$/, "", $2); print $1, $2, kind }' "$1"
}

# Dies, before anything is changed, when a drop-in asks for what this kernel cannot do.
require_dropin() {
  local key value kind
  while IFS=$'\t' read -r key value kind; do
    [[ $kind == optional || -e /proc/sys/${key//./\/} ]] ||
      die "this kernel has no $key, which ${1##*/} needs: boot a newer kernel"
  done < <(dropin_settings "$1")
}

# Installs a drop-in file for the next boot and applies it now, remembering each value it replaces.
ensure_dropin() {
  local key value kind
  ensure - file "$SYSCTL_DIR/${1##*/}" "$1"
  while IFS=$'\t' read -r key value kind; do
    if [[ $kind == required ]]; then
      ensure_sysctl "$key" "$value"
    elif [[ ! -e /proc/sys/${key//./\/} ]]; then
      say "[=] sysctl $key: not on this kernel"
    elif ! ensure_sysctl "$key" "$value"; then
      say "[!] $key stays $(sysctl_now "$key"): python -m mptcp.doctor says what that means"
    fi
  done < <(dropin_settings "$1")
}

# KEY WANTED: the value it replaces is remembered once; nothing is when the kernel refuses.
ensure_sysctl() {
  local now
  now=$(sysctl_now "$1")
  if [[ $now == "$2" ]]; then
    say "[=] sysctl $1=$2"
    return
  fi
  journal_has - sysctl "$1" "$2" || journal_add - sysctl "$1" "$2" "$now"
  make_sysctl "$1" "$2" && return
  journal_drop "$(journal_line - sysctl "$1" "$2" "$now")"
  unset 'CHANGES[-1]' 'CHANGES[-1]' # neither the line nor its removal: there was no change
  return 1
}

# --- file PATH SOURCE

present_file() {
  cmp -s "$1" "$2"
}

make_file() {
  run install -D -m 644 "$2" "$1"
}

unmake_file() {
  [[ ! -e $1 ]] || run rm "$1"
}

# --- limits SUBFLOWS ACCEPTED PREVIOUS_SUBFLOWS PREVIOUS_ACCEPTED

limits_now() {
  ip mptcp limits show | awk '{ for (i = 1; i < NF; i += 2) v[$i] = $(i + 1) } END { print v["subflows"], v["add_addr_accepted"] }'
}

present_limits() {
  [[ $(limits_now) == "$1 $2" ]]
}

make_limits() {
  run ip mptcp limits set subflows "$1" add_addr_accepted "$2"
}

unmake_limits() {
  ! present_limits "$@" || run ip mptcp limits set subflows "$3" add_addr_accepted "$4"
}

# SUBFLOWS ACCEPTED: at least so many subflows, exactly so many accepted; the previous values are remembered once.
ensure_limits() {
  local subflows accepted wanted=$1
  read -r subflows accepted <<<"$(limits_now)"
  ((subflows <= wanted)) || wanted=$subflows
  if [[ "$subflows $accepted" == "$wanted $2" ]]; then
    say "[=] limits: subflows $wanted, add_addr_accepted $2"
    return
  fi
  journal_has - limits "$wanted" "$2" || journal_add - limits "$wanted" "$2" "$subflows" "$accepted"
  make_limits "$wanted" "$2"
}

# --- link IFACE

present_link() {
  ip link show dev "$1" up 2>/dev/null | finds .
}

make_link() {
  run ip link set dev "$1" up
}

unmake_link() {
  ! present_link "$1" || run ip link set dev "$1" down
}

# --- address ADDRESS/PREFIX IFACE

present_address() {
  ip "$(family_of "$1")" -o address show dev "$2" 2>/dev/null | finds -E -- "inet6? ${1//./\\.} "
}

make_address() {
  run ip address add "$1" dev "$2"
}

unmake_address() {
  ! present_address "$@" || run ip address delete "$1" dev "$2"
}

# --- rule ADDRESS TABLE

present_rule() {
  ip "$(family_of "$1")" rule show from "$1" | finds -E "lookup $2( |$)"
}

make_rule() {
  # The priority equals the table's number: before the main table (32766), and easy to find again.
  run ip "$(family_of "$1")" rule add from "$1" lookup "$2" priority "$2"
}

unmake_rule() {
  ! present_rule "$@" || run ip "$(family_of "$1")" rule delete from "$1" lookup "$2" priority "$2"
}

# --- route TABLE IFACE PREFIX GATEWAY METRIC ("-" for none; PREFIX is "default" for IPv4's, ::/0 for IPv6's)

route_words() {
  local words=("$3")
  [[ $4 == - ]] || words+=(via "$4")
  words+=(dev "$2" table "$1")
  [[ $5 == - ]] || words+=(metric "$5")
  printf '%s\n' "${words[@]}"
}

present_route() {
  local via=()
  [[ $4 == - ]] || via=(via "$4")
  ip "$(family_of "$3")" route show table "$1" dev "$2" exact "$3" "${via[@]}" 2>/dev/null | finds .
}

make_route() {
  local words
  mapfile -t words < <(route_words "$@")
  run ip "$(family_of "$3")" route add "${words[@]}"
}

unmake_route() {
  local words
  present_route "$@" || return 0
  mapfile -t words < <(route_words "$@")
  run ip "$(family_of "$3")" route delete "${words[@]}"
}

# --- endpoint ADDRESS IFACE

endpoint_line() {
  ip mptcp endpoint show | grep -E "^${1//./\\.} "
}

present_endpoint() {
  endpoint_line "$1" | finds -w subflow
}

make_endpoint() {
  ! endpoint_line "$1" >&2 ||
    die "an endpoint for $1 exists without the subflow flag: ip mptcp endpoint delete it, then run this again"
  run ip mptcp endpoint add "$1" dev "$2" subflow
}

unmake_endpoint() {
  local id
  present_endpoint "$1" || return 0
  id=$(endpoint_line "$1" | sed -E 's/.* id ([0-9]+) .*/\1/')
  run ip mptcp endpoint delete id "$id"
}
