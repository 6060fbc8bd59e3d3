"""CSV as banks of many countries write it: each file states in itself how it is to be read."""

from __future__ import annotations

from datetime import date

import pytest

from tests.flows.sources.conftest import Read

DKB = """"Girokonto";"DE89370400440532013000"
""
"Kontostand vom 31.01.2024:";"1.234,56 €"
""
"Buchungsdatum";"Wert";"Status";"Zahlungspflichtige*r";"Zahlungsempfänger*in";"Verwendungszweck";"Betrag (€)"
"31.01.24";"31.01.24";"Gebucht";"Ich";"REWE Markt";"Einkauf";"-1.012,34"
"30.01.24";"30.01.24";"Vorgemerkt";"Firma GmbH";"Ich";"Lohn";"2.500"
"""
CHASE = """Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #
DEBIT,01/15/2024,"AMAZON",-10.00,DEBIT_CARD,90.00,,
CREDIT,01/14/2024,"PAY",50.00,ACH_CREDIT,100.00,,
DEBIT,01/13/2024,"RENT",-50.00,ACH_DEBIT,50.00,,
"""
REVOLUT = """Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance
CARD_PAYMENT,Current,2024-01-01 10:00:00,2024-01-02 11:00:00,Lidl,-10.00,0.00,EUR,COMPLETED,90.00
EXCHANGE,Current,2024-01-03 10:00:00,2024-01-03 10:00:00,To BGN,-20.00,1.00,EUR,COMPLETED,69.00
ATM,Current,2024-01-04 10:00:00,2024-01-04 10:00:00,Cash,-5.00,0.50,EUR,COMPLETED,63.50
CARD_PAYMENT,Current,2024-01-04 10:00:00,,Uber,-5.00,0.00,EUR,PENDING,
CARD_PAYMENT,Current,2024-01-04 10:00:00,,Bolt,-5.00,0.00,EUR,REVERTED,
"""
ING_NL = """"Datum";"Naam / Omschrijving";"Rekening";"Tegenrekening";"Af Bij";"Bedrag (EUR)";"Mededelingen"
"20240131";"Albert Heijn";"NL91ABNA0417164300";"";"Af";"12,34";"Pas 001"
"20240130";"Werkgever";"NL91ABNA0417164300";"NL20INGB0001234567";"Bij";"1500,00";"Salaris"
"""


def amounts(lines: list[dict[str, object]]) -> list[object]:
    return [line["amount_minor"] for line in lines]


def days(lines: list[dict[str, object]]) -> list[object]:
    return [line["booked_date"] for line in lines]


