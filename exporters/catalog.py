"""The metric catalogue: every metric that VVLIVE publishes, with kind, unit, labels and help.

This is the product's contract. Exporters and the controller describe themselves from it; rules,
dashboards, queries and tests are checked against it. Help is one sentence that names the origin.
A gauge that means "unknown" is absent, never zero. What MPTCP and SRTLA both know has the same name
after the transport's: `{__name__=~"(mptcp|srtla)_uplink_rtt_seconds"}` reads both. The file is long
because it is one table: a reader looks in one place for a name, and grows it by a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Prometheus metric types in use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `name` is as exposed, `_total` included; `unit` is its base unit, "" for none."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    help: str


def _counter(name: str, help_: str, *labels: str, unit: str = "") -> Metric:
    return Metric(name, Kind.COUNTER, unit, labels, help_)


def _gauge(name: str, help_: str, *labels: str, unit: str = "") -> Metric:
    return Metric(name, Kind.GAUGE, unit, labels, help_)


def _frame(prefix: str) -> tuple[Metric, ...]:
    """The metrics that every exporter has about itself."""
    return (
        _gauge(f"{prefix}_exporter_clock_timestamp_seconds", "Clock of the exporter at the scrape.", unit="seconds"),
        _gauge(f"{prefix}_exporter_build_info", "Version of the exporter, value 1.", "version"),
        _gauge(f"{prefix}_scrape_collector_success", "Whether the source's last read succeeded.", "collector"),
        _gauge(
            f"{prefix}_scrape_collector_duration_seconds",
            "Duration of the source's last read.",
            "collector",
            unit="seconds",
        ),
        _gauge(
            f"{prefix}_scrape_collector_last_success_timestamp_seconds",
            "Time of the source's last successful read; absent before the first.",
            "collector",
            unit="seconds",
        ),
    )


def _subflow_gauges() -> tuple[Metric, ...]:
    """The gauges of one subflow; `slot` counts the subflows of an uplink and role, from 0."""
    labels = ("uplink", "role", "slot")
    fields = (
        ("rtt_seconds", "Smoothed RTT, from tcp_info.tcpi_rtt.", "seconds"),
        ("rtt_variation_seconds", "RTT variation, from tcp_info.tcpi_rttvar.", "seconds"),
        ("min_rtt_seconds", "Minimum RTT, from tcp_info.tcpi_min_rtt.", "seconds"),
        ("cwnd_segments", "Congestion window, from tcp_info.tcpi_snd_cwnd.", ""),
        ("pacing_rate_bytes_per_second", "Pacing rate, from tcp_info.tcpi_pacing_rate.", "bytes_per_second"),
        (
            "delivery_rate_bytes_per_second",
            "Most recent delivery rate sample, from tcp_info.tcpi_delivery_rate.",
            "bytes_per_second",
        ),
        ("unacknowledged_bytes", "Bytes in flight, from tcp_info.tcpi_unacked times snd_mss.", "bytes"),
        ("unsent_bytes", "Bytes not yet sent, from tcp_info.tcpi_notsent_bytes.", "bytes"),
        (
            "last_acknowledgement_age_seconds",
            "Time since the last acknowledgement, from tcp_info.tcpi_last_ack_recv.",
            "seconds",
        ),
        ("backup", "Whether the subflow carries the backup flag.", ""),
    )
    return tuple(_gauge(f"mptcp_subflow_{name}", help_, *labels, unit=unit) for name, help_, unit in fields)


MPTCP: tuple[Metric, ...] = (
    *_frame("mptcp"),
    _gauge("mptcp_uplink_info", "Configured uplink and the interface it resolves to, value 1.", "uplink", "interface"),
    _gauge("mptcp_uplink_present", "Whether the sender's uplink has an address now; absent at a receiver.", "uplink"),
    _gauge("mptcp_uplink_subflows", "Established subflows on the uplink, from sock_diag.", "uplink"),
    _counter("mptcp_uplink_subflows_created_total", "Subflows seen to appear on the uplink.", "uplink"),
    _counter("mptcp_uplink_subflows_closed_total", "Subflows seen to disappear from the uplink.", "uplink"),
    _counter(
        "mptcp_uplink_transmit_bytes_total",
        "Payload bytes sent, retransmissions included, from tcp_info.tcpi_bytes_sent.",
        "uplink",
        unit="bytes",
    ),
    _counter(
        "mptcp_uplink_acknowledged_bytes_total",
        "Payload bytes acknowledged, from tcp_info.tcpi_bytes_acked.",
        "uplink",
        unit="bytes",
    ),
    _counter(
        "mptcp_uplink_receive_bytes_total",
        "Payload bytes received, from tcp_info.tcpi_bytes_received.",
        "uplink",
        unit="bytes",
    ),
    _counter(
        "mptcp_uplink_retransmitted_bytes_total",
        "Payload bytes retransmitted, from tcp_info.tcpi_bytes_retrans.",
        "uplink",
        unit="bytes",
    ),
    _counter(
        "mptcp_uplink_transmit_segments_total",
        "Data segments sent, retransmissions included, from tcp_info.tcpi_data_segs_out.",
        "uplink",
    ),
    _counter(
        "mptcp_uplink_retransmitted_segments_total",
        "Segments retransmitted, from tcp_info.tcpi_total_retrans.",
        "uplink",
    ),
    _gauge(
        "mptcp_uplink_rtt_seconds",
        "Smoothed RTT of the uplink's subflow that acknowledged last, from tcp_info.tcpi_rtt.",
        "uplink",
        unit="seconds",
    ),
    _gauge(
        "mptcp_uplink_rtt_variation_seconds",
        "RTT variation of the same subflow, from tcp_info.tcpi_rttvar.",
        "uplink",
        unit="seconds",
    ),
    _gauge(
        "mptcp_uplink_min_rtt_seconds",
        "Minimum RTT of the same subflow, from tcp_info.tcpi_min_rtt.",
        "uplink",
        unit="seconds",
    ),
    _gauge("mptcp_uplink_cwnd_segments", "Congestion window, from tcp_info.tcpi_snd_cwnd.", "uplink"),
    _gauge(
        "mptcp_uplink_pacing_rate_bytes_per_second",
        "Pacing rate, from tcp_info.tcpi_pacing_rate.",
        "uplink",
        unit="bytes_per_second",
    ),
    _gauge(
        "mptcp_uplink_delivery_rate_bytes_per_second",
        "Most recent delivery rate sample, from tcp_info.tcpi_delivery_rate.",
        "uplink",
        unit="bytes_per_second",
    ),
    _gauge(
        "mptcp_uplink_unacknowledged_bytes",
        "Bytes in flight, from tcp_info.tcpi_unacked times snd_mss.",
        "uplink",
        unit="bytes",
    ),
    _gauge(
        "mptcp_uplink_unsent_bytes", "Bytes not yet sent, from tcp_info.tcpi_notsent_bytes.", "uplink", unit="bytes"
    ),
    _gauge(
        "mptcp_uplink_last_acknowledgement_age_seconds",
        "Time since the uplink last acknowledged, from tcp_info.tcpi_last_ack_recv.",
        "uplink",
        unit="seconds",
    ),
    _gauge("mptcp_uplink_backup", "Whether the uplink's subflows carry the backup flag.", "uplink"),
    _gauge(
        "mptcp_uplink_delivery_rate_max_bytes_per_second",
        "Largest of the kernel's delivery rate samples of the last 3 s, in payload, sampled every 100 ms.",
        "uplink",
        unit="bytes_per_second",
    ),
    _gauge(
        "mptcp_uplink_capacity_lower_bytes_per_second",
        "Most that the uplink was seen to deliver in the last 3 s, in payload: a lower bound of its capacity.",
        "uplink",
        unit="bytes_per_second",
    ),
    _gauge(
        "mptcp_uplink_capacity_upper_bytes_per_second",
        "What the uplink delivered over the last 500 ms, never out of data meanwhile; absent otherwise.",
        "uplink",
        unit="bytes_per_second",
    ),
    _gauge(
        "mptcp_uplink_dead",
        "1 after 300 ms or 4 RTTs of data in flight without any acknowledgement, else 0, absent when idle.",
        "uplink",
    ),
    *_subflow_gauges(),
    _gauge(
        "mptcp_uplink_probe_rate_bytes_per_second",
        "What the newest packet train over the uplink showed, in payload; absent before the first.",
        "uplink",
        unit="bytes_per_second",
    ),
    _counter("mptcp_uplink_probes_total", "Packet trains sent over the uplink.", "uplink"),
    _counter("mptcp_uplink_probe_failures_total", "Packet trains that brought no result.", "uplink"),
    _counter(
        "mptcp_uplink_probe_transmit_bytes_total",
        "Bytes of packet trains and padding sent over the uplink, IP headers included.",
        "uplink",
        unit="bytes",
    ),
    _counter("mptcp_uplink_paddings_total", "Times that the stream was padded on the uplink.", "uplink"),
    _gauge(
        "mptcp_uplink_padded_rate_bytes_per_second",
        "What stream and padding carried together the newest time, in payload; absent before the first.",
        "uplink",
        unit="bytes_per_second",
    ),
    _gauge("mptcp_probe_budget_bytes", "Bytes that packet trains and padding may still use now.", unit="bytes"),
    _gauge("mptcp_connections", "Established MPTCP connections of the stream's port, from sock_diag."),
    _gauge("mptcp_connection_subflows", "Established subflows of all uplinks, strays included, from sock_diag."),
    _gauge("mptcp_stray_subflows", "Established subflows that belong to no configured uplink."),
    _gauge(
        "mptcp_subflow_details_shown",
        "Whether the kernel shows which TCP sockets are subflows; needs CAP_NET_ADMIN before Linux 6.15.",
    ),
    _gauge(
        "mptcp_connection_backlog_bytes",
        "Bytes accepted from the sender and not acknowledged end to end, a proxy's share included.",
        unit="bytes",
    ),
    _gauge(
        "mptcp_connection_drain_time_seconds",
        "How long the backlog takes to be acknowledged at the uplinks' present pace, sampled every 100 ms; absent "
        "through a connection's first 2 s unless a queue shows the pace.",
        unit="seconds",
    ),
    _gauge(
        "mptcp_connection_drain_time_max_seconds",
        "Largest drain time that two samples in a row reached within the last second.",
        unit="seconds",
    ),
    _counter(
        "mptcp_connection_acknowledged_bytes_total",
        "Bytes acknowledged end to end, from mptcp_info.mptcpi_bytes_acked.",
        unit="bytes",
    ),
    _counter(
        "mptcp_connection_receive_bytes_total",
        "Bytes received in order, from mptcp_info.mptcpi_bytes_received.",
        unit="bytes",
    ),
    _counter(
        "mptcp_connection_retransmitted_bytes_total",
        "Bytes sent again on another subflow, from mptcp_info.mptcpi_bytes_retrans.",
        unit="bytes",
    ),
    _gauge(
        "mptcp_connection_capacity_lower_bytes_per_second",
        "Sum of the uplinks' lower bounds, as far as they are known.",
        unit="bytes_per_second",
    ),
    _gauge(
        "mptcp_connection_capacity_upper_bytes_per_second",
        "Sum of the uplinks' upper bounds; absent while an uplink in use has none.",
        unit="bytes_per_second",
    ),
    _gauge(
        "mptcp_connection_head_of_line_gap_bytes",
        "At the receiver, bytes that arrived on subflows and wait for an earlier byte.",
        unit="bytes",
    ),
    _gauge(
        "mptcp_connection_stuck",
        "1 after 2 s of backlog without acknowledgement end to end although an uplink delivers, else 0.",
    ),
    _gauge("mptcp_connection_fallback", "1 when the stream runs on plain TCP: bonding is off."),
    _gauge("mptcp_endpoints", "MPTCP endpoints configured in the kernel, from generic netlink."),
    _gauge("mptcp_limit_subflows", "Extra subflows that the kernel may open, from generic netlink."),
    _gauge("mptcp_limit_accepted_addresses", "Announced addresses that the kernel may accept, from generic netlink."),
    _gauge("mptcp_enabled", "Whether net.mptcp.enabled is on in this network namespace."),
    _counter("mptcp_kernel_blackhole_total", "Times MPTCP was switched off by black-hole detection, from MPTcpExt."),
    _counter(
        "mptcp_kernel_syn_transmit_disabled_total",
        "Connections opened without MPTCP because of black-hole detection, from MPTcpExt.",
    ),
    _counter("mptcp_kernel_stale_subflows_total", "Times a subflow was found stale, from MPTcpExt."),
    _counter("mptcp_kernel_fallback_total", "Connections that fell back to plain TCP, from MPTcpExt."),
)

INGEST: tuple[Metric, ...] = (
    *_frame("ingest"),
    _counter("ingest_stream_receive_bytes_total", "Bytes received of the stream.", "stream", unit="bytes"),
    _gauge("ingest_stream_publishing", "Whether a publisher is connected.", "stream"),
    _gauge(
        "ingest_stream_reported_bytes_per_second",
        "The server's own idea of the bitrate, of servers that count no bytes; it may lag, and freeze with the stream.",
        "stream",
        unit="bytes_per_second",
    ),
    _gauge(
        "ingest_stream_media_time_seconds",
        "Media clock of the newest data received; falls when a publisher starts anew.",
        "stream",
        unit="seconds",
    ),
    _gauge(
        "ingest_stream_lag_seconds",
        "How late the newest picture is: wall time passed less media time passed, since the publisher's best moment.",
        "stream",
        unit="seconds",
    ),
    _gauge("ingest_stream_width_pixels", "Width of the picture as announced.", "stream"),
    _gauge("ingest_stream_height_pixels", "Height of the picture as announced.", "stream"),
    _gauge("ingest_stream_frame_rate_hertz", "Frame rate as announced.", "stream", unit="hertz"),
    _gauge("ingest_stream_audio", "Whether an audio track is present.", "stream"),
    _counter("ingest_stream_dropped_total", "Frames or packets that the ingest dropped.", "stream"),
    _gauge("ingest_stream_info", "Codecs of the stream, value 1.", "stream", "video_codec", "audio_codec"),
    _gauge("ingest_unknown_streams", "Streams without an alias, in the applications that have one."),
)


def _uplink_counters() -> tuple[Metric, ...]:
    """What an SRTLA bond counts per uplink; the suffixes mean what they mean for MPTCP."""
    fields = (
        ("transmit_bytes", "UDP payload sent over the uplink, control and retransmissions included.", "bytes"),
        ("receive_bytes", "UDP payload received over the uplink, control and retransmissions included.", "bytes"),
        ("transmit_datagrams", "Datagrams of any kind sent over the uplink.", ""),
        ("receive_datagrams", "Datagrams of any kind received over the uplink.", ""),
        ("transmit_segments", "At the sender, SRT data packets sent, retransmissions included.", ""),
        ("receive_segments", "At the receiver, SRT data packets received, retransmissions included.", ""),
        ("retransmitted_segments", "SRT data packets that carried the retransmission flag over this uplink.", ""),
        ("retransmitted_bytes", "UDP payload of packets that carried the retransmission flag.", "bytes"),
        ("duplicate_segments", "At the receiver, SRT data packets whose sequence number had arrived before.", ""),
        ("acknowledged_bytes", "At the sender, UDP payload of data packets that were acknowledged.", "bytes"),
        (
            "lost_segments",
            "Packets lost on the uplink: NAKed and not acknowledged later; at the receiver as the sender reports them.",
            "",
        ),
        (
            "late_segments",
            "At the sender, packets that were NAKed although they arrived: reordering between uplinks.",
            "",
        ),
        ("subflows_created", "Links seen to appear on the uplink.", ""),
        ("subflows_closed", "Links seen to fall silent for good, or to be replaced.", ""),
        ("rebinds", "Times a known link came back from another address or port.", ""),
    )
    return tuple(_counter(f"srtla_uplink_{name}_total", help_, "uplink", unit=unit) for name, help_, unit in fields)


def _uplink_gauges() -> tuple[Metric, ...]:
    """What is known of an uplink of an SRTLA bond now."""
    rate = "bytes_per_second"
    fields = (
        ("subflows", "Links of the uplink that were heard of within 15 s.", ""),
        ("dead", "1 when the uplink's links are silent although the bond is in use, else 0, absent when idle.", ""),
        ("rtt_seconds", "Round trip, by acknowledgement, keepalive, or as the sender reports it.", "seconds"),
        ("rtt_variation_seconds", "Smoothed deviation of the round trip, as RFC 6298 takes it.", "seconds"),
        ("min_rtt_seconds", "Least round trip of the last 60 s.", "seconds"),
        ("jitter_seconds", "At the receiver, interarrival jitter by RFC 3550, of first transmissions.", "seconds"),
        (
            "relative_delay_seconds",
            "At the receiver, one-way delay less the least of all uplinks in the last 60 s.",
            "seconds",
        ),
        ("queue_delay_seconds", "Delay beyond the uplink's own least of the last 60 s.", "seconds"),
        ("window_segments", "Window that the sender keeps for the uplink, from its keepalives or statistics.", ""),
        ("unacknowledged_segments", "Data packets in flight, as the sender reports or as counted beside it.", ""),
        ("unacknowledged_bytes", "At the sender, UDP payload of data packets in flight.", "bytes"),
        ("last_packet_age_seconds", "Time since anything arrived over the uplink.", "seconds"),
        (
            "last_acknowledgement_age_seconds",
            "At the sender, time since the uplink last acknowledged anything.",
            "seconds",
        ),
        ("capacity_lower_bytes_per_second", "Most that the uplink was seen to deliver in the last 3 s.", rate),
        (
            "capacity_upper_bytes_per_second",
            "What the uplink delivered over the last 500 ms, a queue standing meanwhile; absent otherwise.",
            rate,
        ),
        ("weight_ratio", "Share that the sender's own quality score leaves to the uplink.", "ratio"),
    )
    return tuple(_gauge(f"srtla_uplink_{name}", help_, "uplink", unit=unit) for name, help_, unit in fields)


def _stream_metrics() -> tuple[Metric, ...]:
    """What an SRT server says of a stream, by the operator's alias."""
    counters = (
        ("receive_bytes", "Bytes received of the stream, counted or computed from the server's mean rate.", "bytes"),
        ("receive_segments", "SRT data packets received of the stream.", ""),
        ("lost_segments", "SRT packets found missing at the server, most of which come again.", ""),
        ("retransmitted_segments", "SRT packets that came again.", ""),
        ("dropped_segments", "SRT packets given up at the server: viewers see this.", ""),
    )
    gauges = (
        ("publishing", "Whether a publisher is connected.", ""),
        ("rtt_seconds", "Round trip to the publisher, as the server says; absent once nothing arrives.", "seconds"),
        ("buffer_seconds", "Stream time that waits in the server's receive buffer.", "seconds"),
        ("latency_seconds", "Latency that both ends agreed on.", "seconds"),
        ("last_change_age_seconds", "Time since the stream's bytes last grew; a frozen page shows here.", "seconds"),
    )
    return (
        *(_counter(f"srtla_stream_{name}_total", help_, "stream", unit=unit) for name, help_, unit in counters),
        *(_gauge(f"srtla_stream_{name}", help_, "stream", unit=unit) for name, help_, unit in gauges),
    )


