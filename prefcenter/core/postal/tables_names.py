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
    "JNR": "JR", "SNR": "SR", "5TH": "V",
}  # fmt: skip
"""What tells a father from his son; never dropped."""

TITLE_SEXES: dict[str, str] = {
    "MR": "M", "SIR": "M", "SENOR": "M", "HERR": "M", "MRS": "F", "MS": "F", "MISS": "F", "MADAM": "F", "MME": "F",
    "MLLE": "F", "SENORA": "F", "SRA": "F", "SRTA": "F", "FRAU": "F",
}  # fmt: skip
"""What a title tells where a surname stands alone: Mr Smith is not Mrs Smith."""

CREDENTIALS: tuple[str, ...] = (
    "MD", "PHD", "DDS", "DMD", "DVM", "CPA", "JD", "RN", "MBA", "EDD", "ESQ", "ESQUIRE", "RET", "DO", "OD", "DC", "PE",
    "NP", "DPM", "PSYD", "PHARMD", "LCSW", "LPN", "FNP", "AIA", "CFP", "CLU", "MSW", "MPH", "MSN", "BSN", "LMFT", "PA",
    "PAC", "DMIN", "THD", "LMT", "USN", "USMC", "USAF", "USA",
)  # fmt: skip
"""What is no first name behind the comma of "Smith, DO", though some of it is a name elsewhere."""

IRISH_ROOTS: tuple[str, ...] = (
    "BANION", "BOYLE", "BRIEN", "BRIAN", "BRYAN", "BRYANT", "CALLAGHAN", "CONNELL", "CONNER", "CONNOR", "CONNORS",
    "DELL", "DOHERTY", "DONNELL", "DONOGHUE", "DOWD", "DRISCOLL", "DWYER", "FARRELL", "FLAHERTY", "GORMAN", "GRADY",
    "HAGAN", "HALLORAN", "HANLON", "HARA", "HARE", "HEARN", "KEEFE", "KEEFFE", "KELLEY", "LEARY", "LOUGHLIN",
    "MALLEY", "MARA", "MEARA", "NEAL", "NEIL", "NEILL", "REILLY", "ROURKE", "SHAUGHNESSY", "SHEA", "STEEN", "TOOLE",
)  # fmt: skip
"""What follows an O that is no middle initial ("Mary O Brien"); Sullivan and Quinn are not here, which stand alone."""

PLURAL_SURNAMES: frozenset[str] = frozenset(
    "ADAMS ANDREWS BANKS BARNES BATES BROOKS BURNS COLLINS CUMMINGS DANIELS DAVIS DOUGLAS EDWARDS EVANS FIELDS "
    "FLOWERS GIBBS GOMES GRIFFITHS HARRIS HAWKINS HAYES HICKS HIGGINS HODGES HOLMES HOPKINS HUGHES JACOBS JAMES "
    "JENKINS JONES LEWIS LUCAS MARKS MATTHEWS MEYERS MILLS MORRIS MYERS NICHOLS OWENS PARKS PERKINS PETERS PHILLIPS "
    "POWERS RAMOS REEVES REYNOLDS RHODES RICHARDS ROBBINS ROBERTS RODGERS ROGERS ROSS SANDERS SAUNDERS SIMMONS SIMS "
    "STEPHENS STEVENS STOKES THOMAS TORRES VALDES WATERS WATKINS WATTS WELLS WILLIAMS WOODS YATES".split()
)
"""Surnames that end in an S of their own, so that "The Williams" are no William."""

FIRM_WORDS: tuple[str, ...] = (
    "INC", "INCORPORATED", "LLC", "LLP", "PLLC", "CORP", "CORPORATION", "LTD", "COMPANY", "GMBH", "ASSOCIATES",
    "ASSOCIATION", "UNIVERSITY", "HOSPITAL", "FOUNDATION", "MINISTRIES", "ENTERPRISES", "INDUSTRIES", "HOLDINGS",
    "REALTY", "INSURANCE", "DEPARTMENT", "CLINIC", "RESTAURANT", "SERVICES", "SOLUTIONS", "PARTNERS", "PROPERTIES",
)  # fmt: skip
"""Words by which a firm in the column of names is told from a person."""

PARTICLES: tuple[str, ...] = (
    "DE LA", "DE LAS", "DE LOS", "DE LE", "VAN DER", "VAN DEN", "VAN DE", "VON DER", "VON DEM", "VAN", "VON", "DE",
    "DEL", "DELLA", "DI", "DA", "DOS", "DAS", "DU", "LA", "LE", "EL", "TER", "TEN", "MC", "MAC", "ST", "SAINT",
    "SANTA", "BIN",
    "IBN", "ABU", "VANDER", "VANDEN", "ZU", "ZUR", "VOM",
)  # fmt: skip
"""Particles that belong to the surname behind them."""

OCCUPANTS = (
    r"\b(?:OCCUPANTS?|RESIDENTS?|CURRENT RESIDENCE|POSTAL (?:CUSTOMER|PATRON)|BOX ?HOLDER|HOME ?OWNER|HOUSEHOLDER|"
    r"CURRENT (?:OWNER|OCCUPANT|RESIDENT|TENANT|CUSTOMER|HOMEOWNER|HOUSEHOLD)|OUR (?:NEIGHBOU?R|FRIEND)S?|TENANT)\b"
)
"""Who a row without a person is addressed to."""

LEGAL_FORMS: tuple[str, ...] = (
    "INC", "INCORPORATED", "LLC", "LLP", "LP", "PLLC", "PC", "PA", "CO", "COMPANY", "CORP", "CORPORATION", "LTD",
    "LIMITED", "GMBH", "AG", "SA", "PLC", "THE",
)  # fmt: skip
"""Legal forms of a firm, which are written or left out at will."""
