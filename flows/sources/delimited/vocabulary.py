"""The words that banks use in their tables: column names, debit and credit, states, months, currencies.

Words are kept folded (lower case, no accents, single spaces), as ``fold`` makes them.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import cache, lru_cache
from typing import Literal

from warehouse.money import MoneyError, exponent


class Role(StrEnum):
    """What a column of a statement holds."""

    BOOKED = "booking date"
    VALUE = "value or transaction date"
    AMOUNT = "amount"
    BILLED_AMOUNT = "amount in the account's currency"
    DEBIT = "debit"
    CREDIT = "credit"
    INDICATOR = "debit/credit indicator"
    KIND = "kind"
    FEE = "fee"
    BALANCE = "balance"
    CURRENCY = "currency"
    BILLED_CURRENCY = "account's currency"
    DESCRIPTION = "description"
    COUNTERPARTY = "counterparty"
    PAYER = "payer"
    PAYEE = "payee"
    REFERENCE = "bank reference"
    MCC = "merchant category code"
    STATUS = "status"
    ACCOUNT = "account"
    MAYBE_ACCOUNT = "account, if it is always the same"
    CARD = "card"
    OTHER = "other"


def words(*lines: str) -> tuple[str, ...]:
    """The phrases of comma-separated lines, folded, in order."""
    return tuple(fold(phrase) for line in lines for phrase in line.split(","))


@lru_cache(maxsize=1 << 14)  # the search for the header looks at every cell many times
def fold(text: str) -> str:
    """Text without case, accents, punctuation and doubled spaces, for comparing words."""
    bare = "".join(
        char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char)
    )
    return " ".join(re.sub(r"[\W_]+", " ", bare.translate(_PLAIN_LETTERS)).split())


#: Letters that are no accented ones to Unicode and yet are written plainly as often.
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})


@cache
def column_words() -> dict[str, tuple[Role, int]]:
    """Every known column name with its role and its rank among the names of that role (0 is best)."""
    return {
        phrase: (role, rank)
        for role, lines in _COLUMN_NAMES.items()
        for rank, phrase in enumerate(words(*lines))
    }


#: Column names by role and, within a role, from the most to the least telling.
_COLUMN_NAMES: dict[Role, tuple[str, ...]] = {
    Role.BOOKED: (
        "booking date,booked date,date booked,posting date,posted date,post date,date posted,posted on",
        "clearing date,cleared date,date cleared",
        "posted transactions date,booked,booked on,posted,completed date,date completed (utc)",
        "accounting date,processed date",
        "entry date",
        "settlement date,buchungstag,buchungsdatum,buchung,valutadatum buchung,gebucht am",
        "дата на осчетоводяване,дата на счетоводна операция,счетоводна дата,дата на отразяване",
        "дата платежа,дата проводки,дата списания",
        "date de comptabilisation,date comptable,date operation,date d operation,date de l operation",
        "fecha contable,fecha de operacion,fecha operacion,f operacion,fecha de contabilizacion",
        "boekdatum,boekingsdatum,transactiedatum,uitvoeringsdatum",
        "datum zauctovani,datum provedeni,datum uctovani,datum zuctovani,zauctovano dne",
        "data ksiegowania,data operacji,data waluty ksiegowania,data zaksiegowania",
        "data contabile,data operazione,data registrazione,data do lancamento,data mov,data movimento",
        "bokforingsdag,bokforingsdatum,bogfort,bogforingsdato,bokfort dato,bokfort,kirjauspaiva",
        "data inregistrarii,konyveles datuma,datum knjizenja,datum knjizbe",
        "date,datum,дата,fecha,data,dato,pvm,dag,jour,dia,trans_date,datum transakce,date time",
        "datetime",
        "дата и час,дата на операция,дата на транзакция,дата операции,datum und uhrzeit,datum a cas",
        "transaction date,trans date,date of transaction,datum transakcie,datum pohybu",
        "datum operace,tarih",
        "timestamp,time stamp,created,created at,created on,activity date,transaction time",
        "value date,valuta",
        "wertstellung,вальор,date valeur,date de valeur,fecha valor,rentedatum,data waluty,data valuta",
        "value dt,val date,reskontradatum,transaktionsdato,transaktionsdatum,bogforingsdag",
        "datum transakcije,datum valute",
        "kuupaev,datums,data tranzactiei,data tranzactie,tranzakcio datuma,islem tarihi,maksupaiva",
        "дата і час операції,дата операції,ημερομηνια,ημερομηνια συναλλαγης",
        "when,value dat,txn date,data mov,data lancamento,ημερομηνια κινησης",
        "交易创建时间,日付,取引日,取引日付,お取引日,年月日,計算日,ご利用日,利用日,交易日期,记账日期",
        "記帳日期,入账日期,日期,交易时间,거래일자,거래일시,거래일,일자,날짜,التاريخ,تاريخ,تاريخ المعاملة",
        "تاريخ العملية,تاريخ القيد,תאריך,תאריך פעולה",
    ),
    Role.AMOUNT: (
        "amount,transaction amount,amt,value,betrag,umsatz,umsatz in eur,betrag eur,buchungsbetrag",
        "сума,сума на операцията,стойност,сумма,montant,montant de l operation,importe,cantidad,monto",
        "bedrag,bedrag eur,transactiebedrag,castka,objem,suma,suma operacji,kwota,kwota operacji",
        "kwota transakcji,ciastka,importo,valor,montante,quantia,belopp,belob,belop,summa,maara",
        "osszeg,iznos",
        "amount gbp,net amount,amount net,net,netto,paid amount,sum,total,total amount",
        "castka transakce",
        "kwota w walucie rachunku,castka v mene uctu,montant net,tutar,sum in account currency",
        "сума във валута на сметката,amount in account currency,importe eur,zaauctovana castka",
        "how much,purchase amount,islem tutari,suma tranzactie",
        "сума операції,сума у валюті картки,ποσο,ποσον,金額,取引金額,利用金額",
        "入出金,入出金額,ご利用金額,交易金额,交易金額,金额,거래금액,금액,المبلغ,مبلغ,סכום",
    ),
    Role.BILLED_AMOUNT: (
        "billing amount,billed amount,settled amount,settlement amount,account amount",
        "abrechnungsbetrag,сумма платежа",
        "betrag in kontowahrung,amount billed,charged amount",
    ),
    Role.DEBIT: (
        "debit,debit amount,debits,withdrawal,withdrawals,withdrawal amount,withdrawal amt",
        "money out,paid out",
        "out,outflow,spent,expense,payments out,amount debit,debit amt,withdrawn,dr,dr amount",
        "charge,charges",
        "soll,belastung,lastschrift,abgang,ausgabe,ausgaben,ausgang,belastungsbetrag",
        "дебит,дебитен оборот,дебит сума,разход,изходящ,изтеглени,сума дебит,дт,расход,дебит оборот",
        "debit euros,montant debit,depense,retrait,sortie,cargo,cargos,debe,gasto,gastos,salida",
        "retiro,retiros",
        "af,uit,uitgaven,debet,afschrijving,afgeschreven,odchozi,vydaj,vydaje,na vrub,odepsano,ma dati",
        "obciazenie,obciazenia,wydatek,wydatki,wyplata,wyplaty,kwota obciazenia,winien",
        "uznania obciazenia",
        "dare,uscite,uscita,addebito,addebiti,debito,debitos,saida,saidas,uttag,ut,ud fra konto",
        "ut fra konto",
        "terheles,isplata,duguje,teret,cheltuieli,zahlungsausgang,breme,debetas,deebet",
        "borc,витрата,витрати,дебет,χρεωση,出金,出金金額,出金額,支払い金額,支払金額,お支払金額,お支払い金額",
        "בחובה,חובה",
        "お引出し,引出金額,借方,支出,支出金额,支出金額,출금,출금액,출금금액,찾으신금액,مدين,المدين,سحب",
    ),
    Role.CREDIT: (
        "credit,credit amount,credits,deposit,deposits,deposit amount,deposit amt,money in,paid in",
        "in,inflow",
        "received,income,payments in,amount credit,credit amt,deposited,cr,cr amount,payments,payment",
        "haben,gutschrift,zugang,einnahme,einnahmen,eingang,gutschriftsbetrag",
        "кредит,кредитен оборот,кредит сума,приход,входящ,внесени,сума кредит,кт,кредит оборот",
        "credit euros,montant credit,recette,depot,entree,abono,abonos,haber,ingreso,ingresos",
        "entrada,entradas",
        "bij,inkomsten,bijschrijving,bijgeschreven,prichozi,prijem,prijmy,ve prospech,pripsano,dal",
        "uznanie,uznania,wplyw,wplywy,wplata,wplaty,kwota uznania,przychod",
        "avere,entrate,entrata,accredito,accrediti,credito,creditos,insattning,ind til konto",
        "inn pa konto,inn,ind",
        "jovairas,uplata,potrazuje,korist,venituri,zahlungseingang,dobro,kreditas,kreedit",
        "alacak,надходження,кредит,πιστωση,入金,入金金額,入金額,預かり金額,預り金額,お預り金額,お預入れ,預入金額",
        "貸方,贷方,收入,收入金额,收入金額,存入,입금,입금액,입금금액,맡기신금액,دائن,الدائن,إيداع,ايداع,זכות,בזכות",
    ),
    Role.INDICATOR: (
        "debit credit,debit kredit,收 支,收支,debit credit indicator,credit debit",
        "credit debit indicator,dr cr,cr dr,d c",
        "c d,dc,cd",
        "debit or credit,credit or debit,dc indicator,dr cr indicator,in out,direction,sign,+ / -",
        "transaction sign",
        "soll haben,s h,soll haben kennzeichen,sh,kennzeichen,дебит кредит,дт кт",
        "дебит кредит индикатор,посока",
        "debit ou credit,sens,sens de l operation,debe haber,cargo abono,signo,af bij,debet credit",
        "bij af,προσημο",
        "smer platby,smer,strana,debet kredit,ma dati dal,strona,obciazenie uznanie,dare avere,segno",
    ),
    Role.KIND: (
        "transaction type,type,transaction kind,kind,type of transaction,operation,transaction code",
        "entry type",
        "method,activity type,buchungstext,umsatzart,buchungsart,art,transaktionstyp,vorgang,umsatztyp",
        "вид операция,тип операция,тип,тип на операцията,вид,вид на операцията,вид транзакция",
        "тип транзакция",
        "type d operation,nature,nature de l operation,categorie operation,tipo,tipo de operacion",
        "tipo operacion",
        "tipo de movimiento,code,transactie,mutatiesoort,soort,transactiesoort,mutatietype,boekcode",
        "typ transakce,typ",
        "typ operace,typ pohybu,druh,druh transakce,typ platby,rodzaj,rodzaj operacji,typ operacji",
        "typ transakcji",
        "rodzaj transakcji,opis operacji typ,causale,tipo operazione,tipo movimento,transaktionstyp",
        "laji",
    ),
    Role.FEE: (
        "fee,fees,commission,transaction fee,charges and fees,gebuhr,gebuhren,entgelt,такса,такси",
        "комисионна",
        "frais,commissions,comision,comisiones,kosten,poplatek,poplatky,oplata,prowizja,commissione",
        "avgift",
    ),
    Role.BALANCE: (
        "balance,running balance,account balance,balance after,balance after transaction",
        "closing balance",
        "available balance,ledger balance,current balance,balance amount,bal,saldo,kontostand",
        "saldo nach buchung",
        "saldo nach umsatz,салдо,наличност,баланс,крайно салдо,разполагаемост,салдо след операция",
        "остаток",
        "solde,solde apres operation,solde comptable,saldo contable,saldo posterior,saldo disponible",
        "saldo na mutatie,saldo na transactie,saldo na boeking,saldo na trn,zustatek",
        "zustatek po transakci",
        "saldo po operacji,saldo po transakcji,saldo koncowe,saldo contabile,saldo disponibile",
        "saldo contabilistico",
        "behallning,bokfort saldo,egyenleg,stanje,sold,bakiye",
        "היתרה,залишок,υπολοιπο,残高,差引残高,取引後残高,余额,餘額,账户余额",
        "잔액,거래후잔액,거래 후 잔액,الرصيد,יתרה",
    ),
    Role.CURRENCY: (
        "posted currency,currency,ccy,curr,currency code,transaction currency,account currency",
        "wahrung,waehrung",
        "kontowahrung",
        "валута,валута на сметката,вал,devise,monnaie,divisa,moneda,munt,valuta,muntsoort,munteenheid",
        "mena,mena uctu,mena castky,waluta,waluta rachunku,moeda,divise,valuutta,devizanem",
        "valuta konta",
        "currency of account,para birimi,waluta operacji,mena transakce",
        "валюта,валюта операции,通貨,币种,幣別,통화,العملة,מטבע,νομισμα",
    ),
    Role.BILLED_CURRENCY: (
        "billing currency,billed currency,settled currency,settlement currency,abrechnungswahrung",
        "валюта платежа",
    ),
    Role.DESCRIPTION: (
        "description,transaction description,details,transaction details,narrative,narration",
        "particulars,memo",
        "remarks,note,notes,comment,comments,information,additional information",
        "statement description,text,info",
        "transaction information,payment details,payment reference,your reference",
        "transaction remarks,purpose",
        "verwendungszweck,buchungsdetails,beschreibung,verwendungszweck kundenreferenz",
        "zahlungsreferenz,betreff",
        "mitteilung,avisierungstext,описание,основание,пояснение,още пояснения,основание за плащане",
        "детайли",
        "описание на операцията,допълнителна информация,забележка,коментар,назначение платежа",
        "основание за превод",
        "libelle,libelle operation,libelle de l operation,intitule,detail,commentaire,informations",
        "objet,motif",
        "concepto,descripcion,observaciones,detalle,concepto ampliado,movimiento,mas datos,glosa",
        "omschrijving,mededelingen,mededeling,naam omschrijving,betalingskenmerk,omschrijving 1",
        "omschrijving 2",
        "popis,poznamka,zprava pro prijemce,popis transakce,popis operace,zprava,zprava pro me",
        "ucel platby",
        "operazione,opis,opis operacji,tytul,tytulem,szczegoly,opis transakcji,szczegoly transakcji",
        "tytul operacji",
        "descrizione,descricao,causale descrizione,dettagli,beskrivning,beskrivelse,tekst",
        "forklaring,meddelande,title,titulo,titre,titel",
        "selite,kozlemeny,opis placanja,detalii tranzactie,detalii,aciklama,details of payment",
        "label text,what,label,descriere,historico",
        "опис,опис операції,призначення платежу,περιγραφη,αιτιολογια,内容,摘要,摘要内容,取引内容,お取引内容",
        "お取扱内容,お取り扱い内容,入出金内容,商品名,利用店名,ご利用店名,メモ,备注,備註,交易摘要,附言,说明,적요,내용,거래내용,기재내용,메모",
        "الوصف,البيان,بيان,التفاصيل,ملاحظات,תיאור,תיאור הפעולה,פרטים",
    ),
    Role.COUNTERPARTY: (
        "counterparty,counterparty name,merchant,merchant name,name,other party,partner name",
        "counter party,from to,payer payee,vendor,to from,contact,beneficiary or payer",
        "beneficiary payer,partner,third party,auftraggeber empfanger",
        "beguenstigter zahlungspflichtiger,begunstigter zahlungspflichtiger",
        "name zahlungsbeteiligter,handler,auftraggeber begunstigter,partnername",
        "auftraggeber empfangername,контрагент,наредител получател,търговец,име на контрагент",
        "получател наредител,име,обект,tiers,nom du tiers,contrepartie,commercant,contraparte",
        "comercio,nombre,tercero,establecimiento,ordenante beneficiario,naam tegenpartij",
        "tegenpartij,naam,naam tegenrekening,tegenpartij naam,nazev protistrany,nazev protiuctu",
        "protistrana,obchodnik,nazev obchodnika,nazev uctu protistrany,kontrahent,nadawca odbiorca",
        "dane kontrahenta,odbiorca zleceniodawca,controparte,beneficiario ordinante,nome",
        "saaja maksaja,primatelj,platitelj",
        "取引先,相手先,对方户名,交易对方,거래처,받는분,보낸분,المستفيد",
    ),
    Role.PAYER: (
        "payer,sender,payer name,sender name,ordering party,from,from name,debtor,debtor name",
        "zahlungspflichtige r,zahlungspflichtiger,auftraggeber,auftraggeber in,наредител",
        "наредител име,emetteur,ordenante,ordinante,platce,nadawca,nazwa nadawcy,source name",
        "zahler",
    ),
    Role.PAYEE: (
        "payee,payee name,beneficiary,beneficiary name,recipient,recipient name,to,to name,paid to",
        "creditor name,zahlungsempfanger in,zahlungsempfanger,begunstigter,empfanger,получател",
        "бенефициент,beneficiaire,beneficiario,begunstigde,naam ontvanger,prijemce,odbiorca",
        "nazwa odbiorcy,target name,mottagare,modtager,mottaker",
    ),
    Role.REFERENCE: (
        "transaction id,transaction reference,bank reference,reference number,reference,ref,ref no",
        "ref number",
        "transaction number,transaction ref,id,trans id,unique id,operation id,fitid,bank ref",
        "reference no,trn",
        "transaktionsnummer,transaktions id,referenz,buchungsreferenz,referenznummer,referencia",
        "numero de operacion",
        "референция,референция на операцията,номер на операция,номер на транзакция",
        "номер на документ,референтен номер",
        "reference de l operation,reference operation,numero d operation,num operacion,volgnummer",
        "volgnr",
        "transactiereferentie,referentie,id transakce,id pohybu,cislo transakce,id operacji",
        "numer referencyjny",
        "nr referencyjny,numer transakcji,id transakcji,identyfikator,cislo pokynu,id operace",
        "riferimento,arkivkod,referinta tranzactiei,交易号",
    ),
    Role.MCC: ("mcc,mcc code,merchant category code,merchant category,category code mcc,sic,мсс,мсс код",),
    Role.STATUS: (
        "status,state,transaction status,pending,booking status,status of transaction,статус",
        "състояние,statut,etat",
        "contabilizzazione,交易状态,estado,stav,stan,stato,situacao,status transakcji,stav transakce",
        "umsatzstatus,buchungsstatus",
    ),
    Role.ACCOUNT: (
        "posted account,own account,my account,account number,account no,account id,account iban",
        "iban account",
        "account name,account",
        "product account,account identifier,from account,auftragskonto,konto,eigenes konto",
        "iban auftragskonto",
        "kontobezeichnung,bezeichnung auftragskonto,сметка,номер на сметка,собствена сметка",
        "сметка iban",
        "compte,numero de compte,cuenta,numero de cuenta,rekening,rekeningnummer,iban bban",
        "eigen rekening",
        "cislo uctu,ucet,vlastni ucet,nazev meho uctu,muj ucet,rachunek,numer rachunku,nr rachunku",
        "moj rachunek",
        "numero conto,conto,rachunek nadawcy konto,kontonr,tilinumero,szamlaszam,wallet,product",
    ),
    Role.MAYBE_ACCOUNT: words("iban,kontonummer,acct,bban,iban nummer"),
    Role.CARD: (
        "card,card number,card no,card ending,last 4 digits,karte,kartennummer,kreditkarte,карта",
        "номер на карта",
        "carte,numero de carte,tarjeta,numero de tarjeta,kaart,kaartnummer,karta,cislo karty",
        "numer karty,carta",
    ),
    Role.OTHER: (
        "original amount,original currency,orig amount,foreign amount,foreign currency,local amount",
        "local currency",
        "amount in original currency,original transaction amount,amount in foreign currency",
        "amount foreign",
        "foreign currency amount,currency amount,amount in currency,counter amount,source amount",
        "target amount",
        "source currency,target currency,source amount after fees,exchange rate,rate",
        "exchange to amount,vat,vat amount",
        "ursprungsbetrag,originalbetrag,fremdwahrungsbetrag,betrag in fremdwahrung",
        "betrag fremdwahrung,kurs",
        "ursprungswahrung,originalwahrung,fremdwahrung,wechselkurs,auslagenersatz",
        "betrag originalwahrung",
        "оригинална сума,оригинална валута,сума във валута,сума на транзакцията във валута,курс",
        "валута на операцията",
        "montant d origine,devise d origine,montant en devise,taux de change,importe original",
        "divisa original",
        "oorspronkelijk bedrag,wisselkoers,puvodni castka,puvodni mena,castka v puvodni mene,kurz",
        "kurz prevodu",
        "originalni castka,mena originalni castky,kwota w walucie oryginalnej,kwota oryginalna",
        "waluta oryginalna",
        "kwota w walucie transakcji,waluta transakcji,kurs wymiany,category,tags,tag,time,budget",
        "counterparty account,counterparty iban,beneficiary account,payee account,other account",
        "partner iban",
        "to account,sender account,recipient account,counterparty bank,counterparty bic",
        "account holder,account type,member name,name des karteninhabers,cardholder name,card member",
        "kontonummer iban,iban zahlungsbeteiligter,iban des auftraggebers empfangers,gegenkonto,bic",
        "blz,bankleitzahl",
        "bic swift code,glaubiger id,glaeubiger id,mandatsreferenz,kundenreferenz end to end",
        "kundenreferenz",
        "сметка на контрагент,iban на контрагент,сметка на получателя,банка на контрагента,банка,bank",
        "compte du tiers,iban du tiers,tegenrekening,rekening tegenpartij,tegenrekening iban bban",
        "cislo protiuctu",
        "protiucet,ucet protistrany,cislo uctu protistrany,kod banky,variabilni symbol",
        "konstantni symbol",
        "specificky symbol,vs,ks,ss,numer rachunku kontrahenta,rachunek kontrahenta,rachunek odbiorcy",
        "nr rachunku kontrahenta,check number,check or slip,check no,cheque number,num,number,no,nr",
        "row,#",
        "limit,credit limit,opening balance,initial balance,start balance,beginsaldo",
        "pocatecni zustatek",
        "saldo poczatkowe,category code,vat code,cost centre,address,city,country,zip code,street",
    ),
}

Direction = Literal[-1, 1]


@cache
def direction_words() -> dict[str, Direction]:
    """Values of an indicator column: -1 leaves the account, 1 enters it."""
    out = words(
        "d,dr,debit,dbit,db,deb,debet,debits,out,outgoing,withdrawal,withdraw,withdrawn,money out",
        "paid out,payment out",
        "outflow,sent,expense,spend,sale,purchase,s,soll,lastschrift,belastung,ausgang,abgang,ausgabe",
        "дт,д,дебит,разход,изходящ,изходящо,расход,debe,cargo,gasto,salida,depense,sortie,debito,dare",
        "uscita",
        "af,uit,afschrijving,odchozi,vydaj,vyber,na vrub,odepsano,obciazenie,wydatek,wychodzaca,winien",
        "saida,ut,terheles",
        "isplata,ud,odchozi platba,charge,χ,χρεωση,borc,支出,出金,借,출금,giden",
    )
    into = words(
        "c,cr,credit,crdt,cre,kredit,credits,in,incoming,deposit,deposited,money in,paid in,payment in",
        "inflow,received",
        "income,refund,return,h,haben,gutschrift,eingang,zugang,einnahme,кт,к,кредит,приход,входящ,входящо",
        "haber,abono,ingreso,entrada,recette,entree,credito,avere,entrata,bij,bijschrijving,prichozi",
        "prijem",
        "ve prospech,pripsano,uznanie,wplyw,przychodzaca,ma,ind,inn,jovairas,uplata,prichozi platba",
        "π,πιστωση,alacak,收入,入金,贷,입금,gelen",
    )
    signs: dict[str, Direction] = {"+": 1, "-": -1, "−": -1}
    return {**dict.fromkeys(out, -1), **dict.fromkeys(into, 1), **signs}


State = Literal["posted", "pending", "void"]


@cache
def state_words() -> dict[str, State]:
    """Values of a status column, where any other is "posted"; "void" is a transaction that did not happen."""
    pending = words(
        "pending,authorised,authorized,authorization,authorisation,processing,in progress,reserved,hold",
        "on hold,open",
        "outstanding,pndg,pdng,p,not booked,unbooked,scheduled,vorgemerkt,ausstehend,offen",
        "vorgemerkte buchung",
        "чакащо,чакаща,чакащ,в процес,неосчетоводена,блокирана,авторизация,авторизирана,предстояща",
        "en attente",
        "en cours,a venir,pendiente,en proceso,autorizada,in behandeling,gereserveerd,cekajici",
        "cekajici na zauctovani",
        "nezauctovano,blokace,oczekujaca,w trakcie,zablokowana,blokada,niezaksiegowana,in attesa",
        "umsatz vorgemerkt,pendente,autorizzato,autorizzata,non contabilizzato,da contabilizzare,venter",
        "reservert,reserverad,reserveret,preliminar,beklemede,provizyon,em processamento,retenida",
        "処理中,未確定,待处理,true,yes",
    )
    void = words(
        "declined,failed,reverted,cancelled,canceled,rejected,refused,void,voided,expired,denied",
        "returned,abandoned",
        "abgelehnt,storniert,fehlgeschlagen,отказана,отказано,отхвърлена,анулирана,неуспешна,неуспешно",
        "refuse,annule",
        "refusee,annulee,echoue,rechazado,rechazada,cancelado,cancelada,anulada,geweigerd,geannuleerd",
        "mislukt",
        "zamitnuto,zruseno,zamitnuta,zrusena,neprovedena,odrzucona,anulowana,nieudana,rifiutata,annullata",
    )
    posted = words(
        "posted,booked,cleared,completed,complete,settled,gebucht,umsatz gebucht,verbucht,abgerechnet",
        "осчетоводена,осчетоводено,приключена,comptabilise,comptabilisee,contabilizado,contabilizada",
        "contabilizzato,contabilizzata,geboekt,zauctovano,zaksiegowana,zaksiegowano,udfort,bokford,bokfort",
    )
    return {
        **dict.fromkeys(posted, "posted"),
        **dict.fromkeys(pending, "pending"),
        **dict.fromkeys(void, "void"),
    }


@cache
def total_words() -> tuple[str, ...]:
    """Words that open a footer rather than a transaction."""
    return words(
        "total,totals,sum,subtotal,grand total,balance,closing balance,opening balance,end of,summary",
        "beginning balance,ending balance,brought forward,carried forward,saldo anterior,saldo inicial",
        "saldovortrag,ubertrag saldo,rulaj,sold initial,sold final,solde precedent,ancien solde,devir",
        "turnover",
        "summe,gesamt,gesamtsumme,endsaldo,anfangssaldo,kontostand,saldo,umsatzsumme,общо,всичко",
        "крайно салдо",
        "начално салдо,салдо,сума общо,итого,наличност,обороти,solde,somme,sous total,totaux,suma,sumas",
        "totales",
        "saldo final,totaal,eindsaldo,celkem,soucet,konecny zustatek,pocatecni zustatek,razem,lacznie",
        "saldo koncowe",
        "podsumowanie,totale,saldo finale,generated,printed,erstellt,exported,report,генерирано,справка",
    )


@cache
def account_labels() -> tuple[str, ...]:
    """Words before the account's number in the lines above a table."""
    return words(
        "account number,account no,account,account id,acc no,a c no,iban,konto,kontonummer",
        "auftragskonto,girokonto",
        "kreditkarte,tagesgeldkonto,depot,сметка,номер на сметка,по сметка,банкова сметка,compte",
        "numero de compte,compte n",
        "cuenta,numero de cuenta,rekening,rekeningnummer,cislo uctu,ucet,vypis z uctu,rachunek",
        "numer rachunku,nr rachunku",
        "conto,numero conto,conta,card number,card,kontonr,szamlaszam,racun,cont",
    )


