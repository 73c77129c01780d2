"""Which column of a file is the name, the street, the ZIP: told by the names that such columns usually have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from prefcenter.core.channels import Channel
from prefcenter.core.errors import BadInput

# Each role's usual names, the most specific first: letters and digits only, lower case, no accents.
_SPELLINGS: dict[str, str] = {
    "name": "fullname name personname individualname recipientname addresseename contactname customername membername donorname"
    " subscribername name1 names recipient addressee customer contact donor member subscriber namecomplete"
    " completename firstandlastname namefull attn attention vollername vorundnachname nomcomplet nombrecompleto nameline"
    " nameline1",
    "first_name": "firstname fname first givenname given forename christianname namefirst firstnm vorname prenom"
    " prenombre primernombre nome firstnames",
    "middle_name": "middlename middleinitial middle mname mi minitial middleinit namemiddle initial zweitervorname",
    "last_name": "lastname lname last surname familyname family namelast lastnm nachname familienname zuname"
    " nomdefamille apellido apellidos cognome sname",
    "suffix": "namesuffix suffix generation generational gen sfx suffixname maturitytitle",
    "prefix": "nameprefix prefix salutation honorific courtesytitle mrmrs anrede prefixname",
    "title": "jobtitle title position jobposition occupation role function jobfunction positiontitle",
    "company": "companyname company organization organisation organizationname organisationname org orgname business"
    " businessname firm firmname employer account accountname corporation co comp firma unternehmen societe empresa"
    " institution agency",
    "address1": "address1 addressline1 addr1 add1 streetaddress1 street1 streetline1 addressone adr1 adress1 address01"
    " deliveryaddress deliveryaddressline1 deliveryline1 primaryaddress streetaddress address addressline addr street"
    " streetname adresse adress postaladdress line1 strasse strassehausnummer strassenr strasseundhausnummer rue adresse1"
    " direccion direccion1 calle domicilio indirizzo adr streetnumberandname",
    "address2": "address2 addressline2 addr2 add2 streetaddress2 street2 streetline2 addresstwo adr2 adress2 address02"
    " deliveryaddressline2 deliveryline2 secondaryaddress secondaryaddressline line2 unit apt apartment suite ste"
    " aptsuite apartmentnumber aptno aptnumber unitnumber unitno suitenumber aptunit adresszusatz zusatz adresse2"
    " direccion2 addressextra complement",
    "city": "cityname city town citytown locality municipality postoffice placename ort stadt wohnort ville ciudad"
    " localidad citta poblacion",
    "state": "statecode stateabbreviation stateabbr stateabbrev state st stateprovince stateorprovince provincestate"
    " stateregion province prov region bundesland provincia estado provinz stateprov usstate",
    "zip": "zip5 zipcode zip postalcode postcode zippostal zippostalcode zipcode5 zippostcode postal pcode zipplus4 zip9"
    " zipcodeplus4 plz postleitzahl codepostal cp codigopostal cap pc",
    "country": "countrycode countryname country countryregion nation iso2 countryiso land pays pais paese staat",
    "email": "emailaddress email mail emailaddr emailid mailaddress emailadress primaryemail email1 emailaddress1"
    " personalemail homeemail workemail mailid electronicmail emailadresse courriel correo correoelectronico useremail"
    " contactemail subscriberemail recipientemail emails",
    "phone": "mobilephonenumber mobilephone mobilenumber mobile mobileno cellphonenumber cellphone cellnumber cell"
    " cellular cellularphone smsnumber smsphone sms textnumber phonenumber phone phoneno phone1 phonenum primaryphone"
    " telephone telephonenumber telephoneno tel telno telnumber homephone homephonenumber dayphone daytimephone"
    " eveningphone workphone businessphone msisdn handy handynummer mobiltelefon mobil telefon telefonnummer"
    " rufnummer portable telefono movil celular e164 contactnumber phonemobile phonehome phonecell",
    "level": "level scope suppressionlevel optoutlevel suppressionscope optoutscope matchlevel",
    "reason": "reasoncode reason suppressionreason optoutreason unsubscribereason",
    "since": "since optoutdate optedoutat optoutat unsubscribedate unsubscribedat unsubscribedon suppressedat"
    " suppresseddate suppressiondate dateadded addedat optouttime requestdate requestedat daterequested optoutsince"
    " created createdat datecreated timestamp date",
    "brand": "brandname brand brandslug brandcode affiliate",
    "topic": "topicname topic topicslug listname list newsletter publication subscription",
    "id": "id recordid rowid uniqueid findernumber finderno findernum finder keycode sourcekey customerid customernumber"
    " custid custno memberid donorid contactid subscriberid personid individualid accountnumber accountid recordnumber"
    " recid sequencenumber sequence seqno seq uid guid uuid externalid clientid",
}
ROLES: tuple[str, ...] = tuple(_SPELLINGS)
"""What a column can stand for."""

# Words that only say whose address it is. The mailing address is more specific than the billing address.
_QUALIFIERS = (
    "mailing mail postal recipient rcpt addressee primary main preferred current standardized cass shipping shipto ship"
    " delivery home residence residential contact customer cust member donor subscriber person individual owner"
    " billing billto bill work business primarycontact"
).split()
_NAME_ROLES = ("name", "last_name", "first_name", "company")


@dataclass(frozen=True, slots=True)
class Columns:
    """A file's columns and what they stand for.

    Args:
        names: all columns, as the header writes them, in its order.
        roles: the column of each role that was found.
        others: further columns that would have fitted a role, and were not taken.
        absent: roles that the caller has declared the file not to have.
    """

    names: tuple[str, ...]
    roles: Mapping[str, str]
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    def __getitem__(self, role: str) -> str:
        return self.roles[role]

    def get(self, role: str) -> str | None:
        """The column of a role, or None."""
        return self.roles.get(role)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each role that several columns would fit."""
        return tuple(
            f"{role} is read from {_shown(self.roles[role])}; not from {', '.join(map(_shown, rest))}."
            for role, rest in self.others.items()
        )

    def require(self, channel: Channel) -> Columns:
        """These columns, if they hold what the channel needs.

        Email needs ``email``, SMS ``phone``. Post needs ``address1``, a ``zip`` (or ``city`` and ``state``), and who is
        written to: a name or a company. A file that only has addresses says so with the mapping ``name=``: then its
        rows are those of "current residents".

        Raises:
            BadInput: what is missing, what was found, and how to map it.
        """
        missing = _missing(self, channel)
        if not missing:
            return self
        raise BadInput(
            f"No column for {' and '.join(missing)} was found. The columns are: {_listing(self.names)}."
            + (" The first line seems to be data." if _looks_like_data(self.names) else ""),
            remedy=f"Say which column it is: {' '.join(f'--map {need.split()[0]}=COLUMN' for need in missing)}",
        )


