"""Titles and descriptions of projects, put together from sentences that each say something."""

# Sentences are kept whole; numbers are shares of the shapes a text can take.
# ruff: noqa: E501, PLR2004

import re
from dataclasses import dataclass
from random import Random

from app.demo.vocabulary import PropertyKind, Style

_NOUNS: dict[PropertyKind, tuple[str, ...]] = {
    "APARTMENT": ("Apartment", "Flat", "es:Piso", "Corner apartment", "Top-floor flat", "Garden apartment"),
    "HOUSE": ("House", "Townhouse", "Courtyard house", "es:Casa", "Family house"),
    "LOFT": ("Loft", "Workshop loft", "Rooftop loft", "Printers' loft"),
    "STUDIO": ("Studio", "Pied-à-terre", "One-room flat", "Small studio"),
    "OFFICE": ("Office", "Studio office", "Chambers", "Workplace"),
    "RETAIL": ("Shop", "Showroom", "Corner shop", "Gallery space"),
}
_SENSES: dict[Style, tuple[str, ...]] = {
    "JAPANDI": ("The Quiet", "Ash & Linen", "A low", "Paper-light", "The Unhurried"),
    "SCANDINAVIAN": ("A bright", "Birch & Wool", "The Pale", "North-light", "The Hygge"),
    "MEDITERRANEAN": ("The Terracotta", "Lime & Shade", "A sunlit", "The Patio", "Blue-shuttered"),
    "INDUSTRIAL": ("The Brick", "Steel & Leather", "The Iron", "A raw", "The Foundry"),
    "MIDCENTURY": ("The Teak", "A 1962", "Walnut & Brass", "The Modernist", "The Eames-era"),
    "MINIMAL": ("The White", "Stone & Air", "A spare", "The Bare-bones", "The Gallery"),
    "CLASSIC": ("The Panelled", "A grand", "Marble & Herringbone", "The Belle Époque", "The Salon"),
    "BOHO": ("The Painted", "Rattan & Clay", "The Collector's", "A many-coloured", "The Travellers'"),
}
_OPENINGS: dict[PropertyKind, tuple[str, ...]] = {
    "APARTMENT": (
        "Third floor, no lift, and every step is worth it: the living room looks straight down the tree tops of {street}.",
        "A run of connecting rooms behind a façade of 1908, opened up just enough to let the light through.",
        "Two small flats became one. The old party wall survives as a bookcase you can walk around.",
        "es:Un piso exterior de techos altos, reformado con pocos materiales y mucha paciencia.",
        "de:An Altbau with its doors and stucco intact; we touched the kitchen, the bathrooms and nothing that creaks well.",
    ),
    "HOUSE": (
        "A narrow house of three floors that turns its back on the street and opens to a courtyard with one lemon tree.",
        "The owners wanted a house in which six people can cook at once and one can still read in peace.",
        "de:Ein Stadthaus von 1931: neue Fenster, alte Treppe, ein Garten, der jetzt zur Küche gehört.",
        "Built as a coach house, lived in as a painter's studio, and now a family home with a very good pantry.",
    ),
    "LOFT": (
        "A former bindery: 4.1 metres of height, cast-iron columns, and windows nobody would pay for today.",
        "One room, eleven windows. Curtains, a bookcase and two steps make it four rooms when it has to be.",
        "The crane rail still runs under the ceiling; it carries the lamps now.",
    ),
    "STUDIO": (
        "Everything a person needs on very few square metres, and a window seat besides.",
        "A single room planned like a boat: the bed is a drawer, the table a shutter, the kitchen a cupboard.",
        "de:Ein Zimmer, Küche, Bad und ein Balkon, der im Sommer das zweite Zimmer ist.",
    ),
    "OFFICE": (
        "Sixteen desks that do not look like desks, a long table for lunch, and a room in which telephones are silent.",
        "A lawyers' floor made over for a team that draws: acoustic felt, north light, plan chests.",
        "A former bank branch; the vault is now the meeting room everybody fights over.",
    ),
    "RETAIL": (
        "A corner with two shop windows on {street}, a timber counter and storage that disappears into the wall.",
        "Once a pharmacy. The drawers with their enamel labels stayed, the rest is lime plaster and good lamps.",
        "Ground floor, 4-metre windows, a back room with daylight: made for ceramics, bread or books.",
    ),
}
_MIDDLES: dict[Style, tuple[str, ...]] = {
    "JAPANDI": ("Ash joinery, clay plaster and linen; nothing is higher than the window sill unless it has to be.", "Storage runs behind slatted oak, so that the rooms themselves can stay almost empty."),
    "SCANDINAVIAN": ("Soaped floorboards, white walls and a few colours taken from the sea outside.", "Birch, wool and three kinds of lamp in every room, because winter is long."),
    "MEDITERRANEAN": ("Handmade tiles, lime wash and shutters keep it ten degrees cooler than the pavement.", "es:Suelos de barro, cal en las paredes y sombra donde hace falta."),
    "INDUSTRIAL": ("Brick, blackened steel and saddle leather, softened by large rugs and larger plants.", "What was rough stayed rough; what is touched every day is smooth."),
    "MIDCENTURY": ("Teak sideboards, a conversation pit nobody dared to fill in, and colours from the decade.", "The original built-ins were taken apart, oiled, and put back where they belong."),
    "MINIMAL": ("Microcement throughout, doors without frames, one kind of stone.", "Two materials, one white, and light that does the rest."),
    "CLASSIC": ("Mouldings, herringbone and marble were restored by hand; wiring and heating are entirely new.", "Rooms en suite, double doors, and a dining room painted the colour of wet slate."),
    "BOHO": ("Textiles from three continents, rattan, clay, and a bathroom in the green of old bottles.", "A collector lives here: shelves came first, the rooms were arranged around them."),
}  # fmt: skip
_ENDINGS = (
    "{district} begins at the door: market, tram and two bakeries within four minutes.",
    "Sold with the furniture drawn for it, if you like it as much as we do.",
    "Morning sun in the bedroom, evening sun on the {outdoors}.",
    "Energy certificate B after the works; the radiators are old, the heat pump is not.",
    "Available from spring. Viewings on Thursdays, coffee included.",
    "The plans show the second phase too, in which the {outdoors} gets its pergola.",
    "A quiet street in {district}, ten minutes by bicycle from the centre.",
    "Every lamp, handle and hinge is listed in the designs below.",
)


