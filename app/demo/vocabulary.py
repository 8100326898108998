"""The words of the domain that the demo world uses, spelled as the API spells them."""

from typing import Literal, get_args

Room = Literal["LIVING_ROOM", "BEDROOM", "KITCHEN", "BATHROOM", "DINING_ROOM", "STUDY", "HALLWAY", "TERRACE"]
Style = Literal["JAPANDI", "SCANDINAVIAN", "MEDITERRANEAN", "INDUSTRIAL", "MIDCENTURY", "MINIMAL", "CLASSIC", "BOHO"]
TimeOfDay = Literal["MORNING", "NOON", "GOLDEN_HOUR", "EVENING"]
Role = Literal["OWNER", "ADMIN", "EDITOR", "VIEWER"]
Plan = Literal["FREE", "PRO", "ENTERPRISE"]
PropertyKind = Literal["APARTMENT", "HOUSE", "LOFT", "STUDIO", "OFFICE", "RETAIL"]
Status = Literal["DRAFT", "ACTIVE", "ARCHIVED"]
Visibility = Literal["PRIVATE", "PUBLIC"]
ElementKind = Literal["WALL", "DOOR", "WINDOW", "FURNITURE", "LABEL"]

ROOMS: tuple[Room, ...] = get_args(Room)
STYLES: tuple[Style, ...] = get_args(Style)
TIMES_OF_DAY: tuple[TimeOfDay, ...] = get_args(TimeOfDay)
ROLES: tuple[Role, ...] = get_args(Role)
