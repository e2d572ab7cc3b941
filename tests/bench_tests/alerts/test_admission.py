"""The authentication service gets its place in the files that the demo has written."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.demo import media, rendering
from deploy.demo.namespaces import Namespace
from exporters.rtmp_auth.keys import KeysError, hasher, parse
from tests.bench.alerts.admission import APPLICATION, Admission


@pytest.fixture
def admission(tmp_path: Path) -> Admission:
    """What the demo wrote is in the directory."""
    (tmp_path / "nginx").mkdir()
    conf = media.nginx_config(media.RtmpPorts(1935, 1936, 8080), admission=media.Admission(key="k", alias="cam"))
    (tmp_path / "nginx" / "nginx.conf").write_text(conf, encoding="utf-8")
    rendering.prometheus("vps", tmp_path)
    return Admission(Namespace("vps", -1), tmp_path)


def test_nginx_asks_it_about_an_application_of_its_own(admission: Admission) -> None:
    """The server takes the file, and the encoder's application is as it was."""
    conf = admission.directory / "nginx" / "nginx.conf"
    before = conf.read_text(encoding="utf-8")
    admission.part()
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert nginx, "nginx is missing: apt-get install nginx libnginx-mod-rtmp"
    prefix = str(admission.directory / "nginx")
    subprocess.run([nginx, "-t", "-e", "stderr", "-p", prefix, "-c", str(conf)], check=True, capture_output=True)

    lines = conf.read_text(encoding="utf-8").splitlines()
    (asking,) = (line for line in lines if f"application {APPLICATION} " in line)
    assert [line for line in lines if line != asking] == before.splitlines()


def test_prometheus_scrapes_it_as_shipped(admission: Admission) -> None:
    """The job that the demo leaves out is there again, for the demo's rig."""
    admission.part()
    config = yaml.safe_load((admission.directory / "prometheus-vps.yml").read_text(encoding="utf-8"))
    (job,) = (one for one in config["scrape_configs"] if one["job_name"] == "rtmp_auth")

    assert job["static_configs"][0]["labels"] == {"rig": rendering.RIG, "site": "vps"}


def test_its_keys_can_be_read_until_they_are_spoilt(admission: Admission) -> None:
    """One key of one guest; then a file that is none."""
    admission.part()
    (entry,) = parse(admission.keys.read_text(encoding="utf-8"), hasher(b"test"))[APPLICATION]
    admission.spoil()

    assert entry.alias == "guest"
    with pytest.raises(KeysError):
        parse(admission.keys.read_text(encoding="utf-8"), hasher(b"test"))
