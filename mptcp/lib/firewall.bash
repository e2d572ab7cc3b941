# The firewall: a port is opened only where something filters, with that something's own tool.
# Verb: opening TOOL PROTOCOL PORT [FAMILY TABLE CHAIN]. ufw first (it drives the others), then iptables rules,
# then native nftables chains (the ip tables that iptables-nft keeps are left to iptables).
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

iptables_filters() {
  command -v iptables >/dev/null && iptables -w -S INPUT 2>/dev/null | finds -E -- '^-P INPUT DROP|-j (DROP|REJECT)'
}

# Opens PROTOCOL PORT in whatever filters; says so when nothing does.
ensure_open() {
  local family table chain found=
  if ufw_is_active; then
    ensure - opening ufw "$1" "$2"
    return
  fi
  if iptables_filters; then
    ensure - opening iptables "$1" "$2"
    found=yes
  fi
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
    iptables) iptables -w -C INPUT -p "$2" --dport "$3" -m comment --comment vvlive -j ACCEPT 2>/dev/null ;;
    nft) nft_handle "${@:2}" | finds . ;;
  esac
}

make_opening() {
  case $1 in
    ufw) run ufw allow "$3/$2" ;;
    iptables) run iptables -w -I INPUT -p "$2" --dport "$3" -m comment --comment vvlive -j ACCEPT ;;
    nft) run nft insert rule "$4" "$5" "$6" "$2" dport "$3" accept comment '"vvlive"' ;;
  esac
}

unmake_opening() {
  present_opening "$@" || return 0
  case $1 in
    ufw) run ufw delete allow "$3/$2" ;;
    iptables) run iptables -w -D INPUT -p "$2" --dport "$3" -m comment --comment vvlive -j ACCEPT ;;
    nft) run nft delete rule "$4" "$5" "$6" handle "$(nft_handle "${@:2}")" ;;
  esac
}
