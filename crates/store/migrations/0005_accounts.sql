-- Accounts: whose keys, sessions and conversations there are. What was there belongs to the first
-- owner from now on, who is made here for organisations that have nobody yet.
-- This file is frozen: later changes are new files.

CREATE TABLE account (
    organisation_id BLOB NOT NULL,
    -- Unique over all tenants, as names are: a name finds its tenant.
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    -- The project in which its browsers work.
    project_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
    role TEXT NOT NULL CHECK (
        role IN ('owner', 'admin', 'auditor', 'data_officer', 'developer', 'member')
    ),
    -- argon2id as a PHC string; NULL while nobody chose one.
    password TEXT CHECK (length(password) BETWEEN 1 AND 256),
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id),
    CHECK (kind = 'person' OR password IS NULL)
) STRICT, WITHOUT ROWID;

-- Its id is that of the organisation: a UUID that no account has. One organisation is all that
-- earlier versions made; a second one would get a name that says whose owner it is.
INSERT INTO account (organisation_id, id, project_id, kind, name, role, created_at)
SELECT
    o.id,
    o.id,
    (SELECT p.id FROM project AS p WHERE p.organisation_id = o.id
        ORDER BY p.created_at, p.id LIMIT 1),
    'person',
    CASE WHEN o.id = (SELECT id FROM organisation ORDER BY created_at, id LIMIT 1)
        THEN 'owner' ELSE 'owner-' || lower(hex(o.id)) END,
    'owner',
    o.created_at
FROM organisation AS o
WHERE EXISTS (SELECT 1 FROM project AS p WHERE p.organisation_id = o.id);

-- Keys, links and sessions are those of an account.