@cache
def currency_labels() -> tuple[str, ...]:
    """Words before the currency in the lines above a table."""
    return words(
        "currency,account currency,ccy,wahrung,waehrung,kontowahrung,валута,валута на сметката,devise",
        "monnaie,moneda",
        "divisa,munt,muntsoort,mena,mena uctu,waluta,waluta rachunku,valuta,moeda,divise",
    )


@cache
def months() -> dict[str, int]:
    """Names of months, and their abbreviations, in the languages of the supported countries."""
    return {name: number for number, lines in _MONTHS.items() for name in words(*lines)}


_MONTHS: dict[int, tuple[str, ...]] = {
    1: (
        "january,jan,januar,janner,януари,яну,ян,janvier,janv,enero,ene,januari,leden,ledna,led",
        "styczen,stycznia,sty,gennaio,gen,janeiro,января,янв",
        "ianuarie,ian,ocak,oca",
    ),
    2: (
        "february,feb,februar,февруари,фев,fevrier,fevr,fev,febrero,februari,unor,unora,uno,luty",
        "lutego,lut,febbraio,fevereiro,февраля",
        "subat,sub",
    ),
    3: (
        "march,mar,marz,maerz,mrz,март,мар,mars,marzo,maart,mrt,brezen,brezna,bre,marzec,marca",
        "marco,марта",
        "martie,mart",
    ),
    4: (
        "april,apr,април,апр,avril,avr,abril,abr,duben,dubna,dub,kwiecien,kwietnia,kwi,aprile",
        "апреля",
        "nisan,nis",
    ),
    5: (
        "may,mai,май,мая,mayo,mei,kveten,kvetna,kve,maj,maja,maggio,mag,maio",
        "mayis,majus",
    ),
    6: (
        "june,jun,juni,юни,юн,juin,junio,cerven,cervna,cer,czerwiec,czerwca,cze,giugno,giu,junho",
        "июня,июн",
        "iunie,iun,haziran,haz",
    ),
    7: (
        "july,jul,juli,юли,юл,juillet,juil,julio,cervenec,cervence,cvc,lipiec,lipca,lip,luglio,lug",
        "julho,июля,июл",
        "iulie,iul,temmuz,tem",
    ),
    8: (
        "august,aug,август,авг,aout,agosto,ago,augustus,srpen,srpna,srp,sierpien,sierpnia,sie",
        "августа",
        "agustos,agu,augusztus",
    ),
    9: (
        "september,sep,sept,септември,сеп,септ,septembre,septiembre,zari,zar,wrzesien,wrzesnia,wrz",
        "settembre,set,setembro,сентября,сен",
        "eylul,eyl,szeptember,sze",
    ),
    10: (
        "october,oct,oktober,okt,октомври,окт,octobre,octubre,rijen,rijna,rij,pazdziernik",
        "pazdziernika,paz,ottobre,ott,outubro,out,октября",
        "octombrie,ekim,eki",
    ),
    11: (
        "november,nov,ноември,ное,ноем,novembre,noviembre,listopad,listopadu,lis,listopada",
        "novembro,ноября,ноя",
        "noiembrie,noi,kasim,kas",
    ),
    12: (
        "december,dec,dezember,dez,декември,дек,decembre,diciembre,dic,prosinec,prosince,pro",
        "grudzien,grudnia,gru,dicembre,dezembro,декабря",
        "desember,des,aralik,ara",
    ),
}

