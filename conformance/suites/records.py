"""`galerne records export` on a real deployment: what is in the rows, and what nobody has said."""

import csv
import html.parser
import json
import re
import sqlite3
from pathlib import Path

from harness import clients, venvs
from harness.installation import Installation, wait_for
from harness.paths import CONFORMANCE
from harness.server import run as run_command, run_json

KINDS = ("processing", "ai-act", "dora")
LOCK = CONFORMANCE.parent / "Cargo.lock"
PAGE_LOCK = CONFORMANCE.parent / "web" / "package-lock.json"
DECLARED = """
[controller]
name = "Hospital & <Brest>"
contact = "2 avenue Foch"
[data_officer]
name = "A. Martin"
contact = "dpo@hospital.example"
[processing]
purposes = ["letters"]
legal_bases = ["Article 6(1)(e)"]
subjects = ["staff"]
categories = ["texts"]
[ai_act]
system = "Assistant"
intended_purpose = "letters"
risk_class = "limited"
human_oversight = "the author"
input_data = "the author"
people_informed = "a notice"
incident_contact = "desk"
"""
SITE = """
[site]
country = "FR"
operator = "Hospital"
operator_country = "FR"
parent_country = "FR"
"""
RETENTION = """
[retention]
conversations_days = 365
files_days = 365
documents_days = 365
usage_days = 1095
sign_ins_days = 200
log_days = 400
"""
DESTINATION = """
[[egress.destinations]]
address = "https://witness.example"
purpose = "witness"
operator = "Somebody"
site = "FR"
jurisdiction = "FR"
parent = "FR"
"""


def run(report, bench):
    office = Office(bench)
    with report.check("records: without a deployment there is no document, and nothing is made"):
        _nothing(bench)
    with office.place.serve() as server:
        assert server.api.chat("Hello", max_tokens=2).status == 200
        wait_for("the answer is settled", lambda: office.rows("usage", "settled_at IS NULL") == 0)
        for kind in KINDS:
            with report.check(f"records: {kind}: what nobody has said is missing and not invented"):
                _missing(office, kind)
        with report.check("records: what was declared and set makes them complete"):
            _complete(office)
        with report.check("records: every model is in it by its digest"):
            _models(office)
        with report.check("records: energy is the sum of the rows, with how it was obtained"):
            _energy(office)
        with report.check("records: a row that changes changes the document"):
            _rows(office)
        with report.check("records: pages stand alone, in two languages"):
            _pages(office)
        with report.check("records: a destination of the settings is a recipient"):
            _recipient(office)
        with report.check("records: nothing is written over, and a wrong word is refused"):
            _refused(office)
    with report.check("records: the bill is what the program is made of"):
        bill = _bill(bench)
    documents = [office.folder("complete-" + kind) / f"{kind}.json" for kind in KINDS[:2]]
    documents += [office.folder("bare-" + kind) / f"{kind}.json" for kind in KINDS]
    command = [venvs.python("cyclonedx"), CONFORMANCE / "clients" / "cyclonedx_check.py", bill]
    command += [documents[0].with_name("record.schema.json"), *documents]
    clients.run_checks(report, "records", command)


class Office:
    """A deployment, and where documents of it are written."""

    def __init__(self, bench):
        self.bench = bench
        self.place = Installation(bench)
        self.data_dir = self.place.data_dir
        self.settings = self.data_dir / "galerne.toml"
        self.bare = self.settings.read_text()

    def folder(self, name):
        return self.bench.folder / f"records-{name}"

    def export(self, kind, name):
        arguments = ("records", "export", "--kind", kind, "--output", self.folder(name))
        return run_command(self.bench.binary, *arguments, data_dir=self.data_dir)

    def document(self, kind, name, code=0):
        """Exports it and reads it."""
        done = self.export(kind, name)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return json.loads((self.folder(name) / f"{kind}.json").read_text())

    def say_all(self):
        self.settings.write_text(self.bare + SITE + RETENTION)
        (self.data_dir / "records.toml").write_text(DECLARED)

    def connect(self):
        return sqlite3.connect(self.data_dir / "galerne.db", timeout=30, isolation_level=None)

    def rows(self, table, condition):
        connection = self.connect()
        try:
            return connection.execute(f"SELECT COUNT(*) FROM {table} WHERE {condition}").fetchone()[0]
        finally:
            connection.close()

    def change(self, statement, *values):
        connection = self.connect()
        try:
            assert connection.execute(statement, values).rowcount > 0, statement
        finally:
            connection.close()


def _nothing(bench):
    empty = bench.folder / "records-no-deployment"
    folder = bench.folder / "records-nothing"
    arguments = ("records", "export", "--kind", "processing", "--output", folder)
    done = run_command(bench.binary, *arguments, data_dir=empty)
    assert done.returncode == 1 and "no deployment" in done.stderr, (done.returncode, done.stderr)
    assert not folder.exists() and not empty.exists()


