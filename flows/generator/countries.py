"""The eight countries that people live in: money, names, words that their banks print, and the banks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

IdPolicy = Literal["stable", "per_download", "amount", "none"]


@dataclass(frozen=True, slots=True)
class Bank:
    """One bank's habits: formats, identifiers, alphabet and how it prints a card purchase."""

    code: str
    name: str
    country: str
    formats: tuple[str, ...]  # what a customer may download, usual one first
    card_text: str  # template over m(erchant) c(ity) k (country) t(ail) d(ate)
    ids: IdPolicy = "stable"
    script: Literal["native", "latin", "ascii"] = "native"
    upper: bool = True
    max_length: int = 60
    shows_pending: bool = False
    posts_on_weekends: bool = False
    cadence: Literal["monthly", "quarterly", "half_yearly"] = "quarterly"
    foreign_markup: float = 0.015
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Country:
    """What life costs and what banks say in one country; amounts in major units of ``currency``."""

    code: str
    currency: str
    zone: str
    language: str
    income: float  # median net monthly income of one earner
    prices: float  # price level, Germany is 1
    per_euro: float  # typical rate by which the catalogue's EUR medians become local prices
    cities: tuple[tuple[str, str], ...]  # native, Latin
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    employers: tuple[str, ...]
    pay_cycles: tuple[tuple[str, int, float], ...]  # cadence, day, share
    words: dict[str, str]
    date_format: str
    closed_sundays: bool = False
    bonus_month: int = 12
    credit_card: float = 0.3
    renting: float = 0.5
    owning_outright: float = 0.2
    car: float = 0.55
    share_of_users: float = 0.1
    trip_destinations: tuple[str, ...] = ()
    abroad: tuple[str, ...] = field(default=("USD",))  # currencies of foreign online shops


BG = Country(
    "BG", "EUR", "Europe/Sofia", "bg", 1120, 0.62, 1.0,
    (("София", "Sofia"), ("Пловдив", "Plovdiv"), ("Варна", "Varna"), ("Бургас", "Burgas"), ("Русе", "Ruse")),
    ("Мария", "Иван", "Елена", "Георги", "Десислава", "Николай", "Ралица", "Димитър", "Виктория", "Стоян",
     "Йоана", "Петър"),
    ("Иванова", "Петров", "Димитрова", "Георгиев", "Стоянова", "Николов", "Тодорова", "Христов", "Колева",
     "Маринов"),
    ("Софт Линия ООД", "Община Пловдив", "Балкан Логистик АД", "Текстил Марица ЕООД", "Аврора Маркетинг ООД",
     "МБАЛ Света Анна"),
    (("monthly", 5, 0.3), ("monthly", 10, 0.2), ("monthly", 25, 0.2), ("last_working_day", 0, 0.3)),
    {"salary": "ЗАПЛАТА ЗА М.{m:%m.%Y}", "bonus": "БОНУС {m:%Y}", "pension": "ПЕНСИЯ {m:%m.%Y}",
     "benefit": "ДЕТСКИ НАДБАВКИ", "side": "ХОНОРАР ГРАЖДАНСКИ ДОГОВОР", "rent": "НАЕМ {m:%m.%Y}",
     "mortgage": "ВНОСКА ИПОТЕЧЕН КРЕДИТ", "own": "ПРЕВОД МЕЖДУ СОБСТВЕНИ СМЕТКИ", "atm": "ТЕГЛЕНЕ АТМ {c}",
     "card_payment": "ПОГАСЯВАНЕ КРЕДИТНА КАРТА", "thanks": "ПОГАСЕНО ЗАДЪЛЖЕНИЕ", "interest": "ЛИХВА",
     "fee": "ТАКСА ОБСЛУЖВАНЕ", "fee_reversal": "СТОРНО ТАКСА", "refund": "ВЪЗСТАНОВЯВАНЕ", "debit": "ДИРЕКТЕН ДЕБИТ",
     "transfer": "ПРЕВОД", "share": "за вечерята", "gift": "подарък", "sold": "продадени вещи", "late": "НАКАЗАТЕЛНА ЛИХВА"},
    "%d.%m.%Y", credit_card=0.3, renting=0.25, owning_outright=0.5, car=0.6, share_of_users=0.2,
    trip_destinations=("GR", "TR", "IT", "ES", "DE"), abroad=("USD", "GBP"),
)  # fmt: skip