@pytest.mark.parametrize(
    ("content", "encoding", "hints", "expected", "currency"),
    [
        pytest.param(DKB, "utf-8", {}, [-101234, 250000], "EUR", id="german preamble and symbol in header"),
        pytest.param(CHASE, "utf-8", {"currency": "USD"}, [-1000, 5000, -5000], "USD", id="american"),
        pytest.param(REVOLUT, "utf-8", {}, [-1000, -2100, -550, -500, -500], "EUR", id="fee on top"),
        pytest.param(ING_NL, "utf-8", {}, [-1234, 150000], "EUR", id="dutch af and bij"),
        pytest.param(
            "Дата;Вид;Сума;Дт/Кт;Описание\n13.01.2024;POS;25.30;Дт;ЛИДЛ\n14.01.2024;Превод;1500.00;Кт;Заплата\n",
            "cp1251", {"currency": "BGN"}, [-2530, 150000], "BGN", id="bulgarian indicator",
        ),
        pytest.param(
            "Datum;Text;Betrag;S/H\n13.01.2024;Miete;500,00;S\n14.01.2024;Lohn;1.500,00;H\n",
            "cp1252", {"currency": "EUR"}, [-50000, 150000], "EUR", id="soll and haben",
        ),
        pytest.param(
            "Date,Type,Description,Paid out,Paid in,Balance\n"
            '"13 Jan 2024","DD","RENT","£800.00","","£700.00"\n'
            '"15 Jan 2024","CR","SALARY","","£1,000.00","£1,700.00"\n',
            "cp1252", {}, [-80000, 100000], "GBP", id="british pounds beside the amounts",
        ),
        pytest.param(
            "Date opération;Libellé;Débit;Crédit\n31/01/2024;CARREFOUR;-45,20;\n30/01/2024;VIR;;1 800,00\n",
            "cp1252", {"currency": "EUR"}, [-4520, 180000], "EUR", id="french with negative debits",
        ),
        pytest.param(
            "Fecha;Concepto;Importe;Saldo\n31/01/2024;Mercadona;-45,20;1.954,80\n"
            "30/01/2024;Nómina;2.000,00;2.000,00\n",
            "cp1252", {"currency": "EUR"}, [-4520, 200000], "EUR", id="spanish",
        ),
        pytest.param(
            "Datum zaúčtování;Název protistrany;Částka;Měna\n31.1.2024;Žižkův řezník;-1 234,50;CZK\n",
            "cp1250", {}, [-123450], "CZK", id="czech",
        ),
        pytest.param(
            "Data operacji;Opis operacji;Kwota;Waluta\n2024-01-31;Żabka;-12,50 PLN;PLN\n"
            "2024-02-01;Przelew;1 087,50 PLN;PLN\n",
            "cp1250", {}, [-1250, 108750], "PLN", id="polish currency in the cell",
        ),
        pytest.param(
            "Datum;Buchungstext;Belastung;Gutschrift;Saldo CHF\n13.01.2024;Migros;1'012.50;;8'987.50\n"
            "14.01.2024;Lohn;;5’000.00;13'987.50\n",
            "utf-8", {}, [-101250, 500000], "CHF", id="swiss apostrophes, currency of the balance",
        ),
        pytest.param(
            "Datum\tText\tBetrag\n13.01.2024\tShop\t1.012,50-\n14.01.2024\tIn\t100,00\n15.01.2024\tP\t(5,00)\n",
            "utf-16", {"currency": "EUR"}, [-101250, 10000, -500], "EUR", id="trailing minus, UTF-16",
        ),
        pytest.param(
            "Date|Description|Amount\n01/13/2024|Shop|12.50\n01/14/2024|Payment|100.00 CR\n",
            "utf-8-sig", {"currency": "USD"}, [-1250, 10000], "USD", id="only credits marked",
        ),
        pytest.param(
            'Date,Description,Amount\n2024/01/13,Shop,"-1,234"\n2024/01/14,Pay,"120,000"\n',
            "utf-8", {"currency": "JPY"}, [-1234, 120000], "JPY", id="yen have no decimals",
        ),
        pytest.param(
            "Date,Description,Amount\n2024/01/13,Shop,-1.234\n2024/01/14,Pay,12.500\n",
            "utf-8", {"currency": "KWD"}, [-1234, 12500], "KWD", id="dinars have three",
        ),
        pytest.param(
            'Date,Narration,Amount\n13-Jan-2024,Flat,"-1,00,000.00"\n14-Jan-2024,Pay,"12,345.50"\n',
            "utf-8", {"currency": "INR"}, [-10000000, 1234550], "INR", id="indian groups",
        ),
        pytest.param(
            '"01/31/2024","-12.50","*","","STARBUCKS"\n"01/30/2024","-1,200.00","*","1001","CHECK"\n',
            "utf-8", {"currency": "USD"}, [-1250, -120000], "USD", id="no header",
        ),
        pytest.param(
            '"trans_id";"account_id";"date";"type";"amount";"account"\n1;7;930113;"PRIJEM";700.00;99\n'
            '2;7;930114;"VYDAJ";20.10;98\n',
            "utf-8", {"currency": "CZK"}, [70000, -2010], "CZK", id="packed dates",
        ),
        pytest.param(
            "Compte n° 12345678901;\n\nDate;Libellé;Débit euros;Crédit euros;\n"
            '29/03/2024;"PAIEMENT PAR CARTE\nMONOPRIX 28/03";23,80;;\n28/03/2024;"CAF";;150,00;\n',
            "cp1252", {"country": "FR"}, [-2380, 15000], "EUR", id="a currency's name in the header",
        ),
        pytest.param(
            "  Date ,Narration ,Value Dat,Debit Amount ,Credit Amount ,Closing Balance\n"
            "  05/03/24 ,UPI ,05/03/24 , 450.00 , 0.00 , 9550.00\n"
            "  06/03/24 ,NEFT ,06/03/24 , 0.00 , 50000.00 , 59550.00\n",
            "utf-8", {"currency": "INR"}, [-45000, 5000000], "INR", id="a column's name cut off",
        ),
        pytest.param(
            "data;lançamento;valor (R$);saldos (R$)\n05/03/2024;PIX;-12,50;\n06/03/2024;SALARIO;3.000,00;\n",
            "cp1252", {}, [-1250, 300000], "BRL", id="reais in the header",
        ),
        pytest.param(
            "Tarih;Açıklama;Tutar;Bakiye\n05.03.2024;MIGROS;-1.245,50 TL;8.754,50 TL\n",
            "utf-8", {}, [-124550], "TRY", id="lira beside the amounts",
        ),
        pytest.param(
            '"Дата операції","Деталі операції","Сума в валюті картки (UAH)","Сума в валюті операції",Валюта\n'
            '"05.03.2024","Сільпо",-245.5,-245.5,UAH\n"05.03.2024","Steam",-410.2,-10.0,USD\n',
            "utf-8", {}, [-24550, -41020], "UAH", id="the header's currency before another amount's",
        ),
        pytest.param(
            "Ημερομηνία;Περιγραφή;Ποσό;Πρόσημο\n05/03/2024;ΑΒ;45,60;Χ\n04/03/2024;ΜΙΣΘΟΣ;1.000,00;Π\n",
            "cp1253", {"currency": "EUR"}, [-4560, 100000], "EUR", id="greek indicator",
        ),
        pytest.param(
            "When,What,How much,Direction\n2024-03-05,Lidl,12.30,Expense\n2024-03-06,Pay,1500.00,Income\n",
            "utf-8", {"currency": "EUR"}, [-1230, 150000], "EUR", id="plain words",
        ),
        pytest.param(
            "Purchase date,Merchant,Purchase amount,Card\n2024-03-05,Lidl,12.30,*1234\n",
            "utf-8", {"currency": "EUR"}, [-1230], "EUR", id="purchases alone",
        ),
    ],
)  # fmt: skip
def test_amounts_and_currency_of_a_dialect(
    read: Read, content: str, encoding: str, hints: dict[str, str], expected: list[int], currency: str
) -> None:
    _, lines = read(content, encoding=encoding, **hints)
    assert amounts(lines) == expected
    assert {line["currency"] for line in lines} == {currency}


