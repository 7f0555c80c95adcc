"""The lines of a list of evidence, as they are typed at a desk."""

import pytest

from irm.errors import Invalid
from irm.obligations.handover_lines import things_in


def test_a_line_is_name_quantity_condition_and_for_data_its_hash() -> None:
    typed = "服务器硬盘；1；封存完好\n\n访问日志; 2; 只读拷贝; " + "a" * 64
    first, second = things_in({"things": typed})
    assert (first.name, first.quantity, first.condition, first.sha256) == ("服务器硬盘", 1, "封存完好", None)
    assert (second.name, second.quantity, second.sha256) == ("访问日志", 2, "a" * 64)


@pytest.mark.parametrize("quantity", ["1 块", "一块", "1块", "9999999", "-1"])
def test_a_quantity_with_its_measure_is_refused_for_what_it_is(quantity: str) -> None:
    with pytest.raises(Invalid, match="whole number") as refused:
        things_in({"things": f"硬盘；1；完好\n光盘；{quantity}；完好"})
    assert refused.value.errors[0].field == "things"
    assert refused.value.errors[0].context["line"] == 2


def test_a_line_that_lacks_a_part_says_which_parts_there_are() -> None:
    with pytest.raises(Invalid, match="name; quantity; condition"):
        things_in({"things": "硬盘 1 块 完好"})
