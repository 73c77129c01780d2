"""The words by which a postal request is read: states, street words, labels, names, phrases.

Only for finding the parts in free text; their standard forms belong to the standardiser.
Source: USPS Publication 28, appendices B and C; Canada Post Addressing Guidelines (provinces).
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATES = _words(
    "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois"
    " indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri"
    " montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia washington"
    " wisconsin wyoming guam"
)
STATES_OF_WORDS = (
    "new hampshire|new jersey|new mexico|new york|north carolina|north dakota|rhode island|south carolina|south dakota"
    "|west virginia|district of columbia|puerto rico|virgin islands|american samoa"
)
STATE_CODES = _words(
    "al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa"
    " ri sc sd tn tx ut vt va wa wv wi wy dc as gu mp pr vi aa ae ap"
)
STATE_ABBREVIATIONS = (
    r"d\.\s?c\.|n\.\s?[ychjmd]\.|s\.\s?[cd]\.|w\.\s?va\.|r\.\s?i\.|ill|calif|mass|mich|minn|penn"
    r"|tenn|tex|wash|wis|ariz|conn|fla|ind|colo|okla|ore"
)
PROVINCES = (
    "alberta|british columbia|manitoba|new brunswick|newfoundland and labrador|newfoundland|nova scotia|ontario"
    "|prince edward island|quebec|québec|saskatchewan|northwest territories|nunavut|yukon"
    "|ab|bc|mb|nb|nl|ns|nt|nu|on|pe|qc|sk|yt"
)
STATE = "|".join((STATES_OF_WORDS, *sorted(STATES), STATE_ABBREVIATIONS, *sorted(STATE_CODES)))

SUFFIXES = _words(
    "aly alley allee av ave aven avenue bch beach bnd bend blf bluff blvd boul boulevard br branch brg bridge brk brook"
    " bypass byp calle camino cir circ circle cmn common commons cor corner ct court courts cv cove crk creek cres"
    " crescent crst crest cswy causeway cv dr drive drives est estate estates expy expressway ext extension fld field"
    " fwy freeway gdn garden gdns gardens gln glen grn green grv grove hbr harbor hl hill hls hills hollow holw hts"
    " heights hwy highway is island jct junction knl knoll knolls lk lake landing lndg ln lane loop mall mdw meadow"
    " mdws meadows mews ml mill mnr manor mt mount orch orchard oval park pkwy pky parkway pass path pike pine pines"
    " pl place pln plain plains plz plaza pt point pointe prairie quay rd road rdg ridge rnch ranch row rte route rue"
    " run shr shore shores spg spring springs sq square st str street sta station strm stream ter terr terrace tpke"
    " turnpike trl trail trce trace tunl tunnel via vale valley vly view villas village vlg vis vista walk way wy xing"
    " crossing broadway bowery paseo avenida carretera chemin"
)
STRONG_SUFFIXES = SUFFIXES - _words(
    "is est field green hill hills island park pass path pine pines plain plains point row run spring springs station"
    " stream view village walk way beach common corner lake landing mill mount prairie shore shores valley via hollow"
    " garden gardens heights meadow meadows br ext mt pt sta mall bridge brook"
)
LEADING_STREET_WORDS = _words(
    "calle rue avenida camino paseo via highway hwy route rte carretera chemin broadway bowery"
)
DIRECTIONS = _words("n s e w ne nw se sw north south east west northeast northwest southeast southwest")
CITY_OPENERS = _words("st saint ste fort ft mount mt san santa los las el la new port lake point")

NOT_IN_STREET = _words(
    "i you my your our me us we at to from for and or is are was have has had been be in since that this these those"
    " letter letters mailing mailings catalog catalogs catalogue catalogues piece pieces item items year years month"
    " months week weeks day days hour hours minute minutes time times am pm percent people persons adults kids copies"
    " different more other please thank thanks business calendar usd dollars"
)

BOX = re.compile(
    r"(?<![\w.])(?:p\.?\s?o\.?\s{0,2}(?:box|bx)|post\s{1,3}office\s{1,3}box|pob|apartado(?:\s{1,3}postal)?|apdo\.?"
    r"|caller|lock\s?box|drawer|psc\s{1,3}\d{1,6},?\s{1,3}box|cmr\s{1,3}\d{1,6},?\s{1,3}box"
    r"|unit\s{1,3}\d{1,6},?\s{1,3}box|r\.?\s?r\.?\s{0,2}\#?\d{1,4},?\s{1,3}box|h\.?c\.?\s{0,2}\#?\d{1,4},?\s{1,3}box"
    r"|rural\s{1,3}route\s{1,3}\d{1,4},?\s{1,3}box)\s{0,3}\#?\s{0,2}[\w-]{1,12}",
    re.IGNORECASE,
)
UNIT = re.compile(
    r"(?:(?:apt|apartment|unit|suite|ste|room|rm|floor|fl|bldg|building|lot|trlr|trailer|space|spc|slip|dept"
    r"|penthouse|ph|lobby|office|ofc|piso|departamento|dpto)\b\.?(?:\s{0,3}(?:\#\s{0,3}|no\.?\s{0,3})?"
    r"(?:\d[\w-]{0,7}|[a-z](?:-?\d{1,5})?)(?![\w]))?|\#\s{0,3}[\w-]{1,8}|(?:\d{1,3}(?:st|nd|rd|th)|first|second"
    r"|third)\s{1,3}(?:floor|fl)\b"
    r"|(?:basement|bsmt|upstairs|downstairs|upper|lower|rear|front)(?![\w]))",
    re.IGNORECASE,
)

URBANIZATION = re.compile(
    r"(?:urb\.?|urbanizaci[oó]n|cond\.?|condominio|residencial|reparto|barrio)[ ]{1,3}[^\d\n]{2,40}", re.IGNORECASE
)
"""What stands over the street in Puerto Rico and is nobody's name (Pub 28 §29)."""
COUNTRY = re.compile(
    r"[\s,.]{0,6}(u\.\s?s\.\s?a\.|u\.s\.|usa|united states(?: of america)?|us|canada|estados unidos"
    r"|ee\.?\s?uu\.?)(?!\w)",
    re.IGNORECASE,
)
FOREIGN = re.compile(
    r"\b(?:germany|deutschland|france|england|united kingdom|uk|great britain|scotland|wales|ireland|spain|españa|italy"
    r"|austria|österreich|switzerland|schweiz|netherlands|belgium|mexico|méxico|australia|new zealand|japan|india|china"
    r"|brazil|brasil)\b",
    re.IGNORECASE,
)