def _fields(document):
    return {it["name"]: it for section in document["sections"] for it in section["fields"]}


def _table(document, name):
    tables = [it for section in document["sections"] for it in section["tables"]]
    (table,) = [it for it in tables if it["name"] == name]
    return table


def _missing(office, kind):
    document = office.document(kind, f"bare-{kind}", code=5)
    assert not document["complete"] and document["missing"], document
    for it in document["missing"]:
        assert re.match(r"(records\.toml|galerne\.toml|data directory): |galerne ", it["declare"]), it
    for field in _fields(document).values():
        assert field["source"] != "declared" or field["value"] is None, field
    page = (office.folder(f"bare-{kind}") / f"{kind}.en.html").read_text()
    assert "<h2>Missing</h2>" in page and "certified" not in page.lower()
    if kind == "processing":
        declares = {it["declare"] for it in document["missing"]}
        expected = {"records.toml: controller.name", "galerne.toml: site.operator"}
        assert {*expected, "galerne.toml: retention.conversations_days"} <= declares, declares
    if kind == "dora":
        with (office.folder("bare-dora") / "B_01.01.csv").open(newline="") as file:
            head, row = csv.reader(file)
        assert head[0] == "LEI" and row[0] == "", (head, row)


def _complete(office):
    office.say_all()
    for model in (office.data_dir / "models").iterdir():
        (model / "licences").mkdir()
        (model / "licences" / "LICENSE").write_text("Apache License")
    document = office.document("processing", "complete-processing")
    assert document["complete"] and document["missing"] == []
    assert _fields(document)["controller"]["value"] == "Hospital & <Brest>"
    terms = dict(_table(document, "Until when rows are kept by the settings")["rows"])
    assert (terms["conversations"], terms["usage records"]) == ("365", "1095"), terms
    pack = office.document("ai-act", "complete-ai-act")
    assert _fields(pack)["days that entries are kept at least"]["value"] == "400"
    entries = int(_fields(pack)["entries"]["value"])
    assert 0 < entries <= office.rows("audit", "TRUE")
    kinds = dict(_table(pack, "Entries by kind of access")["rows"])
    asked = office.rows("audit", "action = 'chat.complete'")
    assert sum(map(int, kinds.values())) == entries, kinds
    assert int(kinds.get("chat.complete", 0)) == asked, (kinds, asked)


def _models(office):
    document = json.loads((office.folder("complete-ai-act") / "ai-act.json").read_text())
    digests = {row[1] for row in _table(document, "Models")["rows"]}
    manifests = list((office.data_dir / "models").glob("*/manifest.json"))
    assert digests == {json.loads(path.read_text())["sha256"] for path in manifests}, digests


def _energy_rows(office, name):
    table = _table(office.document("ai-act", name), "Energy and emissions")
    place = {column: place for place, column in reversed(list(enumerate(table["columns"])))}
    return [{column: row[at] for column, at in place.items()} for row in table["rows"]]


def _energy(office):
    (row,) = _energy_rows(office, "energy")
    connection = office.connect()
    (expected,) = connection.execute(
        "SELECT COUNT(*), SUM(prompt_tokens), SUM(completion_tokens), SUM(energy_joules), "
        "MAX(energy_method), MAX(energy_uncertainty_percent), MAX(grid_zone) FROM usage"
    ).fetchall()
    connection.close()
    requests, read, written, joules, method, doubt, zone = expected
    assert [row["requests"], row["tokens read"], row["tokens written"]] == [
        *map(str, (requests, read, written))
    ], (row, expected)
    assert abs(float(row["energy (J)"]) - joules) < 0.001, (row, joules)
    assert (row["how obtained"], row["grid"]) == (method, zone), row
    assert abs(float(row["± %"]) - doubt) <= 0.5, (row, doubt)


def _rows(office):
    # Energy: one row as measured by another means stands apart, and nothing is added to it.
    office.change("UPDATE usage SET energy_joules = 12345.5, energy_method = 'measured'")
    (row,) = _energy_rows(office, "energy-changed")
    assert (row["energy (J)"], row["how obtained"]) == ("12345.500", "measured"), row
    # Accounts, holds and terms.
    before = office.document("processing", "rows-before")
    name = "auditor@hospital.example"
    run_json(
        *(office.bench.binary, "account", "create", name, "--role", "auditor"),
        data_dir=office.data_dir,
    )
    hold = ("hold", "place", "--reason", "audit", "--reference", "RG 26/01234")
    run_json(office.bench.binary, *hold, data_dir=office.data_dir)
    office.settings.write_text((office.bare + SITE + RETENTION).replace("1095", "730"))
    after = office.document("processing", "rows-after")
    office.say_all()
    accounts = "Accounts that may be used"
    assert ["person", "auditor", "1"] not in _table(before, accounts)["rows"]
    assert ["person", "auditor", "1"] in _table(after, accounts)["rows"]
    holds = "legal holds in force"
    assert [_fields(it)[holds]["value"] for it in (before, after)] == ["0", "1"]
    terms = [dict(_table(it, "Until when rows are kept by the settings")["rows"]) for it in (before, after)]
    assert [it["usage records"] for it in terms] == ["1095", "730"], terms
    assert name not in json.dumps(after), "numbers of accounts, and no names"


