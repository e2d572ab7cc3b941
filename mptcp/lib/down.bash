# What pi-down and vps-down share: they differ in the journal they read.
# shellcheck shell=bash

down_usage() {
  cat <<END
Usage: $PROGRAM [OPTIONS]

Takes back, newest first, what $1-up changed, and shows each command as it runs it. A setting that somebody else
has changed since is left alone. Can run twice; what could not be taken back stays in the journal for the next run.

  --dry-run          show what would be done, change nothing
  --state-dir DIR    where the journal is kept (default $STATE_DIR)
  --help             this text
END
}

# The guard restores endpoints when it ends: it must end first, or it would bring them back after us.
refuse_beside_guard() {
  local pid
  pid=$(sed -nE 's/.*"pid": ([0-9]+).*/\1/p' "${GUARD_STATE:-/run/vvlive-guard/endpoints.json}" 2>/dev/null) || return 0
  [[ -z $pid ]] || ! kill -0 "$pid" 2>/dev/null ||
    die "the guard is running and would restore the endpoints: systemctl stop vvlive-guard, then run this again"
}

down() {
  local side=$1
  shift
  while (($#)); do
    case $1 in
      --state-dir) STATE_DIR=${2:?--state-dir needs a folder} && shift ;;
      --dry-run) DRY_RUN=yes ;;
      --help) down_usage "$side" && exit 0 ;;
      *) die "unknown option $1: see $PROGRAM --help" ;;
    esac
    shift
  done
  require_root
  if [[ ! -e $STATE_DIR/$side.journal ]]; then
    say "$PROGRAM: $side-up has not run here: nothing to take back"
    exit 0
  fi
  [[ $side != pi ]] || refuse_beside_guard
  journal_open "$side"
  undo_all || die "not everything could be taken back: see above, then run this again"
  if [[ -z $DRY_RUN ]]; then
    [[ $side != pi ]] || rm -f "$STATE_DIR/uplinks" "$STATE_DIR/addresses"
    forget_journal
  fi
}
