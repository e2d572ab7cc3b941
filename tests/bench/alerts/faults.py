"""The faults: what is done to the running demo, and which alerts have to tell of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from deploy.demo.assembly import STREAM_ALIAS
from tests.bench.alerts.stage import Stage

Injected = Callable[[Stage], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `alerts`: who must fire, and how many seconds expression or controller allow before its `for`."""

    name: str
    inject: Injected
    alerts: Mapping[str, float]


@asynccontextmanager
async def _dark(stage: Stage, *uplinks: str) -> AsyncIterator[None]:
    stage.shade(*uplinks, dark=True)
    try:
        yield
    finally:
        stage.shade(*uplinks, dark=False)


@asynccontextmanager
async def _unbonded(stage: Stage) -> AsyncIterator[None]:
    stage.world.pi.sysctl("net.mptcp.enabled", 0)
    try:
        yield
    finally:
        stage.world.pi.sysctl("net.mptcp.enabled", 1)


def _all_dark(stage: Stage) -> AbstractAsyncContextManager[None]:
    return _dark(stage, *(uplink.name for uplink in stage.world.uplinks))


# A picture may be 2 s late, the rig's metrics 8 s old, the rig silent for 30 s; no byte must have come for 3 s.
LATE_S, STALE_S, OFFLINE_S, NO_BYTE_S = 2.0, 8.0, 30.0, 3.0

FAULTS: tuple[Fault, ...] = (
    Fault("one uplink dead", lambda stage: _dark(stage, stage.world.uplinks[1].name), {"UplinkDead": 0.0}),
    Fault("MPTCP switched off", _unbonded, {"BondingOff": 0.0}),
    Fault("encoder killed", lambda stage: stage.without("encoder"), {"StreamDown": 0.0, "EncoderUnreachable": 0.0}),
    Fault("encoder hangs", lambda stage: stage.frozen("encoder"), {"EncoderUnreachable": 0.0}),
    Fault("encoder ignores", lambda stage: stage.instead("encoder", "--fault", "ignores"), {"EncoderNotApplying": 0.0}),
    Fault("OBS killed", lambda stage: stage.without("obs"), {"ObsDown": 0.0}),
    Fault("OBS hangs", lambda stage: stage.frozen("obs"), {"ObsDown": 0.0}),
    Fault("OBS muted", lambda stage: stage.muted(), {"ObsMutedLive": 0.0}),
    Fault(
        "MPTCP exporter of the rig killed",
        lambda stage: stage.without("mptcp-exporter-edge"),
        {"ExporterDown": 0.0, "MetricsStale": STALE_S, "ControllerBlind": STALE_S},
    ),
    Fault("ingest exporter killed", lambda stage: stage.without("ingest-exporter"), {"ExporterDown": 0.0}),
    Fault("guard killed", lambda stage: stage.without("guard"), {"ExporterDown": 0.0}),
    Fault("rig's controller killed", lambda stage: stage.without("controller-edge"), {"ControllerDown": 0.0}),
    Fault("VPS's controller hangs", lambda stage: stage.frozen("controller-vps"), {"ControllerDown": 0.0}),
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