def recognise(names: Sequence[str], mapping: Mapping[str, str] | None = None) -> Columns:
    """Tell what columns stand for by their names, whatever their case and punctuation.

    >>> columns = recognise(["E-Mail Address", "ZIP Code", "Addr1", "Zip"])
    >>> columns["email"], columns["zip"], columns["address1"]
    ('E-Mail Address', 'ZIP Code', 'Addr1')
    >>> columns.notes
    ("zip is read from 'ZIP Code'; not from 'Zip'.",)

    Args:
        names: the header's cells.
        mapping: the column of a role where the caller knows better; an empty one says that the file has none.

    Raises:
        BadInput: two columns have the same name, or the mapping names a role or a column that does not exist.
    """
    _refuse_doubles(names)
    chosen, absent = _mapped(names, mapping or {})
    fits: dict[str, list[tuple[int, int]]] = {}
    for position, name in enumerate(names):
        fit = _fit(name)
        if fit and fit[0] not in absent and name not in chosen.values():
            fits.setdefault(fit[0], []).append((fit[1], position))
    roles, others = dict(chosen), {}
    for role, found in fits.items():
        ordered = [names[position] for _, position in sorted(found)]
        if role not in roles:
            roles[role] = ordered.pop(0)
        if ordered:
            others[role] = tuple(ordered)
    return Columns(tuple(names), roles, others, absent)


