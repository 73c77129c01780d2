"""What Publication 28 fixes for directions, units, states and numbers, as tables of tokens.

Source: USPS Publication 28, appendices B (states), C2 (secondary units) and §§232–234; ZIP prefixes from the Domestic
Mail Manual, labelling list L002.
"""

from __future__ import annotations

DIRECTIONS: dict[str, str] = {
    "NORTH": "N",
    "SOUTH": "S",
    "SO": "S",
    "EAST": "E",
    "WEST": "W",
    "NORTHEAST": "NE",
    "NORTHWEST": "NW",
    "SOUTHEAST": "SE",
    "SOUTHWEST": "SW",
    "NTH": "N",
    "STH": "S",
    "NORD": "N",
    "SUD": "S",
    "OUEST": "W",
    "NORTE": "N",
    "SUR": "S",
    "ESTE": "E",
    "OESTE": "W",
}
"""Spelt-out directions and their one form; Puerto Rico's addresses have Spanish ones, Canada's French ones."""

DIRECTION_FORMS: tuple[str, ...] = ("N", "S", "E", "W", "NE", "NW", "SE", "SW")

UNITS: dict[str, str] = {
    "#": "#",
    "APARTMENT": "APT",
    "APARTMENTS": "APT",
    "APTS": "APT",
    "APPT": "APT",
    "APMT": "APT",
    "APP": "APT",
    "APTO": "APT",
    "BUREAU": "STE",
    "DOWNSTAIRS": "LOWR",
    "BASEMENT": "BSMT",
    "BUILDING": "BLDG",
    "BLG": "BLDG",
    "DEPARTMENT": "DEPT",
    "FLOOR": "FL",
    "FLR": "FL",
    "FRONT": "FRNT",
    "HANGAR": "HNGR",
    "HANGER": "HNGR",
    "LOBBY": "LBBY",
    "LOWER": "LOWR",
    "LWR": "LOWR",
    "MAILSTOP": "MS",
    "OFFICE": "OFC",
    "PENTHOUSE": "PH",
    "ROOM": "RM",
    "SPACE": "SPC",
    "SP": "SPC",
    "SUITE": "STE",
    "SUITES": "STE",
    "TRAILER": "TRLR",
    "UNITS": "UNIT",
    "UPPER": "UPPR",
    "UPR": "UPPR",
    "UPSTAIRS": "UPPR",
}
"""Secondary unit designators and their variants (appendix C2); the canonical ones are in :data:`UNIT_FORMS`."""

UNIT_FORMS: frozenset[str] = frozenset(UNITS.values()) | frozenset(
    {"BOX", "KEY", "LOT", "PIER", "PMB", "REAR", "SIDE", "SLIP", "STOP"}
)

UNITS_ALONE: frozenset[str] = frozenset({"BSMT", "FRNT", "LBBY", "LOWR", "OFC", "PH", "REAR", "SIDE", "UPPR"})
"""Designators that need no number behind them."""

UNITS_WIDE: tuple[str, ...] = ("BLDG", "FL", "DEPT")
"""Designators of something larger than a unit: where another stands beside them, that one is the unit."""

WORDS: dict[str, str] = {
    "SAINT": "ST",
    "SAINTE": "STE",
    "DOCTOR": "DR",
    "JUNIOR": "JR",
    "HIGHWAY": "HWY",
    "ROUTE": "RTE",
}
"""Words of a street name with one short form; the ordinals are in :mod:`.tables_numbers`."""

CITY_WORDS: dict[str, str] = {
    "SAINT": "ST",
    "MOUNT": "MT",
    "FORT": "FT",
    "NORTH": "N",
    "SOUTH": "S",
    "EAST": "E",
    "WEST": "W",
    "HEIGHTS": "HTS",
    "BEACH": "BCH",
    "SPRINGS": "SPGS",
    "TOWNSHIP": "TWP",
    "VILLAGE": "VLG",
    "JUNCTION": "JCT",
    "POINT": "PT",
    "LAKE": "LK",
    "CENTER": "CTR",
    "CENTRE": "CTR",
}
"""Words of a city's name with one short form, so that "Saint Louis" equals "St. Louis"."""

