-- Files and batch jobs.
-- This file is frozen: later changes are new files.

-- What is known of a file; its bytes lie sealed beside the database, under
-- `files/<organisation>/<id>`.
CREATE TABLE file (
    organisation_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    account_id BLOB NOT NULL,
    -- Sealed: it may say whom the file is about.
    name BLOB NOT NULL,
    purpose TEXT NOT NULL CHECK (length(purpose) BETWEEN 1 AND 40),
    source TEXT NOT NULL CHECK (source IN ('upload', 'batch_output', 'batch_errors')),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    lines INTEGER CHECK (lines >= 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX file_of_account ON file (organisation_id, account_id, created_at);
CREATE INDEX file_expiry ON file (expires_at) WHERE expires_at IS NOT NULL;

-- Files whose row is gone and whose bytes may still lie there: whoever sweeps removes both. The row
-- goes in a transaction, the bytes cannot.
CREATE TABLE file_gone (
    organisation_id BLOB NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER file_is_gone AFTER DELETE ON file
BEGIN
    INSERT INTO file_gone (organisation_id, id) VALUES (OLD.organisation_id, OLD.id);
END;

CREATE TABLE batch_job (
    organisation_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    account_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    principal TEXT NOT NULL CHECK (principal IN ('key', 'session', 'operator')),
    principal_id BLOB CHECK (length(principal_id) = 16),
    endpoint TEXT NOT NULL CHECK (length(endpoint) BETWEEN 1 AND 100),
    model TEXT,
    -- Sealed JSON.
    metadata BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'cancelling', 'succeeded', 'failed',
        'timed_out', 'cancelled')),
    total INTEGER NOT NULL CHECK (total >= 0),
    succeeded INTEGER NOT NULL DEFAULT 0 CHECK (succeeded >= 0),
    failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    -- Who claimed it last: one more each time.
    fence INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    -- Files may be removed later; the job says which they were.
    output_id BLOB CHECK (length(output_id) = 16),
    errors_id BLOB CHECK (length(errors_id) = 16),
    failure TEXT CHECK (length(failure) BETWEEN 1 AND 100),
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id),
    CHECK ((principal = 'operator') = (principal_id IS NULL)),
    CHECK ((ended_at IS NULL) = (state IN ('queued', 'running', 'cancelling')))
) STRICT, WITHOUT ROWID;

CREATE INDEX batch_job_of_account ON batch_job (organisation_id, account_id, created_at);
CREATE INDEX batch_job_unfinished ON batch_job (created_at) WHERE ended_at IS NULL;

CREATE TABLE batch_input (
    organisation_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    file_id BLOB NOT NULL CHECK (length(file_id) = 16),
    PRIMARY KEY (organisation_id, job_id, position),
    FOREIGN KEY (organisation_id, job_id) REFERENCES batch_job (organisation_id, id)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX batch_input_file ON batch_input (organisation_id, file_id);

-- What was answered of jobs that run, until it is in their files. One row a request, whatever
-- happens.
CREATE TABLE batch_result (
    organisation_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 0),
    is_error INTEGER NOT NULL CHECK (is_error IN (0, 1)),
    -- Sealed.
    line BLOB NOT NULL,
    PRIMARY KEY (organisation_id, job_id, number),
    FOREIGN KEY (organisation_id, job_id) REFERENCES batch_job (organisation_id, id)
) STRICT;