def test_a_status_column_tells_pending_from_posted_and_what_never_happened(read: Read) -> None:
    _, lines = read(REVOLUT)
    assert [line["status"] for line in lines] == ["posted", "posted", "posted", "pending", "posted"]
    assert [line["problem"] for line in lines[:4]] == [None] * 4
    assert lines[4]["problem"] == "column 'State': REVERTED, so that nothing was booked"


def test_a_pending_line_without_a_booking_date_has_its_other_date(read: Read) -> None:
    _, lines = read(REVOLUT)
    assert lines[3]["booked_date"] == date(2024, 1, 4)


def test_a_fee_is_taken_off_only_where_the_balance_proves_it(read: Read) -> None:
    statement, _ = read(REVOLUT)
    assert "fees were taken off the amounts, as the running balance proves" in statement.notes
    _, lines = read("Date,Description,Amount,Fee\n2024-01-13,a,-10.00,1.00\n", currency="EUR")
    assert amounts(lines) == [-1000]


def test_the_counterparty_is_the_payee_of_an_outflow_and_the_payer_of_an_inflow(read: Read) -> None:
    _, lines = read(DKB)
    assert [line["counterparty"] for line in lines] == ["REWE Markt", "Firma GmbH"]


def test_an_iban_above_the_table_is_the_account(read: Read) -> None:
    statement, lines = read(DKB)
    assert {line["account_ref"] for line in lines} == {"DE89370400440532013000"}
    assert [(account.ref, account.currency) for account in statement.accounts] == [
        ("DE89370400440532013000", "EUR")
    ]


def test_a_file_of_several_accounts_names_each(read: Read) -> None:
    statement, lines = read(
        "Date,Account,Description,Amount,Currency\n2024-01-13,A1,x,-1.00,EUR\n2024-01-13,B2,y,-2.00,BGN\n"
    )
    assert [line["account_ref"] for line in lines] == ["A1", "B2"]
    assert [(account.ref, account.currency) for account in statement.accounts] == [
        ("A1", "EUR"),
        ("B2", "BGN"),
    ]


def test_the_iban_of_the_other_side_is_not_the_account(read: Read) -> None:
    _, lines = read(
        "Date;IBAN;Description;Amount\n2024-01-13;DE89370400440532013000;x;-1,00\n"
        "2024-01-14;BG80BNBG96611020345678;y;-2,00\n",
        currency="EUR", account_ref="mine",
    )  # fmt: skip
    assert {line["account_ref"] for line in lines} == {"mine"}


