-- Libraries: documents that are read, searched and cited.
-- This file is frozen: later changes are new files.

CREATE TABLE library (
    organisation_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    -- Whose it is; NULL once that account was erased and others read it. Shared with nobody any
    -- more it goes too.
    account_id BLOB,
    -- Sealed, as the description: they may say whom the library is about.
    name BLOB NOT NULL,
    description BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Since when nobody sees it any more; its rows follow, some at a time.
    removed_at INTEGER,
    -- Of all libraries the one that was read from last has the highest.
    turn INTEGER NOT NULL DEFAULT 0 CHECK (turn >= 0),
    -- Kept by the triggers below.
    documents INTEGER NOT NULL DEFAULT 0 CHECK (documents >= 0),
    bytes INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX library_of_account ON library (organisation_id, account_id);
CREATE INDEX library_turn ON library (turn);
CREATE INDEX library_removed ON library (removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX library_of_nobody ON library (updated_at)
    WHERE account_id IS NULL AND removed_at IS NULL;

CREATE TABLE library_share (
    organisation_id BLOB NOT NULL,
    library_id BLOB NOT NULL,
    grantee TEXT NOT NULL CHECK (grantee IN ('account', 'group', 'organisation')),
    -- Of the account or group; of the organisation itself its own id.
    grantee_id BLOB NOT NULL CHECK (length(grantee_id) = 16),
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, library_id, grantee, grantee_id),
    FOREIGN KEY (organisation_id, library_id) REFERENCES library (organisation_id, id)
        ON DELETE CASCADE,
    CHECK ((grantee = 'organisation') = (grantee_id = organisation_id))
) STRICT, WITHOUT ROWID;

CREATE INDEX library_share_of ON library_share (organisation_id, grantee, grantee_id);

-- Nobody belongs to a group that is gone.
CREATE TRIGGER library_share_ends_with_its_group AFTER DELETE ON account_group
BEGIN
    DELETE FROM library_share
    WHERE organisation_id = OLD.organisation_id AND grantee = 'group' AND grantee_id = OLD.id;
END;

CREATE TABLE document (
    organisation_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    library_id BLOB NOT NULL,
    -- Who added it; NULL once that account was erased and the library stays.
    account_id BLOB,
    -- Sealed, as the attributes, which are JSON. The token finds equal names within a library.
    name BLOB NOT NULL,
    name_token TEXT NOT NULL CHECK (length(name_token) = 8),
    attributes BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, library_id) REFERENCES library (organisation_id, id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_of_library ON document (organisation_id, library_id, id);
CREATE INDEX document_named ON document (organisation_id, library_id, name_token);
CREATE INDEX document_of_account ON document (organisation_id, account_id);
CREATE INDEX document_by_age ON document (organisation_id, updated_at);

-- A version of a document; its bytes, and what was read of them, lie sealed beside the database,
-- under `files/<organisation>/<id>`. No key is given twice: segments of the index name versions by
-- it.
CREATE TABLE document_version (
    key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organisation_id BLOB NOT NULL,
    library_id BLOB NOT NULL,
    document_id BLOB NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    media_type TEXT NOT NULL CHECK (length(media_type) BETWEEN 1 AND 200),
    -- SHA-256 of the bytes, sealed: who knows a document and has this file alone does not learn
    -- that it was added. The token finds equal ones within a library.
    digest BLOB NOT NULL,
    digest_token TEXT NOT NULL CHECK (length(digest_token) = 8),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    bytes_id BLOB NOT NULL CHECK (length(bytes_id) = 16),
    added_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'reading', 'indexing', 'ready', 'failed')),
    -- Whether its passages are in the index, and since when.
    searchable INTEGER NOT NULL DEFAULT 0 CHECK (searchable IN (0, 1)),
    indexed_at INTEGER,
    in_force_from INTEGER NOT NULL,
    -- Where it ends: as was said, or where a version begins that is searchable, whichever is first.
    in_force_until INTEGER,
    said_until INTEGER CHECK (said_until > in_force_from),
    reading_id BLOB CHECK (length(reading_id) = 16),
    reading_bytes INTEGER CHECK (reading_bytes >= 0),
    pages INTEGER NOT NULL DEFAULT 0 CHECK (pages >= 0),
    passages INTEGER NOT NULL DEFAULT 0 CHECK (passages >= 0),
    tokens INTEGER NOT NULL DEFAULT 0 CHECK (tokens >= 0),
    notes INTEGER NOT NULL DEFAULT 0 CHECK (notes >= 0),
    language TEXT CHECK (length(language) BETWEEN 1 AND 20),
    failure TEXT CHECK (length(failure) BETWEEN 1 AND 100),
    -- Sealed: a part may have the name of a file of somebody.
    failure_part BLOB,
    -- Who claimed it last: one more each time.
    fence INTEGER NOT NULL DEFAULT 0,
    -- How often it was claimed in the stage that it is in, and not given back.
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    ended_at INTEGER,
    UNIQUE (organisation_id, document_id, number),
    UNIQUE (organisation_id, bytes_id),
    FOREIGN KEY (organisation_id, library_id) REFERENCES library (organisation_id, id),
    FOREIGN KEY (organisation_id, document_id) REFERENCES document (organisation_id, id),
    CHECK ((ended_at IS NULL) = (state IN ('queued', 'reading', 'indexing'))),
    CHECK ((state = 'failed') = (failure IS NOT NULL)),
    CHECK ((reading_id IS NULL) = (reading_bytes IS NULL)),
    CHECK (searchable = 0 OR (reading_id IS NOT NULL AND indexed_at IS NOT NULL))
) STRICT;

