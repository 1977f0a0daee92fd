"""Validates a bill of materials and documents of records: each check prints one line of JSON.

    cyclonedx_check.py BILL SCHEMA DOCUMENT…
"""

import json
import sys
import traceback
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft202012Validator, FormatChecker
from license_expression import get_spdx_licensing
from packageurl import PackageURL


def main():
    bill = Path(sys.argv[1]).read_text()
    check("the bill is valid CycloneDX 1.6, strictly", lambda: strict(bill))
    check("a reader of CycloneDX reads it whole", lambda: whole(bill))
    check("licences are expressions of SPDX", lambda: licences(json.loads(bill)))
    check("a bill that was damaged is told from it", lambda: damaged(json.loads(bill)))
    schema = json.loads(Path(sys.argv[2]).read_text())
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    for path in map(Path, sys.argv[3:]):
        check(f"{path.name} follows its schema", lambda: validator.validate(json.loads(path.read_text())))
    print(json.dumps({"finished": True}), flush=True)


def check(name, work):
    record = {"name": name, "status": "ok"}
    try:
        work()
    except Exception as error:
        record |= {"status": "failed", "why": f"{type(error).__name__}: {error}"[:800]}
    print(json.dumps(record), flush=True)


def strict(text):
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert found is None, found


def whole(text):
    bill = json.loads(text)
    read = Bom.from_json(bill)
    assert len(read.components) == len(bill["components"]), len(read.components)
    references = {component["bom-ref"] for component in bill["components"]} | {"galerne"}
    assert len(references) == len(bill["components"]) + 1, "each stands there once"
    for row in bill["dependencies"]:
        assert {row["ref"], *row["dependsOn"]} <= references, row
    for component in bill["components"]:
        if "purl" in component:
            purl = PackageURL.from_string(component["purl"])
            name = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
            assert (name, purl.version) == (component["name"], component["version"]), purl


def licences(bill):
    spdx = get_spdx_licensing()
    for component in bill["components"]:
        (licence,) = component["licenses"]
        found = spdx.validate(licence["expression"])
        assert not found.errors, (component["bom-ref"], found.errors)


def damaged(bill):
    bill["components"][0]["type"] = "rumour"
    try:
        strict(json.dumps(bill))
    except AssertionError:
        return
    raise AssertionError("nobody noticed")


if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None
