-- The transparency log. Leaf `i` is the `canonical` of the audit row with sequence `i + 1`.
-- Tiles and checkpoints follow from the rows; they are kept so that proofs read little, and so
-- that a changed row no longer fits what was signed.
-- This file is frozen: later changes are new files.

-- Hashes of 256 neighbours, 32 bytes each (C2SP tlog-tiles). The tiles at the right edge are
-- partial; they grow at their end until they are full.
CREATE TABLE log_tile (
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
    position INTEGER NOT NULL CHECK (position >= 0),
    hashes BLOB NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, position)
) STRICT;

-- Every checkpoint that was ever signed; kept before it is published.
CREATE TABLE log_checkpoint (
    size INTEGER NOT NULL PRIMARY KEY CHECK (size > 0),
    note TEXT NOT NULL CHECK (length(note) BETWEEN 1 AND 65536),
    at INTEGER NOT NULL
) STRICT;

-- The random key under which a subject's pseudonyms are made.
CREATE TABLE subject_key (
    organisation_id BLOB NOT NULL CHECK (length(organisation_id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('operator', 'key', 'session', 'sign_in_link')),
    -- Empty for the operator: there is one in an organisation.
    subject_id BLOB NOT NULL CHECK (length(subject_id) IN (0, 16)),
    -- NULL once it was destroyed: the subject's pseudonyms can then no longer be resolved.
    secret BLOB CHECK (length(secret) = 32),
    PRIMARY KEY (organisation_id, kind, subject_id)
) STRICT, WITHOUT ROWID;

-- The time of the newest entry, for the rule that the clock never goes back. Noted once a second
-- at most: it may be a second old.
CREATE TABLE audit_clock (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    newest_at INTEGER NOT NULL
) STRICT;

INSERT INTO audit_clock (id, newest_at) SELECT 1, coalesce(max(at), 0) FROM audit;

-- Which request an entry is about, so that a receipt finds its leaf.
ALTER TABLE audit ADD COLUMN request_id BLOB CHECK (length(request_id) = 16);

DROP TRIGGER audit_is_never_changed;

UPDATE audit SET request_id = unhex(substr(json_extract(CAST(canonical AS TEXT), '$.subject'), 9))
WHERE json_valid(CAST(canonical AS TEXT))
    AND json_extract(CAST(canonical AS TEXT), '$.subject') GLOB 'request:*';

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit entries are never changed');
END;

CREATE INDEX audit_by_request ON audit (request_id) WHERE request_id IS NOT NULL;

-- Five minutes: the skew that RFC 4120 calls customary. `clock.accept` is the operator's word
-- that the machine's clock is right now and was wrong before.
CREATE TRIGGER audit_clock_goes_on BEFORE INSERT ON audit
WHEN NEW.action <> 'clock.accept'
    AND NEW.at < (SELECT newest_at FROM audit_clock) - 300000000
BEGIN
    SELECT RAISE(ABORT, 'clock.moved_back');
END;

CREATE TRIGGER audit_clock_is_noted AFTER INSERT ON audit
WHEN NEW.action = 'clock.accept' OR NEW.at > (SELECT newest_at FROM audit_clock) + 1000000
BEGIN
    UPDATE audit_clock SET newest_at = NEW.at;
END;

CREATE TRIGGER log_tile_only_grows BEFORE UPDATE ON log_tile
WHEN NEW.level <> OLD.level OR NEW.position <> OLD.position
    OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes
BEGIN
    SELECT RAISE(ABORT, 'log tiles only grow');
END;

CREATE TRIGGER log_tile_is_never_removed BEFORE DELETE ON log_tile
BEGIN
    SELECT RAISE(ABORT, 'log tiles are never removed');
END;

-- INSERT OR REPLACE removes rows without firing the trigger above.
CREATE TRIGGER log_tile_is_never_replaced BEFORE INSERT ON log_tile
WHEN EXISTS (SELECT 1 FROM log_tile WHERE level = NEW.level AND position = NEW.position)
BEGIN
    SELECT RAISE(ABORT, 'log tiles are never replaced');
END;

CREATE TRIGGER log_checkpoint_is_never_changed BEFORE UPDATE ON log_checkpoint
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are never changed');
END;

CREATE TRIGGER log_checkpoint_is_never_removed BEFORE DELETE ON log_checkpoint
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are never removed');
END;

CREATE TRIGGER log_checkpoint_is_never_replaced BEFORE INSERT ON log_checkpoint
WHEN EXISTS (SELECT 1 FROM log_checkpoint WHERE size >= NEW.size)
BEGIN
    SELECT RAISE(ABORT, 'checkpoints only go on');
END;
