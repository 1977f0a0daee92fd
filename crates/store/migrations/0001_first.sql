-- Ids are 16 bytes, times are microseconds since 1970-01-01T00:00:00Z, secrets are known by their
-- keyed 32-byte hashes only. The tenant stands first in every key of a tenant's own rows.
-- This file is frozen: later changes are new files.

-- "GLRN": tells our databases from other SQLite files.
PRAGMA application_id = 1196184142;

CREATE TABLE organisation (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL CHECK (length(name) <= 200),
    -- NULL once it was destroyed: pseudonyms in the log can then no longer be resolved.
    pseudonym_key BLOB CHECK (length(pseudonym_key) = 32),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE project (
    organisation_id BLOB NOT NULL REFERENCES organisation (id),
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    name TEXT NOT NULL CHECK (length(name) <= 200),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    -- Unique over all tenants: a key finds its tenant.
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    name TEXT NOT NULL CHECK (length(name) <= 200),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (organisation_id, project_id, id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sign_in_link (
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    organisation_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id)
) STRICT, WITHOUT ROWID;

-- One row a request. It outlives projects and keys, so it refers to them without a foreign key.
CREATE TABLE usage (
    organisation_id BLOB NOT NULL CHECK (length(organisation_id) = 16),
    request_id BLOB NOT NULL CHECK (length(request_id) = 16),
    project_id BLOB NOT NULL CHECK (length(project_id) = 16),
    principal TEXT NOT NULL CHECK (principal IN ('key', 'session', 'operator')),
    principal_id BLOB CHECK (length(principal_id) = 16),
    model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
    prompt_tokens_sent INTEGER NOT NULL CHECK (prompt_tokens_sent >= 0),
    opened_at INTEGER NOT NULL,

    outcome TEXT NOT NULL DEFAULT 'running'
        CHECK (outcome IN ('running', 'finished', 'cancelled', 'failed', 'interrupted')),
    settled_at INTEGER,
    -- From here on NULL while the request runs, and for good when its process died.
    prompt_tokens INTEGER CHECK (prompt_tokens >= 0),
    completion_tokens INTEGER CHECK (completion_tokens >= 0),
    cpu_seconds REAL CHECK (cpu_seconds >= 0),
    energy_joules REAL CHECK (energy_joules >= 0),
    energy_method TEXT CHECK (energy_method IN ('measured', 'modelled', 'estimated')),
    energy_uncertainty_percent REAL CHECK (energy_uncertainty_percent >= 0),
    co2e_grams REAL CHECK (co2e_grams >= 0),
    co2e_method TEXT CHECK (co2e_method IN ('measured', 'modelled', 'estimated')),
    co2e_uncertainty_percent REAL CHECK (co2e_uncertainty_percent >= 0),
    grid_factor_grams_per_kwh REAL CHECK (grid_factor_grams_per_kwh >= 0),
    grid_factor_year INTEGER,
    grid_factor_source TEXT,
    grid_factor_uncertainty_percent REAL CHECK (grid_factor_uncertainty_percent >= 0),
    grid_zone TEXT,
    site TEXT,

    PRIMARY KEY (organisation_id, request_id),
    CHECK ((principal = 'operator') = (principal_id IS NULL)),
    CHECK ((outcome = 'running') = (settled_at IS NULL)),
    CHECK (
        CASE WHEN outcome IN ('finished', 'cancelled', 'failed') THEN
            prompt_tokens IS NOT NULL AND completion_tokens IS NOT NULL
            AND cpu_seconds IS NOT NULL
            AND energy_joules IS NOT NULL AND energy_method IS NOT NULL
            AND energy_uncertainty_percent IS NOT NULL
            AND co2e_grams IS NOT NULL AND co2e_method IS NOT NULL
            AND co2e_uncertainty_percent IS NOT NULL
            AND grid_factor_grams_per_kwh IS NOT NULL AND grid_factor_year IS NOT NULL
            AND grid_factor_source IS NOT NULL AND grid_factor_uncertainty_percent IS NOT NULL
            AND grid_zone IS NOT NULL AND site IS NOT NULL
        WHEN outcome = 'running' THEN
            prompt_tokens IS NULL AND completion_tokens IS NULL AND energy_joules IS NULL
        ELSE TRUE END
    )
) STRICT, WITHOUT ROWID;

-- Rows that a process left running are found at the next start without reading the others.
CREATE INDEX usage_running ON usage (organisation_id, request_id) WHERE outcome = 'running';

-- Append-only. `sequence` is the order of the commits; `canonical` becomes a leaf of the log.
-- Entries outlive their organisation, so there is no foreign key.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    -- NULL: an access by nobody in particular.
    organisation_id BLOB CHECK (length(organisation_id) = 16),
    at INTEGER NOT NULL,
    action TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    outcome TEXT NOT NULL CHECK (length(outcome) BETWEEN 1 AND 64),
    canonical BLOB NOT NULL CHECK (length(canonical) BETWEEN 1 AND 4096)
) STRICT;

CREATE INDEX audit_by_organisation ON audit (organisation_id, sequence);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit entries are never changed');
END;

CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit entries are never removed');
END;

-- INSERT OR REPLACE removes rows without firing the trigger above.
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id OR sequence = NEW.sequence)
BEGIN
    SELECT RAISE(ABORT, 'audit entries are never replaced');
END;
