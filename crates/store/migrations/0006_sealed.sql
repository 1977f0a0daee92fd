-- Texts are sealed: each organisation has data keys, which stand here wrapped. What was stored in
-- clear is marked here and sealed when the keys are at hand, before anything is served.
-- This file is frozen: later changes are new files.

CREATE TABLE data_key (
    organisation_id BLOB NOT NULL CHECK (length(organisation_id) = 16),
    class TEXT NOT NULL CHECK (class IN ('conversations', 'search')),
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
    -- Which key wrapped it.
    wrapping_key BLOB NOT NULL CHECK (length(wrapping_key) = 8),
    wrapped BLOB NOT NULL CHECK (length(wrapped) BETWEEN 1 AND 4096),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, class, version)
) STRICT, WITHOUT ROWID;

-- One row while there are texts in clear, or pages of the file that held them.
CREATE TABLE clear_texts (
    found INTEGER NOT NULL PRIMARY KEY CHECK (found = 1)
) STRICT, WITHOUT ROWID;

INSERT INTO clear_texts
SELECT 1 WHERE EXISTS (SELECT 1 FROM conversation) OR EXISTS (SELECT 1 FROM draft);

-- A sealed text begins with its form, 1; a text in clear with `c` until it is sealed.

CREATE TABLE conversation_sealed (
    -- Entry 0 of its range: under this number the name is searched.
    number INTEGER NOT NULL PRIMARY KEY CHECK (number > 0 AND number & 32767 = 0),
    organisation_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
    -- The entry at the end of the branch that is shown.
    head BLOB NOT NULL CHECK (length(head) = 16),
    model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
    -- From here to `stop`: how answers are made, NULL for the default.
    temperature REAL,
    top_p REAL,
    presence_penalty REAL,
    frequency_penalty REAL,
    -- An unsigned number: those of 2^63 and more stand here as negative ones.
    seed INTEGER,
    max_tokens INTEGER CHECK (max_tokens >= 0),
    -- Sealed from here on. JSON: an array of strings, NULL for an empty one.
    stop BLOB,
    name BLOB NOT NULL CHECK (length(name) <= 2000),
    description BLOB,
    instructions BLOB,
    -- JSON of the client, never interpreted.
    metadata BLOB,
    UNIQUE (organisation_id, account_id, id),
    FOREIGN KEY (organisation_id, account_id)
        REFERENCES conversation_range (organisation_id, account_id)
) STRICT;

CREATE TABLE entry_sealed (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number & 32767 BETWEEN 1 AND 20000),
    organisation_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    -- NULL at the root.
    parent_id BLOB CHECK (length(parent_id) = 16),
    author TEXT NOT NULL CHECK (author IN ('user', 'assistant')),
    state TEXT NOT NULL CHECK (
        state IN ('running', 'complete', 'length', 'stopped', 'failed', 'interrupted')
    ),
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    model TEXT CHECK (length(model) BETWEEN 1 AND 128),
    -- Finds the usage row; copies of an answer share it.
    request_id BLOB CHECK (length(request_id) = 16),
    error TEXT,
    -- Sealed JSON: an array of [name, text], NULL for an empty one.
    attachments BLOB,
    -- Sealed; of a running answer as much as was saved.
    text BLOB NOT NULL,
    UNIQUE (organisation_id, account_id, conversation_id, id),
    FOREIGN KEY (organisation_id, account_id, conversation_id)
        REFERENCES conversation_sealed (organisation_id, account_id, id),
    CHECK ((author = 'assistant') = (model IS NOT NULL)),
    CHECK (state <> 'running' OR completed_at IS NULL),
    CHECK (
        CASE author WHEN 'user' THEN
            state = 'complete' AND request_id IS NULL AND error IS NULL
        ELSE attachments IS NULL END
    )
) STRICT;

