-- Conversations: trees of questions and answers, what is typed but not sent, and a full-text
-- index over names and texts.
-- This file is frozen: later changes are new files.

-- Numbers of one project's conversations and entries, so that each project has a range of its own:
--     project << 43 | conversation << 15 | entry
-- A search reads the range of its project and nothing else. No number is given twice.
CREATE TABLE conversation_range (
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    project INTEGER NOT NULL UNIQUE CHECK (project BETWEEN 1 AND 1048575),
    -- How many have begun, deleted ones included.
    conversations INTEGER NOT NULL DEFAULT 0 CHECK (conversations BETWEEN 0 AND 268435455),
    PRIMARY KEY (organisation_id, project_id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation (
    -- Entry 0 of its range: under this number the name is searched.
    number INTEGER NOT NULL PRIMARY KEY CHECK (number > 0 AND number & 32767 = 0),
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
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
    -- JSON: an array of strings, NULL for an empty one.
    stop TEXT,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    description TEXT,
    instructions TEXT,
    -- JSON of the client, never interpreted.
    metadata TEXT,
    UNIQUE (organisation_id, project_id, id),
    FOREIGN KEY (organisation_id, project_id)
        REFERENCES conversation_range (organisation_id, project_id)
) STRICT;

-- The order of the list; it ends with what the list and a search ask besides.
CREATE INDEX conversation_listed ON conversation
    (organisation_id, project_id, pinned DESC, updated_at DESC, id DESC, archived);

CREATE TABLE entry (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number & 32767 BETWEEN 1 AND 20000),
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
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
    -- JSON: an array of [name, text], NULL for an empty one.
    attachments TEXT,
    -- Of a running answer as much as was saved.
    text TEXT NOT NULL,
    UNIQUE (organisation_id, project_id, conversation_id, id),
    FOREIGN KEY (organisation_id, project_id, conversation_id)
        REFERENCES conversation (organisation_id, project_id, id),
    CHECK ((author = 'assistant') = (model IS NOT NULL)),
    CHECK (state <> 'running' OR completed_at IS NULL),
    CHECK (
        CASE author WHEN 'user' THEN
            state = 'complete' AND request_id IS NULL AND error IS NULL
        ELSE attachments IS NULL END
    )
) STRICT;

-- One running answer a conversation; those that a process left are found at the next start.
CREATE UNIQUE INDEX entry_running ON entry (organisation_id, project_id, conversation_id)
    WHERE state = 'running';

CREATE TABLE draft (
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    -- Empty: of the conversation that does not exist yet.
    conversation_id BLOB NOT NULL CHECK (length(conversation_id) IN (0, 16)),
    updated_at INTEGER NOT NULL,
    model TEXT CHECK (length(model) BETWEEN 1 AND 128),
    -- JSON: an array of [name, text], NULL for an empty one.
    attachments TEXT,
    text TEXT NOT NULL,
    PRIMARY KEY (organisation_id, project_id, conversation_id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id)
) STRICT;

-- What was begun under a key that a client chose, for a day.
CREATE TABLE idempotency (
    organisation_id BLOB NOT NULL CHECK (length(organisation_id) = 16),
    project_id BLOB NOT NULL CHECK (length(project_id) = 16),
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    conversation_id BLOB NOT NULL CHECK (length(conversation_id) = 16),
    entry_id BLOB NOT NULL CHECK (length(entry_id) = 16),
    at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, project_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (organisation_id, project_id, at);

-- The words of names and texts, without the texts. Letters, digits and marks make words: without
-- the marks, words of Indic scripts would fall to pieces. The tokenizer takes what came after
-- Unicode 6.1 for letters; the separators name what stands beside words: the marks of direction
-- U+061C and U+2066 to U+2069, then signs of currencies.
CREATE VIRTUAL TABLE conversation_search USING fts5 (
    text,
    content = '',
    columnsize = 0,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* M* Co' separators '؜⁦⁧⁨⁩₺₻₼₽₾₿⃀'"
);

-- From here on: the index follows the rows, whoever writes them. It is told what to forget, so
-- what it was told must not change behind its back.

CREATE TRIGGER conversation_keeps_its_place BEFORE UPDATE OF
    number, organisation_id, project_id, id, created_at ON conversation
BEGIN
    SELECT RAISE(ABORT, 'conversations keep their place');
END;

CREATE TRIGGER conversation_name_is_noted AFTER INSERT ON conversation
BEGIN
    INSERT INTO conversation_search (rowid, text) VALUES (NEW.number, NEW.name);
END;

CREATE TRIGGER conversation_name_is_changed AFTER UPDATE OF name ON conversation
WHEN NEW.name <> OLD.name
BEGIN
    INSERT INTO conversation_search (conversation_search, rowid, text)
        VALUES ('delete', OLD.number, OLD.name);
    INSERT INTO conversation_search (rowid, text) VALUES (NEW.number, NEW.name);
END;

CREATE TRIGGER conversation_name_is_forgotten AFTER DELETE ON conversation
BEGIN
    INSERT INTO conversation_search (conversation_search, rowid, text)
        VALUES ('delete', OLD.number, OLD.name);
END;

-- INSERT OR REPLACE removes rows without firing the trigger above.
CREATE TRIGGER conversation_is_never_replaced BEFORE INSERT ON conversation
WHEN EXISTS (
    SELECT 1 FROM conversation
    WHERE number = NEW.number OR (organisation_id = NEW.organisation_id
        AND project_id = NEW.project_id AND id = NEW.id)
)
BEGIN
    SELECT RAISE(ABORT, 'conversations are never replaced');
END;

CREATE TRIGGER entry_has_its_place BEFORE INSERT ON entry
WHEN NOT EXISTS (
    SELECT 1 FROM conversation
    WHERE number = NEW.number & ~32767 AND organisation_id = NEW.organisation_id
        AND project_id = NEW.project_id AND id = NEW.conversation_id
)
BEGIN
    SELECT RAISE(ABORT, 'the number lies outside of the conversation');
END;

CREATE TRIGGER entry_keeps_its_place BEFORE UPDATE OF
    number, organisation_id, project_id, conversation_id, id, parent_id, author, created_at
    ON entry
BEGIN
    SELECT RAISE(ABORT, 'entries keep their place');
END;

CREATE TRIGGER entry_changes_while_it_runs BEFORE UPDATE ON entry
WHEN OLD.state <> 'running'
BEGIN
    SELECT RAISE(ABORT, 'an entry that has ended is never changed');
END;

CREATE TRIGGER entry_is_never_replaced BEFORE INSERT ON entry
WHEN EXISTS (
    SELECT 1 FROM entry
    WHERE number = NEW.number OR (organisation_id = NEW.organisation_id
        AND project_id = NEW.project_id AND conversation_id = NEW.conversation_id
        AND id = NEW.id)
)
BEGIN
    SELECT RAISE(ABORT, 'entries are never replaced');
END;

-- A running answer is searched once it has ended.
CREATE TRIGGER entry_is_noted AFTER INSERT ON entry WHEN NEW.state <> 'running'
BEGIN
    INSERT INTO conversation_search (rowid, text) VALUES (NEW.number, NEW.text);
END;

CREATE TRIGGER entry_is_noted_at_its_end AFTER UPDATE ON entry WHEN NEW.state <> 'running'
BEGIN
    INSERT INTO conversation_search (rowid, text) VALUES (NEW.number, NEW.text);
END;

CREATE TRIGGER entry_is_forgotten AFTER DELETE ON entry WHEN OLD.state <> 'running'
BEGIN
    INSERT INTO conversation_search (conversation_search, rowid, text)
        VALUES ('delete', OLD.number, OLD.text);
END;
