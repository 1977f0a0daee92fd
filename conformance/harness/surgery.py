"""What somebody with full access to a stopped server's files can do to its log."""

import contextlib
import hashlib
import json
import sqlite3
import time
import uuid

from . import ed25519, merkle, tlog


@contextlib.contextmanager
def opened(data_dir):
    """The database without its triggers; they are put back at the end, as if nothing had been."""
    connection = sqlite3.connect(data_dir / "galerne.db", isolation_level=None)
    connection.row_factory = sqlite3.Row
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = [tuple(row) for row in found]
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
        for _, sql in triggers:
            connection.execute(sql)
    finally:
        connection.close()


def replace_rows(connection, rows):
    """Puts other audit rows in place of all that are there, numbered without gaps."""
    connection.execute("DELETE FROM audit")
    for sequence, row in enumerate(rows, start=1):
        _insert(connection, {**row, "sequence": sequence})
    connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'audit'", [len(rows)])
    newest = max(row["at"] for row in rows)
    connection.execute("UPDATE audit_clock SET newest_at = ?", [newest])


def append_row(data_dir, row):
    """One more audit row, as any writer could add it: nothing is in its way."""
    connection = sqlite3.connect(data_dir / "galerne.db", timeout=30, isolation_level=None)
    try:
        row = {name: value for name, value in row.items() if name != "sequence"}
        _insert(connection, row)
    finally:
        connection.close()


def _insert(connection, row):
    names, places = ", ".join(row), ", ".join("?" for _ in row)
    connection.execute(f"INSERT INTO audit ({names}) VALUES ({places})", [*row.values()])


def rebuild(connection, rows, key=None):
    """Makes the tiles fit the rows, and as many checkpoints as can be made.

    Without the key those stay whose tree is unchanged; with it all are signed anew, and one more
    over all rows.
    """
    leaves = [merkle.leaf_hash(row["canonical"]) for row in rows]
    found = connection.execute("SELECT size, note, at FROM log_checkpoint ORDER BY size")
    kept = [tuple(row) for row in found if row["size"] <= len(leaves)]
    if key is None:
        kept = [each for each in kept if _root_in(each[1]) == merkle.root(leaves[: each[0]])]
    else:
        if not kept or kept[-1][0] != len(leaves):
            kept.append((len(leaves), None, kept[-1][2] if kept else rows[-1]["at"]))
        kept = [(size, sign(key, leaves[:size]), at) for size, _, at in kept]
    connection.execute("DELETE FROM log_checkpoint")
    connection.executemany("INSERT INTO log_checkpoint (size, note, at) VALUES (?, ?, ?)", kept)
    _replace_tiles(connection, leaves[: kept[-1][0]] if kept else [])


def flip_tile(connection, level, place):
    """One bit of the hash at this place of a level."""
    position, number = divmod(place, tlog.TILE_WIDTH)
    where = "FROM log_tile WHERE level = ? AND position = ?"
    (found,) = connection.execute(f"SELECT hashes {where}", [level, position]).fetchone()
    hashes = bytearray(found)
    hashes[32 * number] ^= 1
    connection.execute(
        "UPDATE log_tile SET hashes = ? WHERE level = ? AND position = ?",
        [bytes(hashes), level, position],
    )


def flip_signature(connection, size):
    """One character of the signature of a stored checkpoint."""
    found = connection.execute("SELECT note FROM log_checkpoint WHERE size = ?", [size])
    note = other_signature(found.fetchone()["note"])
    connection.execute("UPDATE log_checkpoint SET note = ? WHERE size = ?", [note, size])


def garble_checkpoint(connection, size):
    connection.execute("UPDATE log_checkpoint SET note = 'nonsense' WHERE size = ?", [size])


def other_signature(note):
    """The note with one character of its last signature changed."""
    note = note.rstrip("\n")
    return f"{note[:-8]}{'A' if note[-8] != 'A' else 'B'}{note[-7:]}\n"


def other_key(name):
    """A key that has nothing to do with the log."""
    seed = hashlib.sha256(name.encode()).digest()
    return tlog.Key(name, tlog.ED25519, ed25519.public_key(seed), seed)


def export(data_dir, folder):
    """An export as the product makes it, but of whatever is stored."""
    connection = sqlite3.connect(data_dir / "galerne.db")
    found = connection.execute("SELECT canonical FROM audit ORDER BY sequence")
    entries = [canonical for (canonical,) in found]
    newest = "SELECT note, size FROM log_checkpoint ORDER BY size DESC LIMIT 1"
    note, size = connection.execute(newest).fetchone()
    found = connection.execute("SELECT level, position, hashes FROM log_tile").fetchall()
    connection.close()
    files = {"checkpoint": note.encode(), **tlog.bundles(entries[:size])}
    for level, position, hashes in found:
        files[tlog.tile_path(level, position, len(hashes) // 32)] = hashes
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def sign(key, leaves):
    return tlog.Checkpoint(key.name, len(leaves), merkle.root(leaves)).sign(key)


def _root_in(note):
    return tlog.parse_checkpoint(tlog.parse_note(note).text).root


def _replace_tiles(connection, leaves):
    connection.execute("DELETE FROM log_tile")
    level = 0
    while hashes := tlog.level_hashes(leaves, level):
        for position, start in enumerate(range(0, len(hashes), tlog.TILE_WIDTH)):
            part = b"".join(hashes[start : start + tlog.TILE_WIDTH])
            connection.execute("INSERT INTO log_tile VALUES (?, ?, ?)", [level, position, part])
        level += 1


def altered(row, **fields):
    """The row with other values, in its canonical bytes and in its columns."""
    entry = {**json.loads(row["canonical"]), **fields}
    canonical = json.dumps(entry, separators=(",", ":"), sort_keys=True).encode()
    columns = {name: value for name, value in fields.items() if name in ("at", "outcome", "action")}
    if "id" in fields:
        columns["id"] = uuid.UUID(fields["id"]).bytes
    return {**row, **columns, "canonical": canonical}


def new_row(like, at):
    """A row that never was: a copy with an id of its own, and another time."""
    return altered({**like, "request_id": None}, id=str(uuid.uuid4()), at=at)


def now_micros():
    return time.time_ns() // 1000