@pytest.mark.parametrize(
    ("first", "second", "country", "expected"),
    [
        ("13/01/2024", "02/01/2024", "US", date(2024, 1, 2)),  # the column decides against the country
        ("01/13/2024", "02/01/2024", "BG", date(2024, 2, 1)),
        ("02/01/2024", "02/01/2024", "US", date(2024, 2, 1)),  # the column is open, the country decides
        ("02/01/2024", "02/01/2024", "BG", date(2024, 1, 2)),
        ("01/02/24", "02/01/24", "GB", date(2024, 1, 2)),
        ("31 януари 2024 г.", "2 януари 2024 г.", "", date(2024, 1, 2)),
        ("31. März 2024", "2. Januar 2024", "", date(2024, 1, 2)),
        ("Jan 31, 2024", "January 2, 2024", "", date(2024, 1, 2)),
        ("31JAN2024", "02JAN2024", "", date(2024, 1, 2)),
        ("31012024", "02012024", "", date(2024, 1, 2)),
        ("2024-01-31T23:59:59-05:00", "2024-01-02T00:00:00Z", "", date(2024, 1, 2)),
        ("Wed 31.01.2024 23:59", "Tue 02.01.2024 10:00", "", date(2024, 1, 2)),
        ("24-01-31", "24-01-02", "", date(2024, 1, 2)),
        ("31/01/99", "02/01/24", "", date(2024, 1, 2)),
    ],
)
def test_the_order_of_dates_comes_from_the_whole_column(
    read: Read, first: str, second: str, country: str, expected: date
) -> None:
    _, lines = read(
        f'Date;Description;Amount\n"{first}";a;-1.50\n"{second}";b;-2.50\n', currency="EUR", country=country
    )
    assert lines[1]["booked_date"] == expected
    assert lines[0]["problem"] is None


def test_sorted_lines_settle_the_order_of_dates(read: Read) -> None:
    statement, lines = read(
        "Date;Description;Amount\n01/02/2024;a;-1,5\n01/05/2024;b;-2,5\n02/01/2024;c;-2,5\n",
        currency="EUR",
        country="GB",
    )
    assert days(lines) == [date(2024, 1, 2), date(2024, 1, 5), date(2024, 2, 1)]
    assert "dates read as M/D/Y, which puts the lines in order" in statement.notes


def test_an_open_order_of_dates_is_told(read: Read) -> None:
    statement, _ = read("Date;Description;Amount\n01/02/2024;a;-1,5\n", currency="EUR")
    assert "dates read as D/M/Y, but they could be M/D/Y: the file leaves it open" in statement.notes


def test_the_balance_turns_the_signs_of_a_card_that_lists_purchases_as_positive(read: Read) -> None:
    statement, lines = read(
        "Date,Description,Amount,Balance\n2024-01-13,a,10.00,90.00\n2024-01-14,b,20.00,70.00\n"
        "2024-01-15,c,-5.00,75.00\n",
        currency="EUR",
    )
    assert amounts(lines) == [-1000, -2000, 500]
    assert any(
        note.startswith("signs turned round: the running balance proves it") for note in statement.notes
    )
    assert (statement.accounts[0].opening_balance_minor, statement.accounts[0].closing_balance_minor) == (
        10000,
        7500,
    )


def test_newest_first_and_oldest_first_have_the_same_balances(read: Read) -> None:
    header = "Date,Description,Amount,Balance\n"
    rows = ["2024-01-13,a,-10.00,90.00\n", "2024-01-14,b,-20.00,70.00\n", "2024-01-15,c,5.00,75.00\n"]
    for ordered in (rows, rows[::-1]):
        account = read(header + "".join(ordered), currency="EUR")[0].accounts[0]
        assert (account.opening_balance_minor, account.closing_balance_minor) == (10000, 7500)


def test_positive_amounts_without_any_proof_are_followed_and_told(read: Read) -> None:
    statement, lines = read(
        "Date,Description,Amount\n2024-01-13,a,10.00\n2024-01-14,b,2.00\n", currency="EUR"
    )
    assert amounts(lines) == [1000, 200]
    assert any("nothing proves the direction" in note for note in statement.notes)


def test_signed_amounts_beside_an_indicator_keep_their_sign(read: Read) -> None:
    _, lines = read(
        "Date,Description,Amount,Debit/Credit\n2024-01-13,a,-10.00,D\n2024-01-14,b,2.00,C\n", currency="EUR"
    )
    assert amounts(lines) == [-1000, 200]