SRTLA: tuple[Metric, ...] = (
    *_frame("srtla"),
    _gauge(
        "srtla_uplink_info",
        "Configured uplink, its interface at the sender, and the keepalive form that its sender uses, value 1.",
        "uplink",
        "interface",
        "keepalive",
    ),
    *_uplink_counters(),
    *_uplink_gauges(),
    _gauge("srtla_connections", "Bonds in use: groups of links that carried data within 15 s."),
    _gauge("srtla_connection_subflows", "Links of all uplinks, strays included, heard of within 15 s."),
    _gauge("srtla_stray_subflows", "Links that belong to no configured uplink."),
    _counter(
        "srtla_stray_receive_bytes_total", "UDP payload received over links of no configured uplink.", unit="bytes"
    ),
    _gauge(
        "srtla_connection_backlog_bytes",
        "At the sender, UDP payload of data packets sent and not acknowledged end to end.",
        unit="bytes",
    ),
    _gauge(
        "srtla_connection_drain_time_seconds",
        "How long the backlog takes to be acknowledged at the uplinks' present pace, sampled every 100 ms.",
        unit="seconds",
    ),
    _gauge(
        "srtla_connection_drain_time_max_seconds",
        "Largest drain time that two samples in a row reached within the last second.",
        unit="seconds",
    ),
    _counter(
        "srtla_connection_acknowledged_bytes_total",
        "At the sender, UDP payload of data packets acknowledged end to end.",
        unit="bytes",
    ),
    _counter(
        "srtla_connection_receive_bytes_total",
        "At the receiver, UDP payload of data packets, each sequence number once.",
        unit="bytes",
    ),
    _counter("srtla_connection_expected_segments_total", "Sequence numbers that the stream has gone through."),
    _counter(
        "srtla_connection_lost_segments_total",
        "Distinct sequence numbers that the SRT receiver NAKed, those among them that only came late.",
    ),
    _counter("srtla_connection_dropped_segments_total", "Sequence numbers that the SRT sender gave up."),
    _counter(
        "srtla_connection_missing_segments_total",
        "At the receiver, sequence numbers that never came and that the SRT server went on without: viewers see this.",
    ),
    _counter(
        "srtla_connection_keyframes_total",
        "At the receiver, keyframes of a stream that is not encrypted; absent before the first.",
    ),
    _gauge(
        "srtla_connection_whole_timestamp_seconds",
        "At the receiver, when the SRT server plays the first keyframe after what it went on without last; absent "
        "before that keyframe has come.",
        unit="seconds",
    ),
    _counter("srtla_connection_naks_total", "NAK messages, copies on other uplinks not counted."),
    _gauge("srtla_connection_rtt_seconds", "Round trip of the bond, from the SRT ACK.", unit="seconds"),
    _gauge(
        "srtla_connection_rtt_variation_seconds",
        "Variation of the bond's round trip, from the SRT ACK.",
        unit="seconds",
    ),
    _gauge(
        "srtla_connection_capacity_lower_bytes_per_second",
        "Sum of the uplinks' lower bounds, as far as they are known.",
        unit="bytes_per_second",
    ),
    _gauge(
        "srtla_connection_capacity_upper_bytes_per_second",
        "Sum of the uplinks' upper bounds; absent while an uplink in use has none.",
        unit="bytes_per_second",
    ),
    _counter("srtla_registration_messages_total", "Registration messages seen, by kind.", "message"),
    _counter("srtla_rejections_total", "SRT connections that the server refused, by reason.", "reason"),
    _counter("srtla_malformed_datagrams_total", "Datagrams on the port that are neither SRTLA nor SRT."),
    _counter("srtla_capture_datagrams_total", "Datagrams that the kernel handed to the observer or dropped."),
    _counter("srtla_capture_dropped_total", "Datagrams that the observer was too slow for, from PACKET_STATISTICS."),
    _counter("srtla_evictions_total", "Entries that left a full table before their time.", "table"),
    *_stream_metrics(),
    _gauge("srtla_unknown_streams", "Streams at the server without an alias."),
)


