"""Words of an address bar."""

import re
import unicodedata


def slugify(text: str) -> str:
    """Return lower-case ASCII words joined by hyphens."""
    spelled = text.replace("ß", "ss").replace("ø", "o").replace("Ø", "O").replace("æ", "ae").replace("&", " and ")
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "").lower()).strip("-")
