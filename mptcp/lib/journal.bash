# The journal: one line per change, written before the change is made, so that whatever happens it
# can be taken back. Fields are separated by tabs: owner, verb, arguments. `owner` is an uplink's
# name, or "-" for what belongs to the whole machine.
#
# A verb is three functions that get the line's arguments: present_VERB, make_VERB and unmake_VERB; the last
# does nothing where there is nothing to take back.
# shellcheck shell=bash

DRY_RUN=${DRY_RUN:-}
STATE_DIR=${STATE_DIR:-/var/lib/vvlive/mptcp}
JOURNAL=
CHANGES=() # of this run, in order: +LINE was made, -LINE was taken back

say() {
  printf '%s\n' "$*" >&2
}

die() {
  printf '%s: %s\n' "$PROGRAM" "$*" >&2
  exit 1
}

# grep over standard input, which it reads to the end: a program that is cut off in mid-sentence by `grep -q` fails, and
# with it, under pipefail, the whole line.
finds() {
  local text
  text=$(cat)
  grep -q "$@" <<<"$text"
}

# Shows a command, then runs it; under --dry-run only shows it. The log is the documentation.
run() {
  say "[#] $*"
  [[ -n $DRY_RUN ]] || "$@"
}

# Opens the journal of one side ("pi" or "vps") and keeps others out until this process ends:
# two leases may arrive at once.
journal_open() {
  JOURNAL=$STATE_DIR/$1.journal
  if [[ -n $DRY_RUN ]]; then
    [[ -r $JOURNAL ]] || JOURNAL=/dev/null
    return
  fi
  mkdir -p "$STATE_DIR"
  exec 9>"$STATE_DIR/lock"
  flock -w 30 9 || die "another run holds $STATE_DIR/lock for more than 30 s: wait for it or end it"
  touch "$JOURNAL"
  journal_after_reboot "$1"
}

# A reboot takes routes, rules, endpoints and limits with it, not the drop-in files: forget the former.
journal_after_reboot() {
  local boot now
  now=$(cat /proc/sys/kernel/random/boot_id)
  boot=$(cat "$STATE_DIR/$1.boot" 2>/dev/null || true)
  if [[ -n $boot && $boot != "$now" ]]; then
    grep -P '^-\t(sysctl|file)\t' "$JOURNAL" >"$JOURNAL.new" || true
    mv "$JOURNAL.new" "$JOURNAL"
  fi
  printf '%s\n' "$now" >"$STATE_DIR/$1.boot"
}

journal_line() {
  local IFS=$'\t'
  printf '%s' "$*"
}

journal_add() {
  local line
  line=$(journal_line "$@")
  [[ -z $DRY_RUN ]] || return 0
  CHANGES+=("+$line")
  grep -qxF -- "$line" "$JOURNAL" || printf '%s\n' "$line" >>"$JOURNAL"
}

# Whether the journal has a line that begins with these fields.
journal_has() {
  local start
  start=$(journal_line "$@")
  awk -v start="$start" 'index($0 "\t", start "\t") == 1 { found = 1 } END { exit !found }' "$JOURNAL"
}

journal_drop() {
  [[ -z $DRY_RUN ]] || return 0
  CHANGES+=("-$1")
  grep -vxF -- "$1" "$JOURNAL" >"$JOURNAL.new" || true
  mv "$JOURNAL.new" "$JOURNAL"
}

# Makes it so: OWNER VERB ARGUMENTS... Does nothing, and records nothing, where it is so already.
ensure() {
  local owner=$1 verb=$2
  shift 2
  if "present_$verb" "$@"; then
    say "[=] $verb $*"
    return
  fi
  journal_add "$owner" "$verb" "$@"
  "make_$verb" "$@"
}

# Takes one line back; it stays in the journal when that fails.
undo_line() {
  local fields
  IFS=$'\t' read -r -a fields <<<"$1"
  "unmake_${fields[1]}" "${fields[@]:2}" && journal_drop "$1"
}

# Takes everything back, newest first; says which lines would not go.
undo_all() {
  local lines line failed=0
  mapfile -t lines <"$JOURNAL"
  for ((i = ${#lines[@]} - 1; i >= 0; i--)); do
    line=${lines[i]}
    if ! undo_line "$line"; then
      say "[!] could not undo: ${line//$'\t'/ }"
      failed=1
    fi
  done
  return "$failed"
}

# Takes back OWNER's lines that are not among the wanted ones (one per argument).
undo_unwanted() {
  local owner=$1 lines line
  shift
  local wanted
  wanted=$(printf '%s\n' "$@")
  mapfile -t lines < <(grep -- "^$owner"$'\t' "$JOURNAL" || true)
  for ((i = ${#lines[@]} - 1; i >= 0; i--)); do
    line=${lines[i]}
    grep -qxF -- "$line" <<<"$wanted" || undo_line "$line"
  done
}

# Turns one change of this run around.
revert() {
  local fields
  if [[ $1 == +* ]]; then
    undo_line "${1:1}"
  else
    IFS=$'\t' read -r -a fields <<<"${1:1}"
    ensure "${fields[@]}"
  fi
}

rollback() {
  local status=$? changes=("${CHANGES[@]}")
  trap - EXIT
  if ((status != 0)); then
    say "$PROGRAM: failed, taking back what this run changed"
    for ((i = ${#changes[@]} - 1; i >= 0; i--)); do
      revert "${changes[i]}" || say "[!] could not take back: ${changes[i]//$'\t'/ }"
    done
    [[ -s $JOURNAL ]] || forget_journal
  fi
  exit "$status"
}

# Leaves nothing, not even the folder when the other side does not use it.
forget_journal() {
  rm -f "$JOURNAL" "${JOURNAL%.journal}.boot"
  compgen -G "$STATE_DIR/*.journal" >/dev/null || rm -rf "$STATE_DIR"
}

# From here on a failure takes back what this run has changed.
arm_rollback() {
  [[ -n $DRY_RUN ]] || trap rollback EXIT
}