CREATE TABLE api_key_of_account (
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    -- Unique over all tenants: a key finds its tenant.
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    account_id BLOB NOT NULL,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    -- Names with spaces between them.
    permissions TEXT NOT NULL CHECK (length(permissions) BETWEEN 1 AND 200),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (organisation_id, project_id, id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

-- Earlier keys could do all that there was.
INSERT INTO api_key_of_account
SELECT k.organisation_id, k.project_id, k.id, a.id, k.name, k.secret_hash,
    'models conversations log', k.created_at, NULL, k.revoked_at
FROM api_key AS k JOIN account AS a ON a.organisation_id = k.organisation_id;

DROP TABLE api_key;
ALTER TABLE api_key_of_account RENAME TO api_key;

CREATE TABLE sign_in_link_of_account (
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    account_id BLOB NOT NULL,
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO sign_in_link_of_account
SELECT l.organisation_id, l.project_id, l.id, a.id, l.token_hash, l.created_at, l.expires_at,
    l.used_at
FROM sign_in_link AS l JOIN account AS a ON a.organisation_id = l.organisation_id;

DROP TABLE sign_in_link;
ALTER TABLE sign_in_link_of_account RENAME TO sign_in_link;

CREATE TABLE session_of_account (
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    account_id BLOB NOT NULL,
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO session_of_account
SELECT s.organisation_id, s.project_id, s.id, a.id, s.token_hash, s.created_at, s.expires_at,
    s.ended_at
FROM session AS s JOIN account AS a ON a.organisation_id = s.organisation_id;

DROP TABLE session;
ALTER TABLE session_of_account RENAME TO session;

CREATE INDEX session_by_account ON session (organisation_id, account_id) WHERE ended_at IS NULL;

-- Whose request it was: its figures and its receipt are for nobody else.
ALTER TABLE usage ADD COLUMN account_id BLOB CHECK (length(account_id) = 16);

UPDATE usage SET account_id = (
    SELECT a.id FROM account AS a WHERE a.organisation_id = usage.organisation_id
);

CREATE TRIGGER usage_keeps_its_account BEFORE UPDATE OF account_id ON usage
WHEN NEW.account_id IS NOT OLD.account_id
BEGIN
    SELECT RAISE(ABORT, 'whose request it was is never changed');
END;

-- Accounts have pseudonyms too.
CREATE TABLE subject_key_of_any (
    organisation_id BLOB NOT NULL CHECK (length(organisation_id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('operator', 'key', 'session', 'sign_in_link', 'account')),
    -- Empty for the operator: there is one in an organisation.
    subject_id BLOB NOT NULL CHECK (length(subject_id) IN (0, 16)),
    -- NULL once it was destroyed: the subject's pseudonyms can then no longer be resolved.
    secret BLOB CHECK (length(secret) = 32),
    PRIMARY KEY (organisation_id, kind, subject_id)
) STRICT, WITHOUT ROWID;

INSERT INTO subject_key_of_any SELECT organisation_id, kind, subject_id, secret FROM subject_key;

DROP TABLE subject_key;
ALTER TABLE subject_key_of_any RENAME TO subject_key;

-- Conversations and drafts are those of an account, and nobody else reads them: each account has
-- a range of numbers of its own. An account works in one project, so the account says it all.

CREATE TABLE conversation_range_of_account (
    organisation_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    account INTEGER NOT NULL UNIQUE CHECK (account BETWEEN 1 AND 1048575),
    -- How many have begun, deleted ones included.
    conversations INTEGER NOT NULL DEFAULT 0 CHECK (conversations BETWEEN 0 AND 268435455),
    PRIMARY KEY (organisation_id, account_id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_of_account (
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
    -- JSON: an array of strings, NULL for an empty one.
    stop TEXT,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    description TEXT,
    instructions TEXT,
    -- JSON of the client, never interpreted.
    metadata TEXT,
    UNIQUE (organisation_id, account_id, id),
    FOREIGN KEY (organisation_id, account_id)
        REFERENCES conversation_range_of_account (organisation_id, account_id)
) STRICT;

CREATE TABLE entry_of_account (
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
    -- JSON: an array of [name, text], NULL for an empty one.
    attachments TEXT,
    -- Of a running answer as much as was saved.
    text TEXT NOT NULL,
    UNIQUE (organisation_id, account_id, conversation_id, id),
    FOREIGN KEY (organisation_id, account_id, conversation_id)
        REFERENCES conversation_of_account (organisation_id, account_id, id),
    CHECK ((author = 'assistant') = (model IS NOT NULL)),
    CHECK (state <> 'running' OR completed_at IS NULL),
    CHECK (
        CASE author WHEN 'user' THEN
            state = 'complete' AND request_id IS NULL AND error IS NULL
        ELSE attachments IS NULL END
    )
) STRICT;

CREATE TABLE draft_of_account (
    organisation_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    -- Empty: of the conversation that does not exist yet.
    conversation_id BLOB NOT NULL CHECK (length(conversation_id) IN (0, 16)),
    updated_at INTEGER NOT NULL,
    model TEXT CHECK (length(model) BETWEEN 1 AND 128),
    -- JSON: an array of [name, text], NULL for an empty one.
    attachments TEXT,
    text TEXT NOT NULL,
    PRIMARY KEY (organisation_id, account_id, conversation_id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT;

-- A second project would end this here, with nothing changed: no version made one.
INSERT INTO conversation_range_of_account (organisation_id, account_id, account, conversations)
SELECT r.organisation_id, a.id, r.project, r.conversations
FROM conversation_range AS r JOIN account AS a ON a.organisation_id = r.organisation_id;

INSERT INTO conversation_of_account (number, organisation_id, account_id, id, created_at,
    updated_at, pinned, archived, head, model, temperature, top_p, presence_penalty,
    frequency_penalty, seed, max_tokens, stop, name, description, instructions, metadata)
SELECT r.number, r.organisation_id, a.id, r.id, r.created_at, r.updated_at, r.pinned, r.archived,
    r.head, r.model, r.temperature, r.top_p, r.presence_penalty, r.frequency_penalty, r.seed,
    r.max_tokens, r.stop, r.name, r.description, r.instructions, r.metadata
FROM conversation AS r JOIN account AS a ON a.organisation_id = r.organisation_id;

INSERT INTO entry_of_account (number, organisation_id, account_id, conversation_id, id, parent_id,
    author, state, created_at, completed_at, model, request_id, error, attachments, text)
SELECT r.number, r.organisation_id, a.id, r.conversation_id, r.id, r.parent_id, r.author, r.state,
    r.created_at, r.completed_at, r.model, r.request_id, r.error, r.attachments, r.text
FROM entry AS r JOIN account AS a ON a.organisation_id = r.organisation_id;

INSERT INTO draft_of_account (organisation_id, account_id, conversation_id, updated_at, model,
    attachments, text)
SELECT r.organisation_id, a.id, r.conversation_id, r.updated_at, r.model, r.attachments, r.text
FROM draft AS r JOIN account AS a ON a.organisation_id = r.organisation_id;

-- Those that refer first. The numbers stay, and with them the words that are searched.
DROP TABLE entry;
DROP TABLE conversation;
DROP TABLE conversation_range;
DROP TABLE draft;

ALTER TABLE conversation_range_of_account RENAME TO conversation_range;
ALTER TABLE conversation_of_account RENAME TO conversation;
ALTER TABLE entry_of_account RENAME TO entry;
ALTER TABLE draft_of_account RENAME TO draft;

ALTER TABLE idempotency RENAME COLUMN project_id TO account_id;

UPDATE idempotency SET account_id = (
    SELECT a.id FROM account AS a WHERE a.organisation_id = idempotency.organisation_id
);

-- The order of the list; it ends with what the list and a search ask besides.
CREATE INDEX conversation_listed ON conversation
    (organisation_id, account_id, pinned DESC, updated_at DESC, id DESC, archived);

-- One running answer a conversation; those that a process left are found at the next start.
CREATE UNIQUE INDEX entry_running ON entry (organisation_id, account_id, conversation_id)
    WHERE state = 'running';

-- From here on: the index follows the rows, whoever writes them. It is told what to forget, so
-- what it was told must not change behind its back.

CREATE TRIGGER conversation_keeps_its_place BEFORE UPDATE OF
    number, organisation_id, account_id, id, created_at ON conversation
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

CREATE TRIGGER entry_changes_while_it_runs BEFORE UPDATE ON entry
WHEN OLD.state <> 'running'
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
