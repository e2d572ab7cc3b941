"""What an API may have behind it in tests: everything known, or nothing."""

from __future__ import annotations

from controller.decision.model import Freshness, IngestReading, Interval, Observation, UplinkReading
from controller.ports import NoAnswer, StudioStatus, Window
from tests.controller.faces import Behind
from tests.controller.statuses import UNKNOWN
from tests.fakes.devices import FakeSource, FakeStudio, series

AT_S = 1_700_000_099.0
SEEN = Observation(
    at_s=AT_S,
    freshness=Freshness.FRESH,
    age_s=0.5,
    capacity=Interval(4e6, 6e6),
    delivered_bps=2.6e6,
    drain_time_s=0.1,
    uplinks=(UplinkReading(name="modem-a", dead=False, rtt_s=0.05),),
    ingest=IngestReading(age_s=0.7, publishing=True, received_bps=2.55e6, lag_s=0.2),
)
OBS = StudioStatus(
    reachable=True, scene_name="Main Camera", scene_names=("Main Camera", "Audio Only"), streaming=True, output_bytes=9
)
EXPORTED = Window(
    series=(
        series("ingest_stream_lag_seconds", 0.3, until_s=AT_S, labels={"stream": "cam"}),
        series("srtla_link_up", 1.0, until_s=AT_S, labels={"uplink": "modem-a"}),
        series("srtla_scrape_collector_success", 1.0, until_s=AT_S, labels={"collector": "socket"}),
        series("rtmp_auth_scrape_collector_success", 0.0, until_s=AT_S, labels={"collector": "http"}),
    )
)


# An OBS that streams and records, with its ingest's sound off.
OBS_ANSWERS: dict[str, dict[str, object]] = {
    "GetStreamStatus": {"outputActive": True},
    "GetRecordStatus": {"outputActive": True},
    "StopStream": {},
    "StopRecord": {},
    "GetInputMute": {"inputMuted": True},
    "SetInputMute": {},
    "TriggerMediaInputAction": {},
    "GetSourceScreenshot": {"imageData": "data:image/png;base64,iVBORw0KGgo="},
}


def known() -> Behind:
    """Everything is known."""
    studio = FakeStudio(answers=dict(OBS_ANSWERS))
    return Behind(observation=SEEN, studio_status=OBS, source=FakeSource(answer=EXPORTED), studio=studio)


def unknown() -> Behind:
    """Nothing is."""
    silent = FakeSource(answer=NoAnswer("unknown because the test says so"))
    return Behind(status=UNKNOWN, source=silent, studio=None, ingest_source=None)
