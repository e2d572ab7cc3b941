# Addresses: which family one is of, whether it is one, how the kernel writes it, and its network.
# shellcheck shell=bash

valid_ipv4() {
  local octet
  [[ $1 =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] || return 1
  for octet in ${1//./ }; do
    ((10#$octet <= 255)) || return 1
  done
}

# The eight groups of an IPv6 address, as decimal numbers; fails on what is none. "::ffff:10.0.0.1" is not taken: no
# uplink has such an address.
ipv6_groups() {
  local front=() back=() groups=() group missing
  [[ $1 =~ ^[0-9a-fA-F:]+$ && $1 == *:* && $1 != *:::* && $1 != *::*::* ]] || return 1
  [[ $1 != :[!:]* && $1 != *[!:]: ]] || return 1
  if [[ $1 == *::* ]]; then
    IFS=: read -r -a front <<<"${1%%::*}"
    IFS=: read -r -a back <<<"${1#*::}"
    missing=$((8 - ${#front[@]} - ${#back[@]}))
    ((missing > 0)) || return 1
    while ((missing-- > 0)); do front+=(0); done
    groups=("${front[@]}" "${back[@]}")
  else
    IFS=: read -r -a groups <<<"$1"
  fi
  ((${#groups[@]} == 8)) || return 1
  for group in "${groups[@]}"; do
    ((${#group} <= 4)) || return 1
    printf '%d\n' $((16#$group))
  done
}

# Groups, as the kernel writes the address: small letters, no leading zeros, the longest row of zero groups as "::".
ipv6_text() {
  local text zeros count
  text=:$(printf '%x:' "$@")
  for ((count = 8; count >= 2; count--)); do
    zeros=$(printf ':0%.0s' $(seq "$count")):
    if [[ $text == *"$zeros"* ]]; then
      text=${text/"$zeros"/::}
      break
    fi
  done
  [[ $text == ::* ]] || text=${text#:}
  [[ $text == *:: ]] || text=${text%:}
  printf '%s' "$text"
}

valid_address() {
  valid_ipv4 "$1" || ipv6_groups "$1" >/dev/null
}

# ADDRESS, or ADDRESS/PREFIX, as the kernel writes it.
canonical() {
  local groups
  if [[ $1 != *:* ]]; then
    printf '%s' "$1"
    return
  fi
  mapfile -t groups < <(ipv6_groups "${1%/*}")
  printf '%s%s' "$(ipv6_text "${groups[@]}")" "$([[ $1 != */* ]] || printf '/%s' "${1#*/}")"
}

valid_cidr() {
  local most=32
  [[ $1 != *:* ]] || most=128
  [[ ${1#*/} =~ ^[0-9]{1,3}$ && ${1#*/} -le $most && ${1#*/} -ge 1 ]] && valid_address "${1%/*}"
}

# The option that makes `ip` speak of the family of an address or prefix.
family_of() {
  [[ $1 == *:* ]] && printf -- -6 || printf -- -4
}

# The default route's prefix in the family of an address: iproute2 takes "default" for IPv4's unless told otherwise.
default_of() {
  [[ $1 == *:* ]] && printf ::/0 || printf default
}

network_of() {
  local a b c d prefix=${1#*/} bits groups i
  if [[ $1 == *:* ]]; then
    mapfile -t groups < <(ipv6_groups "${1%/*}")
    for i in "${!groups[@]}"; do
      bits=$((prefix - 16 * i))
      bits=$((bits < 0 ? 0 : bits > 16 ? 16 : bits))
      groups[i]=$((groups[i] & (0xffff << (16 - bits)) & 0xffff))
    done
    printf '%s/%d' "$(ipv6_text "${groups[@]}")" "$prefix"
    return
  fi
  IFS=. read -r a b c d <<<"${1%/*}"
  bits=$(((a << 24 | b << 16 | c << 8 | d) & (0xffffffff << (32 - prefix))))
  printf '%d.%d.%d.%d/%d' $((bits >> 24 & 255)) $((bits >> 16 & 255)) $((bits >> 8 & 255)) $((bits & 255)) "$prefix"
}
