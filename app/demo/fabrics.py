"""The colours and materials of each style, as they appear on canvases."""

from dataclasses import dataclass

from app.demo.floor import Props
from app.demo.vocabulary import Style


@dataclass(frozen=True, slots=True)
class Fabric:
    """Five colours and two materials."""

    wall: str
    wood: str
    soft: str
    accent: str
    rug: str
    timber: str
    cloth: str

    def wooden(self, item: str, **more: str | float) -> Props:
        """Return the props of something made of wood."""
        return {"item": item, "colour": self.wood, "material": self.timber, **more}

    def upholstered(self, item: str, **more: str | float) -> Props:
        """Return the props of something soft."""
        return {"item": item, "colour": self.soft, "material": self.cloth, **more}

    def accented(self, item: str, material: str, **more: str | float) -> Props:
        """Return the props of something in the accent colour."""
        return {"item": item, "colour": self.accent, "material": material, **more}


FABRICS: dict[Style, Fabric] = {
    "JAPANDI": Fabric("#8d8377", "#b98f63", "#d9cfbe", "#7d8069", "#ddd3c1", "ash", "linen"),
    "SCANDINAVIAN": Fabric("#8b9092", "#d6b88e", "#b7bcbd", "#d3a953", "#eee8dd", "birch", "wool"),
    "MEDITERRANEAN": Fabric("#a38b72", "#a3744b", "#ece2cf", "#3d7183", "#e8dcc4", "olive wood", "cotton"),
    "INDUSTRIAL": Fabric("#5b5855", "#8d6440", "#8a5a38", "#c08a3e", "#8d8478", "reclaimed pine", "leather"),
    "MIDCENTURY": Fabric("#7a6a58", "#9a6238", "#c07a35", "#3f6b66", "#e2d3b5", "teak", "corduroy"),
    "MINIMAL": Fabric("#77787a", "#cdb491", "#ebe8e2", "#2f3133", "#cfccc6", "oak", "bouclé"),
    "CLASSIC": Fabric("#6f6a61", "#7c4f31", "#e3d8c5", "#3e5166", "#8d4a44", "walnut", "velvet"),
    "BOHO": Fabric("#98816a", "#b07f4e", "#e8dcc6", "#b55f3c", "#ecdfc8", "rattan", "cotton"),
}
