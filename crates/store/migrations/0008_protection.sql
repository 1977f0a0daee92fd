-- Data protection: who is erased, what must not be removed.
-- This file is frozen: later changes are new files.

-- One row an order. `removing`: content is being removed; `removed`: nothing names the person any
-- more; `overwritten`: the files hold no trace; `done`: the certificate is signed. What is not done
-- is taken up again at the next start.
CREATE TABLE erasure (
    organisation_id BLOB NOT NULL CHECK (length(organisation_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    -- NULL once it is done.
    account_id BLOB CHECK (length(account_id) = 16),
    -- The pseudonym that entries of the log have; nobody can make it again.
    subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 100),
    reason TEXT NOT NULL CHECK (reason IN ('request_of_person', 'end_of_purpose', 'order')),
    ordered_by TEXT NOT NULL CHECK (ordered_by IN
        ('operator', 'owner', 'admin', 'auditor', 'data_officer', 'developer', 'member')),
    state TEXT NOT NULL CHECK (state IN ('removing', 'removed', 'overwritten', 'done')),
    ordered_at INTEGER NOT NULL,
    removed_at INTEGER,
    -- The audit entry that says that it was removed.
    entry_id BLOB CHECK (length(entry_id) = 16),
    certificate TEXT CHECK (length(certificate) BETWEEN 1 AND 1048576),
    PRIMARY KEY (organisation_id, id),
    CHECK ((state = 'removing') = (removed_at IS NULL)),
    CHECK ((removed_at IS NULL) = (entry_id IS NULL)),
    CHECK ((state = 'done') = (certificate IS NOT NULL)),
    CHECK ((state = 'done') = (account_id IS NULL))
) STRICT, WITHOUT ROWID;

-- One order at a time for an account.
CREATE UNIQUE INDEX erasure_under_way ON erasure (organisation_id, account_id)
    WHERE account_id IS NOT NULL;

CREATE TRIGGER erasure_is_never_undone BEFORE UPDATE ON erasure
WHEN OLD.state = 'done'
BEGIN
    SELECT RAISE(ABORT, 'an erasure that is done is never changed');
END;

CREATE TRIGGER erasure_is_never_forgotten BEFORE DELETE ON erasure
BEGIN
    SELECT RAISE(ABORT, 'erasures are never forgotten');
END;

-- How many rows of a class an erasure removed so far.
CREATE TABLE erased (
    organisation_id BLOB NOT NULL,
    erasure_id BLOB NOT NULL,
    class TEXT NOT NULL CHECK (length(class) BETWEEN 1 AND 40),
    count INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (organisation_id, erasure_id, class),
    FOREIGN KEY (organisation_id, erasure_id) REFERENCES erasure (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
    organisation_id BLOB NOT NULL CHECK (length(organisation_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    -- NULL: everything of the organisation.
    account_id BLOB CHECK (length(account_id) = 16),
    reason TEXT NOT NULL
        CHECK (reason IN ('litigation', 'investigation', 'authority', 'audit')),
    reference TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 200),
    placed_at INTEGER NOT NULL,
    lifted_at INTEGER,
    PRIMARY KEY (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX hold_in_force ON hold (organisation_id, account_id) WHERE lifted_at IS NULL;

-- Whose request it was is never changed, but may be forgotten.
DROP TRIGGER usage_keeps_its_account;

CREATE TRIGGER usage_keeps_its_account BEFORE UPDATE OF account_id ON usage
WHEN NEW.account_id IS NOT OLD.account_id AND NEW.account_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'whose request it was is never changed');
END;
