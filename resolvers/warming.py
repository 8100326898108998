"""Having the variants of a picture made before anyone asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.asset import Asset
from schema.pictures import Signing
from schema.shown_pictures import Shown
from storage.jobs import WARM_UP, Jobs


@dataclass(frozen=True)
class Warming:
    """Leaves jobs for the image worker: `shown` is what the registered operations show, `signing` makes its paths."""

    jobs: Jobs
    signing: Signing
    shown: Sequence[Shown]

    async def add(self, asset: Asset) -> bool:
        """Have what is shown of a picture made soon; False where that cannot be queued, which the log says."""
        paths = sorted({path for shown in self.shown for path in shown.addresses(self.signing, asset)})
        return not paths or await self.jobs.add(WARM_UP, f"{WARM_UP}:{asset.id}", paths=paths)
