"""What somebody who can write all files of the server does to its log, and who notices.

Each attack works on a copy of one stopped installation: by `galerne audit verify` against the
checkpoints that were kept outside, by `galerne-verify` on an export, and where the store no
longer continues what the witness holds, by the server itself. The control is a plain hash chain
over the same entries: the same attack, with the chain made anew from there, passes unnoticed.
"""

import random
import shutil
from dataclasses import dataclass

from harness import chain, surgery
from harness.installation import Installation, ask_often, copy_data
from harness.report import progress
from harness.verifier import Verdict, Verifier

SEED = 20261121
# More than one full tile.
ENTRIES_MIN = 300
CUT = 40
HOUR_MICROS = 3600 * 10**6


@dataclass(frozen=True)
class Attack:
    """`change` makes other rows of the true ones; the rest says how it is covered and caught."""

    name: str
    change: object
    code: str
    leaf: object = None
    rebuilt: bool = False
    signed: bool = False
    refused: str = "log.altered"
    # What an export shows, if it is not the same.
    exported: str = None


class Scene:
    """The stopped installation, what an auditor holds of it, and the control over its entries."""

    def __init__(self, bench):
        self.place = Installation(bench)
        with self.place.serve() as server:
            # Several checkpoints, so that there is a range to name.
            for part in range(3):
                ask_often(server.api, ENTRIES_MIN // 3 + 1)
                self.place.wait_for_checkpoint((part + 1) * (ENTRIES_MIN // 3))
        # That is an access too: first of all, so that it belongs to the history.
        self.export = self.place.export(bench.folder / "export-of-the-truth")
        self.key = self.place.key()
        self.rows = self.place.rows()
        self.checkpoints = self.place.checkpoints()
        self.verifier = Verifier(bench)
        self.verifier.take(self.place.outside, "outside")
        self.verifier.take(self.export, "truth")
        generator = random.Random(SEED)
        # In the middle of the history: some checkpoints sign less, some sign more.
        first = min(each.size for each in self.checkpoints if each.size > CUT)
        self.target = generator.randrange(first + 5, len(self.rows) - CUT - 5)
        progress(f"{len(self.rows)} entries, leaf {self.target} is the target (seed {SEED})")

    def attacks(self):
        target = self.target
        return [
            Attack("an entry is edited", self.edit, "log.edited", target),
            Attack("two entries are swapped", self.swap, "log.reordered", target),
            Attack("a back-dated entry is put in", self.insert, "log.inserted", target),
            Attack("an entry is taken out", self.remove, "log.removed", target),
            Attack("a back-dated entry is appended", self.append, "log.backdated", len(self.rows)),
            Attack(
                *("an entry is edited, all after it made anew without the key", self.edit),
                **{"code": "log.rebuilt", "rebuilt": True, "refused": "log.rolled_back"},
                exported="log.rolled_back",
            ),
            Attack(
                *("an entry is edited, all made and signed anew with the key", self.edit),
                **{"code": "log.forked", "rebuilt": True, "signed": True},
                refused="log.forked",
            ),
            Attack(
                *("the end is cut off", self.truncate, "log.truncated"),
                exported="export.incomplete",
            ),
            Attack(
                *("the end is cut off, tiles and checkpoints too", self.truncate),
                **{"code": "log.rolled_back", "rebuilt": True, "refused": "log.rolled_back"},
            ),
            Attack(
                *("the end is cut off and signed anew with the key", self.truncate),
                **{"code": "log.rolled_back", "rebuilt": True, "signed": True},
                refused="log.rolled_back",
            ),
        ]

    def edit(self, rows):
        changed = surgery.altered(rows[self.target], outcome="model.unknown")
        return [*rows[: self.target], changed, *rows[self.target + 1 :]]

    def swap(self, rows):
        at = self.target
        return [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]

    def insert(self, rows):
        made = surgery.new_row(rows[self.target], rows[self.target]["at"])
        return [*rows[: self.target], made, *rows[self.target :]]

    def remove(self, rows):
        return [*rows[: self.target], *rows[self.target + 1 :]]

    def append(self, rows):
        return [*rows, surgery.new_row(rows[-1], rows[-1]["at"] - HOUR_MICROS)]

    def truncate(self, rows):
        return rows[:-CUT]


def run(report, bench):
    scene = None
    with report.check("attacks: untouched, the log and its export are verified"):
        scene = Scene(bench)
        assert len(scene.rows) > ENTRIES_MIN, len(scene.rows)
        done = scene.place.verify()
        assert done.returncode == 0, done
        _verify_export(scene, "truth").expect_verified()
    if scene is None:
        return
    for attack in scene.attacks():
        _attack(report, scene, attack)
    _control(report, scene)
    _stored(report, scene)
    _outside(report, scene)
    _forked(report, scene)
    _restored(report, scene)


def _attack(report, scene, attack):
    name = f"attacks: {attack.name}"
    twin = None
    with report.check(f"{name}: `audit verify` names {attack.code}"):
        twin = _attacked(scene, attack)
        expect(twin.verify("--json"), 3, attack.code, attack.leaf)
    if twin is None:
        return
    with report.check(f"{name}: `galerne-verify` names it in an export"):
        _export(scene, twin, attack.refused)
        _verify_export(scene, "export").expect(1, attack.exported or attack.code, attack.leaf)
    with report.check(f"{name}: the server does not go on with it, {attack.refused}"):
        twin.expect_not_served(attack.refused)
    if attack.change == scene.edit and attack.rebuilt:
        with report.check(f"{name}: an export kept outside narrows it to the leaf"):
            if attack.signed:
                verdict = _verify_export(scene, "export", "--against", "truth")
                verdict.expect(1, "log.rebuilt", scene.target)
            else:
                done = twin.verify("--against", scene.export, "--json")
                expect(done, 3, "log.rebuilt", scene.target)


def _attacked(scene, attack):
    twin = scene.place.copy()
    rows = attack.change(scene.rows)
    with surgery.opened(twin.data_dir) as connection:
        surgery.replace_rows(connection, rows)
        if attack.rebuilt:
            surgery.rebuild(connection, rows, twin.secret_key() if attack.signed else None)
    return twin


def _export(scene, twin, refused):
    """By the product, which may refuse with the reason; then as somebody makes it by hand."""
    scene.verifier.drop("export")
    folder = scene.verifier.folder / "export"
    done = twin.audit("export", folder)
    if done.returncode != 0:
        assert done.returncode == 3 and refused in done.stderr, done
        surgery.export(twin.data_dir, folder)


def expect(done, exit_code, *finding):
    Verdict(done).expect(exit_code, *finding)


def _verify_export(scene, folder, *options):
    command = ("export", folder, "--key", scene.key.vkey, "--checkpoint", "outside")
    return scene.verifier.run(*command, *options)


def _control(report, scene):
    true_chain = chain.build([row["canonical"] for row in scene.rows])
    with report.check("attacks: control: an unkeyed chain sees an edit that is left as it is"):
        assert chain.first_bad(true_chain) is None
        edited = [row["canonical"] for row in scene.edit(scene.rows)]
        assert chain.first_bad(chain.replace_entries(true_chain, edited)) == scene.target
    for attack in scene.attacks():
        with report.check(f"attacks: control: {attack.name}: an unkeyed chain is none the wiser"):
            entries = [row["canonical"] for row in attack.change(scene.rows)]
            assert entries != [row["canonical"] for row in scene.rows]
            assert chain.first_bad(chain.build(entries)) is None


def _stored(report, scene):
    """Not the entries are changed, but what is stored beside them."""
    sizes = [each.size for each in scene.checkpoints if each.size > 0]
    oldest, newest = min(sizes), max(sizes)
    for level, leaf in ((0, scene.target), (1, 0)):
        name = f"attacks: a stored hash of level {level} is changed"
        twin = scene.place.copy()
        with surgery.opened(twin.data_dir) as connection:
            surgery.flip_tile(connection, level, leaf)
        with report.check(f"{name}: `audit verify` names log.tiles_altered"):
            expect(twin.verify("--json"), 3, "log.tiles_altered", leaf if level == 0 else None)
        with report.check(f"{name}: the server does not go on with it, log.altered"):
            twin.expect_not_served("log.altered")
    twin = scene.place.copy()
    with surgery.opened(twin.data_dir) as connection:
        surgery.flip_signature(connection, newest)
    name = "attacks: the newest stored checkpoint is changed"
    with report.check(f"{name}: `audit verify` names checkpoint.signature"):
        expect(twin.verify("--json"), 3, "checkpoint.signature")
    with report.check(f"{name}: the server does not go on with it, log.altered"):
        twin.expect_not_served("log.altered")
    twin = scene.place.copy()
    with surgery.opened(twin.data_dir) as connection:
        surgery.garble_checkpoint(connection, oldest)
    name = "attacks: an older stored checkpoint makes no sense"
    with report.check(f"{name}: `audit verify` names checkpoint.malformed"):
        expect(twin.verify("--json"), 3, "checkpoint.malformed")
    with report.check(f"{name}: the server does not go on with it, log.altered"):
        twin.expect_not_served("log.altered")
    twin = scene.place.copy()
    twin.outside.write_text("a list of something else\n")
    with report.check("attacks: the file of checkpoints is something else: not served, said why"):
        twin.expect_not_served("holds something other than checkpoints")


def _outside(report, scene):
    """A checkpoint that is handed in is never passed over."""
    file = scene.place.bench.folder / "handed-in"
    wrong = surgery.other_signature(scene.place.outside.read_text())
    other = surgery.sign(surgery.other_key("other.example/log"), scene.place.leaves())
    for name, text in (
        ("with another signature", f"{wrong}\n"),
        ("of another log only", f"{other}\n"),
        ("that is empty", ""),
        ("of something else", "nothing of the kind\n"),
    ):
        file.write_text(text)
        with report.check(f"attacks: a file of checkpoints {name} is no proof: `audit verify`"):
            done = scene.place.audit("verify", "--checkpoint", file, "--json")
            expect(done, 3, "checkpoint.signature")
        with report.check(f"attacks: a file of checkpoints {name} is no proof: `galerne-verify`"):
            scene.verifier.take(file, "handed-in")
            options = ("--key", scene.key.vkey, "--checkpoint", "handed-in")
            scene.verifier.run("export", "truth", *options).expect(1, "checkpoint.signature")


def _forked(report, scene):
    """Two servers with one past, one key and one number of entries, and different histories."""
    one, other = scene.place.copy(), scene.place.copy()
    for twin in (one, other):
        with twin.serve() as server:
            ask_often(server.api, 3)
    first, second = one.checkpoints()[-1], other.checkpoints()[-1]
    with report.check("attacks: a fork: two histories of one size are both signed"):
        assert first.size == second.size and first.root != second.root, (first, second)
    with report.check("attacks: a fork: `galerne-verify checkpoints` names log.forked"):
        for twin, name in ((one, "one"), (other, "other")):
            scene.verifier.take(twin.outside, name)
        command = ("checkpoints", "one", "other", "--key", scene.key.vkey)
        scene.verifier.run(*command).expect(1, "log.forked")
        scene.verifier.run("checkpoints", "one", "--key", scene.key.vkey).expect_verified()
    with report.check("attacks: a fork: `audit verify` names log.forked"):
        expect(other.audit("verify", "--checkpoint", one.outside, "--json"), 3, "log.forked")
    with report.check("attacks: a fork: the server is not taken up by the other's witness"):
        other.configure(witness=str(one.outside))
        other.expect_not_served("log.forked")
    with report.check("attacks: a fork: `galerne-verify` names it in an export"):
        _export(scene, other, "log.forked")
        command = ("export", "export", "--key", scene.key.vkey, "--checkpoint", "one")
        scene.verifier.run(*command).expect(1, "log.forked")
    with report.check("attacks: control: a fork: both unkeyed chains are whole"):
        assert chain.first_bad(chain.build(one.entries())) is None
        assert chain.first_bad(chain.build(other.entries())) is None


def _restored(report, scene):
    """The files of an earlier day are put back."""
    for what in ("the database", "the whole data directory"):
        twin = scene.place.copy()
        with twin.serve() as server:
            ask_often(server.api, 20)
        later = twin.entries()
        if what == "the database":
            for path in twin.data_dir.glob("galerne.db*"):
                path.unlink()
            shutil.copy2(scene.place.data_dir / "galerne.db", twin.data_dir)
        else:
            copy_data(scene.place.data_dir, twin.data_dir)
        with report.check(f"attacks: {what} of an earlier day: named log.rolled_back"):
            assert len(twin.entries()) < len(later)
            expect(twin.verify("--json"), 3, "log.rolled_back")
        with report.check(f"attacks: {what} of an earlier day: the server does not take it up"):
            twin.expect_not_served("log.rolled_back")
        with report.check(f"attacks: {what} of an earlier day: an export is short"):
            _export(scene, twin, "log.rolled_back")
            scene.verifier.take(twin.outside, "later")
            command = ("export", "export", "--key", scene.key.vkey, "--checkpoint", "later")
            scene.verifier.run(*command).expect(1, "log.rolled_back")
        with report.check(f"attacks: control: {what} of an earlier day: an unkeyed chain is whole"):
            assert chain.first_bad(chain.build(twin.entries())) is None
