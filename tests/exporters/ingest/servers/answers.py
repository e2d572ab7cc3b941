"""Answers of each server, composed from its documented fields; the keys in them may be shown nowhere."""

from __future__ import annotations

import json

from exporters.ingest.aliases import Alias
from exporters.ingest.servers.asking import Server

KEY = "k3y-that-nobody-may-see"

NODE_2 = {
    "live": {
        KEY: {
            "publisher": {
                "app": "live",
                "stream": KEY,
                "clientId": "AB12",
                "connectCreated": "2026-11-23T09:00:00Z",
                "bytes": 123_456,
                "ip": "192.0.2.1",
                "audio": {"codec": "AAC", "profile": "LC", "samplerate": 48_000, "channels": 2},
                "video": {"codec": "H264", "width": 1280, "height": 720, "profile": "High", "level": 3.1, "fps": 30},
            },
            "subscribers": [{"app": "live", "stream": KEY, "clientId": "CD34", "bytes": 99, "protocol": "rtmp"}],
        },
        "waiting": {"publisher": None, "subscribers": []},
    }
}
NODE_4 = {
    "success": True,
    "data": {
        "streams": [
            {
                "key": f"/live/{KEY}",
                "app": "live",
                "name": KEY,
                "status": "publishing",
                "publisher": {
                    "id": "x1",
                    "ip": "192.0.2.1",
                    "protocol": "rtmp",
                    "videoCodec": 7,
                    "videoWidth": 1280,
                    "videoHeight": 720,
                    "videoFramerate": 30,
                    "audioCodec": 10,
                    "inBytes": 123_456,
                },
                "subscribers": 1,
                "outBytes": 5,
                "inBps": 1.0,
                "outBps": 0,
            },
            {"key": "/live/waiting", "app": "live", "name": "waiting", "publisher": None},
        ],
        "total": 2,
    },
}
MEDIAMTX = {
    "itemCount": 2,
    "pageCount": 1,
    "items": [
        {
            "name": f"live/{KEY}",
            "confName": "all",
            "source": {"type": "rtmpConn", "id": "u1"},
            "ready": True,
            "readyTime": "2026-11-23T09:00:00Z",
            "tracks": ["H264", "MPEG-4 Audio"],
            "bytesReceived": 123_456,
        },
        {"name": "bare", "source": None, "ready": False, "tracks": [], "inboundBytes": 7, "bytesReceived": 5},
    ],
}
NIMBLE_SRT = {
    "SrtReceivers": [
        {
            "id": KEY,
            "state": "connected",
            "stats": {"time": 1, "link": {"rtt": 20.5}, "recv": {"bytesReceived": 123_456, "packetsLost": 3}},
        },
        {"id": "gone", "state": "disconnected"},
    ]
}
NIMBLE_RTMP = [
    {
        "app": "live",
        "streams": [
            {
                "strm": KEY,
                "bandwidth": "2500000",
                "vcodec": "avc1.64001f",
                "acodec": "mp4a.40.2",
                "publish_time": "1790000000",
                "protocol": "RTMP",
                "resolution": "1280x720",
            }
        ],
    }
]
XIU = {"error_code": 0, "data": [{"publisher": {"id": "p1", "recv_bitrate(kbits/s)": 2_500}, "subscribers": {}}]}
RIST = {
    "receiver-stats": {
        "flowinstant": {
            "flow_id": 3_405_691_582,
            "dead": 0,
            "stats": {"quality": 100, "received": 900, "bitrate": 2_500_000},
            "peers": [{"id": 1, "dead": 0, "stats": {"rtt": 20, "received_data": 5}}],
        }
    }
}
ALIASES = (Alias("cam", "live", KEY),)
ALL = {
    "node 2": (Server.NODE, NODE_2),
    "node 4": (Server.NODE, NODE_4),
    "mediamtx": (Server.MEDIAMTX, MEDIAMTX),
    "nimble": (Server.NIMBLE, NIMBLE_RTMP),
    "xiu": (Server.XIU, XIU),
    "rist": (Server.RIST, RIST),
}


def page(document: object) -> bytes:
    """As it travels."""
    return json.dumps(document).encode()