_SPOKEN = {"ES": "es:", "MX": "es:", "AR": "es:", "DE": "de:", "AT": "de:", "CH": "de:"}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a project lies, as far as its text mentions it."""

    country: str
    district: str
    street: str


def _pick(random: Random, choices: tuple[str, ...], site: Site) -> str:
    """Choose a text that is in English or in the country's language, as its `es:` or `de:` in front says."""
    spoken = _SPOKEN.get(site.country, "")
    fitting = [text for text in choices if text[2:3] != ":" or (spoken and text.startswith(spoken))]
    return re.sub("^[a-z]{2}:", "", random.choice(fitting))


def title(random: Random, kind: PropertyKind, style: Style, site: Site) -> str:
    """Return a project's title, in one of several shapes."""
    noun, sense = _pick(random, _NOUNS[kind], site), random.choice(_SENSES[style])
    plain = noun[0].lower() + noun[1:]
    shape = random.random()
    if "&" in sense or sense in {"Paper-light", "North-light", "Blue-shuttered"}:
        return f"{sense}: {plain} in {site.district}" if shape < 0.6 else f"{sense}, {site.street}"
    if shape < 0.45:
        return f"{sense} {plain} in {site.district}"
    if shape < 0.75:
        return f"{sense} {plain} on {site.street}"
    return f"{noun}, {site.district}" if shape < 0.85 else f"{sense} {plain}"


def description(random: Random, kind: PropertyKind, style: Style, site: Site) -> str:
    """Return three or four sentences about a project."""
    parts = [_pick(random, _OPENINGS[kind], site), _pick(random, _MIDDLES[style], site)]
    parts += random.sample(_ENDINGS, random.choice([1, 1, 2]))
    if random.random() < 0.25:
        parts[0], parts[1] = parts[1], parts[0]
    outdoors = (
        random.choice(["terrace", "balcony", "roof", "patio"]) if kind not in {"OFFICE", "RETAIL"} else "courtyard"
    )
    return " ".join(parts).format(street=site.street, district=site.district, outdoors=outdoors)