-- What a search may find: one range of it a library. All that is asked stands in it, so that no
-- row is read.
CREATE INDEX document_version_in_force ON document_version
    (organisation_id, library_id, in_force_from, in_force_until, searchable) WHERE searchable = 1;

-- What is to be read, library by library, the oldest first.
CREATE INDEX document_version_waiting ON document_version (organisation_id, library_id, state)
    WHERE ended_at IS NULL;

CREATE INDEX document_version_same ON document_version (organisation_id, library_id, digest_token);
CREATE UNIQUE INDEX document_version_reading ON document_version (organisation_id, reading_id)
    WHERE reading_id IS NOT NULL;

-- How many versions of a library are in each state, so that nobody has to count them.
CREATE TABLE library_progress (
    organisation_id BLOB NOT NULL,
    library_id BLOB NOT NULL,
    state TEXT NOT NULL,
    versions INTEGER NOT NULL CHECK (versions >= 0),
    PRIMARY KEY (organisation_id, library_id, state),
    FOREIGN KEY (organisation_id, library_id) REFERENCES library (organisation_id, id)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TRIGGER document_counts AFTER INSERT ON document
BEGIN
    UPDATE library SET documents = documents + 1
    WHERE organisation_id = NEW.organisation_id AND id = NEW.library_id;
END;

CREATE TRIGGER document_counts_no_more AFTER DELETE ON document
BEGIN
    UPDATE library SET documents = documents - 1
    WHERE organisation_id = OLD.organisation_id AND id = OLD.library_id;
END;

CREATE TRIGGER document_version_counts AFTER INSERT ON document_version
BEGIN
    UPDATE library SET bytes = bytes + NEW.bytes
    WHERE organisation_id = NEW.organisation_id AND id = NEW.library_id;
    INSERT INTO library_progress (organisation_id, library_id, state, versions)
    VALUES (NEW.organisation_id, NEW.library_id, NEW.state, 1)
    ON CONFLICT (organisation_id, library_id, state) DO UPDATE SET versions = versions + 1;
END;

CREATE TRIGGER document_version_moves_on AFTER UPDATE OF state ON document_version
WHEN NEW.state <> OLD.state
BEGIN
    UPDATE library_progress SET versions = versions - 1
    WHERE organisation_id = OLD.organisation_id AND library_id = OLD.library_id
        AND state = OLD.state;
    INSERT INTO library_progress (organisation_id, library_id, state, versions)
    VALUES (NEW.organisation_id, NEW.library_id, NEW.state, 1)
    ON CONFLICT (organisation_id, library_id, state) DO UPDATE SET versions = versions + 1;
END;

-- The row goes in a transaction, the bytes cannot: whoever sweeps removes them, as those of files.
CREATE TRIGGER document_version_is_gone AFTER DELETE ON document_version
BEGIN
    UPDATE library SET bytes = bytes - OLD.bytes
    WHERE organisation_id = OLD.organisation_id AND id = OLD.library_id;
    UPDATE library_progress SET versions = versions - 1
    WHERE organisation_id = OLD.organisation_id AND library_id = OLD.library_id
        AND state = OLD.state;
    INSERT INTO file_gone (organisation_id, id) VALUES (OLD.organisation_id, OLD.bytes_id);
    INSERT INTO file_gone (organisation_id, id)
    SELECT OLD.organisation_id, OLD.reading_id WHERE OLD.reading_id IS NOT NULL;
END;

CREATE TRIGGER document_version_is_read_anew AFTER UPDATE OF reading_id ON document_version
WHEN OLD.reading_id IS NOT NULL AND OLD.reading_id IS NOT NEW.reading_id
BEGIN
    INSERT INTO file_gone (organisation_id, id) VALUES (OLD.organisation_id, OLD.reading_id);
END;

-- What was cited under a key, a number and a digest stays what it was.
CREATE TRIGGER document_version_keeps_its_bytes BEFORE UPDATE OF
    key, organisation_id, library_id, document_id, number, bytes, bytes_id, added_at
    ON document_version
BEGIN
    SELECT RAISE(ABORT, 'a version keeps its bytes');
END;

CREATE TRIGGER library_keeps_its_place BEFORE UPDATE OF organisation_id, id ON library
BEGIN
    SELECT RAISE(ABORT, 'a library keeps its place');
END;

CREATE TRIGGER document_keeps_its_place BEFORE UPDATE OF organisation_id, id, library_id ON document
BEGIN
    SELECT RAISE(ABORT, 'a document keeps its place');
END;

-- How answers from documents came to be, for whoever asked.
CREATE TABLE answer_trace (
    organisation_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    asked_at INTEGER NOT NULL,
    -- Sealed: the question, what was found, what the model said, what it rests on.
    content BLOB NOT NULL,
    PRIMARY KEY (organisation_id, account_id, id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_trace_by_age ON answer_trace (organisation_id, asked_at);

-- Of which versions a trace holds words, so that an erasure finds those that are not of the account
-- that asked. Versions may be gone meanwhile.
CREATE TABLE answer_trace_source (
    organisation_id BLOB NOT NULL,
    version_key INTEGER NOT NULL,
    account_id BLOB NOT NULL,
    trace_id BLOB NOT NULL,
    PRIMARY KEY (organisation_id, version_key, account_id, trace_id),
    FOREIGN KEY (organisation_id, account_id, trace_id)
        REFERENCES answer_trace (organisation_id, account_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_trace_source_of ON answer_trace_source (organisation_id, account_id, trace_id);

CREATE TRIGGER answer_trace_stays_as_it_was BEFORE UPDATE ON answer_trace
BEGIN
    SELECT RAISE(ABORT, 'a trace stays as it was kept');
END;
