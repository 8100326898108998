"""What people say about designs, and what others answer."""

# Sentences are kept whole.
# ruff: noqa: E501

from app.demo.vocabulary import Room

DESIGN_TITLES: dict[Room, tuple[str, ...]] = {
    "LIVING_ROOM": (
        "Living room, evening plan",
        "Salon with reading corner",
        "Living room, sofa to the window",
        "Sala principal",
    ),
    "BEDROOM": (
        "Main bedroom",
        "Guest bedroom",
        "Bedroom under the roof",
        "Dormitorio principal",
        "Schlafzimmer, Variante B",
    ),
    "KITCHEN": ("Kitchen with island", "Kitchen, second round", "Galley kitchen", "Wohnküche", "Cocina abierta"),
    "BATHROOM": ("Bathroom in tile", "En-suite bathroom", "Family bathroom", "Baño con luz natural"),
    "DINING_ROOM": ("Dining for eight", "Dining room by the window", "Comedor", "Long table"),
    "STUDY": ("Study", "Home office, north light", "Library corner", "Arbeitszimmer"),
    "HALLWAY": ("Entrance hall", "Hallway with bench", "Recibidor", "Diele"),
    "TERRACE": ("Roof terrace", "Terrace, summer set-up", "Balcony garden", "Terraza"),
}

THREADS: dict[Room, tuple[tuple[str, ...], ...]] = {
    "LIVING_ROOM": (
        ("Could the sofa move 30 cm towards the window? The reading lamp would reach it.", "Tried it: the door still clears. Moved.", "Much better, thank you."),
        ("The rug feels small under this sofa. 300 × 200 instead?", "The client owns this one. I'd rather pull the armchairs closer."),
        ("Can we keep the old radiator visible?", "Yes, and paint it in the wall colour."),
        ("Love how the light falls on this wall in the evening.",),
    ),
    "BEDROOM": (
        ("Is there still 60 cm on the window side of the bed?", "64 to the wall, I measured on the plan."),
        ("The wardrobe doors will hit the night table.", "Sliding doors then. I'll update the list.", "Agreed, sliding."),
        ("Blackout curtains please, the street lamp is right outside.", "Added, linen with a lining."),
        ("¿Y si el cabecero llega hasta las ventanas?", "Me gusta. Lo dibujo."),
    ),
    "KITCHEN": (
        ("Sink and hob are 90 cm apart. Is that enough to put down a pan?", "Enough for one, not for two. I'll shift the hob one cabinet."),
        ("The fridge door opens into the passage.", "Hinge on the other side solves it."),
        ("What stone is the worktop?", "A sintered one: it survives the kids and the turmeric."),
        ("Three pendants or one long one over the island?", "Three. The long one would hide the shelf.", "Three it is."),
    ),
    "BATHROOM": (
        ("Can the niche in the shower line up with a tile joint?", "It does at 120 cm. See the elevation."),
        ("Waste pipe is on the other wall, careful with the bath.", "Then we need a 10 cm step or the bath moves.", "Moving the bath."),
        ("The mirror should be 10 cm higher, he is 1.94.",),
        ("Wandheizung hinter den Handtüchern?", "Ja, ist im Angebot enthalten."),
    ),
    "DINING_ROOM": (
        ("Do eight people fit without touching elbows?", "Eight yes, ten at Christmas."),
        ("The lamp must hang 70 cm above the table top, not 90.", "Corrected."),
        ("Chairs in the same wood as the table? I'd go darker.", "Darker, and the seat in the accent colour."),
    ),
    "STUDY": (
        ("Screen faces the window, that will glare.", "Turned the desk by 90 degrees in the latest version."),
        ("Where does the printer live?", "In the drawers on the left, with the cable through the back."),
        ("Shelves up to the ceiling, please. She has four thousand books.", "Then I'd add a ladder."),
    ),
    "HALLWAY": (
        ("Is the runner wide enough for the pram?", "80 cm, and the pram is 62."),
        ("Hooks at two heights, for the children.", "Good idea, added a second rail at 95 cm."),
        ("A mirror opposite the door makes me jump every time.", "Moved it over the console."),
    ),
    "TERRACE": (
        ("Wind comes from this corner. Taller planters?", "Olive trees here and grasses along the parapet."),
        ("Is the pergola allowed under the heritage rules?", "Only if it can't be seen from the street. It can't."),
        ("Lavanda o romero en las jardineras?", "Lavanda. El romero ya lo tiene el vecino."),
        ("The low table will fly away in the first storm.", "Stone top, 48 kg. It stays."),
    ),
}  # fmt: skip