CREATE TABLE draft_sealed (
    organisation_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    -- Empty: of the conversation that does not exist yet.
    conversation_id BLOB NOT NULL CHECK (length(conversation_id) IN (0, 16)),
    updated_at INTEGER NOT NULL,
    model TEXT CHECK (length(model) BETWEEN 1 AND 128),
    -- Sealed JSON: an array of [name, text], NULL for an empty one.
    attachments BLOB,
    -- Sealed.
    text BLOB NOT NULL,
    PRIMARY KEY (organisation_id, account_id, conversation_id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT;

INSERT INTO conversation_sealed (number, organisation_id, account_id, id, created_at,
    updated_at, pinned, archived, head, model, temperature, top_p, presence_penalty,
    frequency_penalty, seed, max_tokens, stop, name, description, instructions, metadata)
SELECT number, organisation_id, account_id, id, created_at, updated_at, pinned, archived,
    head, model, temperature, top_p, presence_penalty, frequency_penalty, seed, max_tokens,
    CAST('c' || stop AS BLOB), CAST('c' || name AS BLOB), CAST('c' || description AS BLOB),
    CAST('c' || instructions AS BLOB), CAST('c' || metadata AS BLOB)
FROM conversation;

INSERT INTO entry_sealed (number, organisation_id, account_id, conversation_id, id, parent_id,
    author, state, created_at, completed_at, model, request_id, error, attachments, text)
SELECT number, organisation_id, account_id, conversation_id, id, parent_id, author, state,
    created_at, completed_at, model, request_id, error, CAST('c' || attachments AS BLOB),
    CAST('c' || text AS BLOB)
FROM entry;

INSERT INTO draft_sealed (organisation_id, account_id, conversation_id, updated_at, model,
    attachments, text)
SELECT organisation_id, account_id, conversation_id, updated_at, model,
    CAST('c' || attachments AS BLOB), CAST('c' || text AS BLOB)
FROM draft;

-- Those that refer first. The words that were searched go with them.
DROP TABLE entry;
DROP TABLE conversation;
DROP TABLE draft;
DROP TABLE conversation_search;

ALTER TABLE conversation_sealed RENAME TO conversation;
ALTER TABLE entry_sealed RENAME TO entry;
ALTER TABLE draft_sealed RENAME TO draft;

-- Tokens of words and of their beginnings: keyed hashes, made where the texts are sealed. They are
-- all of one length and of letters and digits alone, so nothing is folded here.
CREATE VIRTUAL TABLE conversation_search USING fts5 (
    tokens,
    content = '',
    contentless_delete = 1,
    detail = none,
    tokenize = 'ascii'
);

-- The order of the list; it ends with what the list and a search ask besides.
CREATE INDEX conversation_listed ON conversation
    (organisation_id, account_id, pinned DESC, updated_at DESC, id DESC, archived);

-- One running answer a conversation; those that a process left are found at the next start.
CREATE UNIQUE INDEX entry_running ON entry (organisation_id, account_id, conversation_id)
    WHERE state = 'running';

CREATE TRIGGER conversation_keeps_its_place BEFORE UPDATE OF
    number, organisation_id, account_id, id, created_at ON conversation
BEGIN
    SELECT RAISE(ABORT, 'conversations keep their place');
END;

CREATE TRIGGER conversation_is_never_replaced BEFORE INSERT ON conversation
WHEN EXISTS (
    SELECT 1 FROM conversation
    WHERE number = NEW.number OR (organisation_id = NEW.organisation_id
        AND account_id = NEW.account_id AND id = NEW.id)
)
BEGIN
    SELECT RAISE(ABORT, 'conversations are never replaced');
END;

CREATE TRIGGER entry_has_its_place BEFORE INSERT ON entry
WHEN NOT EXISTS (
    SELECT 1 FROM conversation
    WHERE number = NEW.number & ~32767 AND organisation_id = NEW.organisation_id
        AND account_id = NEW.account_id AND id = NEW.conversation_id
)
BEGIN
    SELECT RAISE(ABORT, 'the number lies outside of the conversation');
END;

CREATE TRIGGER entry_keeps_its_place BEFORE UPDATE OF
    number, organisation_id, account_id, conversation_id, id, parent_id, author, created_at
    ON entry
BEGIN
    SELECT RAISE(ABORT, 'entries keep their place');
END;

CREATE TRIGGER entry_changes_while_it_runs BEFORE UPDATE OF
    state, completed_at, model, request_id, error ON entry
WHEN OLD.state <> 'running'
BEGIN
    SELECT RAISE(ABORT, 'an entry that has ended is never changed');
END;

-- What it says neither; it may be sealed, and sealed anew under a newer key (bytes 2 to 5).
CREATE TRIGGER entry_says_the_same BEFORE UPDATE OF attachments, text ON entry
WHEN OLD.state <> 'running'
    AND substr(OLD.text, 1, 1) <> x'63' AND substr(NEW.text, 2, 4) <= substr(OLD.text, 2, 4)
BEGIN
    SELECT RAISE(ABORT, 'an entry that has ended is never changed');
END;

CREATE TRIGGER entry_is_never_replaced BEFORE INSERT ON entry
WHEN EXISTS (
    SELECT 1 FROM entry
    WHERE number = NEW.number OR (organisation_id = NEW.organisation_id
        AND account_id = NEW.account_id AND conversation_id = NEW.conversation_id
        AND id = NEW.id)
)
BEGIN
    SELECT RAISE(ABORT, 'entries are never replaced');
END;

-- Whoever writes a text notes its tokens; whoever removes a row, on whatever way, removes them.

CREATE TRIGGER conversation_is_forgotten AFTER DELETE ON conversation
BEGIN
    DELETE FROM conversation_search WHERE rowid = OLD.number;
END;

CREATE TRIGGER entry_is_forgotten AFTER DELETE ON entry
BEGIN
    DELETE FROM conversation_search WHERE rowid = OLD.number;
END;