GB = Country(
    "GB", "GBP", "Europe/London", "en", 2350, 1.08, 0.86,
    (("London", "London"), ("Manchester", "Manchester"), ("Leeds", "Leeds"), ("Bristol", "Bristol"),
     ("Glasgow", "Glasgow")),
    ("Olivia", "James", "Amelia", "Harry", "Priya", "Mohammed", "Sophie", "Daniel", "Chloe", "Callum"),
    ("Smith", "Patel", "Jones", "Khan", "Taylor", "Evans", "Wright", "Hughes", "Okafor", "Campbell"),
    ("Northgate Retail Ltd", "Mercer & Finch LLP", "Leeds City Hospital NHS", "Brightwater Digital", "Harlow Foods plc"),
    (("last_working_day", 0, 0.42), ("monthly", 25, 0.2), ("monthly", 28, 0.18), ("four_weekly", 0, 0.12),
     ("weekly", 0, 0.08)),
    {"salary": "SALARY", "bonus": "ANNUAL BONUS", "pension": "STATE PENSION", "benefit": "CHILD BENEFIT",
     "side": "INVOICE {m:%y%m}", "rent": "RENT", "mortgage": "MORTGAGE PAYMENT", "own": "TRANSFER TO OWN ACCOUNT",
     "atm": "CASH {c}", "card_payment": "CREDIT CARD PAYMENT", "thanks": "PAYMENT RECEIVED - THANK YOU",
     "interest": "INTEREST PAID", "fee": "ACCOUNT FEE", "fee_reversal": "FEE REVERSAL", "refund": "REFUND",
     "debit": "DIRECT DEBIT", "transfer": "FASTER PAYMENT", "share": "dinner x", "gift": "happy birthday",
     "sold": "for the bike", "late": "INTEREST CHARGED"},
    "%d/%m/%Y", credit_card=0.6, renting=0.42, owning_outright=0.2, car=0.6, share_of_users=0.17,
    trip_destinations=("ES", "FR", "IT", "GR", "US", "DE"), abroad=("USD", "EUR"),
)  # fmt: skip

DE = Country(
    "DE", "EUR", "Europe/Berlin", "de", 2550, 1.0, 1.0,
    (("München", "Muenchen"), ("Berlin", "Berlin"), ("Hamburg", "Hamburg"), ("Köln", "Koeln"), ("Leipzig", "Leipzig")),
    ("Anna", "Lukas", "Sophie", "Felix", "Mia", "Jürgen", "Aylin", "Stefan", "Käthe", "Maximilian"),
    ("Müller", "Schmidt", "Yılmaz", "Fischer", "Weber", "Schäfer", "Wagner", "Becker", "Krüger", "Hoffmann"),
    ("Isarwerk GmbH", "Klinikum Nord gGmbH", "Hansa Spedition KG", "Stadt Leipzig", "Lindner Maschinenbau AG"),
    (("last_working_day", 0, 0.45), ("monthly", 27, 0.2), ("monthly", 1, 0.15), ("monthly", 15, 0.2)),
    {"salary": "LOHN/GEHALT {m:%m/%Y}", "bonus": "WEIHNACHTSGELD {m:%Y}", "pension": "RENTE {m:%m/%Y}",
     "benefit": "KINDERGELD", "side": "RECHNUNG {m:%Y%m}", "rent": "MIETE {m:%m/%Y}", "mortgage": "DARLEHEN RATE",
     "own": "ÜBERTRAG EIGENES KONTO", "atm": "GELDAUTOMAT {c}", "card_payment": "KREDITKARTENABRECHNUNG",
     "thanks": "EINZAHLUNG DANKE", "interest": "ZINSEN", "fee": "KONTOFÜHRUNGSENTGELT",
     "fee_reversal": "STORNO ENTGELT", "refund": "GUTSCHRIFT", "debit": "SEPA-BASISLASTSCHRIFT",
     "transfer": "ÜBERWEISUNG", "share": "Essen gestern", "gift": "Alles Gute zum Geburtstag",
     "sold": "Kleinanzeigen Fahrrad", "late": "SOLLZINSEN"},
    "%d.%m.%Y", closed_sundays=True, bonus_month=11, credit_card=0.35, renting=0.55, car=0.58, share_of_users=0.17,
    trip_destinations=("ES", "IT", "GR", "TR", "FR", "CH", "CZ"), abroad=("USD", "GBP"),
)  # fmt: skip