def _obs() -> tuple[Metric, ...]:
    """What the controller beside OBS reads of it; all is absent while OBS does not answer."""
    stream = "from GetStreamStatus; restarts with the stream"
    stats = "since OBS started, from GetStats"
    return (
        _gauge("vvlive_obs_streaming", "Whether OBS streams, from GetStreamStatus."),
        _gauge("vvlive_obs_reconnecting", "Whether the stream is cut off and OBS reconnects, from GetStreamStatus."),
        _gauge("vvlive_obs_muted", "Whether the input whose sound counts is muted, from GetInputMute."),
        _gauge(
            "vvlive_obs_talks_unheard",
            "Whether the muted input was loud as speech within the last 3 s; absent where loudness is unknown.",
        ),
        _gauge(
            "vvlive_obs_sound_raw_peak_ratio",
            "Loudest sample before the mute since the last read, 1 is full scale; known only while muted on air.",
            unit="ratio",
        ),
        _gauge(
            "vvlive_obs_congestion_ratio",
            "How far the way to the platform is blocked, from GetStreamStatus.outputCongestion.",
            unit="ratio",
        ),
        _gauge("vvlive_obs_frame_rate_hertz", "Frames that OBS renders per second, from GetStats.", unit="hertz"),
        _gauge(
            "vvlive_obs_output_still_seconds",
            "For how long the running stream has sent no bytes or no frames; absent while OBS does not stream.",
            unit="seconds",
        ),
        _gauge(
            "vvlive_obs_picture_still_seconds",
            "For how long the ingest's picture in OBS has not moved, by its media clock or by looking at it.",
            unit="seconds",
        ),
        _counter("vvlive_obs_output_bytes_total", f"Bytes that the stream sent, {stream}.", unit="bytes"),
        _counter("vvlive_obs_output_frames_total", f"Frames of the stream, {stream}."),
        _counter("vvlive_obs_output_dropped_frames_total", f"Frames that the network made OBS drop, {stream}."),
        _counter("vvlive_obs_encoder_frames_total", f"Frames due to be encoded, {stats}."),
        _counter("vvlive_obs_encoder_skipped_frames_total", f"Frames that the encoder was too slow for, {stats}."),
        _counter("vvlive_obs_render_frames_total", f"Frames due to be rendered, {stats}."),
        _counter("vvlive_obs_render_skipped_frames_total", f"Frames that the renderer was too slow for, {stats}."),
    )


