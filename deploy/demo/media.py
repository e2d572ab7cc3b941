"""Configuration of the stream's way: HAProxy on both ends of the bond, nginx with the RTMP module behind.

    mptcpize run haproxy -db -f rig.cfg        stop with SIGTERM (at once) or SIGUSR1 (lets streams end)
    mptcpize run haproxy -db -f server.cfg     ready when its ports accept
    nginx -e stderr -p DIR -c DIR/nginx.conf   stop with SIGTERM (at once); DIR must exist; ready when /stat answers

Nothing here has a time-out shorter than a black-out of the bond: a stream that stands still for half
a minute is a stream, and dropping it would cost a reconnect on top.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RTMP_MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
LIVE_APPLICATION = "live"
PLATFORM_APPLICATION = "platform"

SILENCE_S = 90  # black-outs of 30 s, the kernel's back-off after them, and as much again
CONNECT_S = 5

# What a proxy holds is backlog that no one sees. With these sizes 120 kB wait before the bond's socket
# when it blocks, against 1.7 MB with the defaults. Smaller ones make it worse: with 16 kB the receiver
# now and then has no room for a whole segment, and a frame waits 0.2 to 0.9 s for the retransmission.
# The segment size is that of the LAN which the encoder is on; the 64 kB of loopback would not fit.
BUFFER_BYTES = 8192
RECEIVE_BUFFER_BYTES = 32768
LAN_SEGMENT_BYTES = 1460

# What nginx keeps for a player that is slow: 50 s of sound and pictures. Its own choice (256, 3 s) drops
# pictures before sound; OBS never makes up for such a gap in one of the two, but catches up with a queue.
QUEUE_MESSAGES = 4096


@dataclass(frozen=True, slots=True)
class Forward:
    """One TCP way through a proxy; `name` is for HAProxy alone. Addresses are HOST:PORT."""

    name: str
    listen: str
    to: str


def haproxy_config(forwards: tuple[Forward, ...], *, small_buffers: bool, send_buffer_bytes: int | None = None) -> str:
    """A TCP proxy without log lines (they would name 4-tuples).

    `small_buffers` is for the sending end of the bond, where what the proxy holds is hidden backlog.
    `send_buffer_bytes` bounds what its outgoing sockets, the bond's among them, take before the
    sender feels it; without it the kernel lets them grow to some 1.3 MB on two links of 8 Mbit/s.
    Both apply to the whole process.
    """
    sizes = f"    tune.bufsize {BUFFER_BYTES}\n    tune.rcvbuf.client {RECEIVE_BUFFER_BYTES}\n" if small_buffers else ""
    if send_buffer_bytes is not None:
        sizes += f"    tune.sndbuf.server {send_buffer_bytes}\n"
    head = (
        "global\n"
        "    nbthread 1\n"
        "    maxconn 64\n"
        f"{sizes}"
        "defaults\n"
        "    mode tcp\n"
        f"    timeout connect {CONNECT_S}s\n"
        f"    timeout client {SILENCE_S}s\n"
        f"    timeout server {SILENCE_S}s\n"
        f"    timeout client-fin {CONNECT_S}s\n"
        f"    timeout server-fin {CONNECT_S}s\n"
        "    retries 0\n"
        "    option clitcpka\n"
    )
    segments = f" mss {LAN_SEGMENT_BYTES}" if small_buffers else ""
    return head + "".join(_listen(forward, segments) for forward in forwards)


def _listen(forward: Forward, segments: str) -> str:
    return f"listen {forward.name}\n    bind {forward.listen}{segments}\n    server next {forward.to}\n"


@dataclass(frozen=True, slots=True)
class RtmpPorts:
    """Where nginx listens, all on loopback."""

    ingest: int
    platform: int
    stat: int


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may publish to the ingest, and under which name everybody else sees the stream.

    Only the encoder knows `key`; players, exporters, logs and pages see `alias`.
    """

    key: str = field(repr=False)
    alias: str


def _admitting(admission: Admission, stat_port: int) -> tuple[str, str]:
    """The RTMP and the HTTP side of asking nginx itself: it renames the key's stream, and refuses others."""
    ask = f"notify_method get; on_publish http://127.0.0.1:{stat_port}/admit;"
    answer = (
        f'location = /admit {{ if ($arg_name = "{admission.key}") {{ return 302 {admission.alias}; }} return 403; }}'
    )
    return ask, answer


def nginx_config(ports: RtmpPorts, *, admission: Admission | None = None, module: str = RTMP_MODULE) -> str:
    """The ingest (application `live`), a stand-in for the platform (application `platform`), and /stat.

    A player stays while the publisher is away, and with `play_restart off` it is not told: OBS then
    goes on with the new publisher's first keyframe, where it otherwise reconnects and is 3 s later.
    `wait_video` keeps the sound back until the first keyframe: a player that meets sound first may
    settle for a stream without picture. Only errors are logged: below that level the module writes
    stream names, which may be keys. With `admission` the file itself holds the key.
    """
    ask, answer = ("", "") if admission is None else _admitting(admission, ports.stat)
    return f"""load_module {module};
daemon off;
worker_processes 1;
user root;
pid nginx.pid;
error_log stderr error;
events {{ worker_connections 256; }}
rtmp {{
    chunk_size 4096;
    out_queue {QUEUE_MESSAGES};
    ping 10m;
    ping_timeout {SILENCE_S}s;
    timeout {SILENCE_S}s;
    allow publish 127.0.0.1;
    deny publish all;
    server {{
        listen 127.0.0.1:{ports.ingest};
        application {LIVE_APPLICATION} {{
            live on;
            wait_key on;
            wait_video on;
            play_restart off;
            idle_streams on;
            drop_idle_publisher {SILENCE_S}s;
            {ask}
        }}
    }}
    server {{
        listen 127.0.0.1:{ports.platform};
        application {PLATFORM_APPLICATION} {{
            live on;
            wait_key on;
            wait_video on;
            drop_idle_publisher {SILENCE_S}s;
        }}
    }}
}}
http {{
    access_log off;
    client_body_temp_path tmp-body;
    proxy_temp_path tmp-proxy;
    fastcgi_temp_path tmp-fastcgi;
    uwsgi_temp_path tmp-uwsgi;
    scgi_temp_path tmp-scgi;
    server {{
        listen 127.0.0.1:{ports.stat};
        location = /stat {{ rtmp_stat all; }}
        location /control {{ rtmp_control all; }}
        {answer}
    }}
}}
"""
