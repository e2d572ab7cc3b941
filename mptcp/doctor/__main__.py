"""`python -m mptcp.doctor --side pi|vps`: what is wrong with this machine's side of the bond.

Exit code 0: nothing; 1: deviations, printed; 2: the machine could not be examined.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from exporters.mptcp.uplinks import Uplink, parse_uplink
from exporters.serving import Parser, checked
from mptcp.doctor.checks import Finding, examine
from mptcp.doctor.dropin import Side, shipped
from mptcp.doctor.reading import ReadError, read

EXIT_FINE = 0
EXIT_DEVIATES = 1
EXIT_UNKNOWN = 2


def parser() -> Parser:
    """The command line."""
    described = Parser(
        prog="python -m mptcp.doctor", description="Checks a machine's side of the bond; changes nothing."
    )
    described.add_argument("--side", type=Side, choices=list(Side), required=True, help="which end this machine is")
    described.add_argument(
        "--uplink",
        action="append",
        metavar="NAME=INTERFACE",
        type=checked(_uplink),
        help="on the Pi, an uplink; repeatable; default: those of pi-up",
    )
    described.add_argument("--port", type=int, default=8443, help="on the VPS, the stream's TCP port; default 8443")
    described.add_argument("--responder-port", type=int, default=8445, help="on the VPS, UDP; default 8445")
    described.add_argument("--json", action="store_true", help="print the findings as a JSON array")
    return described


def _uplink(text: str) -> Uplink:
    uplink = parse_uplink(text)
    if uplink.interface is None:
        raise ValueError(f"{text!r}: the doctor wants the interface, for example verizon=eth1")
    return uplink


def render(findings: Sequence[Finding], side: Side) -> str:
    """The findings for people: one paragraph each."""
    if not findings:
        return f"{side}: nothing to remark\n"
    paragraphs = [
        f"{finding.thing}: {finding.problem}\n  consequence: {finding.consequence}\n  remedy: {finding.remedy}\n"
        for finding in findings
    ]
    remarks = "1 remark" if len(findings) == 1 else f"{len(findings)} remarks, the gravest first"
    return "".join([f"{side}: {remarks}\n", *paragraphs])


def main() -> int:
    """Examine and print; the exit code."""
    options = parser().parse_args()
    uplinks = None if options.uplink is None else {each.name: each.interface for each in options.uplink}
    try:
        dropins = shipped(options.side)
        machine = read(options.side, dropins, uplinks=uplinks, port=options.port, responder_port=options.responder_port)
    except (ReadError, OSError) as error:
        sys.stderr.write(f"python -m mptcp.doctor: {error}\n")
        return EXIT_UNKNOWN
    findings = examine(machine, options.side, dropins)
    text = json.dumps([asdict(finding) for finding in findings], indent=2) + "\n"
    sys.stdout.write(text if options.json else render(findings, options.side))
    return EXIT_DEVIATES if findings else EXIT_FINE


if __name__ == "__main__":
    sys.exit(main())
