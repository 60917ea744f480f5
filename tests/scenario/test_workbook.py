"""A scenario as a workbook and back; and what strangers put into workbooks: each a clear complaint, no trace-back."""

import io
import json
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import openpyxl
import pytest
import xlsxwriter

import procure
from procure.scenario import workbook_guard
from procure.scenario.complaint import InvalidData
from procure.scenario.document import read_document
from procure.scenario.scenario import build
from procure.scenario.sheet import SHEETS, columns
from procure.scenario.workbook import ABOUT, read_workbook, write_workbook
from procure.scenario_file import bundled, load, load_data, load_text, load_upload
from tests.plan.random_scenario import random_scenario

INSTANCES = sorted((Path(__file__).parents[1] / "instances").glob("*.yaml"))
NAME = "mine.xlsx"


@pytest.fixture(scope="module")
def startup():
    """Return the bundled scenario of a start-up as plain data."""
    return load("startup").data()


@pytest.fixture(scope="module")
def written(startup):
    """Return it as a workbook."""
    return write_workbook(startup)


def reread(data):
    return read_workbook(write_workbook(data), NAME).data


def edited(content, change):
    """Return a workbook as somebody saves it after a change, which is given the opened book."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def rebuilt(content, parts):
    """Return a workbook with some of its parts in place of what they were, or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *parts}:
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return stream.getvalue()


def complaints(content, name=NAME):
    """Return the complaints about a workbook, each with file, value, what was expected and the remedy."""
    with pytest.raises(InvalidData) as caught:
        build(load_upload(content, name).data)
    for complaint in caught.value.complaints:
        assert complaint.value, complaint
        assert complaint.expected, complaint
        assert complaint.remedy, complaint
        assert "Traceback" not in str(complaint)
    return caught.value.complaints


@pytest.mark.parametrize("name", bundled())
def test_a_bundled_scenario_goes_to_excel_and_back(name, tmp_path):
    """The same scenario by its file, by its bytes and on the command line's way, with a sheet for each noun."""
    scenario = load(name)
    content = write_workbook(scenario.data())
    assert read_workbook(content, NAME).data == scenario.data()
    path = tmp_path / NAME
    path.write_bytes(content)
    assert procure.load(path) == scenario
    assert procure.load(path).content_hash == scenario.content_hash
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [ABOUT, *SHEETS]
    sheet = book["offers"]
    assert sheet.freeze_panes == "B2"
    assert [cell.value for cell in sheet[1]] == [column.name for column in columns("offers")]
    (price,) = (cell for cell in sheet[1] if cell.value == "price_usd_per_unit_hour")
    assert "USD per unit-hour" in price.comment.text
    assert any('"on_demand,spot' in listed.formula1 for listed in sheet.data_validations.dataValidation)
    saved = edited(content, lambda book: None)  # by another program
    assert build(read_workbook(saved, NAME).data) == scenario


