"""Which given names one person goes by: nicknames as sets, spellings of one name.

A name may have several nicknames and a nickname several names; nothing is reduced to one root, since that would make
JIMMY a BENJAMIN (both may be called JAMIE).

Source: the data of the PyPI package ``nicknames`` (Apache-2.0), less the pairs that are two people in one house more
often than one.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import polars as pl


class GivenRelation(StrEnum):
    """How two different given names belong to one person."""

    SPELLING = "spelling"
    """One name written in two ways: JON, JOHN."""
    NICKNAME = "nickname"
    """One is a short form of the other: BOB, ROBERT. Or both are of a third, and alike: JIM, JIMMY."""
    SHARED = "shared"
    """Both are short forms of a third, and not alike: LISA, BETTY. Perhaps two people."""
    APART = "apart"
    """Two people, however alike the names look: CHRISTIAN, CHRISTINA."""


_SPELLINGS = """
JOHN JON; SARA SARAH; ANN ANNE; CATHERINE KATHERINE CATHARINE KATHARINE CATHRYN KATHRYN KATHRINE; STEVEN STEPHEN STEVE;
BRIAN BRYAN; ERIC ERIK; DEBRA DEBORAH DEBORA; PHILIP PHILLIP; TERESA THERESA TERESSA; ALAN ALLEN ALLAN;
JEFFREY GEOFFREY JEFFERY JEFFRY; MICHAEL MICHEAL MICHEL; MARC MARK; JONATHAN JOHNATHAN JOHNATHON JONATHON;
NICOLE NICHOLE; REBECCA REBEKAH;
ELIZABETH ELISABETH; KRISTEN KRISTIN; CARL KARL; CARLA KARLA; CATHY KATHY KATHIE; CINDY CYNDI; SEAN SHAWN SHAUN;
MICHELLE MICHELE; RACHEL RACHAEL; LINDSAY LINDSEY; TRACY TRACEY TRACIE; STACY STACEY STACIE; TERRI TERRY TERI;
SHERRI SHERRY SHERI; VICKI VICKY VICKIE; NICHOLAS NICOLAS; LAWRENCE LAURENCE; FREDERICK FREDRICK FREDERIC;
CHRISTOPHER KRISTOPHER; CAROL CAROLE; DIANE DIANNE; JEAN JEANNE; KELLY KELLEY KELLIE; HELEN HELENE; LOUIS LEWIS;
SUSAN SUZAN; GARY GARRY; BARRY BARRIE; KURT CURT; MATTHEW MATHEW; ANTHONY ANTHONEY; RICKY RICKEY; RANDALL RANDAL;
DARRELL DARYL DARRYL DARREL; GERALD JERALD; RONNIE RONNY; BILLY BILLIE; BOBBY BOBBIE; JENNY JENNIE; JACKIE JACKY;
LORI LAURIE LORIE; KATIE KATY; HANNAH HANNA; AMY AMIE; ALICIA ALISHA; LYNN LYNNE;
JACQUELINE JACQUELYN; CAITLIN KAITLIN KAITLYN; BRITTANY BRITTNEY; ISABEL ISABELLE ISOBEL; GABRIEL GABRIAL;
DONALD DONNALD; DOROTHY DORTHY; MARJORIE MARGERY; WILLIAM WILLAM; SAMUEL SAMUAL; AARON ARON; ZACHARY ZACHERY;
ASHLEY ASHLEE ASHLEIGH; EMILY EMILEE; MEGAN MEGHAN; KARA CARA; ALISON ALLISON ALLYSON; HEATHER HETHER; JAYNE JANE
"""

_TWO_PEOPLE = """
AARON ERIN; ANDREA ANDREW; ANDREA ANDY; FELICIA FELIX; LOUIS LOUISE; PATRICK PATSY; SALVADOR SALLY; WILMA WILLIAM;
AGNES INEZ; ALICE LISA; ALICIA LISA; ALICE ELSIE; AMELIA EMILY; BILL FRED; BILLY FRED; BILL ROBERT; BILLY ROBERT;
ROGER BOBBY; CAROL KARA; CLIFTON TONY; DERRICK ERIC; EILEEN HELEN; ELAINE HELEN; EDMUND TED; FLOYD LLOYD; IAN JOHN;
IVAN JOHN; INEZ AGNES; JOANNA HANNAH; ORLANDO ROLAND; SHEILA CECILIA; SUSAN HANNAH; VIRGINIA JANE; WILLIE FRED;
WILLIS BILL; NANCY ANN; CRYSTAL CHRIS; STEPHANIE ANNIE; ASHLEY LEAH; GARRETT JERRY; ANTOINETTE TONY; MARIE MARIA;
MARY MARIE; MARY MARIA; MARY ANN; MARK MARY; ERIC ERICA; PAUL PAULA; CARL CARLA; JESSE JESSICA; MICHAEL MICHELLE;
DANIEL DANIELLE; BRITTANY BRITNEY; CAROL CAROLINE; CAROL CAROLYN; JEAN JANE; JEAN JOAN; JOAN JOANN; ANN ANNA; ANNE ANNA;
JULIA JULIE; MARTHA MARY; ROBERT ROBERTA; GEORGE GEORGIA; DENNIS DENISE; CHRISTINA CHRISTIAN; CHRISTINE CHRISTIAN;
CARRIE KERRY; CARRIE KERI; BENJAMIN JAMIE; ELIZABETH LISA; MELISSA LISA; JONATHAN NATHAN; JOHNATHAN NATHAN;
BELINDA LINDA; MELINDA LINDA; HELEN ELLEN; ELLEN HELEN; HANNAH ANNA; ROSEMARY MARY; ROSEMARY MARIE; ROXANNE ANN;
MARGARET RITA; MARGARET DAISY; CAROL LYNN; FREDERICK ERIC; CAMERON RON; AARON RON; VERONICA RON; CEDRIC RICK;
CHARLOTTE SHERRY;
MARTIN MARTINA; VICTOR VICTORIA; HENRY HENRIETTA; JOSEPH JOSEPHINE; ERNEST ERNESTINE
"""


@cache
def given_relations() -> pl.DataFrame:
    """Pairs of given names that one person goes by, or never does, in both orders.

    Columns ``first_l``, ``first_r``, ``given_relation``.
    """
    apart = {frozenset(pair.split()) for pair in _TWO_PEOPLE.split(";")}
    found = dict.fromkeys(apart, GivenRelation.APART)
    spellings = [group.split() for group in _SPELLINGS.split(";")]
    for group in spellings:
        _relate(found, group, GivenRelation.SPELLING)
    named = _nicknames(spellings)
    for name, short in named.items():
        for other in short:
            found.setdefault(frozenset((name, other)), GivenRelation.NICKNAME)
    for name, short in named.items():
        kin = [other for other in short if frozenset((name, other)) not in apart]
        for one in kin:
            _relate(found, [one, *(other for other in kin if other[:2] == one[:2])], GivenRelation.NICKNAME, first=True)
        _relate(found, kin, GivenRelation.SHARED)
    rows = [
        (one, two, relation.value)
        for pair, relation in found.items()
        if len(pair) > 1
        for one, two in (tuple(sorted(pair)), tuple(sorted(pair, reverse=True)))
    ]
    return pl.DataFrame(rows, schema=["first_l", "first_r", "given_relation"], orient="row")


def _relate(
    found: dict[frozenset[str], GivenRelation], names: list[str], relation: GivenRelation, *, first: bool = False
) -> None:
    """Relate all of the names to each other, or the first to the others; what is related already stays so."""
    for place, one in enumerate(names[:1] if first else names):
        for other in names[place + 1 :]:
            found.setdefault(frozenset((one, other)), relation)


def _nicknames(spellings: list[list[str]]) -> dict[str, tuple[str, ...]]:
    """The nicknames of each name, which are those of its other spellings too."""
    from nicknames import name_triplets

    named: dict[str, set[str]] = {}
    for triplet in name_triplets():
        named.setdefault(triplet.name1.upper(), set()).add(triplet.name2.upper())
    for group in spellings:
        short = set().union(*(named.get(name, set()) for name in group))
        if short:
            named |= dict.fromkeys(group, short)
    return {name: tuple(sorted(short - {name})) for name, short in sorted(named.items())}