_SYMBOLS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₽": "RUB", "₴": "UAH", "₹": "INR", "₩": "KRW", "₪": "ILS",
    "₺": "TRY",
    "zł": "PLN", "kč": "CZK", "лв": "BGN", "лв.": "BGN", "ft": "HUF", "lei": "RON", "chf": "CHF",
    "fr.": "CHF",
    "r$": "BRL", "us$": "USD", "c$": "CAD", "a$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "rm": "MYR",
    "euro": "EUR", "euros": "EUR", "tl": "TRY",
    "kc": "CZK", "евро": "EUR", "rs.": "INR", "rs": "INR", "eur.": "EUR",
    "円": "JPY", "元": "CNY", "원": "KRW", "د.ك": "KWD", "₫": "VND", "฿": "THB", "₱": "PHP", "₦": "NGN",
    "kr": "", "kr.": "", "$": "", "r": "", "fr": "", "дин": "", "дин.": "",
}  # fmt: skip
"""Currency signs; "" for a sign that several currencies share."""

#: Names of currencies that are words of no language's column names, so that they count in small letters, too.
CURRENCY_NAMES = frozenset({"euro", "euros", "lei", "kc"})


@cache
def currency_of(text: str) -> str | None:
    """The ISO 4217 code that a text names; "" for a sign of several currencies, None for anything else."""
    bare = text.strip().strip("()[]")
    if bare.casefold() in _SYMBOLS:
        return _SYMBOLS[bare.casefold()]
    code = bare.upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        return None
    try:
        exponent(code)
    except MoneyError:
        return None
    return code