def test_the_command_line_checks_a_workbook(written, tmp_path):
    """A good one is valid; a broken one is told in a line or two, with exit code 2."""
    path = tmp_path / NAME
    for content, code, words in ((written, 0, "startup is valid"), (written[:1000], 2, "expected an .xlsx workbook")):
        path.write_bytes(content)
        command = [sys.executable, "-m", "procure", "check", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert words in " ".join((done.stdout + done.stderr).split())
        assert "Traceback" not in done.stderr


def test_every_noun_survives():
    """Instances and random scenarios, with agreements, funding, projects and baselines: one workbook holds them all."""
    for path in INSTANCES[::6]:
        scenario = build(read_document(path).data)
        assert reread(scenario.data()) == scenario.data(), path.stem
    for seed, more in enumerate(("projects", "agreements", "life", "funding")):
        data = build(random_scenario(seed, **{more: True})).data()
        assert reread(data) == data, more
    data["baseline"] = {"orders": [{"offer": "o", "period": "2027-01", "units": 2.0}], "signed": ["a"]}
    assert reread(data) == data


def test_any_text_and_any_number_survives():
    """Formulas, escapes, control characters and numbers of seventeen digits come back as they were."""
    rng = Random(1)
    texts = [
        "=1+1", "+1", "-1", "@SUM(A1)", "'=1", "\t=1", "\r", "a\r\nb", "_x0041_", "_x005F_ _x0041_", "\x00\x1b",
        "\ufffe", " two  ", "007", "1e5", "TRUE", "#REF!", "2027-01-01", "<a>&amp;", "😀\u202e", "=cmd|' /C calc'!A0",
        "x" * 32767,
    ]  # fmt: skip
    pool = "=+-@ \n\r\t\x01\x7f\x85_x0041Fa\"'<&;{[\u2028é漢😀"
    texts += ["".join(rng.choices(pool, k=rng.randint(1, 12))) for _ in range(500)]
    numbers = [0.1 + 0.2, 1 / 3, 1e-300, 2**53 + 1, 1e18, -0.0, 123456.789, 5, True]
    numbers += [rng.random() for _ in range(200)]
    offers = [{"id": f"o{number}", "note": text} for number, text in enumerate(texts)]
    offers += [{"id": f"n{number}", "price_usd_per_unit_hour": value} for number, value in enumerate(numbers)]
    assert reread({"name": "texts", "offers": offers})["offers"] == offers
    content = write_workbook({"name": "texts", "offers": offers})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [name for name in archive.namelist() if b"<f>" in archive.read(name)]
    for note, words in (("x" * 32768, "at most 32,767"), ("\ud800", "whole characters"), ("_x0041_x0042_", "another")):
        with pytest.raises(InvalidData, match=rf"offers\[0\].note.*{words}"):
            write_workbook({"name": "a", "offers": [{"id": "o", "note": note}]})
    with pytest.raises(InvalidData, match="no field of this name"):
        write_workbook({"name": "a", "catalogue": {"offers": []}})


def test_what_people_do_to_a_workbook_is_read(written, startup):
    """Dates, numbers with units, formulas with their values, blank rows, rows in another order, sheets left out."""

    def change(book):
        del book["fleet"], book["about"]
        book.create_sheet("Sheet1")
        book["offers"].title = " Offers"
        page = book[" Offers"]
        names = {cell.value: cell.column for cell in page[1]}
        page.cell(2, names["order_from"]).value = datetime(2027, 3, 15)  # as Excel has it
        page.cell(2, names["order_until"]).value = datetime(2028, 3, 15, 8)
        page.cell(2, names["price_usd_per_unit_hour"]).value = "2.5 k"
        page.insert_rows(3)

    found = read_workbook(edited(written, change), NAME)
    first = {"order_from": "2027-03-15", "order_until": "2028-03-15T08", "price_usd_per_unit_hour": "2.5 k"}
    assert found.data["offers"] == [startup["offers"][0] | first, *startup["offers"][1:]]
    assert found.place(("offers", 1, "region")) == ("mine.xlsx [offers]", 4)
    assert found.place(("horizon", "periods")) == ("mine.xlsx [scenario]", 2)
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        page = book.add_worksheet("scenario")
        page.write_row(0, 0, ["name", "horizon.periods", "horizon.start"])
        page.write_string(1, 0, "sums")
        page.write_formula(1, 1, "=6+2", None, 8)
        page.write_formula(1, 2, '="2027-"&"01"', None, "2027-01")
    horizon = {"periods": 8, "start": "2027-01"}
    assert read_workbook(stream.getvalue(), NAME).data == {"name": "sums", "horizon": horizon}


def test_every_fault_of_a_workbook_is_told_at_once(written):
    """Sheets, headings, cells: each by sheet and row, all in one go; near misses are named."""

    def change(book):
        page = book["offers"]
        names = {cell.value: cell.column for cell in page[1]}
        page.cell(1, names["note"]).value = "notes"
        page.cell(1, names["status"]).value = "region"
        page.cell(3, len(names) + 2).value = "stray"
        page.cell(4, names["price_path"]).value = "{2027: 1"
        page.cell(5, names["supply_total"]).value = datetime(2027, 1, 1)
        page.cell(6, names["price_usd_per_unit_hour"]).value = "=A1"
        page.cell(7, names["price_usd_per_unit_hour"]).value = timedelta(hours=3)
        page.cell(8, names["id"]).value = "#REF!"
        page.merge_cells("B10:B11")
        book.create_sheet("ofers")["A1"] = 1
        book["scenario"]["A3"] = "second"

    told = [(c.file, c.row, c.path[-1], c.expected) for c in complaints(edited(written, change))]
    expected = [
        ("ofers", None, "ofers", "unknown sheet"), ("offers", 1, "notes", "unknown column"),
        ("offers", 1, "region", "stated twice"), ("offers", 3, "offers", "under no heading"),
        ("offers", 4, "price_path", "not valid YAML"), ("offers", 5, "supply_total", "no date"),
        ("offers", 6, "price_usd_per_unit_hour", "a number or a date"), ("offers", 8, "id", "a number or a date"),
        ("offers", 7, "price_usd_per_unit_hour", "a number or a date"),
        ("offers", 10, "offers", "no merged cells"), ("scenario", 3, "scenario", "one row"),
    ]  # fmt: skip
    for sheet, row, last, words in expected:
        found = [t for t in told if t[:3] == (f"{NAME} [{sheet}]", row, last) and words in t[3]]
        assert len(found) == 1, (sheet, row, last, told)
    assert len(told) == len(expected)
    text = str(InvalidData(complaints(edited(written, lambda book: book.create_sheet("ofers").cell(1, 1, 5)))))
    assert "Did you mean offers" in text


def test_faults_of_the_scenario_have_sheet_and_row(written):
    """An id that is taken, a choice that is none, a name that is unknown: told as of a file, by sheet and row."""

    def change(book):
        page = book["offers"]
        names = {cell.value: cell.column for cell in page[1]}
        page.cell(3, names["id"]).value = page.cell(2, names["id"]).value
        book["workloads"].cell(2, 2).value = "inferences"

    document = read_workbook(edited(written, change), NAME)
    with pytest.raises(InvalidData) as caught:
        build(document.data)
    (kind,) = document.located(caught.value).complaints
    assert (kind.file, kind.row, kind.field) == (f"{NAME} [workloads]", 2, "workloads[0].kind")
    document.data["workloads"][0]["kind"] = "inference"
    with pytest.raises(InvalidData) as caught:
        build(document.data)
    told = {(c.file, c.row) for c in document.located(caught.value).complaints}
    assert told & {(f"{NAME} [offers]", 2), (f"{NAME} [offers]", 3)}


def test_broken_files_are_told(written):
    """Cut off anywhere, changed anywhere, or no workbook at all: read, or one complaint about the file."""
    rng = Random(2)
    for size in (0, 10, len(written) // 2, len(written) - 10):
        assert "this is none" in complaints(written[:size])[0].expected
    for content in (b"name: x", b"\xd0\xcf\x11\xe0" + b"\0" * 600, b"PK\x03\x04" + b"\0" * 600):
        assert "expected an .xlsx workbook" in complaints(content)[0].expected
    for _ in range(12):
        spoiled = bytearray(written)
        for place in rng.choices(range(len(written)), k=40):
            spoiled[place] = rng.randrange(256)
        with suppress(InvalidData):
            read_workbook(bytes(spoiled), NAME)
    assert complaints(written, "mine.yaml")[0].expected == "expected UTF-8 text"
    blank = edited(written, lambda book: [book.remove(page) for page in book.worksheets[1:]])
    assert "expected sheets such as scenario" in complaints(blank)[0].expected


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>{{}}</sheetData></worksheet>'


def hostile():
    """Yield name, parts and words of workbooks made to hurt."""
    bomb = b"0" * 30_000_000
    yield "bomb", {"xl/worksheets/sheet1.xml": bomb}, "parts that grow less than"
    yield "many bombs", {f"xl/{n}.xml": bomb for n in range(3)}, "expected at most 60,000,000"
    yield "many parts", {f"xl/{n}.xml": b"" for n in range(1000)}, "at most 300 parts"
    yield "macro", {"xl/vbaProject.bin": b"x"}, "without macros"
    cells = "<c><v>1</v></c>" * 30_000 + "".join(f"<c><v>{n}</v></c>" for n in range(30_000))
    yield "wide", {"xl/worksheets/sheet2.xml": SHEET.format(f"<row>{cells}</row>")}, "256 columns"
    far = '<row r="1"><c r="XFD1"><v>1</v></c></row>'
    yield "far right", {"xl/worksheets/sheet2.xml": SHEET.format(far)}, "256 columns"
    none = '<row r="1"><c r="BDWGN1"><v>1</v></c></row>'
    yield "column a million", {"xl/worksheets/sheet2.xml": SHEET.format(none)}, "cannot be read as an Excel workbook"
    deep = '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    yield "far down", {"xl/worksheets/sheet2.xml": SHEET.format(deep)}, "20,000 rows"
    entity = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghij")
    )
    laughs = SHEET.format('<row><c t="str"><v>&j;</v></c></row>').replace("?>", f"?>{entity}]>", 1)
    yield "laughs", {"xl/worksheets/sheet2.xml": laughs}, "cannot be read as an Excel workbook"
    outside = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    file = SHEET.format('<row><c t="str"><v>&e;</v></c></row>').replace("?>", f"?>{outside}", 1)
    yield "file", {"xl/worksheets/sheet2.xml": file}, "cannot be read as an Excel workbook"


@pytest.mark.parametrize(("parts", "words"), [case[1:] for case in hostile()], ids=[case[0] for case in hostile()])
def test_hostile_workbooks_are_refused(written, parts, words):
    """In little time, with what is wrong in words; nothing outside the file is read."""
    begin = time.monotonic()
    (told,) = complaints(rebuilt(written, parts))
    assert words in told.expected
    assert told.file == NAME
    assert time.monotonic() - begin < 20


def test_what_passes_the_guards_is_held_by_memory_and_time(written, monkeypatch):
    """Reading ends when it takes more memory or time than the process that reads may have."""
    begin = time.monotonic()
    rng = Random(3)
    some = "".join(f"<c><v>{rng.randrange(100)}</v></c>" for _ in range(20_000))
    (told,) = complaints(rebuilt(written, {"xl/worksheets/sheet2.xml": SHEET.format(f"<row>{some * 160}</row>")}))
    assert "too many cells" in told.expected
    assert time.monotonic() - begin < 20
    code = "from procure.scenario import workbook_reader as r; r.MEMORY_BYTES = 2**20; r.main()"
    large = rebuilt(written, {"xl/worksheets/sheet2.xml": SHEET.format(f"<row>{some * 12}</row>")})
    done = subprocess.run([sys.executable, "-c", code], input=large, capture_output=True, check=True)
    assert json.loads(done.stdout)["fault"][1] == "takes too much memory to read"
    monkeypatch.setattr(workbook_guard, "SECONDS", 0.01)
    (told,) = complaints(written)
    assert "takes more than 0.01 seconds" in told.expected


def test_cells_that_take_long_to_read_and_faults_without_end_are_bounded(written):
    """Thousands of cells of involved YAML are refused as a whole; of thousands of complaints the first are told."""

    def fill(text):
        def change(book):
            page = book["limits"]
            names = {cell.value: cell.column for cell in page[1]}
            for line in range(2, 2000):
                page.cell(line, names["where"]).value = text

        return edited(written, change)

    (told,) = complaints(fill("{a: ['b', 'c'], d: &x [1], e: *x, f: 'abcdefghijklmnopqrstuvwxyz'}"))
    assert "involved YAML" in told.expected
    told = complaints(fill("{a: b: c}"))
    assert (len(told), told[-1].value) == (201, "1,798 more")


def test_text_from_elsewhere_reads_no_files(tmp_path):
    """An uploaded scenario may use the bundled catalogue, and neither include files nor name folders."""
    text = "name: a\nhorizon: {start: 2027-01-01, periods: 2}\nworkloads: []\ncatalogue: {offers: [{vendor: amd}]}\n"
    assert load_text(text, "up.yaml").data["offers"]
    for more, field in (("include: [other.yaml]", "include"), ("include: /etc/passwd", "include")):
        with pytest.raises(InvalidData, match=f"up.yaml:5: {field} = .*no other files"):
            load_text(f"{text}{more}\n", "up.yaml")
    with pytest.raises(InvalidData, match=r"up.yaml:4: catalogue.folder = '\.'.*no other files"):
        load_text(text.replace("{offers", "{folder: ., offers"), "up.yaml")
    with pytest.raises(InvalidData, match=r"up.yaml:1: .*not valid YAML"):
        load_text("{", "up.yaml")
    with pytest.raises(InvalidData, match="at most 5,000,000"):
        load_text("#" * 5_000_001, "up.yaml")
    with pytest.raises(InvalidData, match="cannot be read"):
        load_data(tmp_path / "none.xlsx")
