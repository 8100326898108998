"""GraphQL's spelling of Python names, worked out once for each; Strawberry asks for it at every field it resolves."""

from __future__ import annotations

from functools import cache

from strawberry.schema.name_converter import NameConverter
from strawberry.utils.str_converters import to_camel_case

_camel = cache(to_camel_case)


class CachedNames(NameConverter):
    """Strawberry's own rule, remembered. The names are those of our code, so there is an end to them."""

    def apply_naming_config(self, name: str) -> str:
        """Return the name in camel case."""
        return _camel(name)
