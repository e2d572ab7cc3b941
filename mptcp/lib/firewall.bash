# The firewall: a port is opened only where something filters, with that something's own tool.
# Verb: opening TOOL PROTOCOL PORT [FAMILY TABLE CHAIN]. ufw first (it drives the others), then rules of iptables and
# ip6tables, then native nftables chains (the tables that iptables-nft keeps are left to iptables).
# shellcheck shell=bash

# Input chains of nftables that refuse by policy or by rule: FAMILY TABLE CHAIN, one a line.
nft_filtering_chains() {
  nft list ruleset 2>/dev/null | awk '
    $1 == "table" { family = $2; table = $3 }
    $1 == "chain" { chain = $2; input = 0; shut = 0 }
    /hook input/ { input = 1 }
    /policy drop/ { shut = 1 }
    input && /(^|[^a-z])(drop|reject)([^a-z]|$)/ { shut = 1 }
    $1 == "}" && chain != "" {
      if (input && shut && !((family == "ip" || family == "ip6") && table == "filter" && chain == "INPUT")) print family, table, chain
      chain = ""
    }'
}

ufw_is_active() {
  command -v ufw >/dev/null && ufw status 2>/dev/null | finds '^Status: active'
}

# TOOL: iptables or ip6tables.
iptables_filters() {
  command -v "$1" >/dev/null && "$1" -w -S INPUT 2>/dev/null | finds -E -- '^-P INPUT DROP|-j (DROP|REJECT)'
}

# Opens PROTOCOL PORT in whatever filters; says so when nothing does.
ensure_open() {
  local family table chain tool found=
  if ufw_is_active; then
    ensure - opening ufw "$1" "$2"
    return
  fi
  for tool in iptables ip6tables; do
    iptables_filters "$tool" || continue
    ensure - opening "$tool" "$1" "$2"
    found=yes
  done
  while read -r family table chain; do
    ensure - opening nft "$1" "$2" "$family" "$table" "$chain"
    found=yes
  done < <(command -v nft >/dev/null && nft_filtering_chains)
  [[ -n $found ]] || say "[=] no firewall filters incoming traffic: nothing to open for $1 port $2"
}

nft_handle() {
  nft -a list chain "$3" "$4" "$5" 2>/dev/null |
    awk -v rule="$1 dport $2 accept comment \"vvlive\"" 'index($0, rule) && !seen++ { print $NF }'
}

present_opening() {
  case $1 in
    ufw) ufw status | finds -E "^$3/$2 +ALLOW" ;;
    iptables | ip6tables) "$1" -w -C INPUT -p "$2" --dport "$3" -m comment --comment vvlive -j ACCEPT 2>/dev/null ;;
    nft) nft_handle "${@:2}" | finds . ;;
  esac
}

make_opening() {
  case $1 in
    ufw) run ufw allow "$3/$2" ;;
    iptables | ip6tables) run "$1" -w -I INPUT -p "$2" --dport "$3" -m comment --comment vvlive -j ACCEPT ;;
    nft) run nft insert rule "$4" "$5" "$6" "$2" dport "$3" accept comment '"vvlive"' ;;
  esac
}

unmake_opening() {
  present_opening "$@" || return 0
  case $1 in
    ufw) run ufw delete allow "$3/$2" ;;
    iptables | ip6tables) run "$1" -w -D INPUT -p "$2" --dport "$3" -m comment --comment vvlive -j ACCEPT ;;
    nft) run nft delete rule "$4" "$5" "$6" handle "$(nft_handle "${@:2}")" ;;
  esac
}
