"""The faults: what is done to the running demo, and which alerts have to tell of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from deploy.demo.assembly import STREAM_ALIAS
from tests.bench.alerts import harms
from tests.bench.alerts.stage import Stage

Injected = Callable[[Stage], AbstractAsyncContextManager[float | None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `alerts`: who must fire, and how many seconds expression or program allow before its `for`."""

    name: str
    inject: Injected
    alerts: Mapping[str, float]


def _all_dark(stage: Stage) -> AbstractAsyncContextManager[None]:
    return harms.dark(stage, *(uplink.name for uplink in stage.world.uplinks))


# A picture may be 2 s late, the rig's metrics 8 s old, the rig silent for 30 s; no byte must have come for 3 s.
LATE_S, STALE_S, OFFLINE_S, NO_BYTE_S = 2.0, 8.0, 30.0, 3.0
# Nothing acknowledged for 2 s; nothing leaves OBS for 3 s; its picture stands for 4 s.
STUCK_S, OUTPUT_STILL_S, PICTURE_STILL_S = 2.0, 3.0, 4.0
# The guard looks at a slow uplink for 3 s.
SLOW_S = 3.0
# The rig reports every 2 s; after 7 s without a report it is not connected.
UNREPORTED_S = 7.0
# The history is written every 10 s: before that nobody knows of a full disk.
WRITTEN_S = 10.0

FAULTS: tuple[Fault, ...] = (
    Fault("one uplink dead", lambda stage: harms.dark(stage, stage.world.uplinks[1].name), {"UplinkDead": 0.0}),
    Fault("MPTCP switched off", harms.unbonded, {"BondingOff": 0.0}),
    Fault("fallen back to plain TCP", harms.fallen_back, {"BondingOff": 0.0}),
    Fault("MPTCP options taken out", harms.stripped, {"ConnectionStuck": STUCK_S}),
    Fault("an uplink takes half a second", harms.slow, {"UplinkSlow": SLOW_S}),
    Fault("an uplink flaps", harms.flapping, {"UplinkFlapping": 0.0}),
    Fault("encoder killed", lambda stage: stage.without("encoder"), {"StreamDown": 0.0, "EncoderUnreachable": 0.0}),
    Fault("encoder hangs", lambda stage: stage.frozen("encoder"), {"EncoderUnreachable": 0.0}),
    Fault("encoder ignores", lambda stage: stage.instead("encoder", "--fault", "ignores"), {"EncoderNotApplying": 0.0}),
    Fault("OBS killed", lambda stage: stage.without("obs"), {"ObsDown": 0.0}),
    Fault("OBS hangs", lambda stage: stage.frozen("obs"), {"ObsDown": 0.0}),
    Fault("OBS muted", harms.muted, {"ObsMutedLive": 0.0}),
    Fault("OBS cut off", lambda stage: harms.platform(stage, harms.CUT), {"ObsReconnecting": 0.0}),
    Fault(
        "platform takes nothing", lambda stage: harms.slow_platform(stage, "drop"), {"ObsOutputFrozen": OUTPUT_STILL_S}
    ),
    Fault(
        "platform takes too little",
        lambda stage: harms.slow_platform(stage, "limit rate over 60 kbytes/second burst 70 kbytes drop"),
        {"ObsDroppingFrames": 0.0},
    ),
    Fault("picture stands still in OBS", harms.paused, {"ObsPictureFrozen": PICTURE_STILL_S}),
    Fault("scene renamed in OBS", harms.renamed, {"SceneNotShown": LATE_S}),
    Fault("keys guessed", harms.guessed, {"IngestAuthAttack": 0.0}),
    Fault("a key ends tomorrow", harms.expiring, {"StreamKeyExpiring": 0.0}),
    Fault("keys unusable", harms.spoilt, {"StreamKeysUnusable": 0.0}),
    Fault("data used up", harms.capped, {"DataCapNear": 0.0, "DataCapReached": 0.0}),
    Fault("rig's clock ahead", harms.ahead, {"ClockAhead": 0.0}),
    Fault("disk full", harms.full, {"HistoryNotKept": WRITTEN_S}),
    Fault(
        "MPTCP exporter of the rig killed",
        lambda stage: stage.without("mptcp-exporter-edge"),
        {"ExporterDown": 0.0, "MetricsStale": STALE_S, "ControllerBlind": STALE_S},
    ),
    Fault("ingest exporter killed", lambda stage: stage.without("ingest-exporter"), {"ExporterDown": 0.0}),
    Fault("ingest cannot be read", harms.unread, {"SourceFailing": 0.0}),
    Fault("guard killed", lambda stage: stage.without("guard"), {"ExporterDown": 0.0}),
    Fault("rig's controller killed", lambda stage: stage.without("controller-edge"), {"ControllerDown": 0.0}),
    Fault("VPS's controller hangs", lambda stage: stage.frozen("controller-vps"), {"ControllerDown": 0.0}),
    Fault("controllers cut apart", harms.apart, {"ControllersApart": UNREPORTED_S}),
    Fault("rig's Prometheus killed", lambda stage: stage.without("prometheus-edge"), {"MetricsStale": STALE_S}),
    Fault(
        "a stream without alias",
        lambda stage: stage.instead("ingest-exporter", **{f"{STREAM_ALIAS}=": "other=", f"/{STREAM_ALIAS}": "/other"}),
        {"UnknownPublisher": 0.0},
    ),
    Fault(
        "both uplinks dead",
        _all_dark,
        {"NoUplinkLeft": NO_BYTE_S, "PictureLate": LATE_S, "MetricsStale": STALE_S, "RigOffline": OFFLINE_S},
    ),
)
