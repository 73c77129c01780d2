"""Words that stand beside a name in an address block: titles, generations, particles, occupants, legal forms."""

from __future__ import annotations

TITLES: tuple[str, ...] = (
    "MR", "MRS", "MS", "MISS", "MX", "MASTER", "MADAM", "DR", "DOCTOR", "PROF", "PROFESSOR", "REV", "REVEREND", "FR",
    "HON", "HONORABLE", "SIR", "CAPT", "CAPTAIN", "COL", "COLONEL", "SGT", "SERGEANT", "LT", "LIEUTENANT", "CPL", "PVT",
    "RABBI", "PASTOR", "SENOR", "SENORA", "SRA", "SRTA", "HERR", "FRAU", "MME", "MLLE", "THE", "FAMILY", "HOUSEHOLD",
    "ATTN", "ATTENTION", "ESTATE", "ESQ", "ESQUIRE", "MD", "PHD", "DDS", "DMD", "DVM", "CPA", "JD", "RN", "MBA", "EDD",
    "RET", "USN", "USMC", "USAF", "TTEE", "TTEES", "TRUSTEE", "TRUSTEES", "DECEASED", "DECD",
)  # fmt: skip
"""Titles, credentials and the like, which say nothing about who it is."""

GENERATIONS: dict[str, str] = {
    "JR": "JR", "JUNIOR": "JR", "SR": "SR", "SENIOR": "SR", "II": "II", "2ND": "II", "III": "III", "3RD": "III",
    "IV": "IV", "4TH": "IV",
}  # fmt: skip
"""What tells a father from his son; never dropped."""

PARTICLES: tuple[str, ...] = (
    "DE LA", "DE LAS", "DE LOS", "DE LE", "VAN DER", "VAN DEN", "VAN DE", "VON DER", "VON DEM", "VAN", "VON", "DE",
    "DEL", "DELLA", "DI", "DA", "DOS", "DAS", "DU", "LA", "LE", "EL", "TER", "TEN", "MC", "MAC", "ST", "SAINT",
    "SANTA", "BIN",
    "IBN", "ABU", "VANDER", "VANDEN", "ZU", "ZUR", "VOM",
)  # fmt: skip
"""Particles that belong to the surname behind them."""

OCCUPANTS = (
    r"\b(?:OCCUPANTS?|RESIDENTS?|CURRENT RESIDENCE|POSTAL (?:CUSTOMER|PATRON)|BOX ?HOLDER|HOME ?OWNER|HOUSEHOLDER|"
    r"CURRENT (?:OWNER|OCCUPANT|RESIDENT|TENANT|CUSTOMER|HOMEOWNER|HOUSEHOLD)|OUR NEIGHBOU?R|TENANT)\b"
)
"""Who a row without a person is addressed to."""

LEGAL_FORMS: tuple[str, ...] = (
    "INC", "INCORPORATED", "LLC", "LLP", "LP", "PLLC", "PC", "PA", "CO", "COMPANY", "CORP", "CORPORATION", "LTD",
    "LIMITED", "GMBH", "AG", "SA", "PLC", "THE",
)  # fmt: skip
"""Legal forms of a firm, which are written or left out at will."""
