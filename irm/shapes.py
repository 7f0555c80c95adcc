"""What pydantic calls a fault of form, in irm's words: of rule packs, playbooks, settings."""

from collections.abc import Mapping
from typing import Final

from irm.i18n import N_

_INTEGER: Final = N_("This must be a whole number.")
_FLAG: Final = N_("This must be true or false.")
_LIST: Final = N_("This must be a list.")
_MAPPING: Final = N_("This must be a mapping of names to values.")
_DAY: Final = N_("This must be a day such as 2026-11-21.")
_MOMENT: Final = N_("This must be a moment with its time zone, such as 2026-11-21T03:41:00+08:00.")
SHAPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _INTEGER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _FLAG),
    "string_type": N_("This must be text."),
    **dict.fromkeys(("list_type", "tuple_type", "set_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), _MAPPING),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _DAY),
    **dict.fromkeys(
        (
            "datetime_type",
            "datetime_parsing",
            "datetime_from_date_parsing",
            "datetime_object_invalid",
            "timezone_aware",
            "timezone_offset",
        ),
        _MOMENT,
    ),
    "string_pattern_mismatch": N_("“%(value)s” does not follow the pattern %(pattern)s."),
    "string_too_short": N_("This must have at least %(min_length)s character(s)."),
    "string_too_long": N_("This may have at most %(max_length)s character(s)."),
    "too_short": N_("This must have at least %(min_length)s item(s)."),
    "too_long": N_("This may have at most %(max_length)s item(s)."),
}
"""What pydantic calls a fault of form → how irm says it; the placeholders are pydantic's context and the `value`."""
