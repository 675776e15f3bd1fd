"""Titles that say by themselves that nothing has to be done: samples, tests, and news that it is over.

Products let people send a sample of each alert, and tools send the end of an alert as another one. Only how
a title begins counts: what stands further in may have been written by anybody.

Vendor documentation: Microsoft Learn, "Alert validation in Microsoft Defender for Cloud" (titles that begin
with ``SAMPLE ALERT``), "Run a detection test" of Defender for Endpoint (``[Test Alert]``); Amazon GuardDuty,
"Sample findings" (``[SAMPLE]``).
"""

from __future__ import annotations

import re

_NOUN = r"(alert|event|finding|incident|notification|message|webhook|detection|hook)"
_SAMPLE = re.compile(
    rf"\W*((sample|test|demo)\s*[\])]|(this is an? |a )?(sample|test|dummy) {_NOUN}\b"
    r"|heart ?beat\b|health[ -]?check\b)",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"\W*(resolved|recovered|cleared|back to normal)\s*([\]):]|-\s|$)", re.IGNORECASE
)


def idle(title: str) -> str:
    """Say why a finding of this title asks for nothing; empty where the title does not say so."""
    if _SAMPLE.match(title):
        return "By its title it is a sample or a test."
    return "By its title it is over." if _OVER.match(title) else ""