def normalised(name: str) -> str:
    """A column's name without case, accents and punctuation.

    >>> normalised("E-Mail Address"), normalised("Prénom"), normalised("Straße")
    ('emailaddress', 'prenom', 'strasse')
    """
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", name).casefold())


def _missing(columns: Columns, channel: Channel) -> list[str]:
    has = columns.roles.__contains__
    if channel is Channel.EMAIL:
        return [] if has("email") else ["email"]
    if channel is Channel.SMS:
        return [] if has("phone") else ["phone"]
    needs = {
        "name (or first_name and last_name, or company)": any(map(has, _NAME_ROLES)) or "name" in columns.absent,
        "address1": has("address1"),
        "zip (or city and state)": has("zip") or (has("city") and has("state")),
    }
    return [need for need, met in needs.items() if not met]


def _refuse_doubles(names: Sequence[str]) -> None:
    places: dict[str, list[int]] = {}
    for position, name in enumerate(names, 1):
        places.setdefault(name, []).append(position)
    doubled = {name: found for name, found in places.items() if len(found) > 1}
    if doubled:
        name, found = next(iter(doubled.items()))
        what = f"are all named {_shown(name)}" if name else "have no name"
        raise BadInput(
            f"The columns {_listing(list(map(str, found)), quote=False)} {what}.",
            remedy="Give each column a name of its own.",
        )


def _mapped(names: Sequence[str], mapping: Mapping[str, str]) -> tuple[dict[str, str], frozenset[str]]:
    by_normal: dict[str, list[str]] = {}
    for name in names:
        by_normal.setdefault(normalised(name), []).append(name)
    chosen: dict[str, str] = {}
    for role, wanted in mapping.items():
        if role not in _SPELLINGS:
            raise BadInput(f"{_shown(role)} is nothing that a column can stand for.", remedy=f"Use {', '.join(ROLES)}.")
        alike = by_normal.get(normalised(wanted), [])
        if wanted in names:
            chosen[role] = wanted
        elif wanted and len(alike) == 1:
            chosen[role] = alike[0]
        elif wanted:
            raise BadInput(
                f"There is no column {_shown(wanted)} for {role}. The columns are: {_listing(names)}.",
                remedy="Map the role to one of them.",
            )
    return chosen, frozenset(role for role, wanted in mapping.items() if role not in chosen and not wanted)


def _fit(name: str) -> tuple[str, int] | None:
    """The role of a column's name, and how specific it is for it (0 is best)."""
    plain = normalised(name)
    if plain in _by_spelling():
        return _by_spelling()[plain]
    for rank, qualifier in enumerate(_QUALIFIERS, 1):
        rest = plain.removeprefix(qualifier)
        if rest != plain and rest in _by_spelling():
            role, place = _by_spelling()[rest]
            return role, 1000 * rank + place
    return None


@cache
def _by_spelling() -> dict[str, tuple[str, int]]:
    return {
        spelling: (role, place)
        for role, spellings in _SPELLINGS.items()
        for place, spelling in enumerate(spellings.split())
    }


def _shown(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:37] + "…")


def _listing(names: Sequence[str], *, quote: bool = True) -> str:
    """The first thirty names; a line of data that was taken for a header must not spill addresses (X8)."""
    masked = [_masked(name) for name in names[:30]]
    more = f" … and {len(names) - 30} more" if len(names) > 30 else ""
    return ", ".join(_shown(name) if quote else name for name in masked) + more


def _masked(name: str) -> str:
    return re.sub(r"[^@\s]+@[^@\s]+", "…@…", re.sub(r"\d{4,}", "…", name))


def _looks_like_data(names: Sequence[str]) -> bool:
    return any(re.search(r"@.+\.|^\W*\d[\d .()+-]*$|^\d+\s+\w+", name) for name in names)
