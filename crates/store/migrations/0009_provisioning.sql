-- What an identity provider says of accounts and groups, and who opened whose conversations.
-- This file is frozen: later changes are new files.

-- Beside an account that a provider made or changed; other accounts have no row.
CREATE TABLE provisioned (
    organisation_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    -- Under which the provider knows the person.
    external_id TEXT CHECK (length(external_id) BETWEEN 1 AND 256),
    display_name TEXT CHECK (length(display_name) BETWEEN 1 AND 256),
    changed_at INTEGER NOT NULL,
    -- Since when the provider knows nobody here any more.
    removed_at INTEGER,
    PRIMARY KEY (organisation_id, account_id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id),
    CHECK (removed_at IS NULL OR (external_id IS NULL AND display_name IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX provisioned_external ON provisioned (organisation_id, external_id)
    WHERE external_id IS NOT NULL;

CREATE TABLE account_group (
    organisation_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    -- May stand for a role in the settings.
    display_name TEXT NOT NULL CHECK (length(display_name) BETWEEN 1 AND 256),
    external_id TEXT CHECK (length(external_id) BETWEEN 1 AND 256),
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX account_group_external ON account_group (organisation_id, external_id)
    WHERE external_id IS NOT NULL;

CREATE TABLE account_group_member (
    organisation_id BLOB NOT NULL,
    group_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    PRIMARY KEY (organisation_id, group_id, account_id),
    FOREIGN KEY (organisation_id, group_id) REFERENCES account_group (organisation_id, id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_group_member_of ON account_group_member (organisation_id, account_id);

CREATE TABLE opening (
    organisation_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    -- Whose conversations.
    subject_id BLOB NOT NULL,
    requester_id BLOB NOT NULL CHECK (requester_id <> subject_id),
    reason TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    minutes INTEGER NOT NULL CHECK (minutes BETWEEN 1 AND 1440),
    requested_at INTEGER NOT NULL,
    approver_id BLOB CHECK (approver_id <> requester_id AND approver_id <> subject_id),
    approved_at INTEGER,
    closer_id BLOB,
    closed_at INTEGER,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, subject_id) REFERENCES account (organisation_id, id),
    FOREIGN KEY (organisation_id, requester_id) REFERENCES account (organisation_id, id),
    FOREIGN KEY (organisation_id, approver_id) REFERENCES account (organisation_id, id),
    FOREIGN KEY (organisation_id, closer_id) REFERENCES account (organisation_id, id),
    CHECK ((approver_id IS NULL) = (approved_at IS NULL)),
    CHECK ((closer_id IS NULL) = (closed_at IS NULL))
) STRICT, WITHOUT ROWID;

-- Whom it concerns can look it up later: who asked for whom, why, and who agreed, never changes.
CREATE TRIGGER opening_says_the_same BEFORE UPDATE ON opening
WHEN NEW.organisation_id <> OLD.organisation_id OR NEW.id <> OLD.id
    OR NEW.subject_id <> OLD.subject_id OR NEW.requester_id <> OLD.requester_id
    OR NEW.reason <> OLD.reason OR NEW.minutes <> OLD.minutes
    OR NEW.requested_at <> OLD.requested_at
    OR (OLD.approver_id IS NOT NULL
        AND (NEW.approver_id IS NOT OLD.approver_id OR NEW.approved_at IS NOT OLD.approved_at))
    OR (OLD.closer_id IS NOT NULL
        AND (NEW.closer_id IS NOT OLD.closer_id OR NEW.closed_at IS NOT OLD.closed_at))
BEGIN
    SELECT RAISE(ABORT, 'an opening says what it said');
END;

-- Only who is erased takes them along.
CREATE TRIGGER opening_is_kept BEFORE DELETE ON opening
WHEN NOT EXISTS (
    SELECT 1 FROM erasure
    WHERE organisation_id = OLD.organisation_id AND state <> 'done'
    AND account_id IN (OLD.subject_id, OLD.requester_id, OLD.approver_id, OLD.closer_id)
)
BEGIN
    SELECT RAISE(ABORT, 'openings are kept');
END;