STATES: dict[str, str] = {
    "ALABAMA": "AL", "ALASKA": "AK", "ARIZONA": "AZ", "ARKANSAS": "AR", "CALIFORNIA": "CA", "COLORADO": "CO",
    "CONNECTICUT": "CT", "DELAWARE": "DE", "DISTRICT OF COLUMBIA": "DC", "WASHINGTON DC": "DC", "D C": "DC",
    "FLORIDA": "FL", "GEORGIA": "GA", "HAWAII": "HI", "IDAHO": "ID", "ILLINOIS": "IL", "INDIANA": "IN",
    "IOWA": "IA", "KANSAS": "KS", "KENTUCKY": "KY", "LOUISIANA": "LA", "MAINE": "ME", "MARYLAND": "MD",
    "MASSACHUSETTS": "MA", "MICHIGAN": "MI", "MINNESOTA": "MN", "MISSISSIPPI": "MS", "MISSOURI": "MO",
    "MONTANA": "MT", "NEBRASKA": "NE", "NEVADA": "NV", "NEW HAMPSHIRE": "NH", "NEW JERSEY": "NJ",
    "NEW MEXICO": "NM", "NEW YORK": "NY", "NORTH CAROLINA": "NC", "NORTH DAKOTA": "ND", "OHIO": "OH",
    "OKLAHOMA": "OK", "OREGON": "OR", "PENNSYLVANIA": "PA", "RHODE ISLAND": "RI", "SOUTH CAROLINA": "SC",
    "SOUTH DAKOTA": "SD", "TENNESSEE": "TN", "TEXAS": "TX", "UTAH": "UT", "VERMONT": "VT", "VIRGINIA": "VA",
    "WASHINGTON": "WA", "WEST VIRGINIA": "WV", "WISCONSIN": "WI", "WYOMING": "WY", "PUERTO RICO": "PR",
    "VIRGIN ISLANDS": "VI", "US VIRGIN ISLANDS": "VI", "GUAM": "GU", "AMERICAN SAMOA": "AS",
    "NORTHERN MARIANA ISLANDS": "MP", "PALAU": "PW", "MARSHALL ISLANDS": "MH", "MICRONESIA": "FM",
    "FEDERATED STATES OF MICRONESIA": "FM", "ARMED FORCES AMERICAS": "AA", "ARMED FORCES EUROPE": "AE",
    "ARMED FORCES PACIFIC": "AP",
    "ALBERTA": "AB", "BRITISH COLUMBIA": "BC", "MANITOBA": "MB", "NEW BRUNSWICK": "NB",
    "NEWFOUNDLAND AND LABRADOR": "NL", "NEWFOUNDLAND": "NL", "NOVA SCOTIA": "NS", "NORTHWEST TERRITORIES": "NT",
    "NUNAVUT": "NU", "ONTARIO": "ON", "PRINCE EDWARD ISLAND": "PE", "QUEBEC": "QC", "SASKATCHEWAN": "SK", "YUKON": "YT",
}  # fmt: skip
"""States, territories, military "states" and Canadian provinces, spelt out, and their two letters."""

MILITARY_STATES: tuple[str, ...] = ("AA", "AE", "AP")

ZERO_STATES: tuple[str, ...] = ("CT", "MA", "ME", "NH", "NJ", "RI", "VT", "AE", "NY")
"""States with ZIPs that begin with one zero, which spreadsheets lose (NY for Fishers Island and Holtsville)."""

DOUBLE_ZERO_STATES: tuple[str, ...] = ("PR", "VI", "NY")
"""States with ZIPs that begin with two zeros."""

COUNTRIES: dict[str, str] = {
    "": "US", "US": "US", "USA": "US", "U S A": "US", "U S": "US", "UNITED STATES": "US",
    "UNITED STATES OF AMERICA": "US", "AMERICA": "US", "840": "US", "US OF A": "US",
    "THE UNITED STATES": "US", "THE UNITED STATES OF AMERICA": "US", "UNITED STATES USA": "US",
    "US UNITED STATES": "US", "ETATS UNIS": "US", "VEREINIGTE STAATEN": "US", "UNITED STATES AMERICA": "US",
    "ESTADOS UNIDOS": "US", "EEUU": "US", "EE UU": "US", "PUERTO RICO": "US", "PR": "US",
    "CA": "CA", "CAN": "CA", "CANADA": "CA",
    "GB": "GB", "GBR": "GB", "UK": "GB", "UNITED KINGDOM": "GB", "GREAT BRITAIN": "GB", "ENGLAND": "GB",
    "SCOTLAND": "GB", "WALES": "GB", "NORTHERN IRELAND": "GB",
    "DE": "DE", "DEU": "DE", "GERMANY": "DE", "DEUTSCHLAND": "DE", "FR": "FR", "FRA": "FR", "FRANCE": "FR",
    "ES": "ES", "ESP": "ES", "SPAIN": "ES", "ESPANA": "ES", "IT": "IT", "ITA": "IT", "ITALY": "IT", "ITALIA": "IT",
    "JP": "JP", "JPN": "JP", "JAPAN": "JP", "MX": "MX", "MEX": "MX", "MEXICO": "MX", "IE": "IE", "IRL": "IE",
    "IRELAND": "IE", "NL": "NL", "NLD": "NL", "NETHERLANDS": "NL", "THE NETHERLANDS": "NL", "HOLLAND": "NL",
    "BE": "BE", "BEL": "BE", "BELGIUM": "BE", "CH": "CH", "CHE": "CH", "SWITZERLAND": "CH", "AT": "AT", "AUT": "AT",
    "AUSTRIA": "AT", "OSTERREICH": "AT", "AU": "AU", "AUS": "AU", "AUSTRALIA": "AU", "NZ": "NZ", "NZL": "NZ",
    "NEW ZEALAND": "NZ", "SE": "SE", "SWEDEN": "SE", "NO": "NO", "NORWAY": "NO", "DK": "DK", "DENMARK": "DK",
    "FI": "FI", "FINLAND": "FI", "PL": "PL", "POLAND": "PL", "PT": "PT", "PORTUGAL": "PT", "BR": "BR",
    "BRAZIL": "BR", "BRASIL": "BR", "IN": "IN", "INDIA": "IN", "CN": "CN", "CHINA": "CN",
}  # fmt: skip
"""Names of countries and their ISO 3166-1 code; a blank country is the United States."""

NO_COUNTRY: tuple[str, ...] = (
    "N A", "NULL", "NONE", "NIL", "NAN", "UNKNOWN", "UNDEFINED", "NOT SPECIFIED", "0",
)  # fmt: skip
"""What stands in a column of countries where there is none."""
