"""OBS from within: a row of the Live dashboard."""

from __future__ import annotations

from grafana.source.board import Panel, Row
from grafana.source.panels import Look, Query, graph, number
from grafana.source.vocabulary import BLUE, GREEN, GREY, RED, VPS, YELLOW, mapping, steps

SOUND = mapping({0: ("on", GREEN), 1: ("MUTED", RED)})
CONNECTION = mapping({0: ("connected", GREEN), 1: ("RECONNECTS", RED)})
STREAMS = mapping({0: ("not live", GREY), 1: ("live", BLUE)})
UNHEARD = mapping({0: ("no", GREY), 1: ("TALKS UNHEARD", RED)})
STILL_S = steps(GREEN, (2.0, YELLOW), (4.0, RED))
# OBS drops at 2 %, skips at 5 %: there the alerts fire.
LOST = steps(GREEN, (0.02, YELLOW), (0.05, RED))


def _share(part: str, whole: str) -> str:
    def rate(name: str) -> str:
        return f"sum by (rig) (rate(vvlive_obs_{name}_total{{{VPS}}}[$__rate_interval]))"

    return f"{rate(part)} / ({rate(whole)} > 0)"


def _of(name: str) -> str:
    return f"max by (rig) (vvlive_obs_{name}{{{VPS}}})"


def _states() -> list[Panel]:
    return [
        number(
            "OBS to platform",
            "Whether OBS streams. Not live while you mean to be: start the stream in OBS or from the phone page.",
            Query(_of("streaming"), "{{rig}}"),
            Look("none", mapping=STREAMS),
        ),
        number(
            "Platform connection",
            "Whether OBS has lost the platform and tries again. Viewers see nothing new: runbook ObsReconnecting.",
            Query(_of("reconnecting"), "{{rig}}"),
            Look("none", mapping=CONNECTION),
        ),
        number(
            "Sound in OBS",
            "Whether the input whose sound counts is muted. Muted while live: runbook ObsMutedLive.",
            Query(_of("muted"), "{{rig}}"),
            Look("none", mapping=SOUND),
        ),
        number(
            "Talks unheard",
            "Whether the muted input was loud as speech within 3 s: unmute it, runbook ObsTalkingMuted.",
            Query(_of("talks_unheard"), "{{rig}}"),
            Look("none", mapping=UNHEARD),
        ),
        number(
            "Picture stands for",
            "How long the ingest's picture in OBS has not moved. Red while data arrives: runbook ObsPictureFrozen.",
            Query(_of("picture_still_seconds"), "{{rig}}"),
            Look("s", STILL_S, decimals=0),
        ),
        number(
            "Output stands for",
            "How long the running stream has sent nothing. Red: runbook ObsOutputFrozen.",
            Query(_of("output_still_seconds"), "{{rig}}"),
            Look("s", STILL_S, decimals=0),
        ),
    ]


def _graphs() -> list[Panel]:
    return [
        graph(
            "Frames lost in OBS",
            "Frames that the encoder or the renderer was too slow for (runbook ObsOverloaded), those that the way to "
            "the platform did not carry (ObsDroppingFrames), and how far that way is blocked. It stutters above 5 %.",
            [
                Query(_share("encoder_skipped_frames", "encoder_frames"), "encoder"),
                Query(_share("render_skipped_frames", "render_frames"), "renderer"),
                Query(_share("output_dropped_frames", "output_frames"), "network"),
                Query(_of("congestion_ratio"), "way blocked"),
            ],
            Look("percentunit", LOST),
        ),
        graph(
            "Sent to the platform",
            "Bitrate that leaves OBS. It should be what is set in OBS, whatever the uplinks do; a fall is the way to "
            "the platform, zero is an output that stands.",
            [Query(f"sum by (rig) (rate(vvlive_obs_output_bytes_total{{{VPS}}}[$__rate_interval])) * 8", "sent")],
            Look("bps"),
        ),
        graph(
            "Sound behind the mute",
            "Loudest sample of each second of the muted input, known only while on air. Above -30 dB somebody talks: "
            "runbook ObsTalkingMuted.",
            [
                Query(f"20 * log10(clamp_min({_of('sound_raw_peak_ratio')}, 0.001))", "behind the mute"),
            ],
            Look("dB", lowest=-60, highest=0),
        ),
        graph(
            "Frames rendered",
            "Frames that OBS renders per second. Below the rate set in OBS: the machine is too slow.",
            [Query(_of("frame_rate_hertz"), "frames")],
            Look("hertz"),
        ),
    ]


def row() -> Row:
    """What OBS tells of itself."""
    return Row("OBS from within", [*_states(), *_graphs()])
