"""Short forms of given names: who is called so, and who only sounds so (P9)."""

from __future__ import annotations

import pytest

from prefcenter.core.postal.nicknames import GivenRelation, given_relations


@pytest.fixture(scope="module")
def relations() -> dict[tuple[str, str], str]:
    return {(one, other): relation for one, other, relation in given_relations().iter_rows()}


@pytest.mark.parametrize(
    "pairs",
    [
        "PIPPA PHILIPPA; ROZ ROSALIND; NELL ELEANOR; NELL HELEN; IZZY ISABEL; IZZY ISABELLA; IZZY ISIDORE",
        "TILLY MATILDA; DES DESMOND; STAN STANLEY; GRACIE GRACE; TAMMY TAMARA; KRIS KRISTEN; VERO VERONICA",
        "CONCHA CONCEPCION; LUPE GUADALUPE; PACO FRANCISCO; PANCHO FRANCISCO; PEPE JOSE; NACHO IGNACIO; MEMO GUILLERMO",
        "BETO ALBERTO; BETO ROBERTO; CHUY JESUS; LALO EDUARDO; RAFA RAFAEL; LETY LETICIA; YOLI YOLANDA; QUIQUE ENRIQUE",
    ],
)
def test_common_short_forms_belong_to_their_names(pairs: str, relations: dict[tuple[str, str], str]) -> None:
    """P9: a nickname is the person, in English and in Spanish, whichever side has it."""
    for pair in pairs.split("; "):
        one, other = pair.split()
        assert relations[one, other] == relations[other, one] == GivenRelation.NICKNAME.value, pair


@pytest.mark.parametrize(
    "pair", ["ALEJANDRO ALEJANDRA", "ALBERTO ROBERTO", "MICHELLE MIKE", "TONI TONY", "HELEN ELEANOR"]
)
def test_two_names_of_one_short_form_are_two_people(pair: str, relations: dict[tuple[str, str], str]) -> None:
    """P9: BETO may be ALBERTO or ROBERTO, who are brothers; TONI and TONY are a couple."""
    one, other = pair.split()
    assert relations.get((one, other), "apart") == GivenRelation.APART.value
