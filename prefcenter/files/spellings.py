"""The names that columns of mailing files usually have, in the languages that such files come in."""

from __future__ import annotations

# Each role's usual names, the most specific first: letters and digits only, lower case, no accents.
SPELLINGS: dict[str, str] = {
    "name": (
        "fullname name personname individualname recipientname addresseename contactname customername "
        "membername donorname subscribername name1 names recipient addressee customer contact donor member "
        "subscriber namecomplete completename firstandlastname namefull attn attention vollername "
        "vorundnachname nomcomplet nombrecompleto nameline nameline1"
    ),
    "first_name": (
        "firstname fname first givenname given forename christianname namefirst firstnm vorname prenom "
        "prenombre primernombre nome firstnames"
    ),
    "middle_name": "middlename middleinitial middle mname mi minitial middleinit namemiddle initial zweitervorname",
    "last_name": (
        "lastname lname last surname familyname family namelast lastnm nachname familienname zuname "
        "nomdefamille apellido apellidos cognome sname"
    ),
    "suffix": "namesuffix suffix generation generational gen sfx suffixname maturitytitle",
    "prefix": "nameprefix prefix salutation honorific courtesytitle mrmrs anrede prefixname",
    "title": "jobtitle title position jobposition occupation role function jobfunction positiontitle",
    "company": (
        "companyname company organization organisation organizationname organisationname org orgname business "
        "businessname firm firmname employer account accountname corporation co comp firma unternehmen "
        "societe empresa institution agency"
    ),
    "address1": (
        "address1 addressline1 addr1 add1 streetaddress1 street1 streetline1 addressone adr1 adress1 "
        "address01 deliveryaddress deliveryaddressline1 deliveryline1 primaryaddress streetaddress address "
        "addressline addr street streetname adresse adress postaladdress line1 strasse strassehausnummer "
        "strassenr strasseundhausnummer rue adresse1 direccion direccion1 calle domicilio indirizzo adr "
        "streetnumberandname"
    ),
    "address2": (
        "address2 addressline2 addr2 add2 streetaddress2 street2 streetline2 addresstwo adr2 adress2 "
        "address02 deliveryaddressline2 deliveryline2 secondaryaddress secondaryaddressline line2 unit apt "
        "apartment suite ste aptsuite apartmentnumber aptno aptnumber unitnumber unitno suitenumber aptunit "
        "adresszusatz zusatz adresse2 direccion2 addressextra complement"
    ),
    "urbanization": (
        "urbanization urbanizacion urbanisation urbanizationname nombreurbanizacion nombredelaurbanizacion "
        "prurbanization prurbanizationname prurbname urbanizationcode urbname urb"
    ),
    "city": (
        "cityname city town citytown locality municipality postoffice placename ort stadt wohnort ville "
        "ciudad localidad citta poblacion"
    ),
    "state": (
        "statecode stateabbreviation stateabbr stateabbrev state st stateprovince stateorprovince "
        "provincestate stateregion province prov region bundesland provincia estado provinz stateprov usstate"
    ),
    "zip": (
        "zip5 zipcode zip postalcode postcode zippostal zippostalcode zipcode5 zippostcode postal pcode "
        "zipplus4 zip9 zipcodeplus4 plz postleitzahl codepostal cp codigopostal cap pc"
    ),
    "country": "countrycode countryname country countryregion nation iso2 countryiso land pays pais paese staat",
    "email": (
        "emailaddress email mail emailaddr emailid mailaddress emailadress primaryemail email1 emailaddress1 "
        "personalemail homeemail workemail mailid electronicmail emailadresse courriel correo "
        "correoelectronico useremail contactemail subscriberemail recipientemail emails"
    ),
    "phone": (
        "mobilephonenumber mobilephone mobilenumber mobile mobileno cellphonenumber cellphone cellnumber cell "
        "cellular cellularphone smsnumber smsphone sms textnumber phonenumber phone phoneno phone1 phonenum "
        "primaryphone telephone telephonenumber telephoneno tel telno telnumber homephone homephonenumber "
        "dayphone daytimephone eveningphone workphone businessphone msisdn handy handynummer mobiltelefon "
        "mobil telefon telefonnummer rufnummer portable telefono movil celular e164 contactnumber phonemobile "
        "phonehome phonecell"
    ),
    "level": "level scope suppressionlevel optoutlevel suppressionscope optoutscope matchlevel",
    "reason": "reasoncode reason suppressionreason optoutreason unsubscribereason",
    "since": (
        "since optoutdate optedoutat optoutat unsubscribedate unsubscribedat unsubscribedon suppressedat "
        "suppresseddate suppressiondate dateadded addedat optouttime requestdate requestedat daterequested "
        "optoutsince created createdat datecreated timestamp date"
    ),
    "brand": "brandname brand brandslug brandcode affiliate",
    "topic": "topicname topic topicslug listname list newsletter publication subscription",
    "id": (
        "id recordid rowid uniqueid findernumber finderno findernum finder keycode sourcekey customerid "
        "customernumber custid custno memberid donorid contactid subscriberid personid individualid "
        "accountnumber accountid recordnumber recid sequencenumber sequence seqno seq uid guid uuid "
        "externalid clientid"
    ),
}

_AFTER_HYGIENE = ("new", "ncoa", "cass", "standardized", "standardised", "std", "updated", "corrected", "output")
AFTER_HYGIENE: frozenset[str] = frozenset(_AFTER_HYGIENE)
"""Words before the columns that address hygiene adds; beside plain ones they leave open which address is mailed."""

BEFORE_HYGIENE: tuple[str, ...] = (
    "old",
    "original",
    "orig",
    "previous",
    "prev",
    "former",
    "prior",
    "input",
    "before",
    "received",
)
"""Words before or behind the columns that hold an address as it was, before hygiene or a move changed it (P8)."""

MOVED_ROLES: tuple[str, ...] = ("address1", "address2", "urbanization", "city", "state", "zip")
"""The roles that an address has twice in a file that came back from hygiene; the former ones are ``old_…``."""

# Words that only say whose address it is. The mailing address is more specific than the billing address.
QUALIFIERS = (
    "mailing",
    "mail",
    "postal",
    "recipient",
    "rcpt",
    "addressee",
    "primary",
    "main",
    "preferred",
    "current",
    *_AFTER_HYGIENE,
    "shipping",
    "shipto",
    "ship",
    "delivery",
    "home",
    "residence",
    "residential",
    "contact",
    "customer",
    "cust",
    "member",
    "donor",
    "subscriber",
    "person",
    "individual",
    "owner",
    "billing",
    "billto",
    "bill",
    "work",
    "business",
    "primarycontact",
)
