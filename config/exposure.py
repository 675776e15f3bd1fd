"""Which secrets every account of this machine can read: told, and not refused.

Only what everybody may read counts. A group may be meant to (root owns the file, the service's
group reads it), as libpq has it, too; and the folder of secrets is left out, because container
platforms make their files readable to all inside a container, where there is nobody else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from config.problems import Key, Problem
from config.settings import Settings


def exposed(secrets: Mapping[Key, Path], settings: Settings) -> list[Problem]:
    """Return each secret in a file that every account can read.

    Args:
        secrets: by key, the file a secret was read from.
        settings: the tree; certificates are files by themselves.
    """
    certificates: dict[Key, Path] = {
        ("tenants", name, "entra", "certificate_path"): tenant.entra.certificate_path
        for name, tenant in settings.tenants.items()
        if tenant.entra is not None and tenant.entra.certificate_path is not None
    }
    return [
        Problem(key, f"every account of this machine can read {path}", f"chmod o= {path}")
        for key, path in (*secrets.items(), *certificates.items())
        if _open_to_all(path)
    ]


def _open_to_all(path: Path) -> bool:
    if os.name != "posix":
        return False
    try:
        file = path.resolve(strict=True)
        mode = file.stat().st_mode
        ways = [folder.stat().st_mode for folder in file.parents]
    except (OSError, ValueError):
        return False  # what cannot be read is told elsewhere
    return stat.S_ISREG(mode) and all(bits & stat.S_IXOTH for bits in ways) and bool(mode & 0o004)