RTMP_AUTH: tuple[Metric, ...] = (
    *_frame("rtmp_auth"),
    _counter("rtmp_auth_requests_total", "Callbacks of the ingest, by what it asked.", "call"),
    _counter("rtmp_auth_allowed_total", "Callbacks that were answered with yes.", "call"),
    _counter("rtmp_auth_denied_total", "Callbacks that were answered with no, by reason.", "reason"),
    _gauge("rtmp_auth_throttled_addresses", "Addresses that guessed too often and must wait."),
    _gauge("rtmp_auth_active_publishers", "Publishers of the stream that were let in and have not left.", "stream"),
    _counter("rtmp_auth_sessions_total", "Sessions of the stream that began.", "stream"),
    _counter("rtmp_auth_session_seconds_total", "Time that the stream was published for.", "stream", unit="seconds"),
    _gauge(
        "rtmp_auth_session_duration_seconds",
        "How long the stream has been published; absent while it is not.",
        "stream",
        unit="seconds",
    ),
    _gauge(
        "rtmp_auth_key_created_timestamp_seconds",
        "When the stream's key was made, as its file says.",
        "stream",
        unit="seconds",
    ),
    _gauge(
        "rtmp_auth_key_expires_timestamp_seconds",
        "When the stream's key ends, as its file says.",
        "stream",
        unit="seconds",
    ),
    _gauge(
        "rtmp_auth_keys_loaded_timestamp_seconds",
        "When the keys in use were read; absent before the first good file, and then all are refused.",
        unit="seconds",
    ),
    _gauge("rtmp_auth_other_answers", "Whether the nginx-rtmp-auth beside this service answers; absent in silence."),
)