class Page(html.parser.HTMLParser):
    """What a page would load, and what it says."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loads, self.language, self.headings = set(), [], None, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        values = dict(attributes)
        self.loads += [value for name, value in attributes if name in ("src", "href", "srcset")]
        self.language = values.get("lang", self.language)

    def handle_data(self, data):
        self.headings.append(data)


def _pages(office):
    folder = office.folder("complete-processing")
    pages = {code: Page((folder / f"processing.{code}.html").read_text()) for code in ("en", "fr")}
    for code, page in pages.items():
        assert page.language == code and page.loads == [], (code, page.loads)
        assert not page.tags & {"script", "img", "link", "iframe", "brest"}, page.tags
        assert "Hospital & <Brest>" in page.headings
    assert "Record of processing activities" in pages["en"].headings
    assert "Registre des activités de traitement" in pages["fr"].headings
    assert "responsable du traitement" in pages["fr"].headings


def _recipient(office):
    """The other half, parties of the log, is in the tests of the crate: it needs a way out."""
    office.settings.write_text(office.bare + SITE + RETENTION + DESTINATION)
    document = office.document("processing", "recipient")
    office.say_all()
    rows = {row[0]: row for row in _table(document, "Recipients")["rows"]}
    assert rows["https://witness.example"][1:4] == ["witness", "no", "Somebody"], rows


def _refused(office):
    before = (office.folder("complete-processing") / "processing.json").read_text()
    done = office.export("processing", "complete-processing")
    assert done.returncode == 64 and "exists" in done.stderr, done.stderr
    assert before == (office.folder("complete-processing") / "processing.json").read_text()
    (office.data_dir / "records.toml").write_text("[controler]\nname = 'x'\n")
    done = office.export("processing", "typo")
    assert done.returncode == 64 and "controler" in done.stderr, (done.returncode, done.stderr)
    assert not office.folder("typo").exists()


def _bill(bench):
    folder = bench.folder / "records-bill"
    done = run_command(bench.binary, "records", "export", "--kind", "sbom", "--output", folder)
    assert done.returncode == 0, done.stderr
    bill = json.loads((folder / "galerne.cdx.json").read_text())
    found = {it["bom-ref"]: it for it in bill["components"]}
    _of_lock_files(found)
    _of_binary(bench, found)
    for component in found.values():
        said = {it["name"]: it["value"] for it in component["properties"]}
        country = said["galerne:supplier-country"]
        if country in ("unknown", "own"):
            assert "supplier" not in component, component
        else:
            assert component["supplier"]["address"]["country"] == country, component
            assert said["galerne:supplier-source"].startswith("https://"), component
    with (folder / "packages.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found)
    assert {row["country"] for row in rows} >= {"unknown", "our own"}
    page = Page((folder / "sbom.fr.html").read_text())
    assert page.loads == [] and "Nomenclature logicielle" in page.headings
    return folder / "galerne.cdx.json"


def _of_lock_files(found):
    """Each has the checksum of the lock files, and the page's are all there."""
    packages = [_members(part) for part in LOCK.read_text().split("[[package]]")[1:]]
    locked = {(it["name"], it["version"]): it.get("checksum") for it in packages}
    for reference, component in found.items():
        if reference.startswith("pkg:cargo/"):
            checksum = locked[component["name"], component["version"]]
            assert [it["content"] for it in component["hashes"]] == [checksum], component
        if reference.startswith("own:"):
            assert locked[component["name"], component["version"]] is None, component
            assert "purl" not in component, component
    lock = json.loads(PAGE_LOCK.read_text())["packages"]
    page = {
        (path.rsplit("node_modules/")[-1], it["version"])
        for path, it in lock.items()
        if path and not it.get("dev")
    }
    npm = [it for reference, it in found.items() if reference.startswith("pkg:npm/")]
    assert {(it["name"], it["version"]) for it in npm} == page


def _members(part):
    """Of a package in `Cargo.lock`: the members that are one line."""
    pairs = [line.split(" = ", 1) for line in part.splitlines() if " = " in line]
    return {name: value.strip('"') for name, value in pairs}


def _of_binary(bench, found):
    """Messages of errors name sources: whatever of a registry is named so is linked."""
    pattern = rb"/registry/src/[^/\0]+/([A-Za-z0-9_-]+?)-(\d+\.\d+\.\d+[A-Za-z0-9.+-]*)/"
    named = set(re.findall(pattern, Path(bench.binary).read_bytes()))
    for name, version in named:
        component = found.get(f"pkg:cargo/{name.decode()}@{version.decode()}")
        assert component is not None and component["scope"] == "required", (name, version)