@cache
def receipt_words() -> tuple[str, ...]:
    """How statements of cards call the holder's payments; no other account thanks for money that leaves."""
    return words(
        "thank you,besten dank,payment received,payments received,received with thanks,zahlung erhalten",
        "zahlungseingang,paiement recu,merci,pago recibido,gracias por su pago,pagamento recebido",
        "pagamento ricevuto,betaling ontvangen,inbetalning,innbetaling,indbetaling,получено плащане",
    )


@cache
def card_words() -> tuple[str, ...]:
    """Column names that only statements of cards have."""
    return words(
        "card member,cardmember,card holder,cardholder,cardholder name,karteninhaber,card number,card no",
        "card last 4 digits,last 4 digits,card ending",
        "kartennummer,titulaire de la carte,numero de tarjeta,numero de carte,kortinnehavare",
        "purchase date,purchase amount,kaufdatum,date d achat,fecha de compra",
        "利用店名,ご利用店名,利用店名 商品名,利用日,ご利用日",
    )


#: Countries that write the month first.
MONTH_FIRST = frozenset({"US", "PH", "FM", "MH", "PW", "GU", "PR", "AS", "VI", "UM", "BZ"})

#: Countries that write a decimal point; most others write a comma.
DECIMAL_POINT = frozenset(
    "US GB IE AU NZ CA IN JP CN KR TH PH MY SG HK TW MX IL PK LK NG KE GH ZA MT CH LI KW BH OM JO "  # noqa: SIM905
    "AE SA EG".split()
)