US = Country(
    "US", "USD", "America/Chicago", "en", 3900, 1.12, 1.1,
    (("Chicago IL", "Chicago IL"), ("Austin TX", "Austin TX"), ("Seattle WA", "Seattle WA"),
     ("New York NY", "New York NY"), ("Columbus OH", "Columbus OH")),
    ("Emma", "Noah", "Ava", "Liam", "Maya", "Carlos", "Grace", "Tyrone", "Hannah", "Wei"),
    ("Johnson", "Garcia", "Williams", "Nguyen", "Brown", "Martinez", "Davis", "Kim", "Miller", "Robinson"),
    ("PRAIRIE STATE UNIV", "LAKEVIEW HEALTH SYS", "ACME WIDGETS INC", "BLUE RIDGE SOFTWARE", "CITY OF AUSTIN"),
    (("fortnightly", 0, 0.55), ("semi_monthly", 0, 0.25), ("weekly", 0, 0.1), ("monthly", 1, 0.1)),
    {"salary": "DIR DEP PAYROLL", "bonus": "PAYROLL BONUS", "pension": "SOC SEC", "benefit": "CHILD TAX BENEFIT",
     "side": "STRIPE TRANSFER", "rent": "RENT PAYMENT WEB PMTS", "mortgage": "MORTGAGE PMT", "own": "ONLINE TRANSFER",
     "atm": "ATM WITHDRAWAL {c}", "card_payment": "CREDIT CARD AUTOPAY", "thanks": "AUTOPAY PAYMENT - THANK YOU",
     "interest": "INTEREST PAYMENT", "fee": "MONTHLY SERVICE FEE", "fee_reversal": "SERVICE FEE REVERSAL",
     "refund": "REFUND", "debit": "ACH DEBIT", "transfer": "ZELLE PAYMENT", "share": "dinner", "gift": "happy bday!",
     "sold": "couch", "late": "INTEREST CHARGE ON PURCHASES"},
    "%m/%d/%Y", credit_card=0.78, renting=0.4, owning_outright=0.15, car=0.82, share_of_users=0.17,
    trip_destinations=("FR", "GB", "JP", "IT", "ES"), abroad=("EUR", "GBP"),
)  # fmt: skip

FR = Country(
    "FR", "EUR", "Europe/Paris", "fr", 2200, 1.0, 1.0,
    (("Paris", "Paris"), ("Lyon", "Lyon"), ("Nantes", "Nantes"), ("Orléans", "Orleans"), ("Marseille", "Marseille")),
    ("Camille", "Hugo", "Léa", "Théo", "Inès", "Lucas", "Zoé", "Mehdi", "Chloé", "Benoît"),
    ("Martin", "Lefèvre", "Bernard", "Dubois", "Moreau", "Benali", "Girard", "Rousseau", "Garnier", "Faure"),
    ("SARL ATELIER NOVA", "HOPITAL SAINT-LOUIS", "LUMIERE CONSEIL SAS", "MAIRIE DE NANTES", "TRANSPORTS DUVAL"),
    (("monthly", 28, 0.5), ("last_working_day", 0, 0.35), ("monthly", 5, 0.15)),
    {"salary": "VIR SEPA SALAIRE {m:%m/%Y}", "bonus": "VIR PRIME 13EME MOIS", "pension": "VIR RETRAITE",
     "benefit": "VIR PRESTATIONS FAMILIALES", "side": "VIR FACTURE {m:%y%m}", "rent": "VIR LOYER {m:%m/%Y}",
     "mortgage": "ECHEANCE PRET IMMOBILIER", "own": "VIREMENT COMPTE A COMPTE", "atm": "RETRAIT DAB {c}",
     "card_payment": "PRLV CARTE DIFFEREE", "thanks": "REGLEMENT RECU MERCI", "interest": "INTERETS CREDITEURS",
     "fee": "COTISATION CARTE", "fee_reversal": "EXTOURNE FRAIS", "refund": "AVOIR", "debit": "PRLV SEPA",
     "transfer": "VIR INST", "share": "resto samedi", "gift": "joyeux anniversaire", "sold": "vente leboncoin",
     "late": "INTERETS DEBITEURS"},
    "%d/%m/%Y", closed_sundays=True, credit_card=0.25, renting=0.4, owning_outright=0.3, car=0.62,
    share_of_users=0.09, trip_destinations=("ES", "IT", "GB", "GR", "CH"), abroad=("USD", "GBP"),
)  # fmt: skip