def test_thousands_are_told_from_decimals_by_the_other_amounts(read: Read) -> None:
    _, lines = read("Date;Description;Amount\n2024-01-13;a;-1.234\n2024-01-14;b;-7,50\n", currency="EUR")
    assert amounts(lines) == [-123400, -750]
    _, lines = read("Date;Description;Amount\n2024-01-13;a;-1.234\n2024-01-14;b;-7.50\n", currency="EUR")
    assert amounts(lines) == [None, -750]
    assert lines[0]["problem"] == "column 'Amount': '-1.234' has more than the 2 decimals of its currency"


def test_a_table_without_a_header_may_stand_below_a_line_of_its_own(read: Read) -> None:
    statement, lines = read(
        "Compte de chèques;****1234;31/03/2024;1 540,20 €\n"
        "31/03/2024;PAIEMENT CB;CARTE CARREFOUR;;;-45,10 €\n30/03/2024;VIR RECU;SALAIRE;;;1 900,00 €\n"
    )
    assert amounts(lines) == [-4510, 190000]
    assert "lines left out: 1 above the table" in statement.notes


def test_a_first_line_with_its_dates_in_another_form_is_no_transaction(read: Read) -> None:
    _, lines = read(
        '2024-02-03,01-01-2024,\'61 1090,JAN KOWALSKI,PLN,"1000,00","954,70"\n'
        '30-01-2024,29-01-2024,ZABKA,,,"-45,30","954,70"\n29-01-2024,29-01-2024,FIRMA,,,"2000,00","1000,00"\n',
        currency="PLN",
    )
    assert amounts(lines) == [-4530, 200000]


def test_a_column_of_states_is_known_by_its_values(read: Read) -> None:
    _, lines = read(
        "Datum;Woher;Betrag;Info\n31.01.2024;REWE;-1,00;Umsatz gebucht\n"
        "01.02.2024;ALDI;-2,00;Umsatz vorgemerkt\n",
        currency="EUR",
    )
    assert [(line["description"], line["status"]) for line in lines] == [
        ("REWE", "posted"),
        ("ALDI", "pending"),
    ]


def test_balances_totals_and_a_repeated_header_are_told_and_left_out(read: Read) -> None:
    statement, lines = read(
        "Date,Description,Debit,Credit,Balance\n2024-01-01,OPENING BALANCE,,,10.00\n"
        "2024-01-13,Shop,1.00,,9.00\nDate,Description,Debit,Credit,Balance\n,Day total,1.00,2.00,\n"
        ",Total of the day,1.00,2.00,\n2024-01-14,Total petrol,3.00,,6.00\n2024-01-15,Total wine,,,\n",
        currency="EUR",
    )
    assert [(line["description"], line["amount_minor"]) for line in lines] == [
        ("Shop", -100),
        ("Day total", None),
        ("Total petrol", -300),
    ]
    assert "lines left out: 4 with totals, balances or names of columns" in statement.notes


def test_signs_that_are_written_out_are_never_turned_round(read: Read) -> None:
    """Venmo calls a request for money a charge: who asks is paid."""
    _, lines = read(
        "ID,Datetime,Type,Note,Amount (total)\n1,2024-01-15T18:22:33,Payment,Pizza,- $25.50\n"
        "2,2024-01-16T09:00:00,Charge,Rent,+ $500.00\n",
        currency="USD",
    )
    assert amounts(lines) == [-2550, 50000]


def test_texts_are_found_by_cells_where_no_name_tells_them(read: Read) -> None:
    _, lines = read(
        "Date,Wat,Kode,Amount\n2024-01-13,Coffee,x1,-1.00\n2024-01-14,Bread,x2,-2.00\n", currency="EUR"
    )
    assert [line["description"] for line in lines] == ["Coffee", "Bread"]


def test_a_number_of_the_other_side_is_not_its_name(read: Read) -> None:
    _, lines = read(
        "Date;Amount;Account;Counterparty;Name\n2024-02-02;-1,50;NL91ABNA0417164300;NL02RABO0123456789;Huisbaas\n",
        currency="EUR",
    )
    assert lines[0]["description"] == "Huisbaas"
    assert lines[0]["counterparty"] is None


def test_a_name_of_both_sides_says_which_one_or_holds_the_amount(read: Read) -> None:
    _, lines = read(
        "Datum;Betrag;Debit/Kredit\n31.01.2024;5,00;Debit\n31.01.2024;9,00;Kredit\n", currency="CHF"
    )
    assert amounts(lines) == [-500, 900]
    _, lines = read("Date,Debit/Credit Amount\n2024-01-31,-5.00\n2024-01-31,9.00\n", currency="CHF")
    assert amounts(lines) == [-500, 900]