CONTROLLER: tuple[Metric, ...] = (
    _gauge("vvlive_build_info", "Version of the controller, value 1.", "version"),
    _gauge(
        "vvlive_quality_state", "1 for the present quality state, 0 for the others, absent before the first.", "state"
    ),
    _gauge(
        "vvlive_quality_out_of_band",
        "Whether what plays departs from the quality state: a bitrate outside of 60 to 100 % of its preset, or "
        "another picture size; absent while unknown.",
        "part",
    ),
    _gauge("vvlive_scene", "1 for the scene decided, 0 for the others, absent before the first.", "scene"),
    _gauge("vvlive_scene_shown", "1 for the scene that OBS was read to show, absent while unknown.", "scene"),
    _gauge(
        "vvlive_health_ratio",
        "Health of the stream, 0 to 1, never better than its worst vital part; absent while unknown.",
        unit="ratio",
    ),
    _gauge(
        "vvlive_health_part_ratio",
        "Each part of the health, 0 where the stream suffers to 1; absent while unknown.",
        "part",
        unit="ratio",
    ),
    _gauge("vvlive_encoder_target_bytes_per_second", "Bitrate that the controller wants.", unit="bytes_per_second"),
    _gauge(
        "vvlive_encoder_confirmed_bytes_per_second",
        "Bitrate last read back from the encoder; absent while unknown.",
        unit="bytes_per_second",
    ),
    _gauge("vvlive_capacity_lower_bytes_per_second", "Lower bound used in the last decision.", unit="bytes_per_second"),
    _gauge("vvlive_capacity_upper_bytes_per_second", "Upper bound used in the last decision.", unit="bytes_per_second"),
    _gauge(
        "vvlive_observation_age_seconds",
        "Age of the newest sample of the source at the last decision; absent when there was none.",
        "source",
        unit="seconds",
    ),
    _gauge("vvlive_observation_freshness", "1 for the freshness of the last decision's data.", "freshness"),
    _gauge(
        "vvlive_carrier",
        "1 for the transport that the last decision is about, 0 for the other; absent before one is known.",
        "transport",
    ),
    _gauge("vvlive_last_decision_timestamp_seconds", "Time of the last decision.", unit="seconds"),
    _counter("vvlive_decisions_total", "Decisions made."),
    _counter("vvlive_quality_transitions_total", "Changes of the quality state.", "from", "to", "rule"),
    _counter("vvlive_actuation_requests_total", "Orders sent to a device.", "target"),
    _counter("vvlive_actuation_failures_total", "Orders that were not confirmed.", "target"),
    _gauge("vvlive_actuation_confirmed", "Whether the device is known to be as desired.", "target"),
    _gauge(
        "vvlive_actuation_duration_seconds", "Time from order to read-back of the last order.", "target", unit="seconds"
    ),
    _gauge("vvlive_device_reachable", "Whether the device answered the last read.", "target"),
    _gauge(
        "vvlive_device_answer_age_seconds",
        "Time since the device last answered a read or an order, not waiting for the deadline of the one under way.",
        "target",
        unit="seconds",
    ),
    _gauge(
        "vvlive_device_by_hand_seconds",
        "For how long yet a change that somebody made at the device is respected; absent when there is none.",
        "target",
        unit="seconds",
    ),
    *_obs(),
    _gauge("vvlive_override_active", "Whether a manual override is in force."),
    _gauge(
        "vvlive_watchdog_last_seen_timestamp_seconds",
        "When Alertmanager last passed on its always-firing alert Watchdog; absent before the first.",
        unit="seconds",
    ),
    _gauge(
        "vvlive_uplink_month_bytes",
        "Payload that the uplink sent and received in its present billing month, from the controller's ledger.",
        "uplink",
        unit="bytes",
    ),
    _gauge(
        "vvlive_uplink_cap_bytes",
        "What the uplink's contract includes per month, as configured.",
        "uplink",
        unit="bytes",
    ),
    _gauge(
        "vvlive_uplink_trust_ratio",
        "How far the uplink is trusted by the last hour: 1 is always there, without loss, one round trip time. "
        "Absent until it was watched for a minute.",
        "uplink",
        unit="ratio",
    ),
    _gauge("vvlive_tick_duration_seconds", "Duration of the last tick of the loop.", unit="seconds"),
    _counter("vvlive_ticks_late_total", "Ticks that started later than half a period."),
    _counter("vvlive_ticks_failed_total", "Ticks that ended without a decision, by a defect."),
    _gauge("vvlive_armed", "Whether the start-up self-test found the data young enough to control with."),
    _gauge("vvlive_source_answering", "Whether Prometheus answered the last tick with samples of this rig."),
    _gauge("vvlive_link_connected", "Whether the other controller, the rig's or the VPS's, was heard of lately."),
    _gauge("vvlive_timeline_writable", "Whether the timeline's last write to state_dir succeeded."),
    _gauge("vvlive_timeline_waiting_events", "Events that wait to be written to state_dir."),
    _counter("vvlive_timeline_lost_events_total", "Events given up because state_dir could not be written for long."),
)