PL = Country(
    "PL", "PLN", "Europe/Warsaw", "pl", 6100, 0.66, 4.3,
    (("Warszawa", "Warszawa"), ("Kraków", "Krakow"), ("Łódź", "Lodz"), ("Wrocław", "Wroclaw"), ("Gdańsk", "Gdansk")),
    ("Zuzanna", "Jakub", "Małgorzata", "Paweł", "Łucja", "Michał", "Agnieszka", "Kacper", "Oliwia", "Grzegorz"),
    ("Kowalska", "Nowak", "Wiśniewska", "Wójcik", "Zielińska", "Lewandowski", "Dąbrowska", "Szymański"),
    ("WISŁA SOFTWARE SP. Z O.O.", "SZPITAL MIEJSKI", "POLTRANS S.A.", "URZĄD MIASTA", "FABRYKA MEBLI DĄB"),
    (("monthly", 10, 0.4), ("last_working_day", 0, 0.4), ("monthly", 28, 0.2)),
    {"salary": "WYNAGRODZENIE {m:%m/%Y}", "bonus": "PREMIA ROCZNA", "pension": "EMERYTURA {m:%m/%Y}",
     "benefit": "ŚWIADCZENIE WYCHOWAWCZE", "side": "FAKTURA {m:%m/%Y}", "rent": "CZYNSZ NAJMU {m:%m/%Y}",
     "mortgage": "SPŁATA KREDYTU HIPOTECZNEGO", "own": "PRZELEW WŁASNY", "atm": "WYPŁATA BANKOMAT {c}",
     "card_payment": "SPŁATA KARTY KREDYTOWEJ", "thanks": "SPŁATA ZADŁUŻENIA", "interest": "ODSETKI",
     "fee": "OPŁATA ZA PROWADZENIE RACHUNKU", "fee_reversal": "KOREKTA OPŁATY", "refund": "ZWROT",
     "debit": "POLECENIE ZAPŁATY", "transfer": "PRZELEW NA TELEFON", "share": "za kolację", "gift": "wszystkiego najlepszego",
     "sold": "olx rower", "late": "ODSETKI DEBETOWE"},
    "%d.%m.%Y", closed_sundays=True, credit_card=0.2, renting=0.3, owning_outright=0.45, car=0.6,
    share_of_users=0.08, trip_destinations=("CZ", "GR", "IT", "ES", "TR", "DE"), abroad=("EUR", "USD"),
)  # fmt: skip

JP = Country(
    "JP", "JPY", "Asia/Tokyo", "ja", 285000, 0.82, 165.0,
    (("東京", "Tokyo"), ("大阪", "Osaka"), ("名古屋", "Nagoya"), ("福岡", "Fukuoka")),
    ("陽菜", "大翔", "結衣", "蓮", "美咲", "翔太", "さくら", "健太"),
    ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村"),
    ("カ)ミライシステム", "カ)アオバショウジ", "トウキヨウト", "カ)ヒカリセイサクシヨ"),
    (("monthly", 25, 0.75), ("last_working_day", 0, 0.15), ("monthly", 15, 0.1)),
    {"salary": "給与", "bonus": "賞与", "pension": "年金", "benefit": "児童手当", "side": "振込 業務委託",
     "rent": "家賃", "mortgage": "住宅ローン", "own": "振替 本人口座", "atm": "ATM引出 {c}", "card_payment": "カード引落",
     "thanks": "ご入金", "interest": "利息", "fee": "口座維持手数料", "fee_reversal": "手数料訂正", "refund": "返金",
     "debit": "口座振替", "transfer": "振込", "share": "飲み会", "gift": "お祝い", "sold": "メルカリ売上", "late": "利息手数料"},
    "%Y/%m/%d", bonus_month=12, credit_card=0.72, renting=0.45, owning_outright=0.2, car=0.45, share_of_users=0.06,
    trip_destinations=("TH", "US", "FR"), abroad=("USD",),
)  # fmt: skip