COMPANY_WORDS = _words(
    "inc llc llp lp ltd corp corporation company co gmbh plc pllc pc university college school church bank hospital"
    " clinic foundation associates association services solutions group holdings partners enterprises industries"
    " institute department dept agency library museum studio studios restaurant hotel store shop realty properties"
    " consulting systems technologies technology law center centre office offices ministry ministries society union"
    " committee council district county academy insurance construction contractors logistics motors pharmacy salon"
    " bakery cafe trust international manufacturing supply widgets"
)
SURNAMES_TOO = _words("church bank law trust shop store group center museum clinic society hotel salon college pc")
"""Words of a firm that end a person's name as well: "Grace Church" may be either."""
COMMON_SUFFIXES = _words(
    "st str street ave av avenue rd road dr drive ln lane blvd boulevard ct court pl place cir circle pkwy parkway ter"
    " terrace trl trail hwy highway"
)
HONORIFICS = _words("mr mrs ms miss mx dr prof sr sra srta rev hon sgt cpt capt maj col lt pfc herr frau mme sir")
NAME_PARTICLES = _words("de la del da di do dos das van von der den ter le du bin ibn al el y e o' san st mac")
NAME_SUFFIXES = _words("jr sr ii iii iv md phd esq dds cpa rn")
NOT_NAME = _words(
    "somos soy vivo vive vivimos viven queremos quiero"
    " a about address addresses all also am an and any anymore apartment apt are as at attention attn bcc be been"
    " before"
    " below best bitte box by bye call cancel catalog catalogs cc cheers city company contact cordially correo country"
    " current customer date dear delete do dont don't email estimado everyone for from full gracias greetings hallo"
    " have"
    " hello here hi hola home household i i'm if immediately in information is it junk keep kind know la last let"
    " letter"
    " letters list lists live living mail mailing mailings mails many marketing me mit more morning my name names new"
    " no"
    " none not number occupant of off offers old on only or order our out paper per phone please por post postal"
    " previous privacy promotional re regards remove removed removal request residents saludos secure send sender"
    " sending"
    " sent sincerely snail spam state stop stopping street subject subscribe take team thank thanks that the their them"
    " these they this those to too unit unsubscribe unwanted up us use verified very want warm was we with would yes"
    " you"
    " your yours zip want wish would like favor attached see forwarded message deseo quiero dejen enviarme respectfully"
    " truly effective following above person people both lives lived moved former longer addressed receive receiving"
    " getting future any physical further advertising solicitations solicitation catalogue catalogues opt unable enviar"
    " nombre dirección direccion ciudad estado handle fyi anyone anybody"
)
TITLES = _words(
    "manager director president vp ceo cfo cto coo owner partner secretary treasurer principal supervisor administrator"
    " assistant associate coordinator specialist analyst engineer buyer buyers purchasing sales accountant attorney"
    " chairman chair controller founder executive officer head procurement receptionist superintendent"
)
"""Words of a job title, which stands between a name and a company."""
CONNECTORS = _words(
    "at of in from to is are live lives living reside resides residing located my our his her their home mailing"
    " current"
    " new old previous former address addresses the and i we who both also for which as same street"
    " en y vivo vive vivimos viven resido mi nuestra dirección casa domicilio"
)
"""Words between a name and its address: "Jane Doe, who lives at"."""
HOUSEHOLD = re.compile(
    r"\b(?:every(?:one|body)|any(?:one|body)|all(?:\s+(?:of\s+)?(?:the\s+)?(?:people|persons|names|residents|occupants"
    r"|members|family members|of us|addressees)))\s+(?:\w+\s+){0,3}?(?:at|in|of|living|who lives?|residing|under"
    r"|with)\b"
    r"(?:\s+(?:at|in|with))?\s+(?:\w+\s+)?(?:this|the|our|my|that|following|same)\b"
    r"|\b(?:every(?:one|body)|any(?:one|body))\s+(?:\w+\s+)?(?:at|in)\s+\d"
    r"|\b(?:our|my|this|the|entire|whole)\s+(?:(?:entire|whole)\s+)?(?:household|house\s?hold)\b"
    r"|\ball\s+(?:(?:the|other|current)\s+)?(?:occupants|residents|household members|members of (?:our|my|the)"
    r" (?:household|family))\b"
    r"|\b(?:our|my)\s+(?:entire|whole)\s+(?:family|home|house)\b|\bour family\b|\beveryone (?:here|in (?:our|my)"
    r" (?:house|home|family))\b"
    r"|\ball of us\b|\btod[oa]s (?:los (?:ocupantes|residentes)|en (?:este|esta|nuestr[oa]) )|\bnuestr[oa] (?:hogar"
    r"|familia)\b"
    r"|\b(?:the\s+)?\w+\s+(?:family|household)(?=\s*(?:[,\n]|$))",
    re.IGNORECASE,
)
OCCUPANT_NAME = re.compile(r"(?:(?:current|or|our)\s+)*(?:resident|occupant|neighbor|homeowner)s?", re.IGNORECASE)
WHOLE_COMPANY = re.compile(
    r"\b(?:every(?:one|body)|any(?:one|body)|all (?:employees|staff|people))\s+(?:at|in|of)\s+(?:our|my|this|the)\s+"
    r"(?:company|firm|office|business|organi[sz]ation)\b|\bour (?:company|firm|office|business)\b",
    re.IGNORECASE,
)
DOUBTFUL = (
    (
        re.compile(
            r"\b(?:husband|wife|spouse|mother|father|mom|dad|son|daughter|brother|sister|parents|partner|roommates?"
            r"|grandmother|grandfather|tenants?|children|kids|esposo|esposa|marido|madre|padre|hij[oa]s?)\b",
            re.IGNORECASE,
        ),
        "The mail speaks of another person.",
    ),
    (
        re.compile(
            r"\b(?:deceased|passed away|died|death|estate of|late (?:husband|wife|mother|father|parents)"
            r"|fallecid[oa])\b",
            re.IGNORECASE,
        ),
        "The mail speaks of a death.",
    ),
    (
        re.compile(
            r"\b(?:except|unless|but not|other than|keep (?:sending|mailing|me)|do(?:n't| not) (?:stop|remove|cancel)"
            r"|instead"
            r"|until|continue|only (?:stop|remove)|start sending|excepto|menos)\b",
            re.IGNORECASE,
        ),
        "The mail states an exception or a condition.",
    ),
    (
        re.compile(
            r"\b(?:change (?:my|our) address|update (?:my|our) address|wrong address|not (?:my|our) address)\b",
            re.IGNORECASE,
        ),
        "The mail may be about a change of address.",
    ),
)
SEVERAL_ADDRESSES = re.compile(
    r"\b(?:old|new|former(?:ly)?|previous(?:ly)?|also|both|second|moved|current|and|or|other|prior|anterior|nueva)\b",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_STREET_BEHIND = (
    r"[ ]{1,3}(?:[nsew]\.? )?[\w'’-]{1,30} (?:[\w'’-]{1,30} )?"
    r"(?:st|street|ave|avenue|rd|road|dr|drive|ln|lane|ct|court|blvd|boulevard|way|pl|place|ter|terrace|cir|circle"
    r"|pkwy|hwy)\b"
)
"""Carol May lives at "12 Oak St": that is no 12th of May."""

NOT_AN_ADDRESS = re.compile(
    r"[\w.+%-]{1,64}@[\w.-]{1,200}|https?://\S{1,500}|www\.\S{1,300}"
    r"|(?<![\w-])(?:\+?1[ .-]?)?\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}(?!\d)"
    r"|(?<![\w-])\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}(?![\w-])"
    rf"|\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? (?:19|20)\d\d)?(?![\w])(?!{_STREET_BEHIND})"
    rf"|(?<!\w)\d{{1,2}} {_MONTH},? (?:19|20)\d\d\b"
    r"|\b(?:customer|account|acct|order|invoice|reference|ref|member|membership|source|key|case|ticket|finder|client"
    r"|policy|confirmation|catalog|phone|tel|fax|mobile|cell|código de cliente|id(?=[ ]?[:#]))\b[ ]{0,2}(?:number|no"
    r"|nr|num|id|code)?[ ]{0,2}[.:#]{0,2}"
    r"[ ]{0,2}(?:is[ ])?[ ]{0,2}#?[ ]{0,2}[A-Z]{0,4}-?\d[\w-]{0,20}",
    re.IGNORECASE,
)
SIGN_OFF = re.compile(
    r"\s*(?:many\s+|with\s+|warm\s+|kind\s+|best\s+)*(?:thanks|thank you|thx|regards|best|sincerely|cheers|cordially"
    r"|yours"
    r"|respectfully|gracias|saludos|atentamente|danke|merci|cordialement|grüße|--)(?!\w)[^\n]{0,30}",
    re.IGNORECASE,
)

LABELS = {
    "name": "name|full name|first and last name|name on (?:the )?(?:mail|label)|my name|your name|recipient|addressee"
    "|nombre"
    "|nombre completo|nom|nom complet|names",
    "first_name": "first name|first|given name|vorname|prénom|primer nombre",
    "last_name": "last name|last|surname|family name|nachname|apellidos?",
    "company": "company|company name|organi[sz]ation|business|business name|employer|empresa|firma|entreprise",
    "care_of": r"c/o|care of|in care of",
    "address": "address|street|street address|mailing address|home address|my address|full address|postal address"
    "|address line 1"
    r"|address ?1|street ?1|addr|direcci[oó]n|domicilio|calle|adresse|straße|address of record|residence|our address"
    "|current address|new address|old address|previous address|former address|prior address|second address|other"
    " address"
    r"|direcci[oó]n anterior|direcci[oó]n nueva|po box|p\.o\. box",
    "address2": r"address line 2|address ?2|street ?2|apt|apt\.|apartment|unit|suite|apt/unit|apt/suite|apartment/unit"
    r"|unit/apt|apartamento",
    "city": "city|town|city/town|ciudad|ville|stadt|municipality",
    "state": "state|state/province|province|estado|st|provincia",
    "zip": r"zip|zip code|zipcode|zip\+4|zip/postal code|postal code|post code|postcode|zip code/postal code|c[oó]digo"
    r" postal|plz|code postal|c\.p\.|c[oó]digo",
    "city_state_zip": r"city[,/ ]{1,3}state[,/ ]{1,3}(?:and )?(?:zip(?: code)?|postal code)"
    r"|city[,/ ]{1,3}st[,/ ]{1,3}zip|city ?[&/] ?state|city, state|city and state|ciudad(?:,| ?/| y)? ?estado"
    r"|state[,/ ]{1,3}zip(?: code)?|ciudad[,/ ]{1,3}estado[,/ ]{1,3}(?:zip|c[oó]digo postal)",
    "country": "country|país|pais|pays|land",
}