GUARD: tuple[Metric, ...] = (
    *_frame("mptcp_guard"),
    _gauge(
        "mptcp_guard_uplink_suppressed",
        "1 while the guard keeps the uplink out of the bond because it is dead, 0 while it takes part.",
        "uplink",
    ),
    _gauge(
        "mptcp_guard_uplink_demoted", "Whether the guard made the uplink a backup because it is too slow.", "uplink"
    ),
    _gauge("mptcp_guard_uplink_flaps", "Deaths of the uplink that came soon after a revival, in a row.", "uplink"),
    _counter("mptcp_guard_suppressions_total", "Times the guard took the uplink out of the bond.", "uplink"),
    _counter("mptcp_guard_revivals_total", "Times the guard put the uplink back into the bond.", "uplink"),
    _counter("mptcp_guard_renewals_total", "Times the guard replaced the uplink's waiting or lost subflow.", "uplink"),
    _counter("mptcp_guard_demotions_total", "Times the guard made the uplink a backup.", "uplink"),
    _counter(
        "mptcp_guard_detours_total",
        "Times the guard sent what was bound to the uplink over the others, because it held the stream up.",
        "uplink",
    ),
    _counter("mptcp_guard_promotions_total", "Times the guard made the uplink a full one again.", "uplink"),
    _counter("mptcp_guard_resets_total", "Stuck connections that the guard ended."),
    _counter("mptcp_guard_action_failures_total", "Actions that the kernel refused.", "deed"),
    _counter("mptcp_guard_probes_total", "Probes sent over the uplink.", "uplink"),
    _counter("mptcp_guard_probes_answered_total", "Probes that the responder echoed.", "uplink"),
    _gauge(
        "mptcp_guard_probe_rtt_seconds",
        "Round trip of the newest probe that was echoed; absent before the first.",
        "uplink",
        unit="seconds",
    ),
)

ALL: tuple[Metric, ...] = MPTCP + SRTLA + INGEST + RTMP_AUTH + CONTROLLER + GUARD
BY_NAME: dict[str, Metric] = {metric.name: metric for metric in ALL}