KW = Country(
    "KW", "KWD", "Asia/Kuwait", "en", 880, 0.95, 0.335,
    (("Kuwait City", "Kuwait City"), ("Salmiya", "Salmiya"), ("Hawally", "Hawally"), ("Jabriya", "Jabriya")),
    ("Fatima", "Ahmed", "Noor", "Yousef", "Mariam", "Rajesh", "Dalal", "Khaled"),
    ("Al-Sabah", "Al-Mutairi", "Al-Rashidi", "Nair", "Al-Enezi", "Hussain", "Al-Fadhli", "Fernandes"),
    ("GULF HORIZON TRADING CO", "MINISTRY OF EDUCATION", "AL NAKHEEL CONTRACTING", "DESERT ROSE HOSPITAL"),
    (("monthly", 25, 0.6), ("last_working_day", 0, 0.3), ("monthly", 1, 0.1)),
    {"salary": "SALARY TRANSFER", "bonus": "SALARY BONUS", "pension": "PENSION", "benefit": "SOCIAL ALLOWANCE",
     "side": "INWARD TRANSFER SERVICES", "rent": "RENT KNET", "mortgage": "HOUSING LOAN INSTALLMENT",
     "own": "TRANSFER OWN ACCOUNTS", "atm": "ATM CASH WDL {c}", "card_payment": "CREDIT CARD SETTLEMENT",
     "thanks": "PAYMENT RECEIVED", "interest": "PROFIT", "fee": "ACCOUNT CHARGES", "fee_reversal": "CHARGES REVERSED",
     "refund": "REFUND", "debit": "STANDING ORDER", "transfer": "WAMD TRANSFER", "share": "lunch", "gift": "eid mubarak",
     "sold": "4sale", "late": "FINANCE CHARGES"},
    "%d/%m/%Y", credit_card=0.5, renting=0.65, owning_outright=0.15, car=0.85, share_of_users=0.06,
    trip_destinations=("AE", "TR", "GB", "TH"), abroad=("USD", "EUR"),
)  # fmt: skip

COUNTRIES: dict[str, Country] = {c.code: c for c in (BG, GB, DE, US, FR, PL, JP, KW)}

#: The first people of every run, so that a small demo shows variety; the rest are drawn by share.
FIRST_COUNTRIES = ("BG", "GB", "DE", "US", "JP", "KW", "FR", "PL")

#: Currency of a place that people only travel to.
TRAVEL_CURRENCY = {
    "ES": "EUR",
    "GR": "EUR",
    "IT": "EUR",
    "TR": "TRY",
    "TH": "THB",
    "CH": "CHF",
    "AE": "AED",
    "CZ": "CZK",
}
TRAVEL_CITY = {"ES": "Barcelona", "GR": "Athina", "IT": "Roma", "TR": "Istanbul", "TH": "Bangkok", "CH": "Zuerich",
               "AE": "Dubai", "CZ": "Praha"}  # fmt: skip
TRAVEL_PRICES = {"ES": 0.85, "GR": 0.8, "IT": 0.95, "TR": 0.5, "TH": 0.5, "CH": 1.6, "AE": 1.0, "CZ": 0.75}

