"""A form of somebody else with its placeholders filled: the same form and values give the same bytes. Pure.

Why no template engine: the form is a stranger's file, and what it may say is a list of names (docs/reports.md).
"""

from irm.documents.archive import settled
from irm.documents.form_package import WORD, opened, packed
from irm.documents.form_sheet import fill_sheets
from irm.documents.form_word import fill_word
from irm.documents.placeholders import Faults, Values
from irm.errors import FieldError, Invalid, Wrong
from irm.i18n import N_

FIELD = "file"
FORMS = ("docx", "xlsx")
NOTHING = N_("The form holds no placeholder. Write for example {{ year }} where the year shall stand.")
REFUSED = N_("The form was not filled. Correct these places in it and bring it again.")


def fill(content: bytes, values: Values) -> tuple[bytes, str]:
    """The filled form, and its kind (`docx`, `xlsx`). Raises Invalid that names every place at fault; nothing is half
    filled."""
    try:
        parts = opened(content)
    except Wrong as error:
        raise Invalid(REFUSED, errors=[FieldError(FIELD, error.args[0])]) from error
    faults = Faults()
    is_word = WORD in parts
    changed = (fill_word if is_word else fill_sheets)(parts, values, faults)
    if faults.found:
        raise Invalid(REFUSED, errors=faults.found)
    if not changed:
        raise Invalid(NOTHING, field=FIELD)
    return settled(packed({**parts, **changed})), "docx" if is_word else "xlsx"