BANKS: tuple[Bank, ...] = (
    Bank("bg-balkan", "Балкан Банк", "BG", ("csv-bg", "camt053", "mt940"), "ПОКУПКА {m} {c} КАРТА ****{t} {d:%d.%m.%Y}", "none",
         "native", cadence="monthly", weight=1.2),
    Bank("bg-vitosha", "Vitosha Credit", "BG", ("camt053", "csv-bg", "mt940"), "POS {c} {k} {m} /{t}", "stable", "latin",
         shows_pending=True, cadence="monthly"),
    Bank("bg-rila", "Rila Digital", "BG", ("csv-iso", "ofx2"), "{m}", "stable", "native", upper=False,
         shows_pending=True, posts_on_weekends=True, foreign_markup=0.005, weight=0.6),
    Bank("gb-trent", "Thames & Trent Bank", "GB", ("csv-uk", "ofx1", "qif"), "{m} {c}", "none", "ascii", max_length=28,
         cadence="monthly", foreign_markup=0.0275),
    Bank("gb-pennine", "Pennine Building Society", "GB", ("ofx1", "csv-uk", "qif"), "{m} {c} GB ON {d:%d %b} BCC", "stable",
         "ascii", max_length=34, foreign_markup=0.025),
    Bank("gb-orbit", "Orbit", "GB", ("csv-neo",), "{m}", "stable", "native", upper=False, shows_pending=True,
         posts_on_weekends=True, cadence="monthly", foreign_markup=0.0, weight=1.2),
    Bank("de-nord", "Sparbank Nord", "DE", ("csv-de", "camt053", "mt940"), "{m}//{c}/DE {d:%Y-%m-%d}T KFN 1 VJ 28{t}",
         "none", "ascii", max_length=70, cadence="monthly", foreign_markup=0.0175),
    Bank("de-rhein", "Rheinbank", "DE", ("camt053", "csv-de", "mt940"), "{m} {c} KARTE {t}", "stable", "native",
         shows_pending=True),
    Bank("de-kiez", "Kiez Konto", "DE", ("csv-iso", "camt053"), "{m}", "stable", "native", upper=False,
         shows_pending=True, posts_on_weekends=True, cadence="monthly", foreign_markup=0.0, weight=0.7),
    Bank("us-prairie", "First Prairie Bank", "US", ("ofx1", "csv-us", "qif"), "{m} {c}", "stable", "ascii", max_length=32,
         cadence="monthly", foreign_markup=0.03),
    Bank("us-harbor", "Harbor Federal Credit Union", "US", ("csv-us", "ofx2", "qif"),
         "POS PURCHASE {m} {c} CARD {t}", "amount", "ascii", max_length=50, shows_pending=True, cadence="monthly",
         foreign_markup=0.02),
    Bank("us-summit", "Summit Card Services", "US", ("ofx2", "csv-us"), "{m} {c}", "per_download", "ascii",
         max_length=40, shows_pending=True, cadence="monthly", foreign_markup=0.0, weight=0.8),
    Bank("fr-alpes", "Crédit des Alpes", "FR", ("csv-fr", "ofx1"), "CARTE {d:%d/%m/%y} {m} CB*{t}", "none", "ascii",
         max_length=60),
    Bank("fr-loire", "Banque de Loire", "FR", ("ofx1", "csv-fr", "camt053"), "PAIEMENT CB {d:%d%m} {c} {m}", "stable",
         "ascii", max_length=45),
    Bank("pl-wislany", "Bank Wiślany", "PL", ("csv-pl", "mt940", "camt053"),
         "PŁATNOŚĆ KARTĄ {d:%d.%m.%Y} {m} {c} {t}", "none", "native", cadence="quarterly", foreign_markup=0.03),
    Bank("pl-bursztyn", "Bursztyn24", "PL", ("csv-iso", "mt940"), "{m} {c} POL", "stable", "ascii", shows_pending=True,
         cadence="monthly"),
    Bank("jp-mirai", "みらい銀行", "JP", ("csv-iso", "ofx2"), "デビット {m}", "none", "native", upper=False,
         foreign_markup=0.03),
    Bank("jp-fuji", "Fuji Mirai Card", "JP", ("ofx2", "csv-iso"), "{m}", "stable", "native", upper=False,
         foreign_markup=0.022),
    Bank("kw-pearl", "Gulf Pearl Bank", "KW", ("csv-iso", "camt053"), "POS PUR {m} {c} KW {t}", "stable", "ascii",
         shows_pending=True, foreign_markup=0.0225),
    Bank("kw-diwan", "Diwan Bank", "KW", ("ofx2", "csv-iso"), "K-NET {m} {d:%d%m}", "stable", "ascii", max_length=35,
         foreign_markup=0.02),
)  # fmt: skip
